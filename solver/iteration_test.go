package solver_test

import (
	"math"
	"testing"

	"neuralode/solver"
)

// TestSummarize adds up three samples by hand.
func TestSummarize(t *testing.T) {
	got := solver.Summarize(&solver.Solution{Stats: []solver.Stats{
		{Accepted: 3, Rejected: 1, NFE: 26}, {Accepted: 7, Rejected: 2, NFE: 56}, {Accepted: 1, NFE: 8}}})
	want := solver.Iteration{NFEMean: 30, NFEMax: 56, Accepted: 11, Rejected: 3}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestOccupancy takes the part of the rows that was busy, and all of none.
func TestOccupancy(t *testing.T) {
	for want, o := range map[float64]solver.Occupancy{0.75: {Rows: 8, Busy: 6}, 1: {}, 0: {Rows: 5}} {
		if got := o.Fraction(); got != want {
			t.Errorf("%+v is busy to %v, want %v", o, got, want)
		}
	}
}

// TestDrift compares with the definition worked out by hand: the largest difference over the largest component of the
// true states at both ends and what the tolerances do not resolve.
func TestDrift(t *testing.T) {
	for _, x := range []struct {
		rtol, atol    float64
		z, want, from []float64
		drift         float64
	}{
		{1e-3, 0, []float64{1, 2}, []float64{1, 2}, []float64{0, 0}, 0},
		{1e-3, 0, []float64{1, 2.5}, []float64{1, 2}, []float64{1, 1}, 0.25},
		{1e-3, 0, []float64{1.5, 2}, []float64{1, 2}, []float64{-5, 1}, 0.1},
		{1e-3, 3e-3, []float64{1, 2.5}, []float64{1, 2}, []float64{1, 1}, 0.1},
		{1e-3, 0, []float64{0, 0}, []float64{0, 0}, []float64{0, 0}, 0}, // nothing of nothing
		{0, 1e-3, []float64{1, -3}, []float64{1, -2}, []float64{1, 1}, 0.5},
		{1e-3, 1e-6, []float64{math.NaN(), 2}, []float64{1, 2}, []float64{1, 1}, math.Inf(1)},
		{1e-3, 1e-6, []float64{1, math.Inf(-1)}, []float64{1, 2}, []float64{1, 1}, math.Inf(1)},
	} {
		c := solver.DefaultController()
		c.Rtol, c.Atol = x.rtol, x.atol
		if got := c.Drift(x.z, x.want, x.from); got != x.drift && !(math.Abs(got-x.drift) < 1e-15) {
			t.Errorf("the drift of %v from %v (%v) at rtol %v, atol %v is %v, want %v", x.z, x.want, x.from, x.rtol,
				x.atol, got, x.drift)
		}
	}
}
