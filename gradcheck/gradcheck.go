// Package gradcheck compares the derivatives of a model, by every mode, with finite differences and with each other, at
// tolerances so tight that only what is wrong is left, and says what the tolerances of a spec cost.
package gradcheck

import (
	"context"
	"errors"
	"fmt"

	"neuralode/solver"
)

// What the derivatives are compared at: in float64, far below what training asks for, and above what rounding leaves.
const (
	Rtol     = 1e-11
	Atol     = 1e-13
	MaxSteps = 1 << 15 // some hundred times what is usual; gradients keep the steps
)

// Bound is how far apart derivatives may be, relative to their size: some hundred times what a net of ReLUs, whose
// kinks no step sees, is off by at these tolerances, and far less than a term that is missing.
const Bound = 1e-3

// Problem is what is differentiated, how it is solved, and where.
type Problem struct {
	Exact   solver.Backend // compares, in float64
	Backend solver.Backend // whose derivatives are judged under Spec; nil: nobody's
	Model   solver.Model
	Spec    solver.Spec // method, control, and the tolerances that are judged
	Theta   []float64
	Batch   solver.Batch
	Goal    solver.Objective
}

// Report is what was found.
type Report struct {
	Modes       []Mode
	Differences []Difference
}

// Mode is how one gradient mode does.
type Mode struct {
	Gradient      solver.Gradient
	Err           error   // why it gives no derivative at the tight tolerances; the next two are then NaN
	ToDifferences float64 // the largest distance to finite differences, over the directions
	ToOthers      float64 // the largest distance to another mode, over all that is differentiated for
	Theta, Z0     float64 // ‖g − exact‖₂ / ‖exact‖₂ of ∂L/∂θ and ∂L/∂z0 under the spec
	SpecErr       error   // why there is no derivative under the spec
}

// Difference is the derivative of the loss along a direction within one quantity, by finite differences.
type Difference struct {
	Of          string // a parameter, "z0", "inputs", "signals", "t0", "t1" or "times"
	Value       float64
	Uncertainty float64 // by how much the last two refinements differ
	size        float64 // what errors are relative to
	direction   []float64
}

// Check differentiates the problem by every mode that its method has at tight tolerances, takes finite differences along
// two directions within each parameter, z0, the inputs, and the signals and the times where the goal asks for their
// derivatives, and judges the spec's own tolerances. Times that others lie on are compared between modes alone. It
// returns an *[Error], beside the report, where derivatives do not agree within [Bound] and the uncertainty of the
// differences. Where the solve itself fails at the tight tolerances, or every mode does, there is no report and the
// error says why.
func Check(ctx context.Context, p Problem) (*Report, error) {
	c := &checker{ctx: ctx, p: p}
	defer c.close()
	if err := c.compile(); err != nil {
		return nil, err
	}
	if err := c.differentiate(); err != nil {
		return nil, err
	}
	if err := c.compare(); err != nil {
		return nil, err
	}
	if err := c.judge(); err != nil {
		return nil, err
	}
	if len(c.faults) > 0 {
		return &c.report, &Error{Faults: c.faults}
	}
	return &c.report, nil
}

// checker is a Check under way.
type checker struct {
	ctx      context.Context
	p        Problem
	programs []solver.Program // parallel to the report's modes
	exact    []*solver.Derivative
	best     int // the mode that the others are compared with
	parts    []part
	report   Report
	faults   []Fault
}

// tight is the spec at which derivatives are compared.
func (c *checker) tight(mode solver.Gradient) solver.Spec {
	s := c.p.Spec.Tight(Rtol, Atol)
	s.Precision, s.Gradient = solver.Float64, mode
	s.Controller.MaxSteps = max(MaxSteps, s.Controller.MaxSteps)
	return s
}

func (c *checker) compile() error {
	for _, mode := range c.p.Spec.Gradients() {
		program, err := c.p.Exact.Compile(c.p.Model, c.tight(mode))
		if err != nil {
			return err
		}
		c.programs = append(c.programs, program)
	}
	c.parts = partsOf(c.p)
	return nil
}

func (c *checker) close() {
	for _, p := range c.programs {
		_ = p.Close()
	}
}

// differentiate takes the derivatives of all modes.
func (c *checker) differentiate() error {
	c.best = -1
	var errs []error
	for i, mode := range c.p.Spec.Gradients() {
		d, err := c.programs[i].Differentiate(c.ctx, c.p.Theta, c.p.Batch, c.p.Goal)
		if err != nil {
			return err
		}
		if err := d.Solution.Err(); err != nil {
			return fmt.Errorf("gradcheck: at rtol %g: %w", Rtol, err)
		}
		c.exact = append(c.exact, d)
		c.report.Modes = append(c.report.Modes, Mode{Gradient: mode, Err: d.Err()})
		errs = append(errs, d.Err())
		if d.Err() == nil && c.best < 0 {
			c.best = i
		}
	}
	if c.best < 0 {
		return fmt.Errorf("gradcheck: no mode gives a derivative at rtol %g: %w", Rtol, errors.Join(errs...))
	}
	return nil
}
