package solvertest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"neuralode/solver"
)

func (s Suite) closedForms(t *testing.T) {
	for i, method := range solver.Methods() {
		for _, control := range solver.Controls() {
			for _, p := range closed() {
				if i > 0 && (control != solver.ControlSample || !p.each) {
					continue // what it looks at does not depend on the method
				}
				t.Run(fmt.Sprintf("%s/%v/%s", method, control, p.name), func(t *testing.T) {
					spec := s.spec(solver.NoGradient)
					bound := s.use(method, &spec)
					spec.Controller.Control = control
					m := solver.Model{Field: lower(t, p.field)}
					if !s.supports(t, m, spec) {
						t.Skip(s.Backend.Supports(spec))
					}
					got := s.solve(t, m, spec, p.theta, solver.Batch{Z0: p.z0, Spans: []solver.Span{p.span}})
					near(t, "z1", got.Z1, p.want, bound)
				})
			}
		}
	}
}

// use makes spec use the method, at tolerances that it reaches in a reasonable number of steps, or in steps of such a
// size where it has no error estimate, and says how exact it is then.
func (s Suite) use(method solver.Method, spec *solver.Spec) (bound float64) {
	spec.Method = method
	switch orders := method.Orders(); {
	case orders.Estimate == 0 && orders.Result == 1:
		spec.Controller.Step = 1. / 2048
		return 0.06
	case orders.Estimate == 0:
		spec.Controller.Step = 1. / 256
	case orders.Result < 3:
		spec.Controller.Rtol, spec.Controller.Atol = 1e-5, 1e-6
		return 5e-3
	}
	return s.choose(1e-3, 1e-6)
}

// gradientOracle compares with derivatives computed in 32-digit arithmetic.
func (s Suite) gradientOracle(t *testing.T) {
	for _, method := range solver.Methods()[1:] {
		for _, mode := range solver.Gradients() {
			if mode == solver.Backsolve && method.Orders().Result == 1 {
				continue // in steps that are not too small, Euler's way back leads elsewhere, and drifts
			}
			m, spec := solver.Model{Field: lower(t, cubicSpiral())}, s.spec(mode)
			bound := 4 * s.use(method, &spec)
			if spec.Check() != nil || !s.supports(t, m, spec) {
				continue
			}
			d := s.differentiate(t, m, spec, spiralTheta(),
				solver.Batch{Z0: []float64{2, 0}, Spans: []solver.Span{{T1: 1.5}}},
				solver.Objective{Cotangent: []float64{1, 1}})
			near(t, fmt.Sprintf("%s, %v: ∂L/∂z0", method, mode), d.Z0,
				[]float64{4.3807569035597288, 0.35439068204690633}, bound)
			near(t, fmt.Sprintf("%s, %v: ∂L/∂A", method, mode), d.Theta,
				[]float64{11.127882069334155, 1.8879096789059206, -0.81617970771301055, 10.469224814503693}, bound)
		}
	}
	for _, mode := range solver.Gradients() {
		spec := s.spec(mode)
		b := solver.Batch{Z0: []float64{2, 0}, Spans: []solver.Span{{T1: 1.5}}}
		d := s.differentiate(t, solver.Model{Field: lower(t, cubicSpiral())}, spec, spiralTheta(), b,
			solver.Objective{Cotangent: []float64{1, 1}})
		bound := s.choose(2e-3, 2e-6)
		near(t, "∂L/∂z0", d.Z0, []float64{4.3807569035597288, 0.35439068204690633}, bound)
		near(t, "∂L/∂A", d.Theta, []float64{11.127882069334155, 1.8879096789059206, -0.81617970771301055,
			10.469224814503693}, bound)

		d = s.differentiate(t, solver.Model{Field: lower(t, rate())}, spec, []float64{0.7},
			solver.Batch{Z0: []float64{1.5, 0}, Spans: []solver.Span{{T1: 2}}},
			solver.Objective{Cotangent: []float64{1, 0}})
		near(t, "∂z/∂rate", d.Theta, []float64{2 * 1.5 * math.Exp(1.4)}, bound)

		// L = q(2) of the ring from (q, p) = (1, 0.5): the angle 0.8·1.25·2 = 2 has the derivatives 4θq, 4θp and 2.5.
		d = s.differentiate(t, solver.Model{Field: lower(t, ring())}, spec, []float64{0.8},
			solver.Batch{Z0: []float64{1, 0.5}, Spans: []solver.Span{{T1: 2}}},
			solver.Objective{Cotangent: []float64{1, 0}})
		sin, cos := math.Sincos(2)
		slope := 0.5*cos - sin
		near(t, "∂q/∂z0 of the ring", d.Z0, []float64{cos + 3.2*slope, sin + 1.6*slope}, bound)
		near(t, "∂q/∂θ of the ring", d.Theta, []float64{2.5 * slope}, bound)
	}
}

func (s Suite) compile(t *testing.T, m solver.Model, spec solver.Spec) solver.Program {
	t.Helper()
	p, err := s.Backend.Compile(m, spec)
	p = supported(t, p, err)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (s Suite) solve(t *testing.T, m solver.Model, spec solver.Spec, theta []float64, b solver.Batch) *solver.Solution {
	t.Helper()
	got, err := s.compile(t, m, spec).Solve(context.Background(), theta, b)
	if err == nil {
		err = got.Err()
	}
	return must(t, got, err)
}

func (s Suite) differentiate(t *testing.T, m solver.Model, spec solver.Spec, theta []float64, b solver.Batch,
	o solver.Objective) *solver.Derivative {
	t.Helper()
	got, err := s.compile(t, m, spec).Differentiate(context.Background(), theta, b, o)
	if err == nil {
		err = got.Err()
	}
	return must(t, got, err)
}

// near fails where got is farther from want than bound, relative to the largest number wanted (or to 1).
func near(t *testing.T, what string, got, want []float64, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, want %d", what, len(got), len(want))
	}
	scale, worst := 1.0, 0.0
	for _, v := range want {
		scale = math.Max(scale, math.Abs(v))
	}
	for i := range want {
		d := math.Abs(got[i] - want[i])
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		worst = math.Max(worst, d)
	}
	if !(worst <= bound*scale) {
		t.Errorf("%s is off by %.3g of %.3g, want %.3g of it; got %.8v want %.8v", what, worst, scale, bound, head(got),
			head(want))
	}
}

func head(x []float64) []float64 { return x[:min(len(x), 6)] }
