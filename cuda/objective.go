package cuda

import (
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// aim copies the objective of a batch that has been loaded.
func (e *engine) aim(b solver.Batch, o solver.Objective) error {
	if o.AtTimes {
		return e.aimAtTimes(b, o)
	}
	steps := []func() error{
		func() error { return e.putReals("labels", o.Labels) },
		func() error { return e.putReals("weight", o.Weight) },
		func() error { return e.putReals("savedBar", o.Saved) },
	}
	if o.Labels == nil {
		steps = append(steps, func() error { return e.putReals("cotangent", o.Cotangent) })
	}
	if o.Saved != nil { // also where there is no time: the way back is another then
		steps = append(steps, func() error { return e.rooms([]room{e.reals("savedBar", len(o.Saved))}) })
	}
	return inTurn(steps...)
}

// aimAtTimes copies an objective of losses at save times; z(t1) has no cotangent.
func (e *engine) aimAtTimes(b solver.Batch, o solver.Objective) error {
	l := kernels.LossesAtTimes(o, b, e.n, e.spec.Gradient)
	return inTurn(
		func() error { return e.roomForLosses(e.saved) },
		func() error { return e.putReals("labels", o.Labels) },
		func() error { return e.putReals("weight", l.Weight) },
		func() error { return e.putReals("lossWeight", l.LossWeight) },
		func() error { return e.putReals("share", l.Share) },
		func() error { return put(e.memory, "masked", l.Masked) },
		func() error { return e.putReals("cotangent", make([]float64, e.n*e.model.Dim())) },
		func() error {
			e.set("lossRows", uint64(e.saved))
			return e.rooms([]room{e.reals("savedBar", e.saved*e.model.Dim())})
		},
	)
}
