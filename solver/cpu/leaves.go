package cpu

import (
	"context"
	"math/bits"

	"neuralode/plan"
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// A batch is cut into leaves (solver.LeafSize), and what is summed over the batch is summed within each leaf and then
// along the tree of solver.SumOverSamples, whoever computes which leaf. Workers take tasks: runs of 2ᵏ leaves that
// begin at a multiple of 2ᵏ, which are whole subtrees, or the last part of the tree.

// defaultTasks is how many tasks a call is cut into at most: many more than cores, few enough that their sums take no
// room.
const defaultTasks = 64

// solveSize is how many samples a worker takes at once where nothing is summed.
const solveSize = 128

// cut divides the call's samples among leaves and tasks.
func (e *engine[T]) cut(c *call[T]) {
	switch {
	case c.part != nil && e.method.con.Control == solver.ControlSample:
		c.leaf = solver.LeafSize(c.part.samples)
	case e.method.con.Control == solver.ControlBatch:
		c.leaf = c.n
	case c.gradient:
		c.leaf = solver.LeafSize(c.n)
	default:
		c.leaf = min(solveSize, max(8, (c.n+1)/2))
	}
	c.perTask = 1
	for (c.leaves()+c.perTask-1)/c.perTask > e.maxTasks {
		c.perTask *= 2
	}
	if c.part != nil {
		c.part.cut(c.perTask)
	}
}

// cut divides the leaves into subtrees of at most that many.
func (p *portion) cut(most int) {
	p.tasks = p.tasks[:0]
	for from := p.from; from < p.to; {
		size := most
		for from%size != 0 || from+size > p.to && p.to < p.leaves {
			size /= 2
		}
		to := min(from+size, p.leaves)
		p.tasks = append(p.tasks, [2]int{from, to})
		from = to
	}
}

func (c *call[T]) leaves() int { return (c.n + c.leaf - 1) / c.leaf }

func (c *call[T]) tasks() int {
	if c.part != nil {
		return len(c.part.tasks)
	}
	return (c.leaves() + c.perTask - 1) / c.perTask
}

// leavesOf are the leaves of a task.
func (c *call[T]) leavesOf(task int) (from, to int) {
	if p := c.part; p != nil {
		return p.tasks[task][0] - p.from, p.tasks[task][1] - p.from
	}
	return task * c.perTask, min(c.leaves(), (task+1)*c.perTask)
}

// samples is the range of a leaf.
func (c *call[T]) samples(leaf int) (from, to int) { return leaf * c.leaf, min(c.n, (leaf+1)*c.leaf) }

// partial is a sum over some samples: the accumulators of the VJPs of field, head and lift, and of jump and events.
type partial[T simd.Float] struct {
	field, head, lift sums[T]
	moments           []sums[T]
}

func newPartial[T simd.Float](e *engine[T]) partial[T] {
	of := func(x *executor[T]) sums[T] {
		if x == nil {
			return newSums[T](&plan.Plan{})
		}
		return newSums[T](x.plan)
	}
	p := partial[T]{field: of(e.field), head: of(e.head), lift: of(e.lift)}
	for k := range e.moments {
		p.moments = append(p.moments, of(e.moments[k].executor))
	}
	return p
}

// parts is of how many sums it is made, part one of them.
func (p *partial[T]) parts() int { return 3 + len(p.moments) }
func (p *partial[T]) part(k int) []T {
	switch k {
	case 0:
		return p.field.data
	case 1:
		return p.head.data
	case 2:
		return p.lift.data
	}
	return p.moments[k-3].data
}

func (p *partial[T]) clear() {
	for k := range p.parts() {
		clear(p.part(k))
	}
}

func (p *partial[T]) add(kern *simd.Kernels[T], other *partial[T]) {
	for k := range p.parts() {
		kern.Add(p.part(k), other.part(k))
	}
}

// task takes the leaves of a task through everything the call needs.
func (w *worker[T]) task(ctx context.Context, c *call[T], task int) {
	w.solve.tile.busy, w.solve.tile.seats = solver.Occupancy{}, c.rows
	from, to := c.leavesOf(task)
	if c.gradient {
		w.sumLeaves(ctx, c, from, to)
		c.partials[task], w.partials[0] = w.partials[0], c.partials[task]
	} else {
		for leaf := from; leaf < to; leaf++ {
			w.leaf(ctx, c, leaf, nil)
		}
	}
	c.occupancy[task] = w.solve.tile.busy
}

// sumLeaves leaves the sum of a task's leaves in the first of w.partials. Of the tree it keeps whole subtrees that wait
// for their right neighbour, the larger ones first: as many as there are ones in the number of leaves done.
func (w *worker[T]) sumLeaves(ctx context.Context, c *call[T], from, to int) {
	waiting := 0
	for leaf := from; leaf < to; leaf++ {
		if waiting == len(w.partials) {
			w.partials = append(w.partials, newPartial(w.engine))
		}
		w.leaf(ctx, c, leaf, &w.partials[waiting])
		waiting++
		for range bits.TrailingZeros(uint(leaf - from + 1)) {
			waiting = w.join(waiting)
		}
	}
	for waiting > 1 {
		waiting = w.join(waiting)
	}
}

// join adds the last two of the subtrees that wait.
func (w *worker[T]) join(waiting int) int {
	w.partials[waiting-2].add(w.engine.kern, &w.partials[waiting-1])
	return waiting - 1
}

// sum adds the tasks' sums along the tree, to the first.
func (e *engine[T]) sum(c *call[T]) *partial[T] {
	p := c.partials[:c.tasks()]
	for stride := 1; stride < len(p); stride *= 2 {
		for i := 0; i+stride < len(p); i += 2 * stride {
			p[i].add(e.kern, &p[i+stride])
		}
	}
	return &p[0]
}

// lossOf is the weighted loss of a sample; 0 where it did not arrive.
func (c *call[T]) lossOf(i int) float64 {
	switch {
	case c.end[i].Status != solver.OK:
		return 0
	case c.atTimes != nil:
		return c.atTimes.lossOf(c, i)
	}
	return float64(c.weightOf(i)) * float64(c.losses[i])
}
