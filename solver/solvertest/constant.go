package solvertest

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"neuralode/solver"
)

// constantSteps takes z' = θz in constant steps by every method: n steps multiply z by R(θh)ⁿ, with R the stability
// function of the method, to rounding. The last step is cut.
func (s Suite) constantSteps(t *testing.T) {
	m := solver.Model{Field: lower(t, rate())}
	methods := tableaus()
	if s.Samples > 0 {
		methods = methods[len(methods)-2:] // each is a run of a compiler
	}
	for _, method := range methods {
		spec := s.spec(solver.Discrete)
		spec.Method, spec.Controller.Step = method, 0.1
		if !s.supports(t, m, spec) {
			t.Skip(s.Backend.Supports(spec))
		}
		s.constantStepsOf(t, m, spec)
	}
	s.tooManySteps(t, m)
	s.constantBlowUp(t)
}

// tableaus are the explicit methods.
func tableaus() []*solver.Tableau {
	var all []*solver.Tableau
	for _, m := range solver.Methods() {
		if tab, ok := m.(*solver.Tableau); ok {
			all = append(all, tab)
		}
	}
	return all
}

// constantStepsOf takes samples over spans of their own.
func (s Suite) constantStepsOf(t *testing.T, m solver.Model, spec solver.Spec) {
	const theta = -0.75
	tab := spec.Tableau()
	cases := []struct {
		span solver.Span
		n    int // full steps
		rest float64
	}{
		{solver.Span{T1: 1}, 10, 0},
		{solver.Span{T0: 5, T1: 5.3}, 3, 0}, // 5.3 − 5 < 0.3
		{solver.Span{T0: 1, T1: -0.0625}, 10, -0.0625},
		{solver.Span{T0: 2, T1: 2.03125}, 0, 0.03125},
		{solver.Span{T1: 30}, 300, 0}, // sums of 0.1 are above 30
	}
	b, o := solver.Batch{}, solver.Objective{}
	var z1, z0Bar []float64
	thetaBar := 0.0
	for _, x := range cases {
		h := math.Copysign(0.1, x.span.T1-x.span.T0)
		z, dz := stability(tab, theta*h)
		r, dr := stability(tab, theta*x.rest)
		want := math.Pow(z, float64(x.n)) * r
		z1, z0Bar = append(z1, want, -2*want), append(z0Bar, want, want)
		thetaBar -= want * (float64(x.n)*h*dz/z + x.rest*dr/r)
		b.Z0, b.Spans, o.Cotangent = append(b.Z0, 1, -2), append(b.Spans, x.span), append(o.Cotangent, 1, 1)
	}
	d := s.differentiate(t, m, spec, []float64{theta}, b, o)
	bound := s.choose(3e-6, 1e-13)
	near(t, fmt.Sprintf("%v: z1", spec.Method), d.Z1, z1, bound)
	near(t, fmt.Sprintf("%v: ∂L/∂z0", spec.Method), d.Z0, z0Bar, bound)
	near(t, fmt.Sprintf("%v: ∂L/∂θ", spec.Method), d.Theta, []float64{thetaBar}, bound)
	for i, x := range cases {
		steps := x.n
		if x.rest != 0 {
			steps++
		}
		if want := (solver.Stats{Accepted: steps, NFE: 1 + steps*(tab.Stages()-1)}); d.Stats[i] != want {
			t.Errorf("%v over %v: %+v, want %+v", spec.Method, x.span, d.Stats[i], want)
		}
	}
}

// stability is R(x) of an explicit method, the factor by which a step takes z' = xz on, and its derivative.
func stability(t *solver.Tableau, x float64) (r, slope float64) {
	k, dk := make([]float64, t.Stages()), make([]float64, t.Stages()) // slopes of the stages for h = x and z = 1
	r = 1
	for i := range k {
		k[i] = 1
		for j, a := range t.A[i] {
			k[i] += x * a * k[j]
			dk[i] += a * (k[j] + x*dk[j])
		}
		r += x * t.B[i] * k[i]
		slope += t.B[i] * (k[i] + x*dk[i])
	}
	return r, slope
}

// tooManySteps asks for more than the largest number.
func (s Suite) tooManySteps(t *testing.T, m solver.Model) {
	spec := s.spec(solver.NoGradient)
	spec.Controller.Step, spec.Controller.MaxSteps = 0.125, 8
	program := s.compile(t, m, spec)
	for t1, fine := range map[float64]bool{1: true, -1: true, 1.01: false} {
		_, err := program.Solve(t.Context(), []float64{1},
			solver.Batch{Z0: []float64{1, 1}, Spans: []solver.Span{{T1: t1}}})
		if (err == nil) != fine {
			t.Errorf("steps of 1/8 to %v, 8 at most: %v", t1, err)
		}
	}
}

// constantBlowUp steps over the end of z' = z²: where the numbers end the sample fails, with its last good state.
func (s Suite) constantBlowUp(t *testing.T) {
	spec := s.spec(solver.NoGradient)
	spec.Method, spec.Controller.Step = solver.Euler(), 0.5
	got, err := s.compile(t, solver.Model{Field: lower(t, square())}, spec).Solve(t.Context(), nil,
		solver.Batch{Z0: []float64{1}, Spans: []solver.Span{{T1: 100}}})
	must(t, got, err)
	var failed *solver.SampleError
	if !errors.As(got.Err(), &failed) || failed.End.Status != solver.NonFinite || math.IsInf(got.Z1[0], 0) ||
		got.Z1[0] < 1e10 {
		t.Errorf("%v at %v", got.Err(), got.Z1)
	}
	if st := got.Stats[0]; st.Rejected != 1 || failed.End.T != 0.5*float64(st.Accepted) {
		t.Errorf("%+v, ended %+v", st, failed.End)
	}
}
