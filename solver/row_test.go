package solver_test

import (
	"math"
	"testing"

	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestRows takes rows through the cases that every control of rows is held to.
func TestRows(t *testing.T) {
	solvertest.Rows(t, func(_ *testing.T, all []solvertest.RowCase) [][]solvertest.RowState {
		var states [][]solvertest.RowState
		for _, c := range all {
			states = append(states, rowStates(c))
		}
		return states
	})
}

// rowStates are those of a row after each call.
func rowStates(c solvertest.RowCase) []solvertest.RowState {
	var r solver.Row
	var states []solvertest.RowState
	for _, call := range c.Calls {
		probes := false
		switch call.Action {
		case solvertest.Enter:
			r.Enter(call.Span)
		case solvertest.FirstSlope:
			probes = r.FirstSlope(&c.Spec, call.Measure)
		case solvertest.Probe:
			r.Probe(&c.Spec, call.Measure)
		case solvertest.TryStep:
			r.Limit = call.Limit
			r.Try(&c.Spec)
			r.Judge(&c.Spec, call.Measure)
			r.Settle(&c.Spec)
		case solvertest.SetStep:
			r.H = call.H
		}
		states = append(states, solvertest.RowState{T: r.T, Step: r.Step, H: r.H, Probes: probes, Accepted: r.Accepted,
			Tried: r.Tried, Status: r.Status, Stats: r.Stats})
	}
	return states
}

// TestConstantSteps counts steps, whose number rounding must not change, and looks at where the last ones begin.
func TestConstantSteps(t *testing.T) {
	for _, x := range []struct {
		span  solver.Span
		step  float64
		n     int
		last  float64 // step
		start float64 // of the last step
	}{
		{solver.Span{T1: 1}, 0.1, 10, 0.1, 0.9},
		{solver.Span{T1: 0.3}, 0.1, 3, 0.1, 0.2}, // 0.3/0.1 < 3
		{solver.Span{T1: 0.7}, 0.1, 7, 0.1, 0.6},
		{solver.Span{T0: 100, T1: 101.1}, 0.1, 11, 0.1, 101},
		{solver.Span{T0: 1, T1: -1}, 0.3, 7, -0.2, -0.8},
		{solver.Span{T1: 1e4}, 0.1, 100000, 0.1, 9999.9}, // sums of 0.1 are 2e-8 off there
		{solver.Span{T1: 1e-9}, 0.1, 1, 1e-9, 0},
		{solver.Span{T0: 5, T1: 5.000001}, 5e-7, 2, 5e-7, 5.0000005},
	} {
		s := solver.DefaultSpec()
		s.Controller.Step, s.Controller.MaxSteps = x.step, 1<<20
		var r solver.Row
		r.Limit = x.step / 3 // which has no part in it
		r.Enter(x.span)
		if r.NeedsNorms(&s) || r.FirstSlope(&s, solver.Measure{Finite: true}) {
			t.Error("a row with constant steps looks for a first one")
		}
		start := x.span.T0
		for !r.Done() {
			start = r.T
			r.Try(&s)
			r.Judge(&s, solver.Measure{First: math.NaN(), Finite: true})
			r.Settle(&s)
		}
		if r.Tried != x.n || r.Stats.Accepted != x.n || r.Status != solver.OK || r.T != x.span.T1 {
			t.Errorf("%v in steps of %v: %+v, want %d steps", x.span, x.step, r, x.n)
		}
		if math.Abs(start-x.start) > 1e-15*math.Abs(x.start) ||
			math.Abs(r.Step-x.last) > 2e-15*max(1, math.Abs(x.start)) {
			t.Errorf("%v: the last step is %v from %v, want %v from %v", x.span, r.Step, start, x.last, x.start)
		}
	}
}

// TestLongestBack goes back from times within a forward step that lasted 4: into one that was as long, shorter or
// longer, or the first. No step back is longer than a forward step that it touches.
func TestLongestBack(t *testing.T) {
	for _, x := range []struct{ rest, before, want float64 }{
		{4, 0, 4}, {1, 0, 4}, // the end of the span ends the step
		{4, 2, 4}, {3, 2, 3}, {2, 2, 2}, {1, 2, 2}, {0, 2, 2}, {1e-13, 2, 2},
		{4, 9, 4}, {3, 9, 4}, {1, 9, 4}, {0, 9, 9}, {1e-13, 9, 9},
	} {
		if got := solver.LongestBack(x.rest, 4, x.before); got != x.want {
			t.Errorf("%v after the beginning of a step, %v before it: %v, want %v", x.rest, x.before, got, x.want)
		}
	}
}
