package solver_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// TestSaveTime lists times that are an end of the span, being away from it by rounding, and times that are themselves.
func TestSaveTime(t *testing.T) {
	unit, back := solver.Span{T1: 1}, solver.Span{T0: 1}
	onset := solver.Span{T1: 1e6}
	third := 0.1 * 3 // 0.30000000000000004
	for _, x := range []struct {
		span     solver.Span
		at, want float64
	}{
		{unit, 0.5, 0.5},
		{unit, 1, 1},
		{unit, 0, 0},
		{unit, 1 + 0x1p-52, 1},
		{unit, 1 - 0x1p-53, 1},
		{unit, 1 + 8*0x1p-52, 1},
		{unit, 1 + 9*0x1p-52, 1 + 9*0x1p-52},
		{unit, 1 - 9*0x1p-52, 1 - 9*0x1p-52},
		{unit, -0x1p-53, 0},
		{unit, 0x1p-53, 0x1p-53},
		{unit, -1e-14, -1e-14},
		{back, 1 + 0x1p-52, 1},
		{back, 1 - 0x1p-53, 1 - 0x1p-53},
		{back, -0x1p-53, 0},
		{back, 5e-17, 5e-17},
		{solver.Span{T1: 0.3}, third, 0.3},
		{solver.Span{T0: -1, T1: 0.3}, third, 0.3},
		{onset, 1e-10, 1e-10}, // far less than the spacing at the other end
		{onset, math.Nextafter(1e6, 2e6), 1e6},
		{solver.Span{T0: 1, T1: 1 + 4*0x1p-52}, 1, 1},
		{solver.Span{T0: 1, T1: 1 + 4*0x1p-52}, 1 + 3*0x1p-52, 1 + 4*0x1p-52},
		{solver.Span{T0: 2, T1: 2}, 2 + 0x1p-51, 2},
	} {
		if got := x.span.SaveTime(x.at); got != x.want {
			t.Errorf("%v over %v is taken for %v, want %v", x.at, x.span, got, x.want)
		}
	}
}

// TestStageTime compares with t + c·h where rounding leaves it within the span, and with t1 where it does not:
// −3 + (0.1 − −3) is 0.10000000000000009 in float64.
func TestStageTime(t *testing.T) {
	for _, x := range []struct{ t, h, c, t1, want float64 }{
		{0, 1, 0.5, 1, 0.5},
		{0, -1, 0.5, -1, -0.5},
		{2, 0, 1, 3, 2}, // the first slope, before there is a step
		{2, 0, 0, 1, 2},
		{-3, 3.1, 1, 0.1, 0.1},
		{3, -3.1, 1, -0.1, -0.1},
		{-3, 3.1, 0.5, 0.1, -1.45},
	} {
		if got := (solver.Segment{Within: solver.Span{T0: x.t, T1: x.t1}}).StageTime(x.t, x.h, x.c); got != x.want {
			t.Errorf("%v + %v·%v towards %v is %v, want %v", x.t, x.c, x.h, x.t1, got, x.want)
		}
	}
}

// TestNoEvaluationOutsideTheSpan watches every time at which random solves, forward and back, look at the field: over
// spans of all sizes near and far from zero, in one step and in many, with the first step chosen and given.
func TestNoEvaluationOutsideTheSpan(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		magnitude := math.Pow(10, 40*rng.Float64()-20)
		span := solver.Span{T0: magnitude * rng.NormFloat64()}
		span.T1 = span.T0 + magnitude*math.Pow(10, 8*rng.Float64()-7)*rng.NormFloat64()
		if rng.IntN(2) == 0 {
			// near zero, t0 + (t1 − t0) is not t1
			span.T1 = span.T0 * math.Pow(10, -3*rng.Float64()) * rng.NormFloat64()
		}
		rate, outside := math.Pow(10, 4*rng.Float64()-3)*rng.NormFloat64()/(span.T1-span.T0), 0
		s := spec(1e-4, 1e-6)
		if rng.IntN(2) == 0 {
			s.Controller.FirstStep = magnitude
		}
		got := solver.Integrate(func(at float64, z, dz []float64) {
			if at < min(span.T0, span.T1) || at > max(span.T0, span.T1) {
				outside++
			}
			dz[0] = rate * math.Cos(rate*at) * z[0]
		}, []float64{1}, span, nil, s, nil)
		if got.End.Status != solver.OK || got.End.T != span.T1 || outside > 0 {
			t.Fatalf("over %v: %+v with %d evaluations outside", span, got.End, outside)
		}
	}
}

// TestLongSpan is dz/dt = −z/(t + c): z(t) = c/(t + c), over 18 orders of magnitude. SciPy 1.17.1 takes 63 steps of
// RK45 for 15 of them.
func TestLongSpan(t *testing.T) {
	const c = 1e-9
	for _, first := range []float64{0, 1e-3} { // the second is rejected until it is near c
		s := spec(1e-3, 0)
		s.Controller.FirstStep = first
		got := solver.Integrate(func(t float64, z, dz []float64) { dz[0] = -z[0] / (t + c) }, []float64{1},
			solver.Span{T1: 1e9}, nil, s, nil)
		if z := got.Z1[0] * (1e9 + c) / c; got.End.Status != solver.OK || math.Abs(z-1) > 0.05 ||
			got.Stats.Accepted > 100 {
			t.Errorf("%+v after %+v, %v times what is right", got.End, got.Stats, z)
		}
	}
}

// TestUnderflow keeps the status where time cannot move: at a slope that jumps to 1e30 at t = 1, at a decay faster than
// the spacing of float64 there, and where a field ends at t0.
func TestUnderflow(t *testing.T) {
	wall := func(t float64, _, dz []float64) { dz[0] = 1e30 * math.Max(0, math.Copysign(1, t-1)) }
	got := solver.Integrate(wall, []float64{0}, solver.Span{T1: 2}, nil, spec(1e-6, 1e-9), nil)
	if got.End.Status != solver.StepUnderflow || math.Abs(got.End.T-1) > 1e-14 {
		t.Errorf("the wall at 1 ends %+v", got.End)
	}
	steep := func(_ float64, z, dz []float64) { dz[0] = -1e25 * z[0] }
	got = solver.Integrate(steep, []float64{1}, solver.Span{T0: 1, T1: 2}, nil, spec(1e-6, 1e-9), nil)
	if got.End.Status != solver.StepUnderflow || got.End.T != 1 {
		t.Errorf("a decay within 1e-25 at t = 1 ends %+v", got.End)
	}
	none := func(t float64, _, dz []float64) { dz[0] = math.Sqrt(-t) }
	got = solver.Integrate(none, []float64{1}, solver.Span{T1: 1}, nil, spec(1e-6, 1e-9), nil)
	if got.End.Status != solver.NonFinite || got.Stats.Tried() > 100 {
		t.Errorf("a field that ends at t0 ends %+v after %+v", got.End, got.Stats)
	}
}

// TestCoarseTime checks which spans a precision is refused: where the spacing of its numbers at the larger end, 2⁻²³
// and 2⁻¹⁰ of the power of two below, is above a thousandth of the length.
func TestCoarseTime(t *testing.T) {
	model := func(timed bool) solver.Model {
		field, err := graph.MLP{Sizes: []int{1, 3, 1}, Time: timed}.Field()
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.LowerField(field)
		if err != nil {
			t.Fatal(err)
		}
		return solver.Model{Field: p}
	}
	timed, free := model(true), model(false)
	refused := func(m solver.Model, p solver.Precision, span solver.Span) error {
		s := solver.DefaultSpec()
		s.Precision = p
		b := solver.Batch{Z0: []float64{1, 1}, Spans: []solver.Span{{T1: 1}, span}}
		return solver.CheckCall(m, s, make([]float64, m.ThetaLen()), b)
	}
	for _, x := range []struct {
		t0, t1         float64
		single, coarse bool // float32 and TF32 are fine
	}{
		{0, 1, true, true},
		{0, 1e9, true, true},
		{1, 2, true, false},
		{8192, 8193, true, false},    // 2⁻¹⁰ apart
		{16384, 16385, false, false}, // 2⁻⁹ apart
		{-16385, -16384, false, false},
		{16385, 16384, false, false},
		{1e8, 1e8 + 10, false, false},
		{1e8, 1e8 + 1e4, true, false},
		{0, 1e39, false, false},
	} {
		for p, fine := range map[solver.Precision]bool{solver.Float32: x.single, solver.TF32: x.coarse,
			solver.Float64: true} {
			span := solver.Span{T0: x.t0, T1: x.t1}
			if err := refused(free, p, span); err != nil {
				t.Errorf("%v over %v without t: %v", p, span, err)
			}
			err := refused(timed, p, span)
			if (err == nil) != fine || err != nil && !strings.Contains(err.Error(), "time span 1, ") {
				t.Errorf("%v over %v: %v", p, span, err)
			}
		}
	}
	for length, fine := range map[float64]bool{1.5e-42: true, 1.3e-42: false} { // 1000 of 2⁻¹⁴⁹ are 1.4e-42
		if err := refused(free, solver.Float32, solver.Span{T0: length}); (err == nil) != fine {
			t.Errorf("a span of %v in float32: %v", length, err)
		}
	}
}
