package solvertest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
)

// cotangents checks that a gradient is linear in the size of what comes in, and what nothing costs.
func (s Suite) cotangents(t *testing.T) {
	for _, mode := range solver.Gradients() {
		t.Run(mode.String(), func(t *testing.T) {
			s.scaledCotangents(t, mode)
			s.scaledLoss(t, mode)
			s.smallCotangents(t, mode)
			s.noCotangent(t, mode)
		})
	}
}

// scaledCotangents multiplies cotangents by powers of two: so are the gradients, to the bit, and what they cost is the
// same.
func (s Suite) scaledCotangents(t *testing.T, mode solver.Gradient) {
	p := reference.Embedded()[0]
	b, _ := some(&p, 3)
	span := b.Spans[0]
	b.Times = []float64{span.T0, span.T0 + 0.4*(span.T1-span.T0), span.T1}
	for _, control := range solver.Controls() {
		m, spec := network(t, &p), s.defaults(mode)
		spec.Controller.Control = control
		if !s.supports(t, m, spec) {
			continue
		}
		program := s.compile(t, m, spec)
		gradient := func(power int) *solver.Derivative {
			var o solver.Objective
			for i := range b.Z0 {
				o.Cotangent = append(o.Cotangent, math.Ldexp(math.Sin(float64(i)), power-i%3))
			}
			for i := range len(b.Z0) * len(b.Times) {
				o.Saved = append(o.Saved, math.Ldexp(math.Cos(float64(i)), power-i%7))
			}
			d, err := program.Differentiate(context.Background(), p.Theta, b, o)
			d = supported(t, d, err)
			return must(t, d, d.Err())
		}
		one := gradient(0)
		for _, power := range []int{-60, 20} {
			scaledGradient(t, fmt.Sprintf("%v: cotangents times 2^%d", control, power), gradient(power), one, power)
		}
	}
}

// scaledGradient fails where got is not, to the bit, one times that power of two, at the same cost.
func scaledGradient(t *testing.T, what string, got, one *solver.Derivative, power int) {
	t.Helper()
	scaled := func(x []float64) []float64 {
		y := slices.Clone(x)
		for i := range y {
			y[i] = math.Ldexp(y[i], power)
		}
		return y
	}
	same(t, what+": ∂L/∂z0", got.Z0, scaled(one.Z0))
	same(t, what+": ∂L/∂θ", got.Theta, scaled(one.Theta))
	if !slices.Equal(got.BackStats, one.BackStats) {
		t.Errorf("%s: the way back costs %+v, want %+v", what, got.BackStats, one.BackStats)
	}
	same(t, what+": drift", got.Drift, one.Drift)
}

// scaledLoss is the same for cotangents that the model's own loss gives.
func (s Suite) scaledLoss(t *testing.T, mode solver.Gradient) {
	p := reference.Embedded()[0]
	b, _ := some(&p, 3)
	gradient := func(power int) *solver.Derivative {
		h, err := graph.LowerHead(graph.Head{Dim: p.Dim(), Readout: graph.Component(0), Loss: timesPowerOfTwo(power)})
		m := network(t, &p)
		m.Head = must(t, h, err)
		return s.differentiate(t, m, s.defaults(mode), p.Theta, b, solver.Objective{Labels: p.Label[:3]})
	}
	scaledGradient(t, "a loss times 2^-30", gradient(-30), gradient(0), -30)
}

// timesPowerOfTwo is the squared error times 2^power.
func timesPowerOfTwo(power int) graph.Loss {
	return graph.Loss{Func: func(out, y *node) (*node, error) {
		var b builder
		square := b.do(gorgonia.Square(b.do(gorgonia.Sub(out, y))))
		return b.do(gorgonia.HadamardProd(square, gorgonia.NewConstant(math.Ldexp(1, power)))), b.err
	}}
}

// smallCotangents compares with the closed form of a linear field, whose parameter acts through what contracts.
func (s Suite) smallCotangents(t *testing.T, mode solver.Gradient) {
	h := HardGradients()[0]
	const size = 1e-8
	spec := s.defaults(mode)
	spec.Controller.Rtol, spec.Controller.Atol = 1e-4, 1e-7
	d, err := s.compile(t, solver.Model{Field: lower(t, h.Field)}, spec).Differentiate(context.Background(),
		[]float64{h.Theta}, solver.Batch{Z0: h.Z0, Spans: []solver.Span{{T1: h.T1}}},
		solver.Objective{Cotangent: []float64{size, size}})
	must(t, d, err)
	if e := math.Abs(d.Theta[0]/size/h.Want - 1); d.Err() != nil || !(e <= 0.02) {
		t.Errorf("a cotangent of %v: %v, want %v times %v; %v", size, d.Theta[0], h.Want, size, d.Err())
	}
}

// noCotangent has samples with nothing to take back, on all or on a part of their way, under an atol of zero: there is
// no scale by which to measure nothing.
func (s Suite) noCotangent(t *testing.T, mode solver.Gradient) {
	m, spec := solver.Model{Field: lower(t, rate())}, s.defaults(mode)
	spec.Controller.Atol = 0
	b := solver.Batch{Z0: []float64{1, 2, 3, -1, 2, 1}, Spans: []solver.Span{{T1: 2}}, Times: []float64{1, 1.5}}
	o := solver.Objective{Cotangent: []float64{0, 0, 0, 0, 1, -0.5}, Saved: make([]float64, 12)}
	copy(o.Saved[4:6], []float64{1, 1})
	for _, control := range solver.Controls() {
		spec.Controller.Control = control
		if !s.supports(t, m, spec) {
			continue
		}
		d := s.differentiate(t, m, spec, []float64{0.25}, b, o)
		early, late := math.Exp(0.25), math.Exp(0.5)
		near(t, "∂L/∂z0", d.Z0, []float64{0, 0, early, early, late, -late / 2}, 1e-3)
		near(t, "∂L/∂θ", d.Theta, []float64{1*2*early + 2*1.5*late}, 1e-3)
		same(t, "∂L/∂z0 of nothing", d.Z0[:2], []float64{0, 0})
		if cost := d.BackStats[0].NFE; mode != solver.Discrete && control == solver.ControlSample && cost != 0 {
			t.Errorf("a cotangent of zeros costs %d evaluations, want none", cost)
		}
		if s.Precision == solver.Float64 {
			want := Suite{Backend: solver.Reference()}.differentiate(t, m, spec, []float64{0.25}, b, o)
			if !slices.Equal(d.Back, want.Back) || !slices.Equal(d.BackStats, want.BackStats) {
				t.Errorf("the ways back end %+v after %+v, want %+v after %+v", d.Back, d.BackStats, want.Back,
					want.BackStats)
			}
		}
	}
}

// defaults is the default spec with that gradient.
func (s Suite) defaults(mode solver.Gradient) solver.Spec {
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = s.Precision, mode
	return spec
}
