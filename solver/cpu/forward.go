package cpu

import (
	"math"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// forwardPass feeds a tile with the samples of a leaf, from t0 to t1.
type forwardPass[T simd.Float] struct {
	tile   *tile[T]
	record *record[T]     // the accepted steps, for the discrete gradient; nil otherwise
	path   *trajectory[T] // the same for the adjoint
	points *checkpoints[T]
	hybrid *hybrid[T] // nil where nothing jumps
	paging bool       // checkpoints are kept instead of steps
	done   []int      // samples that arrived, for who takes them back
	call   *call[T]
	next   int
	end    int
	sample []int       // by slot
	times  [][]float64 // by slot: those of the sample that are still to come
	saved  []int       // by slot: the row of the next of them
}

func newForwardPass[T simd.Float](tl *tile[T]) *forwardPass[T] {
	return &forwardPass[T]{tile: tl, sample: make([]int, tl.capacity),
		times: make([][]float64, tl.capacity), saved: make([]int, tl.capacity)}
}

// reset points the pass at the samples [from, to).
func (p *forwardPass[T]) reset(c *call[T], from, to int) {
	p.call, p.next, p.end = c, from, to
	p.done = p.done[:0]
	p.tile.signals.open(c.batch.Courses(), p.tile.capacity)
	p.tile.frames.record = nil
	var points *checkpoints[T]
	if p.paging = c.paging.Load(); p.paging && c.gradient && p.points != nil {
		points = p.points
	}
	if p.record != nil && c.gradient {
		keep := c.savedBar == nil && !p.hybrid.cuts()
		if p.record.reset(from, to, p.tile.capacity, keep, points); points == nil {
			p.tile.frames.record = p.record
		} else {
			points.reset(c, from, to, p.tile.capacity, p.record.limit, p.record.stepBytes())
		}
	}
	if p.path != nil && c.gradient {
		if p.path.reset(from, to, points); points != nil {
			points.reset(c, from, to, p.tile.capacity, p.path.limit, p.path.stepBytes())
		}
	}
}

func (p *forwardPass[T]) begin(slot int) bool {
	for out := p.call.leftOut(); p.next < p.end && out != nil && out[p.next]; p.next++ {
		p.call.end[p.next].Status = solver.Cancelled
	}
	if p.next == p.end {
		return false
	}
	i := p.next
	p.next++
	p.sample[slot] = i
	copy(row(p.tile.z, slot, p.tile.width), row(p.call.z0, i, p.call.dim))
	p.tile.row[slot].Segment = p.call.segment(i, p.call.batch.Span(i).T0)
	p.tile.inputs[slot] = p.call.inputsOf(i)
	p.tile.signals.enter(slot, &p.call.batch, i)
	p.openTimes(slot)
	if p.hybrid != nil {
		p.hybrid.start(slot, i)
	}
	if p.call.tracks != nil {
		p.call.tracks[i].Begin() // the steps of a leaf may be taken twice
		p.track(slot, p.call.batch.Span(i).T0, row(p.call.z0, i, p.call.dim))
	}
	return true
}

// openTimes begins with the slot's times: none is reached but those at its start.
func (p *forwardPass[T]) openTimes(slot int) {
	c, i := p.call, p.sample[slot]
	from, to := c.batch.Rows(i)
	p.times[slot], p.saved[slot] = c.batch.TimesOf(i), from
	missing := c.saved[from*c.dim : to*c.dim]
	for j := range missing {
		missing[j] = T(math.NaN())
	}
	for {
		if _, due := p.due(slot, c.batch.Span(i).T0); !due {
			return
		}
		copy(p.nextSaved(slot), row(c.z0, i, c.dim))
	}
}

// due is the slot's next time, and whether it is reached at time t.
func (p *forwardPass[T]) due(slot int, t float64) (next float64, due bool) {
	if len(p.times[slot]) == 0 {
		return 0, false
	}
	s := p.call.batch.Span(p.sample[slot])
	next = s.SaveTime(p.times[slot][0])
	if s.T1 >= s.T0 {
		return next, next <= t
	}
	return next, next >= t
}

// nextSaved is where the slot's next saved state goes.
func (p *forwardPass[T]) nextSaved(slot int) []T {
	at := p.saved[slot]
	p.times[slot] = p.times[slot][1:]
	p.saved[slot]++
	return row(p.call.saved, at, p.call.dim)
}

func (p *forwardPass[T]) accepted(slots []int) {
	if p.path != nil && p.call.gradient && len(slots) > 0 && !p.paging {
		p.keep(slots)
	}
	if p.hybrid != nil {
		p.hybrid.look(slots, p.sample)
	}
	if p.call.tracks != nil {
		for _, slot := range slots {
			p.track(slot, p.tile.row[slot].End(), p.stateAtEnd(slot))
		}
	}
	for _, slot := range slots {
		r := &p.tile.row[slot]
		z := row(p.tile.z, slot, p.tile.width)
		if p.tile.frames.record != nil {
			p.record.add(slot, p.sample[slot], r.T, r.Step, z)
		}
		if p.paging {
			p.checkpoint(slot)
		}
		p.save(slot, r.End())
	}
}

// track keeps the state of the slot's sample at a time.
func (p *forwardPass[T]) track(slot int, t float64, z []T) {
	k := &p.call.tracks[p.sample[slot]]
	k.T = append(k.T, t)
	for _, v := range z {
		k.Z = append(k.Z, float64(v))
	}
}

// checkpoint counts the slot's step.
func (p *forwardPass[T]) checkpoint(slot int) {
	i := p.sample[slot]
	p.points.passed(i, p.tile.row[slot], p.tile.result(slot, p.tile.parts[0]))
	if p.path != nil {
		p.path.last[i-p.path.first] = absent
	} else {
		p.record.last[i-p.record.first] = absent
	}
}

// save keeps the states at the slot's times up to the end of the step just accepted.
func (p *forwardPass[T]) save(slot int, end float64) {
	for {
		t, due := p.due(slot, end)
		switch {
		case !due:
			return
		case t == end:
			copy(p.nextSaved(slot), p.stateAtEnd(slot))
		default:
			p.dense(slot, t, p.nextSaved(slot))
		}
	}
}

// stateAtEnd is the state at the end of the step just accepted, before an event that cut it has its effect.
func (p *forwardPass[T]) stateAtEnd(slot int) []T {
	if h := p.hybrid; h != nil && h.due[slot] >= 0 {
		return h.stateBefore(h.due[slot])
	} else if h != nil && h.failed[slot] {
		return row(h.fail, slot, p.tile.dim)
	}
	return p.tile.result(slot, p.tile.parts[0])
}

// keep adds the accepted steps to the samples' trajectories.
func (p *forwardPass[T]) keep(slots []int) {
	tl := p.tile
	for _, kind := range tl.kinds(slots) {
		for _, slot := range kind {
			r := &tl.row[slot]
			p.path.add(p.sample[slot], r.T, r.Step, row(tl.z, slot, tl.width))
		}
		if len(kind) > 0 {
			p.path.fit(tl, kind)
		}
	}
}

// dense writes the state at time t within the step just accepted.
func (p *forwardPass[T]) dense(slot int, t float64, dst []T) {
	tl := p.tile
	r := &tl.row[slot]
	tl.denseAt(slot, (t-r.T)/r.Step, dst)
}

// denseAt writes the state at x in [0, 1] of a step of the solution.
func (tl *tile[T]) denseAt(slot int, x float64, dst []T) {
	r := &tl.row[slot]
	copy(dst, row(tl.z, slot, tl.width))
	for i, weights := range tl.polynomialsOf(slot) {
		w := T(r.Step * solver.Polynomial(weights, x))
		for c, k := range row(tl.k, slot*tl.m.stages+i, tl.width) {
			dst[c] += w * k
		}
	}
}

func (p *forwardPass[T]) finished(slot int) bool {
	r, i := &p.tile.row[slot], p.sample[slot]
	ended := p.hybrid != nil && p.hybrid.takeEffect(slot, i)
	if r.Status == solver.OK && r.T != p.call.batch.Span(i).T1 && !ended { // at a stop
		if p.hybrid != nil {
			p.hybrid.passJumps(slot, i, r.T)
		}
		r.Segment = p.call.segment(i, r.T)
		return true
	}
	copy(row(p.call.z1, i, p.call.dim), row(p.tile.z, slot, p.tile.width))
	p.call.end[i] = r.Ended()
	p.call.stats[i] = r.Stats
	if p.call.gradient {
		p.call.stiff[i] = r.Stiff
	}
	if r.Status == solver.OK {
		p.done = append(p.done, i)
	}
	return false
}
