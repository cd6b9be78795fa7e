package cuda

import (
	"context"
	"math"
	"slices"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// TestPartsJoin cuts batches in three: what belongs to samples is joined, and ∂L/∂θ is the sum, as the reference makes
// them.
func TestPartsJoin(t *testing.T) {
	m := timed(t)
	spec := solver.DefaultSpec()
	program, err := solver.Reference().Compile(m, spec)
	if err != nil {
		t.Fatal(err)
	}
	const n = 7
	theta := slices.Repeat([]float64{0.3, -0.2, 0.1}, m.ThetaLen())[:m.ThetaLen()]
	shared := solver.Batch{Spans: []solver.Span{{T1: 1}}, Times: []float64{0.25, 1}}
	ragged := solver.Batch{Offsets: []int{0, 0, 2, 3, 6, 6, 7, 9},
		Times: []float64{0, 1, 0.5, 0.1, 0.2, 1, 1, 0.3, 0.6}}
	for i := range n {
		shared.Z0 = append(shared.Z0, math.Sin(float64(i)), math.Cos(float64(i)))
		ragged.Spans = append(ragged.Spans, solver.Span{T1: 1 + 0.1*float64(i)})
	}
	ragged.Z0 = shared.Z0
	stopped, ownStops := shared, ragged
	stopped.Stops = []float64{0.3, 0.8}
	ownStops.StopOffsets, ownStops.Stops = []int{0, 1, 1, 3, 3, 3, 4, 6}, []float64{0.2, 0.4, 0.5, 0.6, 0.1, 0.9}
	rows := slices.Repeat([]float64{1, -0.5, 0.25}, 2*n)
	mask := []bool{true, false, false, true, false, false, false, false, false}
	for what, x := range map[string]struct {
		b solver.Batch
		o solver.Objective
	}{
		"losses at t1":        {shared, solver.Objective{Labels: rows[:n]}},
		"weighted":            {ragged, solver.Objective{Labels: rows[:n], Weight: rows[:n]}},
		"cotangents":          {ragged, solver.Objective{Cotangent: rows[:2*n], Saved: rows[:18]}},
		"cotangents shared":   {shared, solver.Objective{Cotangent: rows[:2*n], Saved: rows[:4*n]}},
		"stops":               {stopped, solver.Objective{Labels: rows[:n]}},
		"stops of their own":  {ownStops, solver.Objective{Labels: rows[:n]}},
		"losses at times":     {shared, solver.Objective{AtTimes: true, Labels: rows[:2*n]}},
		"masked":              {ragged, solver.Objective{AtTimes: true, Labels: rows[:9], Mask: mask}},
		"masked and weighted": {ragged, solver.Objective{AtTimes: true, Labels: rows[:9], Weight: rows[:9], Mask: mask}},
	} {
		t.Run(what, func(t *testing.T) {
			want, err := program.Differentiate(context.Background(), theta, x.b, x.o)
			if err != nil {
				t.Fatal(err)
			}
			got := &solver.Derivative{Theta: make([]float64, len(theta))}
			for _, p := range [][2]int{{0, 1}, {1, 5}, {5, n}} {
				d, err := program.Differentiate(context.Background(), theta, part(x.b, 2, p[0], p[1]),
					partOf(x.o, x.b, 2, p[0], p[1]))
				if p[1] == 1 && x.o.AtTimes && x.b.Offsets != nil {
					continue // a sample without times has no loss, which the reference refuses
				}
				if err != nil {
					t.Fatal(err)
				}
				joinDerivative(got, d)
			}
			for i := range theta {
				if math.Abs(got.Theta[i]-want.Theta[i]) > 1e-12 {
					t.Errorf("∂L/∂θ[%d] is %v, want %v", i, got.Theta[i], want.Theta[i])
				}
			}
			if missing := len(want.Z0) - len(got.Z0); !slices.Equal(got.Z0, want.Z0[missing:]) ||
				!equal(got.Losses, want.Losses) || !slices.Equal(got.Saved, want.Saved) {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// equal compares numbers; where there is none, there is none.
func equal(x, y []float64) bool {
	return slices.EqualFunc(x, y, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
}

// timed is a network with a read-out of one number.
func timed(t *testing.T) solver.Model {
	t.Helper()
	f, err := graph.MLP{Sizes: []int{2, 3, 2}, Time: true}.Field()
	if err != nil {
		t.Fatal(err)
	}
	field, err := graph.LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	head, err := graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	if err != nil {
		t.Fatal(err)
	}
	return solver.Model{Field: field, Head: head}
}

// TestPartsOfSignals: samples keep their recordings, and what is asked for of them.
func TestPartsOfSignals(t *testing.T) {
	b := solver.Batch{Z0: make([]float64, 14), Spans: []solver.Span{{T1: 1}}, Signals: solver.Signals{
		Times: []float64{0, 0.4, 1, 0, 1}, Values: []float64{1, -1, 0.5, 2, 3}, Offsets: []int{0, 3, 5},
		Of: []int{1, 0, 0, 1, 1, 0, 1}}}
	o := solver.Objective{Cotangent: make([]float64, 14), ForSignals: true}
	for _, whole := range []solver.Batch{b, b.Resolve(7, solver.ControlSample)} {
		p := part(whole, 2, 2, 5)
		if !slices.Equal(p.Signals.Of, []int{0, 1, 1}) || (p.Courses() == nil) != (whole.Courses() == nil) ||
			!partOf(o, whole, 2, 2, 5).ForSignals {
			t.Errorf("%+v", p.Signals)
		}
	}
}
