package neuralode

import (
	"context"
	"errors"
	"math"

	"neuralode/solver"
)

// Prediction is the solution of a batch and what the head's read-out makes of it.
type Prediction struct {
	solver.Solution

	// Out is [samples, out width], what the read-out makes of the states at t1, or at the terminal event that came before,
	// or [rows, out width], of the states at the batch's times where it has any. Where a sample did not get it is NaN.
	Out []float64
}

// Predict solves a batch and reads out its states: those at the batch's times or, where it has none, at t1. The ODE
// must have a head. Check Prediction.Err.
func (o *ODE) Predict(ctx context.Context, theta []float64, b solver.Batch) (*Prediction, error) {
	if o.model.Head == nil {
		return nil, errors.New("neuralode: Predict needs a head; use SolveBatch for the states alone")
	}
	s, err := o.program.Solve(ctx, theta, b)
	if err != nil {
		return nil, err
	}
	read, err := o.program.ReadOut(ctx, theta, statesOf(s, b))
	if err != nil {
		return nil, err
	}
	p := &Prediction{Solution: *s, Out: read.Out}
	if len(b.Times) == 0 {
		p.leaveOut(o.model.OutWidth())
	}
	return p, nil
}

// ReadOut returns what the head makes of states: outputs and, with labels, the loss of each. The ODE must have a head.
func (o *ODE) ReadOut(ctx context.Context, theta []float64, s solver.States) (*solver.Readings, error) {
	return o.program.ReadOut(ctx, theta, s)
}

// statesOf are the states of a solution that are read out.
func statesOf(s *solver.Solution, b solver.Batch) solver.States {
	states := solver.States{Z: s.Z1}
	if len(b.Times) > 0 {
		states.Z = s.Saved
	}
	for i := range s.End {
		span := b.Span(i)
		if len(b.Times) == 0 {
			states.T = append(states.T, s.End[i].T)
			continue
		}
		for _, t := range b.TimesOf(i) {
			states.T = append(states.T, span.SaveTime(t))
		}
	}
	return states
}

// leaveOut leaves out what was read of the last good states of samples that failed.
func (p *Prediction) leaveOut(width int) {
	for i, end := range p.End {
		if end.Status == solver.OK {
			continue
		}
		for k := range width {
			p.Out[i*width+k] = math.NaN()
		}
	}
}
