package cpu

import (
	"context"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// worker is the memory one goroutine needs to take leaves through forward solve, loss and gradient.
type worker[T simd.Float] struct {
	engine  *engine[T]
	solve   *forwardPass[T]
	adjoint *adjointPass[T] // of Adjoint and Backsolve
	back    *reverse[T]     // of Discrete
	head    frames[T]
	lift    frames[T]
	field   frames[T] // of states that are not solved; empty until needed
	slots   []int
	weight  []T
	losses  []loss
	hybrid  *hybrid[T] // nil until a call has jumps or events

	partials []partial[T] // of a task under way: see leaves.go
}

// newWorker makes room for tiles of that many rows.
func newWorker[T simd.Float](e *engine[T], capacity int) *worker[T] {
	w := &worker[T]{engine: e, slots: make([]int, capacity)}
	for i := range w.slots {
		w.slots[i] = i
	}
	switch e.spec.Gradient {
	case solver.NoGradient:
		w.solve = newForwardPass(newTile(e.method, e.field, capacity, solution))
	case solver.Discrete:
		w.solve = newForwardPass(newTile(e.method, e.field, capacity, keptSolution))
		w.solve.record = &record[T]{dim: e.dim, block: (e.method.stages - 1) * e.field.layout.size[store],
			limit: e.recordLimit()}
		w.solve.points = newCheckpoints(e)
		w.back = newReverse(e.method, e.field, w.solve.record, capacity)
	case solver.Adjoint:
		w.solve = newForwardPass(newTile(e.method, e.field, capacity, solution))
		w.solve.path = newTrajectory(e.method, e.dim, capacity)
		w.solve.path.limit, w.solve.points = e.recordLimit(), newCheckpoints(e)
		tl := newTile(e.method, e.field, capacity, adjointAlone)
		tl.along = w.solve.path
		w.adjoint = newAdjointPass(tl)
	case solver.Backsolve:
		w.solve = newForwardPass(newTile(e.method, e.field, capacity, solution))
		w.adjoint = newAdjointPass(newTile(e.method, e.field, capacity, stateAdjoint))
	}
	if e.head != nil {
		w.head = newFrames(e.head, capacity, [2]int{1, 1})
	}
	if e.lift != nil {
		w.lift = newFrames(e.lift, capacity, [2]int{1, 1})
	}
	return w
}

// openHybrid makes room for jumps and events.
func (w *worker[T]) openHybrid() {
	if w.hybrid == nil {
		w.hybrid = newHybrid(w.engine, w.solve.tile)
	}
}

// resetHybrid points those that a leaf has at it.
func (w *worker[T]) resetHybrid(c *call[T], from, to int, p *partial[T]) {
	h := w.hybrid
	if !w.engine.hybrid(c) {
		h = nil
	}
	w.solve.hybrid = h
	if w.solve.points != nil {
		w.solve.points.hybrid = h
	}
	if w.adjoint != nil {
		w.adjoint.hybrid, w.adjoint.partial = h, p
	}
	if w.back != nil {
		w.back.hybrid, w.back.partial = h, p
	}
	if h != nil {
		h.reset(c, from, to)
	}
}

// leaf takes one leaf of the call through everything it needs; what is summed goes to p.
func (w *worker[T]) leaf(ctx context.Context, c *call[T], leaf int, p *partial[T]) {
	from, to := c.samples(leaf)
	if c.reading != readNothing {
		w.read(c, from, to)
		return
	}
	if c.lifting() {
		w.liftLeaf(c, from, to)
		defer func() { w.pullBack(c, from, to, p) }()
	}
	if !w.solveLeaf(ctx, c, from, to, p) {
		c.paging.Store(true)
		c.forget(from, to)
		w.solveLeaf(ctx, c, from, to, p)
	}
	for i := from; i < to && c.events != nil; i++ {
		c.events[i] = w.hybrid.occurrences(i)
	}
}

// solveLeaf takes the samples of a leaf there, and back where there is a gradient. It returns false when the record of
// their steps is full; then there are checkpoints to be used.
func (w *worker[T]) solveLeaf(ctx context.Context, c *call[T], from, to int, p *partial[T]) bool {
	w.resetHybrid(c, from, to, p)
	w.solve.reset(c, from, to)
	if !c.gradient {
		w.solve.tile.run(ctx, w.solve)
		return true
	}
	p.clear()
	if w.back != nil {
		return w.thereAndBack(ctx, c, p)
	}
	if path := w.solve.path; path == nil {
		w.solve.tile.run(ctx, w.solve)
	} else if !w.solve.tile.runRecorded(ctx, w.solve, &path.full) {
		return false
	}
	w.loss(c, p, w.solve.done)
	w.adjoint.reset(c, from, to, p)
	w.adjoint.tile.run(ctx, w.adjoint)
	return true
}

// forget takes back what a way back of the samples that did not come to its end has added up.
func (c *call[T]) forget(from, to int) {
	for i := from; i < to; i++ {
		clear(c.inputsBarOf(i))
		if c.signalBars != nil {
			clear(c.signalBars[i])
		}
		c.forgetCrossings(i)
		clear(row(c.z0Bar, i, c.dim))
		c.back[i], c.backStats[i] = solver.End{}, solver.Stats{}
	}
}

// forgetCrossings is forget for jumps and stops.
func (c *call[T]) forgetCrossings(i int) {
	from, to := c.batch.JumpRows(i)
	if rows := c.jumpRows(c.n); rows > 0 {
		width := len(c.amountsBar) / rows
		clear(c.amountsBar[from*width : to*width])
	}
	if c.forStops {
		clear(c.jumpBar[from:to])
		from, to = c.batch.StopRows(i)
		clear(c.stopBar[from:to])
	}
}

// thereAndBack is the discrete gradient: as soon as enough samples have arrived to fill the way back, they go, so that
// the record of their steps is still in the cache.
func (w *worker[T]) thereAndBack(ctx context.Context, c *call[T], p *partial[T]) bool {
	w.solve.tile.open(w.solve)
	w.back.open(c, p)
	for {
		w.sendBack(c, p)
		switch {
		case ctx.Err() != nil:
			w.solve.tile.cancel()
			return true
		case w.solve.record.full && !w.solve.paging:
			return false
		case len(w.back.active) < w.back.capacity && !w.solve.tile.idle():
			w.solve.tile.round()
		case len(w.back.active) > 0:
			w.back.round()
		case len(w.solve.done) == 0:
			return true
		}
	}
}

// sendBack starts the way back of samples that have arrived, as far as there are rows. Losses are computed for as many
// as there are at once.
func (w *worker[T]) sendBack(c *call[T], p *partial[T]) {
	if n := len(w.solve.done); n == 0 || len(w.back.free) == 0 || (n < len(w.back.free) && !w.solve.tile.idle()) {
		return
	}
	n := min(len(w.solve.done), len(w.back.free))
	w.loss(c, p, w.solve.done[:n])
	for _, i := range w.solve.done[:n] {
		w.back.begin(i)
	}
	w.solve.done = append(w.solve.done[:0], w.solve.done[n:]...)
}

// loss runs the head on samples that arrived: outputs, losses, and their cotangents. Those that did not have no loss.
func (w *worker[T]) loss(c *call[T], p *partial[T], samples []int) {
	if c.labels == nil {
		return
	}
	w.losses = c.lossesOf(w.losses[:0], samples)
	for left := w.losses; len(left) > 0; {
		n := min(len(left), len(w.slots))
		w.lossOf(c, &p.head, left[:n])
		left = left[n:]
	}
}

// lossOf differentiates the losses of at most as many states as the worker has rows.
func (w *worker[T]) lossOf(c *call[T], s *sums[T], losses []loss) {
	e, list := w.engine.head, w.readOut(c, losses)
	bar, off := e.at(list, e.layout.at[e.plan.Cotangents[0].Value])
	w.weight = w.weight[:0]
	for k, l := range losses {
		bar[off[k]] = 1
		w.weight = append(w.weight, c.lossWeight(l))
	}
	e.run(e.backward, list)
	if id := e.plan.InputGrad("z"); id >= 0 {
		bars := c.cotangent
		if c.atTimes != nil {
			bars = c.savedBar
		}
		e.get(list, id, bars, losses)
	}
	if c.atTimes != nil {
		c.atTimes.takeUp(c, losses)
	}
	e.scale(list, w.weight)
	e.accumulate(s, list)
}
