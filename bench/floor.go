package bench

import (
	"context"
	"time"

	"neuralode/solver"
)

// Work is what a gradient of a case takes, summed over its samples.
type Work struct {
	NFE, Tried, Accepted         int // forward
	BackNFE, BackAccepted        int
	Multiplications              int // multiply-adds of one field evaluation of one sample
	Loss                         float64
	NFEMean, StepsMean, Occupied float64 // forward: per sample, and the fraction of busy rows
}

// WorkOf counts the work of the case on a backend.
func WorkOf(ctx context.Context, backend solver.Backend, c *Case, mode solver.Gradient) (*Work, error) {
	program, err := backend.Compile(c.Model.Solver, c.Spec(mode))
	if err != nil {
		return nil, err
	}
	defer program.Close()
	d, err := program.Differentiate(ctx, c.Model.Theta, c.batch(), solver.Objective{Labels: c.Labels})
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		return nil, err
	}
	w := &Work{Loss: d.Loss, Occupied: d.Occupancy.Fraction(), Multiplications: multiplications(c)}
	for i, s := range d.Stats {
		w.NFE += s.NFE
		w.Tried += s.Tried()
		w.Accepted += s.Accepted
		w.BackNFE += d.BackStats[i].NFE
		w.BackAccepted += d.BackStats[i].Accepted
	}
	n := float64(c.Batch())
	w.NFEMean, w.StepsMean = float64(w.NFE)/n, float64(w.Tried)/n
	return w, nil
}

func multiplications(c *Case) int {
	n := 0
	for _, p := range c.Model.Net.Params() {
		if len(p.Shape) == 2 {
			n += p.Len()
		}
	}
	return n
}

// FLOP is the arithmetic of the products that no implementation of the same steps can leave out, two for a
// multiply-add: one product per layer and forward evaluation; for the discrete gradient two (input and weights) per
// stage of an accepted step; for backsolve an evaluation and an input product per backward evaluation, and the weights'
// product at the five stages with a weight of each accepted step.
func (w *Work) FLOP(mode solver.Gradient) float64 {
	product := 2 * float64(w.Multiplications)
	total := product * float64(w.NFE)
	switch mode {
	case solver.Discrete:
		total += product * 2 * 6 * float64(w.Accepted)
	case solver.Adjoint, solver.Backsolve:
		total += product * (2*float64(w.BackNFE) + 5*float64(w.BackAccepted))
	}
	return total
}

// Floor is the time that arithmetic takes at a peak of that many GFLOP/s, all cores together; 0 when the peak is
// unknown.
func (w *Work) Floor(mode solver.Gradient, peak float64) time.Duration {
	if peak <= 0 {
		return 0
	}
	return time.Duration(w.FLOP(mode) / peak)
}
