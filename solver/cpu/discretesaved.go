package cpu

import "neuralode/solver"

// passJumps takes λ of every row back over the jumps after its step.
func (r *reverse[T]) passJumps() {
	for _, s := range r.active {
		for r.crossesAfter(s, r.record.steps[r.step[s]].t) {
			r.transfer(s)
		}
	}
}

// crossesAfter reports whether the slot has a crossing left after time t, and no saved state after that.
func (r *reverse[T]) crossesAfter(slot int, t float64) bool {
	if r.cross[slot] < 0 {
		return false
	}
	span, at := r.call.batch.Span(r.sample[slot]), r.hybrid.crossings[r.cross[slot]].t
	left := &r.left[slot]
	return after(span, at, t) && (left.n() == 0 || !after(span, left.next(span), at))
}

// transfer takes the slot's λ back over its next crossing.
func (r *reverse[T]) transfer(slot int) {
	i, at := r.sample[slot], r.cross[slot]
	r.hybrid.transfer(i, at, r.lambda(slot), 1, 1, r.partial)
	r.cross[slot] = r.hybrid.crossingBefore(i, at)
}

// cross takes what comes in at the slot's next crossing: before an event that cut its step λ is that of the dense
// output there, and at one that was only noted it adds to that.
func (r *reverse[T]) crossDense(slot int, st recordedStep, extra []T) {
	x := r.hybrid.crossings[r.cross[slot]]
	at := (x.t - st.t) / st.h
	if x.noted {
		bar := r.hybrid.bars[0]
		clear(bar)
		r.hybrid.transfer(r.sample[slot], r.cross[slot], bar, 1, 1, r.partial)
		r.cross[slot] = r.hybrid.crossingBefore(r.sample[slot], r.cross[slot])
		r.spread(slot, at, st.h, bar, extra)
		return
	}
	if r.transfer(slot); x.cut {
		r.share(at, st.h, r.lambda(slot), extra)
	}
}

// loadSaved spreads the cotangents of the save times within each row's step over the stages by the dense output's
// weights; those at the step's end go to λ at once.
func (r *reverse[T]) loadSaved() {
	c := r.call
	for _, s := range r.active {
		i, st := r.sample[s], &r.record.steps[r.step[s]]
		extra := row(r.extra, s, r.m.stages*r.dim)
		clear(extra)
		for left := &r.left[s]; ; {
			if r.crossesAfter(s, st.t) {
				r.crossDense(s, *st, extra)
				continue
			}
			if left.n() == 0 {
				break
			}
			t := left.next(c.batch.Span(i))
			if !after(c.batch.Span(i), t, st.t) {
				break
			}
			r.spread(s, (t-st.t)/st.h, st.h, row(c.savedBar, left.pass(), c.dim), extra)
		}
	}
}

func after(s solver.Span, t, start float64) bool {
	if s.T1 >= s.T0 {
		return t > start
	}
	return t < start
}

// spread adds a cotangent at x in (0, 1] of a step. Its weight on the state the step started from is 1, as is that of
// the step's result, so λ takes it up: the stages' share through the result, b_i, is taken off again.
func (r *reverse[T]) spread(slot int, x, h float64, bar, extra []T) {
	addRow(r.lambda(slot), bar)
	if x < 1 {
		r.share(x, h, bar, extra)
	}
}

// share adds what a cotangent of the dense output at x has for the stages, beyond what λ brings them.
func (r *reverse[T]) share(x, h float64, bar, extra []T) {
	for i, weights := range r.m.tab.Dense {
		w := T(h * (solver.Polynomial(weights, x) - r.m.tab.B[i]))
		for c, v := range bar {
			extra[i*r.dim+c] += w * v
		}
	}
}

// reverseLast takes the dense output's cotangent of the last stage back; that stage's argument is the step's result, so
// its product goes to λ.
func (r *reverse[T]) reverseLast() {
	last := r.m.stages - 1
	e := r.exec
	list := r.list(last)
	dst, off := e.at(list, r.cotangent)
	for i, s := range r.active {
		copy(dst[off[i]:off[i]+r.dim], row(r.extra, s*r.m.stages+last, r.dim))
	}
	e.run(e.backward, list)
	r.feed(list, last)
	if !r.ports.moving {
		return
	}
	src, srcOff := e.at(list, r.ports.dz)
	for i, s := range r.active {
		addRow(r.lambda(s), src[srcOff[i]:srcOff[i]+r.dim])
	}
}
