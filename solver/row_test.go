package solver_test

import (
	"math"
	"testing"

	"neuralode/solver"
)

// TestRowAgainstDiffrax takes a row through the error norms of TestNextAgainstDiffrax's first sequence: after each, the
// step it would try next is the one before times diffrax's factor.
func TestRowAgainstDiffrax(t *testing.T) {
	s := solver.DefaultSpec()
	s.Controller.FirstStep = 0.5
	var r solver.Row
	if !r.Enter(solver.Span{T0: 1, T1: -1e9}) || r.NeedsNorms(&s) || r.FirstSlope(&s, solver.Measure{Finite: true}) {
		t.Fatal("a row with a first step looks for one")
	}
	at, h := 1.0, -0.5
	for i, x := range []struct{ norm, factor float64 }{{0.5, 1.0338285194973316}, {0.02, 1.9680517330979006}, {3, 0.7224674055842076},
		{1.5, 0.829897120333555}, {0.9, 1}, {1e-7, 10}, {0.3, 1.1450336728854529}, {40, 0.4303586249055167}, {1e9, 0.2},
		{1.2, 0.8677732536023646}, {0.7, 1}} {
		r.Try(&s)
		r.Judge(&s, solver.Measure{First: x.norm, Finite: true})
		r.Settle(&s)
		if x.norm <= 1 {
			at += h
		}
		h *= x.factor
		agree(t, "the next step", r.H, h)
		agree(t, "the time", r.T, at)
		if r.Accepted != (x.norm <= 1) || r.Tried != i+1 || r.Done() {
			t.Errorf("after error %v: %+v", x.norm, r)
		}
	}
	if want := (solver.Stats{Accepted: 6, Rejected: 5}); r.Stats != want {
		t.Errorf("the row counts %+v, want %+v", r.Stats, want)
	}
}

// TestRowEnds takes rows to each of their ends.
func TestRowEnds(t *testing.T) {
	for _, x := range []struct {
		what   string
		norm   float64
		finite bool
		status solver.Status
		tried  int
		at     float64
	}{
		{"the end of the span: 1 + 0.3·(1 + 10), cut", 0, true, solver.OK, 2, 2},
		{"steps too small for t: a fifth of 0.3, 21 times, is below 4·2⁻⁵²", 1e9, true, solver.StepUnderflow, 21, 1},
		{"the same where nothing is finite", 0.5, false, solver.NonFinite, 21, 1},
		{"enough steps: 0.9·1.0001^(−1/5) each", 1.0001, true, solver.MaxSteps, 40, 1},
	} {
		s := solver.DefaultSpec()
		s.Controller.FirstStep, s.Controller.MaxSteps = 0.3, 40
		var r solver.Row
		r.Enter(solver.Span{T0: 1, T1: 2})
		r.FirstSlope(&s, solver.Measure{Finite: true})
		for !r.Done() {
			r.Try(&s)
			r.Judge(&s, solver.Measure{First: x.norm, Finite: x.finite})
			r.Settle(&s)
		}
		if r.Status != x.status || r.Tried != x.tried || r.T != x.at {
			t.Errorf("%s: %+v", x.what, r)
		}
	}
}

// TestRowLimit cuts the steps of a row: a step that is accepted keeps the one that it was cut from, and one that is not
// gives up what is too long.
func TestRowLimit(t *testing.T) {
	s := solver.DefaultSpec()
	s.Controller.FirstStep = 8
	var r solver.Row
	r.Enter(solver.Span{T0: 1, T1: -99})
	r.FirstSlope(&s, solver.Measure{Finite: true})
	for _, x := range []struct{ limit, norm, step, at, next float64 }{
		{2, 0.9, -2, -1, -8},     // cut
		{0.5, 0, -0.5, -1.5, -8}, // 5 is less than 8
		{4, 0, -4, -5.5, -40},    // and 40 more
		{5, 1e9, -5, -5.5, -1},   // rejected: a fifth of what was tried
		{5, 0, -1, -6.5, -10},    // no cut
		{0, 0.9, -10, -16.5, -10},
		{200, 0, -10, -26.5, -100},
		{200, 0, -72.5, -99, -100}, // the end of the span
	} {
		r.Limit = x.limit
		r.Try(&s)
		step := r.Step
		r.Judge(&s, solver.Measure{First: x.norm, Finite: true})
		r.Settle(&s)
		agree(t, "the step", step, x.step)
		agree(t, "the time", r.T, x.at)
		agree(t, "the next step", r.H, x.next)
	}
	if !r.Done() {
		t.Errorf("not at the end: %+v", r)
	}
}

// TestRowOwnLimits keeps steps within the controller's own limits, of which a caller's may be the shorter. What asks for
// steps below the smallest fails.
func TestRowOwnLimits(t *testing.T) {
	s := solver.DefaultSpec()
	s.Controller.FirstStep, s.Controller.MinStep, s.Controller.MaxStep = 0.25, 0.5, 3
	var r solver.Row
	r.Enter(solver.Span{T0: 1, T1: -99})
	r.FirstSlope(&s, solver.Measure{Finite: true})
	for _, x := range []struct {
		limit, norm, step float64
		status            solver.Status
	}{
		{0, 0, -0.5, solver.OK}, // 0.25 is too short
		{0, 0, -3, solver.OK},   // 5 is too long
		{2, 0, -2, solver.OK},
		{0.25, 0, -0.25, solver.OK}, // the caller's limit, as the end of the span, may cut shorter
		{0, 1e9, -3, solver.OK},
		{0, 1e9, -0.6, solver.StepUnderflow},
	} {
		r.Limit = x.limit
		r.Try(&s)
		agree(t, "the step", r.Step, x.step)
		r.Judge(&s, solver.Measure{First: x.norm, Finite: true})
		if r.Settle(&s); r.Status != x.status {
			t.Errorf("after a step of %v with error %v: %+v", x.step, x.norm, r)
		}
	}
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
		if math.Abs(start-x.start) > 1e-15*math.Abs(x.start) || math.Abs(r.Step-x.last) > 2e-15*max(1, math.Abs(x.start)) {
			t.Errorf("%v: the last step is %v from %v, want %v from %v", x.span, r.Step, start, x.last, x.start)
		}
	}
}

// TestLongestBack goes back from times within a forward step that lasted 4: into one that was as long, shorter or longer, or
// the first. No step back is longer than a forward step that it touches.
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

// TestSmallestSteps takes a row on in the smallest steps there are: where they grow with t, an accepted step is no underflow
// because the next must be longer.
func TestSmallestSteps(t *testing.T) {
	s := solver.DefaultSpec()
	s.Controller.FirstStep, s.Controller.MaxSteps = 1e-300, 10
	var r solver.Row
	r.Enter(solver.Span{T0: 1, T1: 2})
	r.FirstSlope(&s, solver.Measure{Finite: true})
	for !r.Done() {
		r.Try(&s)
		if r.Step != solver.SmallestStep(r.T, s.Precision) {
			t.Errorf("a step of %v at 1 + %v", r.Step, r.T-1)
		}
		r.Judge(&s, solver.Measure{First: 0.9, Finite: true})
		r.Settle(&s)
	}
	if r.Status != solver.MaxSteps || r.Stats.Accepted != 10 || !(r.T >= 1+40*0x1p-52) {
		t.Errorf("%+v", r)
	}
}

// TestRowGoesOn enters a second span: the step that was cut at the end of the first is tried again, in the direction of the
// second, and the stats add up.
func TestRowGoesOn(t *testing.T) {
	s := solver.DefaultSpec()
	var r solver.Row
	r.Enter(solver.Span{T1: 1})
	if !r.NeedsNorms(&s) || !r.FirstSlope(&s, solver.Measure{Finite: true, First: 1, Second: 100}) {
		t.Fatal("no probe")
	}
	agree(t, "the probe", r.Step, 1e-4)                                // 0.01·1/100
	r.Probe(&s, solver.Measure{First: 1e-4 * 0.01 * math.Pow(500, 5)}) // the second derivative is that over the probe
	agree(t, "the first step", r.H, 1./500)
	for r.H = 5; !r.Done(); r.Settle(&s) {
		r.Try(&s)
		r.Judge(&s, solver.Measure{First: 1, Finite: true})
	}
	if r.Enter(solver.Span{T0: 1, T1: 1}) || !r.Done() {
		t.Error("an empty span is to be integrated")
	}
	r.Enter(solver.Span{T0: 1, T1: -9})
	if r.NeedsNorms(&s) || r.H != -5 || r.Stats.Accepted != 1 || r.Tried != 0 {
		t.Errorf("the second span begins with %+v", r)
	}
}

// TestRowForgets enters a second span under PID control: the errors of the first span count for nothing there, so that the
// factors are the first ones of TestNextAgainstDiffrax's sequence again.
func TestRowForgets(t *testing.T) {
	s := solver.DefaultSpec()
	s.Controller.P, s.Controller.I, s.Controller.D, s.Controller.FirstStep = 0.2, 0.5, 0.1, 1
	var r solver.Row
	for range 2 {
		r.H = 0
		r.Enter(solver.Span{T1: 100})
		r.FirstSlope(&s, solver.Measure{Finite: true})
		want := 1.0
		for _, x := range []struct{ norm, factor float64 }{{0.5, 1.005558424264998}, {0.02, 1.5921915344440407}, {3, 0.5597654744105618}} {
			r.Try(&s)
			r.Judge(&s, solver.Measure{First: x.norm, Finite: true})
			r.Settle(&s)
			want *= x.factor
			agree(t, "the next step", r.H, want)
		}
	}
}
