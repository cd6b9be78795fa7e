package cuda

import (
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// loadObjective copies the objective of a batch that has been loaded.
func (e *engine) loadObjective(b solver.Batch, o solver.Objective) error {
	e.signalsBarAt = nil
	if o.ForSignals {
		e.signalsBarAt = kernels.SignalsBarAt(b, e.n)
	}
	if err := inTurn(
		func() error { return put(e.memory, &e.call.SignalsBarAt, e.signalsBarAt) },
		func() error { return put(e.memory, &e.call.SignalsBar, make([]float64, lastOf(e.signalsBarAt))) },
	); err != nil {
		return err
	}
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

// lastOf is the last of numbers, 0 of none.
func lastOf(x []int64) int64 {
	if len(x) == 0 {
		return 0
	}
	return x[len(x)-1]
}

// takeSignals copies out the derivatives for the values of signals, where they were asked for.
func (e *engine) takeSignals(d *solver.Derivative) error {
	if e.signalsBarAt == nil {
		return nil
	}
	bar := make([]float64, lastOf(e.signalsBarAt))
	if err := take(e.memory, &e.call.SignalsBar, bar); err != nil {
		return err
	}
	d.KeepSignalBars(kernels.SignalBars(bar, e.signalsBarAt))
	return nil
}
