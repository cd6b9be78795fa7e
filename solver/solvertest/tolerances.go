package solvertest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"neuralode/solver"
)

// tolerances checks those that components have each, and components that rest at zero under none.
func (s Suite) tolerances(t *testing.T) {
	for _, mode := range append(solver.Gradients(), solver.NoGradient) {
		t.Run(mode.String(), func(t *testing.T) {
			t.Run("units", func(t *testing.T) { s.units(t, mode) })
			t.Run("at rest", func(t *testing.T) { s.atRest(t, mode) })
		})
	}
	t.Run("strict", s.strictComponent)
	t.Run("wrong", s.wrongTolerances)
}

// units measures the second component of an oscillator in units 2²⁰ times smaller, with its tolerance: nothing else
// changes by a bit.
func (s Suite) units(t *testing.T, mode solver.Gradient) {
	solve := func(power int) *solver.Solution {
		unit := math.Ldexp(1, power)
		m, spec := solver.Model{Field: lower(t, linear())}, s.spec(mode)
		spec.Controller.Atols = []float64{1e-5, 1e-5 * unit}
		theta, b := []float64{0, 1 / unit, -unit, 0}, solver.Batch{Z0: []float64{1, 0.5 * unit, 0, -2 * unit},
			Spans: []solver.Span{{T1: 3}}}
		if mode == solver.NoGradient {
			return s.solve(t, m, spec, theta, b)
		}
		return &s.differentiate(t, m, spec, theta, b, solver.Objective{Cotangent: []float64{1, 0, 0, 1 / unit}}).Solution
	}
	one, small := solve(0), solve(20)
	for i := 1; i < len(small.Z1); i += 2 {
		small.Z1[i] = math.Ldexp(small.Z1[i], -20)
	}
	same(t, "z1", small.Z1, one.Z1)
	if small.Stats[0] != one.Stats[0] || small.Stats[1] != one.Stats[1] {
		t.Errorf("%+v, in other units %+v", one.Stats, small.Stats)
	}
	c, r := math.Cos(3), math.Sin(3)
	near(t, "z1", one.Z1, []float64{c + 0.5*r, 0.5*c - r, -2 * r, -2 * c}, 1e-4)
}

// atRest has a component that stays zero where atol is zero: it has no error, nor has its adjoint.
func (s Suite) atRest(t *testing.T, mode solver.Gradient) {
	m := solver.Model{Field: lower(t, rate())}
	for _, control := range solver.Controls() {
		spec := s.spec(mode)
		spec.Controller.Atol, spec.Controller.Control = 0, control
		if !s.supports(t, m, spec) {
			continue
		}
		b := solver.Batch{Z0: []float64{1, 0, 0, 2, 0, 0}, Spans: []solver.Span{{T1: 2}}}
		bound, grown := s.choose(1e-4, 1e-7), math.Exp(0.5)
		if mode == solver.NoGradient {
			near(t, "z1", s.solve(t, m, spec, []float64{0.25}, b).Z1, []float64{grown, 0, 0, 2 * grown, 0, 0}, bound)
			continue
		}
		d := s.differentiate(t, m, spec, []float64{0.25}, b, solver.Objective{Cotangent: []float64{1, 0, 0, 1, 1, 0}})
		near(t, "z1", d.Z1, []float64{grown, 0, 0, 2 * grown, 0, 0}, bound)
		near(t, "∂L/∂z0", d.Z0, []float64{grown, 0, 0, grown, grown, 0}, bound)
		near(t, "∂L/∂θ", d.Theta, []float64{2 * 3 * grown}, bound)
	}
}

// strictComponent asks more of one component than of the other: steps are as short as that one needs.
func (s Suite) strictComponent(t *testing.T) {
	m := solver.Model{Field: lower(t, linear())}
	cost := func(rtols, atols []float64) int {
		spec := s.spec(solver.NoGradient)
		spec.Controller.Rtol, spec.Controller.Atol = 1e-3, 1e-3
		spec.Controller.Rtols, spec.Controller.Atols = rtols, atols
		return s.solve(t, m, spec, []float64{-1, 0, 0, -1e-3}, solver.Batch{Z0: []float64{1, 1},
			Spans: []solver.Span{{T1: 10}}}).Stats[0].NFE
	}
	all := cost(nil, nil)
	if alike := cost([]float64{1e-3, 1e-3}, []float64{1e-3, 1e-3}); alike != all {
		t.Errorf("tolerances that are alike cost %d evaluations, one for all costs %d", alike, all)
	}
	for what, tolerances := range map[string][2][]float64{"rtol": {{1e-6, 1e-3}, {0, 1e-3}}, "atol": {nil, {1e-7, 1e-3}}} {
		strict := cost(tolerances[0], tolerances[1])
		if strict <= all {
			t.Errorf("a strict %s costs %d evaluations, a loose one %d", what, strict, all)
		}
		tolerances[0], tolerances[1] = swapped(tolerances[0]), swapped(tolerances[1])
		if idle := cost(tolerances[0], tolerances[1]); idle >= strict {
			t.Errorf("a strict %s of what hardly moves costs %d evaluations, of the other %d", what, idle, strict)
		}
	}
}

func swapped(x []float64) []float64 {
	if x == nil {
		return nil
	}
	return []float64{x[1], x[0]}
}

// wrongTolerances are refused before any work.
func (s Suite) wrongTolerances(t *testing.T) {
	m := solver.Model{Field: lower(t, rate())}
	for _, wrong := range [][2][]float64{{{1e-3}, nil}, {nil, {1, 1, 1}}, {{-1, 1e-3}, nil}, {{0, 1e-3}, {0, 0}},
		{{1e-3, math.NaN()}, nil}, {nil, {1, math.Inf(1)}}, {{1e-3, 1e-3}, {1}}} {
		spec := s.spec(solver.NoGradient)
		spec.Controller.Rtols, spec.Controller.Atols = wrong[0], wrong[1]
		p, err := s.Backend.Compile(m, spec)
		if err == nil {
			_, err = p.Solve(context.Background(), []float64{1}, solver.Batch{Z0: []float64{1, 1}, Spans: []solver.Span{{T1: 1}}})
			t.Errorf("%s is no error at Compile, and gives %v", fmt.Sprint(wrong), err)
		}
	}
}
