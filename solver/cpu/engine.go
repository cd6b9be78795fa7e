package cpu

import (
	"context"
	"math"
	"sync/atomic"

	machine "neuralode/memory"
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// engine is a model compiled for one precision, with its workers. It runs one call at a time.
type engine[T simd.Float] struct {
	spec   solver.Spec
	kern   *simd.Kernels[T]
	method *method[T]
	field  *executor[T]
	head   *executor[T]
	lift   *executor[T]

	moments     []moment[T] // of jump and events: see [solver.Model.Maps]
	amountWidth int
	places      []int // 0, 1, 2, ... as many as a tile has rows

	model                             solver.Model
	dim, inputs, outWidth, labelWidth int

	workers  []*worker[T]
	maxTasks int   // of a call
	records  int64 // bytes of the workers' records
	rows     int   // of the workers' tiles
	team     *team
	theta    []T
	total    []T // ∂L/∂θ of the last call
	jobs     job[T]
}

// job is the call the workers are on; they draw its tasks.
type job[T simd.Float] struct {
	ctx  context.Context
	call *call[T]
	next atomic.Int64
}

func newEngine[T simd.Float](m solver.Model, spec solver.Spec, level simd.Level, workers int) *engine[T] {
	kern := simd.For[T](level)
	e := &engine[T]{spec: spec, kern: kern, method: newMethod[T](spec), field: newExecutor(m.Field, kern),
		model: m, dim: m.Dim(), inputs: m.Inputs(), outWidth: m.OutWidth(), labelWidth: m.LabelWidth(),
		moments: newMoments(m, kern), amountWidth: m.AmountWidth()}
	if m.Head != nil {
		e.head = newExecutor(m.Head, kern)
	}
	if m.Lift != nil {
		e.lift = newExecutor(m.Lift, kern)
	}
	e.theta, e.total = make([]T, m.ThetaLen()), make([]T, m.ThetaLen())
	e.records = recordLimit(spec)
	e.workers, e.maxTasks = make([]*worker[T], workers), defaultTasks
	e.team = newTeam(workers-1, e.work)
	return e
}

// recordLimit is how many bytes the records of a program may take.
func recordLimit(spec solver.Spec) int64 {
	half := machine.Available() / 2
	switch {
	case spec.Controller.Control == solver.ControlBatch || spec.RecordLimit == 0 && half > math.MaxInt64/2:
		return math.MaxInt64
	case spec.RecordLimit > 0:
		return spec.RecordLimit
	}
	return int64(half)
}

// recordLimit is that of a worker.
func (e *engine[T]) recordLimit() int64 { return e.records / int64(len(e.workers)) }

// narrowRows and wideRows are the rows of a tile: as many as keep a tile in the L1 and L2 caches, and enough to use
// each weight several times from registers. Two narrow tiles are a leaf, which then ends with few idle rows.
const (
	narrowRows  = 16
	wideRows    = 48
	narrowWidth = 128 // the widest value of a field that counts as narrow
)

// tileRows is how many samples a tile holds at once in leaves of that size.
func (e *engine[T]) tileRows(leaf int) int {
	if e.method.con.Control == solver.ControlBatch {
		return leaf
	}
	rows := narrowRows
	for _, o := range e.field.layout.at {
		if o.mem != shared && o.width > narrowWidth {
			rows = wideRows
		}
	}
	return min(rows, leaf)
}

// setTheta takes the parameters.
func (e *engine[T]) setTheta(theta []T) {
	field, head, lift := solver.SplitTheta(e.model, theta)
	e.field.params.set(field)
	if e.head != nil {
		e.head.params.set(head)
	}
	if e.lift != nil {
		e.lift.params.set(lift)
	}
	for k := range e.moments {
		e.moments[k].setTheta(theta)
	}
}

// run takes all tasks of the call through the workers.
func (e *engine[T]) run(ctx context.Context, c *call[T]) {
	c.rows = e.tileRows(c.leaf)
	if c.rows > e.rows || (e.method.con.Control == solver.ControlBatch && c.rows != e.rows) {
		clear(e.workers)
		e.rows = c.rows
	}
	e.jobs.ctx, e.jobs.call = ctx, c
	e.jobs.next.Store(0)
	busy := min(len(e.workers), c.tasks())
	for len(e.places) < e.rows {
		e.places = append(e.places, len(e.places))
	}
	for i := range busy {
		if e.workers[i] == nil {
			e.workers[i] = newWorker(e, e.rows)
		}
		if e.hybrid(c) {
			e.workers[i].openHybrid()
		}
	}
	e.team.run(busy)
	e.jobs.ctx, e.jobs.call = nil, nil
}

// work is one worker's share of the call: tasks until none is left.
func (e *engine[T]) work(worker int) {
	for {
		task := int(e.jobs.next.Add(1)) - 1
		if task >= e.jobs.call.tasks() {
			return
		}
		e.workers[worker].task(e.jobs.ctx, e.jobs.call, task)
	}
}

// gradient sums the tasks and leaves ∂L/∂θ in e.total.
func (e *engine[T]) gradient(c *call[T]) []T {
	return e.finish(e.sum(c), c.labels != nil, c.lifting())
}

// finish leaves what sums over all samples are of ∂L/∂θ in e.total; head and lift have parts in it or not.
func (e *engine[T]) finish(sum *partial[T], head, lift bool) []T {
	ofField, ofHead, ofLift := solver.SplitTheta(e.model, e.total)
	e.field.params.gradient(ofField, &sum.field)
	if clear(ofHead); e.head != nil && head {
		e.head.params.gradient(ofHead, &sum.head)
	}
	if clear(ofLift); e.lift != nil && lift {
		e.lift.params.gradient(ofLift, &sum.lift)
	}
	clear(e.total[len(ofField)+len(ofHead)+len(ofLift):])
	for k := range e.moments {
		e.moments[k].addGradient(e.total, &sum.moments[k])
	}
	return e.total
}
