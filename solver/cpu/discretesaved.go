package cpu

import "neuralode/solver"

// loadSaved spreads the cotangents of the save times within each row's step over the stages by the dense output's
// weights; those at the step's end go to λ at once.
func (r *reverse[T]) loadSaved() {
	c := r.call
	for _, s := range r.active {
		i, st := r.sample[s], &r.record.steps[r.step[s]]
		extra := row(r.extra, s, r.m.stages*r.dim)
		clear(extra)
		for left := &r.left[s]; left.n() > 0; {
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
	if x >= 1 {
		return
	}
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
