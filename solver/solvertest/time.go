package solvertest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// times checks what a solve makes of time itself: of spans that are long, short or far from zero, of fields that are
// there within the span alone, and of save times that rounding puts beside an end.
func (s Suite) times(t *testing.T) {
	t.Run("long spans", s.longSpans)
	t.Run("short spans", s.shortSpans)
	t.Run("stages within the span", s.stagesWithinSpan)
	t.Run("the probe within the span", s.probeWithinSpan)
	t.Run("beside the ends", s.besideTheEnds)
	t.Run("coarse time", s.coarseTime)
}

// longSpans is dz/dt = −z/(t + c), where z·(t + c) stays what it was, over 15 orders of magnitude and back: what time
// resolves near zero has nothing to do with the other end.
func (s Suite) longSpans(t *testing.T) {
	const onset = 1e-9
	m := solver.Model{Field: lower(t, graph.Field{Dim: 1, Func: func(t, z *node, _ []*node) (*node, error) {
		var b builder
		since := b.do(gorgonia.Add(t, gorgonia.NewConstant(onset)))
		return b.do(gorgonia.Neg(b.do(gorgonia.HadamardDiv(z, since)))), b.err
	}})}
	spec := s.spec(solver.NoGradient)
	spec.Controller.Atol = 0
	times := []float64{0, 1e-10, 1e-9, 1e-6, 1, 1e5, 1e6}
	for _, span := range []solver.Span{{T1: 1e6}, {T0: 1e6}} {
		got := s.solve(t, m, spec, nil, solver.Batch{Z0: []float64{1}, Spans: []solver.Span{span}, Times: times})
		for j, at := range times {
			z := got.Saved[j] * (at + onset) / (span.T0 + onset)
			near(t, fmt.Sprintf("from %g to %g: the invariant at %g", span.T0, span.T1, at), []float64{z}, []float64{1},
				s.choose(2e-4, 1e-7))
		}
		slices.Reverse(times)
	}
}

// shortSpans is dz/dt = 1e38·θz over spans near the least positive number of float32, where a step times a slope is
// still an ordinary number: forward and back a component falls to e⁻³ of itself.
func (s Suite) shortSpans(t *testing.T) {
	m := solver.Model{Field: lower(t, graph.Field{Dim: 1, Params: []graph.Param{{Name: "rate", Shape: nil}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			return b.do(gorgonia.HadamardProd(b.do(gorgonia.HadamardProd(z, theta[0])), gorgonia.NewConstant(1e38))),
				b.err
		}})}
	const z0, cotangent = 1e-3, 0.03 // no slope overflows: the adjoint's is near that of 1
	fell := math.Exp(-3)
	for _, mode := range solver.Gradients() {
		spec := s.spec(mode)
		spec.Controller.Atol = 0
		program := s.compile(t, m, spec)
		for _, length := range []float64{1e-35, 1e-36, -1e-36} {
			theta := -3e-38 / length
			b := solver.Batch{Z0: []float64{z0}, Spans: []solver.Span{{T1: length}}}
			d, err := program.Differentiate(context.Background(), []float64{theta}, b,
				solver.Objective{Cotangent: []float64{cotangent}})
			if err == nil {
				err = d.Err()
			}
			must(t, d, err)
			what := fmt.Sprintf("%v over %g: ", mode, length)
			near(t, what+"z1", []float64{d.Z1[0] / z0}, []float64{fell}, s.choose(1e-4, 1e-7))
			near(t, what+"∂L/∂z0", []float64{d.Z0[0] / cotangent}, []float64{fell}, s.choose(1e-3, 1e-7))
			near(t, what+"∂L/∂θ", []float64{d.Theta[0] / (z0 * cotangent)}, []float64{-3 * fell / theta},
				s.choose(1e-3, 1e-7))
		}
	}
}

// fenced is dz/dt = (t − θ0)^1.5 + (θ1 − t)^1.5, which is NaN before θ0 and after θ1.
func fenced() graph.Field {
	return graph.Field{Dim: 1, Params: []graph.Param{{Name: "from", Shape: nil}, {Name: "to", Shape: nil}},
		Func: func(t, z *node, theta []*node) (*node, error) {
			var b builder
			power := func(x *node) *node { return b.do(gorgonia.Pow(x, gorgonia.NewConstant(1.5))) }
			since, left := b.do(gorgonia.Sub(t, theta[0])), b.do(gorgonia.Sub(theta[1], t))
			return b.do(gorgonia.Add(power(since), power(left))), b.err
		}}
}

// stagesWithinSpan takes spans in one step, forward and back: t0 + (t1 − t0) may round to a time beyond t1.
func (s Suite) stagesWithinSpan(t *testing.T) {
	m := solver.Model{Field: lower(t, fenced())}
	for _, mode := range solver.Gradients() {
		spec := s.spec(mode)
		spec.Controller.FirstStep, spec.Controller.Atol = 100, 1e3
		program := s.compile(t, m, spec)
		for i := range 12 {
			theta := []float64{-3 - 0.1*float64(i), 0.1}
			b := solver.Batch{Z0: []float64{1}, Spans: []solver.Span{{T0: theta[0], T1: theta[1]}},
				Times: []float64{0.1}}
			d, err := program.Differentiate(context.Background(), theta, b,
				solver.Objective{Cotangent: []float64{1}, Saved: []float64{1}})
			if err == nil {
				err = d.Err()
			}
			must(t, d, err)
			if d.Stats[0].Tried() != 1 || d.BackStats[0].Tried() > 1 {
				t.Errorf("%v from %v: %+v and %+v back, want one step", mode, theta[0], d.Stats[0], d.BackStats[0])
			}
			near(t, "∂L/∂z0", d.Z0, []float64{2}, 0)
			near(t, "∂L/∂θ is there", []float64{0 * d.Theta[0], 0 * d.Theta[1]}, []float64{0, 0}, 0)
		}
	}
}

// probeWithinSpan is a field that explodes soon after t1: a probe there would ask for a step of 1e-30.
func (s Suite) probeWithinSpan(t *testing.T) {
	m := solver.Model{Field: lower(t, graph.Field{Dim: 1, Func: func(t, z *node, _ []*node) (*node, error) {
		var b builder
		return b.do(gorgonia.Exp(b.do(gorgonia.HadamardProd(t, gorgonia.NewConstant(3e8))))), b.err
	}})}
	spec := s.spec(solver.NoGradient)
	spec.Controller.Atol *= 1e-9
	got := s.solve(t, m, spec, nil, solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T1: 1e-9}}})
	if n := got.Stats[0].Tried(); n > 10 {
		t.Errorf("%d steps, want a few", n)
	}
	near(t, "z1", []float64{1e9 * got.Z1[0]}, []float64{math.Expm1(0.3) / 0.3}, s.choose(1e-4, 1e-7))
}

// besideTheEnds asks for the ends of a span as sums and products of 0.1 make them: it must make no difference to any
// bit.
func (s Suite) besideTheEnds(t *testing.T) {
	m := solver.Model{Field: lower(t, rate())}
	three := math.Nextafter(0.3, 1) // 3·0.1
	for _, x := range []struct {
		span   solver.Span
		exact  []float64
		beside [][]float64
	}{
		{solver.Span{T1: 0.3}, []float64{0, 0.3}, [][]float64{{-0x1p-55, three}, {0, math.Nextafter(0.3, 0)}}},
		{solver.Span{T0: 0.3}, []float64{0.3, 0}, [][]float64{{three, -0x1p-55}}},
	} {
		for _, mode := range solver.Gradients() {
			d := func(at []float64) *solver.Derivative {
				return s.differentiate(t, m, s.spec(mode), []float64{-2},
					solver.Batch{Z0: []float64{1, 2}, Spans: []solver.Span{x.span}, Times: at},
					solver.Objective{Cotangent: []float64{1, 2}, Saved: []float64{0.1, 0.2, 3, 4}})
			}
			want := d(x.exact)
			for _, at := range x.beside {
				got := d(at)
				what := fmt.Sprintf("%v of %v at %v: ", mode, x.span, at)
				same(t, what+"saved", got.Saved, want.Saved)
				same(t, what+"the last saved state", got.Saved[2:], got.Z1)
				same(t, what+"∂L/∂z0", got.Z0, want.Z0)
				same(t, what+"∂L/∂θ", got.Theta, want.Theta)
				if got.BackStats[0] != want.BackStats[0] {
					t.Errorf("%scost %+v, want %+v", what, got.BackStats[0], want.BackStats[0])
				}
			}
		}
	}
}

// coarseTime asks of float32 what it cannot tell apart: an error that names float64, and none in float64.
func (s Suite) coarseTime(t *testing.T) {
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	head := must(t, h, err)
	programs := map[bool]solver.Program{
		true:  s.compile(t, solver.Model{Field: lower(t, cosine()), Head: head}, s.spec(solver.Gradients()[0])),
		false: s.compile(t, solver.Model{Field: lower(t, square()), Head: head}, s.spec(solver.Gradients()[0])),
	}
	for _, x := range []struct {
		what        string
		timed, fine bool // the field reads t; float32 can tell times apart
		span        solver.Span
	}{
		{"near zero", true, true, solver.Span{T1: 10}},
		{"far from zero", true, false, solver.Span{T0: 1e8, T1: 1e8 + 10}},
		{"far from zero and long", true, true, solver.Span{T0: 1e5, T1: 1e5 + 10}},
		{"before zero", true, false, solver.Span{T0: -1e8, T1: -1e8 + 10}},
		{"beyond float32", true, false, solver.Span{T0: 1e39, T1: 1.1e39}},
		{"a field without t", false, true, solver.Span{T0: 1e8, T1: 1e8 + 10}},
		{"steps that vanish", false, false, solver.Span{T1: 1e-43}},
		{"nothing to do", true, true, solver.Span{T0: 1e8, T1: 1e8}},
	} {
		program := programs[x.timed]
		b, o := solver.Batch{Z0: []float64{0.05}, Spans: []solver.Span{x.span}}, solver.Objective{Labels: []float64{1}}
		theta := []float64{1, 0}
		for call, err := range map[string]error{
			"Solve":         second(program.Solve(context.Background(), theta, b)),
			"Differentiate": second(program.Differentiate(context.Background(), theta, b, o)),
			"Train": second(program.Train(solver.Labelled(b.Z0, o.Labels, x.span), solver.DefaultOptimizer(1),
				solver.NewOptimizerState(theta))),
		} {
			fine := x.fine || s.Precision == solver.Float64
			if (err == nil) != fine || err != nil && !strings.Contains(err.Error(), "use float64") {
				t.Errorf("%s: %s gives %v", x.what, call, err)
			}
		}
	}
}
