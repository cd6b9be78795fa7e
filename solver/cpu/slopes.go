package cpu

import (
	"context"

	"neuralode/plan"
	"neuralode/solver"
)

// timeDerivatives completes a derivative with those for times.
func (e *engine[T]) timeDerivatives(ctx context.Context, c *call[T], d *solver.Derivative) error {
	cotangent, saved := widened(c.cotangent), []float64(nil)
	if c.savedBar != nil {
		saved = widened(c.savedBar)
	}
	for i := range c.n {
		scale(row(cotangent, i, c.dim), float64(c.weightOf(i)))
		if from, to := c.batch.Rows(i); saved != nil && (c.atTimes == nil || e.spec.Gradient != solver.Discrete) {
			scale(saved[from*c.dim:to*c.dim], float64(c.weightOf(i))) // the shares of Discrete have it in them
		}
	}
	return solver.TimeDerivatives(d, c.batch, cotangent, saved, c.precision,
		func(z, t, inputs []float64) ([]float64, error) {
			return e.slopes(ctx, z, t, inputs)
		})
}

func scale(x []float64, by float64) {
	for k := range x {
		x[k] *= by
	}
}

// slopes is the field at states, [n, dim], each at a time and with inputs of its own.
func (e *engine[T]) slopes(ctx context.Context, z, t, inputs []float64) ([]float64, error) {
	c := &call[T]{reading: readField, dim: e.dim, n: len(t), z1: converted[T](z), stateTimes: t,
		inputs: converted[T](inputs), out: make([]T, len(z))}
	e.cut(c)
	grow(&c.occupancy, c.tasks())
	e.run(ctx, c)
	return widened(c.out), ctx.Err()
}

// slopesOf evaluates the field at as many states as the worker has rows at most.
func (w *worker[T]) slopesOf(c *call[T], states []loss) {
	e := w.engine.field
	if w.field.mem[local] == nil {
		w.field = newFrames(e, len(w.slots), [2]int{1, 1})
	}
	list := w.field.list(0, w.slots[:len(states)])
	e.put(list, e.plan.Input("z"), c.z1, states)
	e.putTimes(list, states)
	if id := e.plan.Input("inputs"); id != plan.None {
		e.put(list, id, c.inputs, states)
	}
	e.run(e.forward, list)
	e.get(list, e.plan.Output("f"), c.out, states)
}

// putTimes gives the listed rows the times of these states, where the plan has a time.
func (e *executor[T]) putTimes(list *rows[T], states []loss) {
	id := e.plan.Input("t")
	if id == plan.None {
		return
	}
	dst, off := e.at(list, e.layout.at[id])
	for k, l := range states {
		dst[off[k]] = T(l.t)
	}
}
