package cpu

import (
	"neuralode/solver"
)

// lifting reports whether the lift makes the call's initial states.
func (c *call[T]) lifting() bool { return len(c.features) > 0 }

// featuresOf are those that the lift makes the initial state of sample i of.
func (c *call[T]) featuresOf(i int) []T { return row(c.features, i, len(c.features)/c.n) }

// putBack gives a batch the call's initial states, or what they were made of beside them, its inputs and its amounts.
func (c *call[T]) putBack(b *solver.Batch) {
	b.Z0, b.Inputs, b.Amounts = widened(c.z0), widened(c.inputs), widened(c.amounts)
	if c.lifting() {
		b.Features = widened(c.features)
	}
}

// liftLeaf makes the initial states of samples from up to to.
func (w *worker[T]) liftLeaf(c *call[T], from, to int) {
	w.inRows(from, to, func(samples []loss) {
		e := w.engine.lift
		e.get(w.lifted(c, samples), e.plan.Output("z0"), c.z0, samples)
	})
}

// pullBack adds to p what ∂L/∂z0 of these samples, those that came back, are of ∂L/∂θ.
func (w *worker[T]) pullBack(c *call[T], from, to int, p *partial[T]) {
	e := w.engine.lift
	if !c.gradient || len(e.plan.Cotangents) == 0 {
		return
	}
	w.inRows(from, to, func(samples []loss) {
		list := w.lifted(c, samples)
		bar, off := e.at(list, e.layout.at[e.plan.Cotangents[0].Value])
		for k, s := range samples {
			if i := s.sample; c.end[i].Status == solver.OK && c.back[i].Status == solver.OK {
				copy(bar[off[k]:], row(c.z0Bar, i, c.dim))
			} else {
				clear(bar[off[k] : off[k]+c.dim])
			}
		}
		e.run(e.backward, list)
		e.accumulate(&p.lift, list)
	})
}

// lifted runs the lift forward on at most as many samples as the worker has rows, which it returns.
func (w *worker[T]) lifted(c *call[T], samples []loss) *rows[T] {
	e := w.engine.lift
	list := w.lift.list(0, w.slots[:len(samples)])
	e.put(list, e.plan.Input("x"), c.features, samples)
	e.run(e.forward, list)
	return list
}

// inRows calls f with samples from up to to, so many at once as the worker has rows.
func (w *worker[T]) inRows(from, to int, f func(samples []loss)) {
	for from < to {
		w.losses = w.losses[:0]
		for n := min(to, from+len(w.slots)); from < n; from++ {
			w.losses = append(w.losses, loss{number: from, sample: from})
		}
		f(w.losses)
	}
}
