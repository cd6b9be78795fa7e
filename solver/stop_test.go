package solver_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuralode/solver"
)

// TestSegments cuts spans at stops, whichever way both run, and looks at where the field may be asked.
func TestSegments(t *testing.T) {
	up, down := math.Nextafter(0.5, 1), math.Nextafter(0.5, 0)
	up32, down32 := float64(math.Nextafter32(0.1, 1)), float64(math.Nextafter32(0.1, 0))
	for _, x := range []struct {
		span      solver.Span
		stops     []float64
		precision solver.Precision
		want      []solver.Segment
	}{
		{solver.Span{T1: 1}, nil, solver.Float64, []solver.Segment{{Span: solver.Span{T1: 1}, Within: solver.Span{T1: 1}}}},
		{solver.Span{T1: 1}, []float64{-1, 2}, solver.Float64, []solver.Segment{{Span: solver.Span{T1: 1}, Within: solver.Span{T1: 1}}}},
		{solver.Span{T1: 1}, []float64{0.5, 0.5}, solver.Float64, []solver.Segment{
			{Span: solver.Span{T1: 0.5}, Within: solver.Span{T1: down}},
			{Span: solver.Span{T0: 0.5, T1: 1}, Within: solver.Span{T0: up, T1: 1}}}},
		{solver.Span{T0: 1}, []float64{0.25, 0.5, 3}, solver.Float64, []solver.Segment{
			{Span: solver.Span{T0: 1, T1: 0.5}, Within: solver.Span{T0: 1, T1: up}},
			{Span: solver.Span{T0: 0.5, T1: 0.25}, Within: solver.Span{T0: down, T1: math.Nextafter(0.25, 1)}},
			{Span: solver.Span{T0: 0.25}, Within: solver.Span{T0: math.Nextafter(0.25, 0)}}}},
		{solver.Span{T0: 0.5, T1: 1}, []float64{1, 0.5}, solver.Float64, []solver.Segment{
			{Span: solver.Span{T0: 0.5, T1: 1}, Within: solver.Span{T0: up, T1: math.Nextafter(1, 0)}}}},
		{solver.Span{T1: 1}, []float64{0.1}, solver.Float32, []solver.Segment{ // float32 rounds 0.1 up
			{Span: solver.Span{T1: 0.1}, Within: solver.Span{T1: down32}},
			{Span: solver.Span{T0: 0.1, T1: 1}, Within: solver.Span{T0: up32, T1: 1}}}},
	} {
		var got []solver.Segment
		for at := x.span.T0; at != x.span.T1; at = got[len(got)-1].Span.T1 {
			got = append(got, x.span.Segment(at, x.stops, x.precision))
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%v with stops %v in %v: %v, want %v", x.span, x.stops, x.precision, got, x.want)
		}
	}
}

// TestSegmentsMeet cuts spans at many stops: the way back has the same segments, and no time that a precision rounds to
// is both before and after a stop.
func TestSegmentsMeet(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var stops []float64
		for range rng.IntN(20) {
			stops = append(stops, 3*rng.Float64()-1)
		}
		slices.Sort(stops)
		p := solver.Precisions()[rng.IntN(2)]
		span := solver.Span{T1: 1}
		var there, back []solver.Segment
		for at := span.T0; at != span.T1; at = there[len(there)-1].Span.T1 {
			there = append(there, span.Segment(at, stops, p))
		}
		slices.Reverse(stops)
		for at := span.T1; at != span.T0; at = back[len(back)-1].Span.T1 {
			back = append(back, solver.Span{T0: 1}.Segment(at, stops, p))
		}
		slices.Reverse(back)
		for k, g := range there {
			b := back[min(k, len(back)-1)]
			if b.Span != (solver.Span{T0: g.Span.T1, T1: g.Span.T0}) ||
				b.Within != (solver.Span{T0: g.Within.T1, T1: g.Within.T0}) {
				t.Fatalf("segment %d of %v is %v there and %v back", k, stops, g, b)
			}
			if k > 0 && !(there[k-1].Within.T1 < g.Within.T0) || p == solver.Float32 &&
				float64(float32(g.Within.T1)) != g.Within.T1 && g.Span.T1 != 1 {
				t.Fatalf("segments %v and %v of %v meet in %v", there[max(k-1, 0)], g, stops, p)
			}
		}
		if len(there) != len(back) {
			t.Errorf("%d segments there, %d back", len(there), len(back))
		}
	}
}
