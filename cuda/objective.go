package cuda

import (
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// aim copies the objective of a batch that has been loaded.
func (e *engine) aim(b solver.Batch, o solver.Objective) error {
	if o.Labels != nil {
		e.set("counting", uint64(kernels.Counting(o, b, e.n)))
		return inTurn(
			func() error { return e.putLabels(b, o, e.n) },
			func() error { return e.roomAtTimes(o) },
		)
	}
	return inTurn(
		func() error { return e.putReals("labels", nil) },
		func() error { return e.putReals("cotangent", o.Cotangent) },
		func() error { return e.putReals("savedBar", o.Saved) },
		func() error {
			if o.Saved == nil {
				return nil
			}
			return e.rooms([]room{e.reals("savedBar", len(o.Saved))}) // also where there is no time: it is another way back
		},
	)
}

// putLabels copies the labels and weights of n samples of a batch, or of the data of a training.
func (e *engine) putLabels(b solver.Batch, o solver.Objective, n int) error {
	l := kernels.TimeLosses{Weight: o.Weight}
	if o.AtTimes {
		l = kernels.LossesAtTimes(o, b, n)
	}
	return inTurn(
		func() error { return e.putReals("labels", o.Labels) },
		func() error { return e.putReals("weight", l.Weight) },
		func() error { return e.putReals("lossWeight", l.LossWeight) },
		func() error { return e.putReals("share", l.Share) },
		func() error { return put(e.memory, "masked", l.Masked) },
	)
}

// roomAtTimes makes room for the losses and cotangents of saved states, where the objective has those; z(t1) has none
// then.
func (e *engine) roomAtTimes(o solver.Objective) error {
	e.set("savedBar", 0)
	if !o.AtTimes {
		return nil
	}
	if err := e.roomForLosses(e.saved); err != nil {
		return err
	}
	e.set("lossRows", uint64(e.saved))
	return inTurn(
		func() error { return e.rooms([]room{e.reals("savedBar", e.saved*e.model.Dim())}) },
		func() error { return e.putReals("cotangent", make([]float64, e.n*e.model.Dim())) },
	)
}
