package cuda

import (
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// solution copies out what a solve has left.
func (e *engine) solution() (*solver.Solution, error) {
	s := &solver.Solution{}
	var err error
	if s.Z1, err = e.takeReals(&e.call.Z1, e.n*e.model.Dim()); err != nil {
		return nil, err
	}
	if e.saved > 0 {
		if s.Saved, err = e.takeReals(&e.call.Saved, e.saved*e.model.Dim()); err != nil {
			return nil, err
		}
	}
	if s.End, s.Stats, err = e.ends(&e.call.Status, &e.call.EndT, &e.call.EndH, &e.call.Stats); err != nil {
		return nil, err
	}
	occupancy := make([]int64, 2*e.call.Blocks)
	err = take(e.memory, &e.call.Occupancy, occupancy)
	for i := 0; i < len(occupancy); i += 2 {
		s.Occupancy.Rows += occupancy[i]
		s.Occupancy.Busy += occupancy[i+1]
	}
	return s, err
}

// ends copies out how the samples ended in one direction.
func (e *engine) ends(status, t, h, stats *kernels.Address) ([]solver.End, []solver.Stats, error) {
	codes, counts := make([]int32, e.n), make([]int32, 4*e.n)
	ts, hs := make([]float64, e.n), make([]float64, e.n)
	for _, err := range []error{take(e.memory, status, codes), take(e.memory, stats, counts), take(e.memory, t, ts),
		take(e.memory, h, hs)} {
		if err != nil {
			return nil, nil, err
		}
	}
	ends, all := make([]solver.End, e.n), make([]solver.Stats, e.n)
	for i := range ends {
		ends[i] = solver.End{Status: solver.Status(codes[i]), T: ts[i], H: hs[i]}
		all[i] = solver.Stats{Accepted: int(counts[4*i]), Rejected: int(counts[4*i+1]), NFE: int(counts[4*i+2]),
			Jacobians: int(counts[4*i+3])}
	}
	return ends, all, nil
}

// derivative copies out what a gradient has left.
func (e *engine) derivative(theta []float64, b solver.Batch, o solver.Objective) (*solver.Derivative, error) {
	s, err := e.solution()
	if err != nil {
		return nil, err
	}
	d := &solver.Derivative{Solution: *s}
	if d.Z0, err = e.takeReals(&e.call.Z0Bar, e.n*e.model.Dim()); err != nil {
		return nil, err
	}
	if inputs := e.model.Inputs(); inputs > 0 {
		if d.Inputs, err = e.takeReals(&e.call.InputsBar, e.n*inputs); err != nil {
			return nil, err
		}
		d.Inputs = kernels.ConstantsOf(d.Inputs, inputs, int(e.call.Constants))
	}
	if err := e.takeSignals(d); err != nil {
		return nil, err
	}
	if d.Theta, err = e.takeReals(&e.call.Gradient, e.model.ThetaLen()); err != nil {
		return nil, err
	}
	if d.Back, d.BackStats, err = e.ends(&e.call.BackStatus, &e.call.BackT, &e.call.BackH,
		&e.call.BackStats); err != nil {
		return nil, err
	}
	if e.spec.Gradient == solver.Backsolve {
		d.Drift = make([]float64, e.n)
		if err := take(e.memory, &e.call.Drift, d.Drift); err != nil {
			return nil, err
		}
	}
	if o.Labels == nil {
		clear(d.Theta[e.model.Field.ThetaLen():])
	} else if err := e.headResults(d); err != nil {
		return nil, err
	}
	if o.ForTimes {
		return d, e.timeDerivatives(theta, d, b, o)
	}
	return d, nil
}

// timeDerivatives completes the derivative with those for times.
func (e *engine) timeDerivatives(theta []float64, d *solver.Derivative, b solver.Batch, o solver.Objective) error {
	cotangent, err := e.takeReals(&e.call.Cotangent, e.n*e.model.Dim())
	if err != nil {
		return err
	}
	var saved []float64
	if o.AtTimes || o.Saved != nil {
		if saved, err = e.takeReals(&e.call.SavedBar, e.saved*e.model.Dim()); err != nil {
			return err
		}
	}
	return kernels.TimeDerivatives(e.model, e.spec, theta, d, b, o, cotangent, saved)
}

// headResults copies out what the head has left.
func (e *engine) headResults(d *solver.Derivative) (err error) {
	if d.Out, err = e.takeReals(&e.call.Out, e.losses*e.model.OutWidth()); err != nil {
		return err
	}
	d.Losses, err = e.takeReals(&e.call.Losses, e.losses)
	return err
}
