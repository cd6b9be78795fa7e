package solver_test

import (
	"math"
	"slices"
	"testing"

	"neuralode/solver"
)

// TestSignalsAgainstDiffrax compares signals and their derivatives with diffrax 0.7.2 in float64: LinearInterpolation,
// CubicInterpolation with backward_hermite_coefficients, and linear_interpolation over a blank. At a knot they are
// those of what follows (left=False), at the last of what came before.
func TestSignalsAgainstDiffrax(t *testing.T) {
	times := []float64{0, 0.5, 0.75, 2, 3.5}
	signals := func(i solver.Interpolation, derivative bool, third float64) *solver.Courses {
		b := solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T1: 3.5}}, Signals: solver.Signals{Interpolation: i,
			Times: times, Values: []float64{1, -1, third, 0.5, 2}, Derivative: derivative}}
		if err := b.Check(1, solver.DefaultSpec()); err != nil {
			t.Fatal(err)
		}
		return b.Resolve(1, solver.ControlSample).Courses()
	}
	linear, hermite := signals(solver.LinearInterpolation, true, 3), signals(solver.HermiteInterpolation, true, 3)
	blank := signals(solver.LinearInterpolation, false, math.NaN())
	for _, x := range [][6]float64{ // time, linear, its derivative, Hermite, its derivative, linear over a blank
		{0, 1, -4, 1, -4, 1},
		{0.2, 0.2, -4, 0.2, -4, 0.2},
		{0.5, -1, 16, -1, -4, -1},
		{0.6, 0.6, 16, -0.12, 18.4, -0.9},
		{0.75, 3, -2, 3, 16, -0.75},
		{1, 2.5, -2, 5.38, 3.76, -0.5},
		{1.9, 0.7, -2, 0.83248, -4.5344, 0.4},
		{2.5, 1, 1, 1. / 3, 1, 1},
		{3.5, 2, 1, 2, 1, 2},
	} {
		for near := -1; near < len(times); near++ { // it has no part in what is read
			for k, c := range []*solver.Courses{linear, hermite, blank} {
				u := make([]float64, c.Inputs())
				c.Read(0, x[0], []int{near}, u)
				for j, got := range u {
					if want := x[1+2*k+j]; math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
						t.Errorf("at %v, number %d of the %v signal is %v, want %v", x[0], j, c.Interpolation, got, want)
					}
				}
			}
		}
	}
}

// TestSignalsStayWhereTheyAre looks at what a batch takes beside a million knots: a signal without blanks is read where
// it lies, whatever the number of samples.
func TestSignalsStayWhereTheyAre(t *testing.T) {
	const n = 1_000_000
	u := solver.Signals{Times: make([]float64, n), Values: make([]float64, n), Offsets: []int{0, n / 2, n}}
	for k := range n {
		u.Times[k] = float64(k % (n / 2))
	}
	b := solver.Batch{Z0: []float64{0, 0}, Spans: []solver.Span{{T1: 1}}, Signals: u}
	if err := b.Check(1, solver.DefaultSpec()); err != nil {
		t.Fatal(err)
	}
	r := b.Resolve(2, solver.ControlSample)
	if c := r.Courses(); &c.Times[0] != &u.Times[0] || &c.Values[0] != &u.Values[0] {
		t.Error("signals without blanks are copied")
	}
	if len(r.Stops) != 0 {
		t.Errorf("%d stops at knots where nothing bends", len(r.Stops))
	}
}

// TestBendsAreStops looks at which knots a solve steps onto.
func TestBendsAreStops(t *testing.T) {
	for _, x := range []struct {
		what    string
		signals solver.Signals
		stops   []float64
		want    []float64
	}{
		{"lines that bend", solver.Signals{Values: []float64{0, 1, 2, 2, 2, 0}}, nil, []float64{2, 4}},
		{"lines that hold", solver.Signals{Values: []float64{0, 1, 2, 2, 2, 0}, Hold: true}, nil, []float64{0, 2, 4, 5}},
		{"beside other stops", solver.Signals{Values: []float64{0, 1, 2, 2, 2, 0}}, []float64{4, 1.5}, []float64{1.5, 2, 4}},
		{"cubics", solver.Signals{Interpolation: solver.HermiteInterpolation, Values: []float64{0, 1, 2, 2, 2, 0}}, nil, nil},
		{"cubics that hold", solver.Signals{Interpolation: solver.HermiteInterpolation, Hold: true,
			Values: []float64{0, 1, 2, 2, 2, 0}}, nil, []float64{0, 5}},
		{"derivatives of cubics", solver.Signals{Interpolation: solver.HermiteInterpolation, Derivative: true,
			Values: []float64{0, 1, 2, 2, 2, 0}}, nil, []float64{2, 3, 4}},
		{"a blank", solver.Signals{Values: []float64{0, math.NaN(), 2, 2, math.NaN(), 0}}, nil, []float64{2, 3}},
		{"two signals", solver.Signals{Values: []float64{0, 1, 0, 2, 1, 3, 1, 3, 1, 3, 1, 3}}, nil, []float64{1, 2}},
	} {
		x.signals.Times = []float64{0, 1, 2, 3, 4, 5}
		b := solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T0: 5}}, Signals: x.signals, Stops: x.stops}
		if err := b.Check(1, solver.DefaultSpec()); err != nil {
			t.Fatal(err)
		}
		if got := b.Resolve(1, solver.ControlSample).Stops; !slices.Equal(got, x.want) {
			t.Errorf("%s: stops at %v, want %v", x.what, got, x.want)
		}
	}
}
