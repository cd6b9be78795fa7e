// Package verify compares solutions and gradients with float64 reference solutions.
package verify

import (
	"context"
	"fmt"
	"math"
	"time"

	"neuralode/reference"
	"neuralode/solver"
	"neuralode/train"
)

// Result is how far a backend is from a reference problem.
type Result struct {
	Z        float64 // largest absolute error of z(t1)
	Loss     float64 // absolute error of the loss
	Grad     float64 // largest over the parameter tensors of ‖g − ref‖₂ / ‖ref‖₂
	GradX    float64 // the same for ∂L/∂z(t0)
	Steps    Steps   // forward
	Busy     float64 // mean fraction of busy rows of the forward solve
	Duration time.Duration
}

// Steps are the steps tried per sample.
type Steps struct {
	Mean, Accepted float64 // of the samples
	Max            int
}

// Check solves the problem and differentiates its loss as spec says (spec needs a gradient mode), and compares. A
// sample that fails is an error.
func Check(ctx context.Context, backend solver.Backend, spec solver.Spec, p *reference.Problem) (*Result, error) {
	model, err := train.FromReference(&p.Model)
	if err != nil {
		return nil, fmt.Errorf("verify: %s: %w", p.Name, err)
	}
	program, err := backend.Compile(model.Solver, spec)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	start := time.Now()
	d, err := program.Differentiate(ctx, p.Theta, solver.Batch{Z0: p.X, Spans: []solver.Span{model.Span}},
		solver.Objective{Labels: p.Label})
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		spec.Controller.Advise(err)
		return nil, fmt.Errorf("verify: %s: %w", p.Name, err)
	}
	r := compare(d, p)
	r.Duration = time.Since(start)
	return r, nil
}

func compare(d *solver.Derivative, p *reference.Problem) *Result {
	r := &Result{Z: largestDifference(d.Z1, p.Z1), Loss: math.Abs(d.Loss - p.Loss), GradX: relative(d.Z0, p.GradX),
		Busy: d.Occupancy.Fraction()}
	for _, q := range p.Params {
		r.Grad = larger(r.Grad, relative(q.Of(d.Theta), q.Of(p.GradTheta)))
	}
	n := float64(len(d.Stats))
	for _, s := range d.Stats {
		r.Steps.Mean += float64(s.Tried()) / n
		r.Steps.Accepted += float64(s.Accepted) / n
		r.Steps.Max = max(r.Steps.Max, s.Tried())
	}
	return r
}

func largestDifference(got, want []float64) float64 {
	worst := 0.0
	for i := range want {
		worst = larger(worst, math.Abs(got[i]-want[i]))
	}
	return worst
}

// relative is ‖got − want‖₂ / ‖want‖₂.
func relative(got, want []float64) float64 {
	difference, size := 0.0, 0.0
	for i := range want {
		difference += (got[i] - want[i]) * (got[i] - want[i])
		size += want[i] * want[i]
	}
	if difference == 0 {
		return 0
	}
	return math.Sqrt(difference / size)
}

// larger keeps NaN, which is beyond every bound.
func larger(a, b float64) float64 { return math.Max(a, b) }
