package cuda

import (
	"context"
	"errors"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// engine runs the kernels of one model and spec on memory of its own, for one goroutine at a time.
type engine struct {
	backend *Backend
	model   solver.Model
	spec    solver.Spec
	*memory
	runners map[class]runner // loaded when first needed
	now     runner           // the one in use
	n       int              // samples it has room for
	saved   int              // rows of the states at save times
	losses  int
	sharing int // samples that share a part of the record
	steps   int // of such a part: more than at first, once they were too few

	signalsBarAt []int64 // see kernels.SignalsBarAt; nil where nobody asks
}

func (b *Backend) newEngine(m solver.Model, spec solver.Spec) (*engine, error) {
	x, err := newMemory(b.device, spec.Precision)
	if err != nil {
		return nil, err
	}
	if kernels.Records(spec.Gradient) {
		x.recordLimit = spec.RecordLimit
	}
	return &engine{backend: b, model: m, spec: spec, memory: x, runners: map[class]runner{}}, nil
}

func (e *engine) close() error {
	err := e.stream.Synchronize()
	for _, r := range e.runners {
		err = errors.Join(err, r.close())
	}
	return errors.Join(err, e.memory.close())
}

// choose loads the kernels for batches of n samples, if they are not.
func (e *engine) choose(n int) (err error) {
	c := e.backend.classOf(n)
	if e.now = e.runners[c]; e.now != nil {
		return nil
	}
	if e.now, err = e.backend.newRunner(e.memory, e.model, e.spec, c); err != nil {
		return err
	}
	e.runners[c] = e.now
	return nil
}

func (e *engine) gradients() bool { return e.spec.Gradient != solver.NoGradient }

// begin makes room for n samples with so many rows of states at save times.
func (e *engine) begin(n, rows int) error { return e.beginPart(n, n, rows, kernels.CutOf(n)) }

// beginPart makes room for a part, n samples, of a whole batch of which a part is cut in that way.
func (e *engine) beginPart(whole, n, rows int, cut kernels.Cut) error {
	c := e.call
	if err := e.choose(whole); err != nil {
		return err
	}
	dim := e.model.Dim()
	e.n, e.saved = n, rows
	c.N = int64(n)
	c.Leaf = int64(cut.Leaf)
	c.PerBlock = int64(cut.PerBlock)
	c.Depth = int64(cut.Depth)
	c.SumFrom = 0
	c.SumTo = 0
	c.LeftOut = 0
	leaves := (n + cut.Leaf - 1) / cut.Leaf
	err := e.rooms([]room{e.reals(&c.Theta, e.model.ThetaLen()), e.reals(&c.Z1, n*dim), e.reals(&c.Saved, e.saved*dim),
		{&c.Status, 4 * n}, {&c.Stats, 16 * n}, {&c.EndT, 8 * n}, {&c.EndH, 8 * n}})
	if err == nil && e.gradients() {
		err = e.rooms([]room{e.reals(&c.Z0Bar, n*dim),
			e.reals(&c.InputsBar, n*e.model.Inputs()),
			e.reals(&c.Cotangent, n*dim), e.reals(&c.Gradient, e.model.ThetaLen()), {&c.BackStatus, 4 * n},
			{&c.BackStats, 16 * n}, {&c.BackT, 8 * n}, {&c.BackH, 8 * n}, {&c.Drift, 8 * n}, {&c.RecordLast, 4 * n},
			{&c.Decision, 8 * kernels.DecisionLen}, {&c.Totals, 8 * kernels.TotalsLen * leaves}})
	}
	if err == nil && e.gradients() {
		err = e.roomForLosses(n)
	}
	if err == nil {
		e.sharing, err = e.now.allocate(n, cut)
	}
	if err == nil && e.gradients() {
		err = e.now.record(e.capacity())
	}
	return err
}

// roomForLosses makes room for so many losses, of states at t1.
func (e *engine) roomForLosses(n int) error {
	e.losses = n
	e.call.LossRows = 0
	return e.rooms([]room{e.reals(&e.call.Out, n*e.model.OutWidth()), e.reals(&e.call.Losses, n)})
}

// firstSteps is how many accepted steps of a sample the record has room for until a batch has shown that it takes more.
const firstSteps = 16

// capacity is the number of steps of a part of the record.
func (e *engine) capacity() int {
	if !kernels.Records(e.spec.Gradient) {
		return 1
	}
	return max(e.steps, firstSteps*e.sharing)
}

// recordFits reports whether the steps fitted into the record, and makes room for them if not.
func (e *engine) recordFits() (bool, error) {
	if !kernels.Records(e.spec.Gradient) {
		return true, nil
	}
	used := make([]int64, e.call.Blocks)
	if err := take(e.memory, &e.call.RecordUsed, used); err != nil {
		return false, err
	}
	most := 0
	for _, u := range used {
		most = max(most, int(u))
	}
	if most <= e.capacity() {
		return true, nil
	}
	e.steps = most + most/4
	if err := e.now.record(e.capacity()); err != nil {
		return false, err
	}
	return false, e.send()
}

// load begins a batch of a caller's.
func (e *engine) load(theta []float64, b solver.Batch) error {
	n := b.Len(e.model.Dim())
	return inTurn(
		func() error { return e.begin(n, b.RowCount(n)) },
		func() error { return e.putReals(&e.call.Theta, theta) },
		func() error { return e.putBatch(b) },
	)
}

// putBatch copies a batch, or the data of a training.
func (e *engine) putBatch(b solver.Batch) error {
	e.call.Saves, e.call.Stops = int64(len(b.Times)), int64(len(b.Stops))
	e.call.FineStops = kernels.FineStops(b, e.spec.Precision)
	u := kernels.SignalsOf(b, b.Len(e.model.Dim()), e.model.Inputs())
	e.call.Constants, e.call.Signals, e.call.Hermite = u.Constants, u.Signals, u.Hermite
	return inTurn(
		func() error { return e.putReals(&e.call.Z0, b.Z0) },
		func() error { return e.putReals(&e.call.Inputs, b.Inputs) },
		func() error { return e.putSpans(b.Spans) },
		func() error { return put(e.memory, &e.call.SaveAt, b.Times) },
		func() error { return put(e.memory, &e.call.Offsets, kernels.Offsets(b.Offsets)) },
		func() error { return put(e.memory, &e.call.StopAt, b.Stops) },
		func() error { return put(e.memory, &e.call.StopOffsets, kernels.Offsets(b.StopOffsets)) },
		func() error { return put(e.memory, &e.call.RecordingOf, u.RecordingOf) },
		func() error { return put(e.memory, &e.call.Knots, u.Knots) },
		func() error { return put(e.memory, &e.call.KnotAt, u.Times) },
		func() error { return e.putReals(&e.call.KnotValue, u.Values) },
	)
}

func (e *engine) putSpans(spans []solver.Span) error {
	flat := make([]float64, 0, 2*len(spans))
	for _, s := range spans {
		flat = append(flat, s.T0, s.T1)
	}
	e.call.SpanCount = int64(len(spans))
	return put(e.memory, &e.call.Spans, flat)
}

// solve integrates a batch.
func (e *engine) solve(ctx context.Context, theta []float64, b solver.Batch) (*solver.Solution, error) {
	if err := e.load(theta, b); err != nil {
		return nil, err
	}
	if err := e.watching(ctx, func() error { return inTurn(e.now.prepare, e.now.solve) }); err != nil {
		return nil, err
	}
	s, err := e.solution()
	if err == nil {
		solver.FailEmptySpans(s, b)
	}
	return s, err
}

// watching sends the Call, launches and waits. When ctx ends first, the kernels are told; whoever tells them is done
// when watching returns, since the flag is the next call's then, or nobody's.
func (e *engine) watching(ctx context.Context, launch func() error) error {
	flag, told := e.cancelOn(), make(chan struct{})
	if ctx.Err() != nil {
		flag.Store(1)
	}
	stop := context.AfterFunc(ctx, func() {
		flag.Store(1)
		close(told)
	})
	defer func() {
		if !stop() {
			<-told
		}
	}()
	if err := e.send(); err != nil {
		return err
	}
	if err := launch(); err != nil {
		return err
	}
	return e.stream.Synchronize()
}

// differentiate integrates a batch and takes its cotangents back.
func (e *engine) differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	err := e.load(theta, b)
	if err == nil {
		err = e.loadObjective(b, o)
	}
	for fits := false; err == nil && !fits; {
		err = e.watching(ctx, func() error { return inTurn(e.now.prepare, e.now.gradient) })
		if err == nil {
			fits, err = e.recordFits()
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return e.derivative(theta, b, o)
}
