package cpu

import (
	"context"
	"math"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// worker is the memory one goroutine needs to take chunks through forward solve, loss and gradient.
type worker[T simd.Float] struct {
	engine *engine[T]
	solve  *forwardPass[T]
	adjoin *backsolvePass[T]
	back   *reverse[T]
	head   frames[T]
	slots  []int
}

// newWorker makes room for tiles of that many rows.
func newWorker[T simd.Float](e *engine[T], capacity int) *worker[T] {
	w := &worker[T]{engine: e, slots: make([]int, 0, capacity)}
	discrete := e.spec.Gradient == solver.Discrete
	tl := newTile(e.method, e.field, capacity, false, discrete)
	w.solve = newForwardPass(tl)
	switch {
	case discrete:
		w.solve.record = &record[T]{dim: e.dim}
		w.back = newReverse(e.method, e.field, w.solve.record, &tl.frames, capacity)
	case e.spec.Gradient == solver.Backsolve:
		w.adjoin = newBacksolvePass(newTile(e.method, e.field, capacity, true, false))
	}
	if e.head != nil {
		w.head = newFrames(e.head, capacity, [2]int{1, 1})
	}
	return w
}

// chunk takes one chunk of the call through everything it needs.
func (w *worker[T]) chunk(ctx context.Context, c *call[T], chunk int) {
	from, to := c.samples(chunk)
	w.solve.reset(c, from, to)
	w.solve.tile.busy = solver.Occupancy{}
	w.solve.tile.run(ctx, w.solve)
	c.occupancy[chunk] = w.solve.tile.busy
	if !c.gradient {
		return
	}
	clear(c.fieldSums[chunk].data)
	if c.labels != nil {
		w.loss(c, chunk)
	}
	if w.back != nil {
		w.back.run(ctx, c, chunk)
		return
	}
	w.adjoin.reset(c, chunk)
	w.adjoin.tile.run(ctx, w.adjoin)
}

// loss runs the head on the chunk's samples that arrived: outputs, losses, and their cotangents.
func (w *worker[T]) loss(c *call[T], chunk int) {
	clear(c.headSums[chunk].data)
	from, to := c.samples(chunk)
	for first := from; first < to; first += cap(w.slots) {
		w.slots = w.slots[:0]
		for i := first; i < min(to, first+cap(w.slots)); i++ {
			if c.end[i].Status == solver.OK {
				w.slots = append(w.slots, i-first)
			} else {
				c.losses[i] = T(math.NaN())
			}
		}
		w.lossOf(c, &c.headSums[chunk], first, w.slots)
	}
}

// lossOf runs the head on the samples first + slot.
func (w *worker[T]) lossOf(c *call[T], s *sums[T], first int, slots []int) {
	e := w.engine.head
	list := w.head.list(0, slots)
	labelWidth := w.engine.labelWidth
	put := func(id int, x []T, width int) {
		dst, off := e.at(list, e.layout.at[id])
		for k, slot := range slots {
			copy(dst[off[k]:off[k]+width], row(x, first+slot, width))
		}
	}
	get := func(id int, x []T, width int) {
		src, off := e.at(list, e.layout.at[id])
		for k, slot := range slots {
			copy(row(x, first+slot, width), src[off[k]:])
		}
	}
	put(int(e.plan.Input("z")), c.z1, c.dim)
	put(int(e.plan.Input("label")), c.labels, labelWidth)
	e.run(e.forward, list)
	get(int(e.plan.Output("out")), c.out, w.engine.outWidth)
	get(int(e.plan.Output("loss")), c.losses, 1)

	bar, off := e.at(list, e.layout.at[e.plan.Cotangents[0].Value])
	for k, slot := range slots {
		bar[off[k]] = c.weightOf(first + slot)
	}
	e.run(e.backward, list)
	if id := e.plan.InputGrad("z"); id >= 0 {
		get(int(id), c.cotangent, c.dim)
	}
	e.accumulate(s, list)
}

// weightOf is the sample's weight in the loss: by default the batch's mean.
func (c *call[T]) weightOf(i int) T {
	if c.weight != nil {
		return c.weight[i]
	}
	return T(1 / float64(c.n))
}
