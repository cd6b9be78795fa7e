package neuralode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"

	"neuralode/solver"
)

// MinimizeOptions say what [ODE.Minimize] searches. The zero value is all of θ.
type MinimizeOptions struct {
	Iterations int            // at most; 200 when it is 0
	Z0         bool           // the initial states of the batch are searched too
	Frozen     []solver.Range // these places of θ keep their values
	Units      []float64      // the sizes in which θ and behind it z0 are searched, positive; 1 each without them
}

// Minimum is what a search found.
type Minimum struct {
	Theta       []float64
	Z0          []float64 // those of the batch where they are not searched
	Loss        float64   // at most that where the search began
	Began       float64   // that one
	Iterations  int
	Evaluations int    // of the loss and its gradient
	Why         string // the search ended, in a word
}

// Minimize returns the θ, and where they are searched the initial states, with the least loss of an objective over a
// batch, the nearest to theta that L-BFGS finds (Nocedal 1980). What a sample fails for is never taken; that theta is
// such is an error, as is wrong use, before any work. When ctx ends the error is ctx's. The spec of the ODE must have a
// gradient mode, [solver.Discrete] as that is the gradient of the loss as computed; and should have float64, and
// tolerances below the last digits of the loss that matter: the search ends where it no longer changes smoothly.
func (o *ODE) Minimize(ctx context.Context, theta []float64, b solver.Batch, objective solver.Objective,
	opt MinimizeOptions) (*Minimum, error) {
	if err := o.checkMinimize(theta, b, &opt); err != nil {
		return nil, err
	}
	s := newSearch(ctx, o, theta, b, objective, opt)
	if s.evaluate(s.x); s.err != nil {
		return nil, s.err
	}
	if math.IsInf(s.last.loss, 1) {
		return nil, fmt.Errorf("neuralode: where the search begins: %w", s.failed)
	}
	return s.minimize(opt.Iterations)
}

func (o *ODE) checkMinimize(theta []float64, b solver.Batch, opt *MinimizeOptions) error {
	if opt.Iterations == 0 {
		opt.Iterations = 200
	}
	n := len(theta)
	if opt.Z0 {
		n += len(b.Z0)
	}
	bad := func(u float64) bool { return !(u > 0) || math.IsInf(u, 0) }
	switch {
	case opt.Iterations < 0:
		return fmt.Errorf("neuralode: iterations must be positive, got %d", opt.Iterations)
	case len(theta) != o.model.ThetaLen():
		return fmt.Errorf("neuralode: theta has %d numbers, want %d", len(theta), o.model.ThetaLen())
	case opt.Units != nil && len(opt.Units) != n:
		return fmt.Errorf("neuralode: %d units, want one for each of the %d numbers that are searched", len(opt.Units), n)
	case slices.ContainsFunc(opt.Units, bad):
		return fmt.Errorf("neuralode: units must be positive, got %v", opt.Units)
	case opt.Z0 && b.Z0 == nil:
		return errors.New("neuralode: the batch has no z0 to be searched")
	}
	return solver.Optimizer{Frozen: opt.Frozen}.CheckFrozen(len(theta))
}

// search is one under way.
type search struct {
	ctx       context.Context
	ode       *ODE
	batch     solver.Batch // with a Z0 of its own
	objective solver.Objective
	theta     []float64

	x    []float64 // what is searched, in its units
	at   []int     // the place of each in θ, or behind it in z0
	unit []float64

	began       float64
	last        *point
	err         error // of the device or the context, which ends the search
	failed      error // of the last sample that failed
	evaluations int
}

func newSearch(ctx context.Context, o *ODE, theta []float64, b solver.Batch, objective solver.Objective,
	opt MinimizeOptions) *search {
	s := &search{ctx: ctx, ode: o, batch: b, objective: objective, theta: slices.Clone(theta)}
	s.batch.Z0 = slices.Clone(b.Z0)
	for _, r := range (solver.Optimizer{Frozen: opt.Frozen}).Trained(len(theta)) {
		for i := r.From; i < r.To; i++ {
			s.at = append(s.at, i)
		}
	}
	if opt.Z0 {
		for i := range b.Z0 {
			s.at = append(s.at, len(theta)+i)
		}
	}
	for _, i := range s.at {
		u := 1.0
		if opt.Units != nil {
			u = opt.Units[i]
		}
		s.unit, s.x = append(s.unit, u), append(s.x, *s.place(i)/u)
	}
	return s
}

// place is where a number is that is searched.
func (s *search) place(i int) *float64 {
	if n := len(s.theta); i >= n {
		return &s.batch.Z0[i-n]
	}
	return &s.theta[i]
}

// put takes x apart.
func (s *search) put(x []float64) {
	for k, i := range s.at {
		*s.place(i) = x[k] * s.unit[k]
	}
}

// point is where the search looked.
type point struct {
	x, gradient []float64
	loss        float64
}

// evaluate looks at x, unless it was looked at last: the loss is infinite where a sample fails.
func (s *search) evaluate(x []float64) *point {
	if s.last != nil && slices.Equal(s.last.x, x) {
		return s.last
	}
	s.last = &point{x: slices.Clone(x), loss: math.Inf(1), gradient: make([]float64, len(x))}
	if s.err != nil {
		return s.last
	}
	s.put(x)
	s.evaluations++
	d, err := s.ode.Differentiate(s.ctx, s.theta, s.batch, s.objective)
	switch {
	case err != nil:
		s.err = err
	case d.Err() != nil:
		s.failed = d.Err()
	default:
		s.last.loss = d.Loss
		for k, i := range s.at {
			if n := len(s.theta); i >= n {
				s.last.gradient[k] = d.Z0[i-n] * s.unit[k]
			} else {
				s.last.gradient[k] = d.Theta[i] * s.unit[k]
			}
		}
	}
	if s.evaluations == 1 {
		s.began = s.last.loss
	}
	return s.last
}

// minimize searches from x.
func (s *search) minimize(iterations int) (*Minimum, error) {
	r, err := optimize.Minimize(optimize.Problem{
		Func:   func(x []float64) float64 { return s.evaluate(x).loss },
		Grad:   func(dst, x []float64) { copy(dst, s.evaluate(x).gradient) },
		Status: s.status,
	}, s.x, &optimize.Settings{MajorIterations: iterations,
		Converger: &optimize.FunctionConverge{Relative: 1e-9, Iterations: 5}},
		&optimize.LBFGS{})
	if s.err != nil {
		return nil, s.err
	}
	if r == nil {
		return nil, fmt.Errorf("neuralode: %w", err)
	}
	s.put(r.X)
	m := &Minimum{Theta: s.theta, Z0: s.batch.Z0, Loss: r.F, Began: s.began, Iterations: r.MajorIterations,
		Evaluations: s.evaluations, Why: r.Status.String()}
	if err != nil {
		m.Why = "no better point can be told apart" // by the line search: r is the best
	}
	return m, nil
}

// status ends a search whose device failed, or whose context ended.
func (s *search) status() (optimize.Status, error) {
	if s.err != nil {
		return optimize.Failure, s.err
	}
	return optimize.NotTerminated, nil
}
