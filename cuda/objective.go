package cuda

import (
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// loadObjective copies the objective of a batch that has been loaded.
func (e *engine) loadObjective(b solver.Batch, o solver.Objective) error {
	if o.Labels != nil {
		e.call.Counting = int64(kernels.Counting(o, b, e.n))
		return inTurn(
			func() error { return e.putLabels(b, o, e.n) },
			func() error { return e.roomAtTimes(o) },
		)
	}
	return inTurn(
		func() error { return e.putReals(&e.call.Labels, nil) },
		func() error { return e.putReals(&e.call.Cotangent, o.Cotangent) },
		func() error { return e.putReals(&e.call.SavedBar, o.Saved) },
		func() error {
			if o.Saved == nil {
				return nil
			}
			// also where there is no time: it is another way back
			return e.rooms([]room{e.reals(&e.call.SavedBar, len(o.Saved))})
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
		func() error { return e.putReals(&e.call.Labels, o.Labels) },
		func() error { return e.putReals(&e.call.Weight, l.Weight) },
		func() error { return e.putReals(&e.call.LossWeight, l.LossWeight) },
		func() error { return e.putReals(&e.call.Share, l.Share) },
		func() error { return put(e.memory, &e.call.Masked, l.Masked) },
	)
}

// roomAtTimes makes room for the losses and cotangents of saved states, where the objective has those; z(t1) has none
// then.
func (e *engine) roomAtTimes(o solver.Objective) error {
	e.call.SavedBar = 0
	if !o.AtTimes {
		return nil
	}
	if err := e.roomForLosses(e.saved); err != nil {
		return err
	}
	e.call.LossRows = int64(e.saved)
	return inTurn(
		func() error { return e.rooms([]room{e.reals(&e.call.SavedBar, e.saved*e.model.Dim())}) },
		func() error { return e.putReals(&e.call.Cotangent, make([]float64, e.n*e.model.Dim())) },
	)
}
