package solvertest

import (
	"fmt"
	"math"
	"testing"

	"neuralode/solver"
)

// RowAction is what is asked of a row.
type RowAction int

// The actions. TryStep is Try, Judge and Settle.
const (
	Enter RowAction = iota
	FirstSlope
	Probe
	TryStep
	SetStep // the next: what a caller that knows it does
)

// RowCall is one call of a row.
type RowCall struct {
	Action  RowAction
	Span    solver.Span    // Enter
	Measure solver.Measure // FirstSlope, Probe, TryStep
	Limit   float64        // TryStep
	H       float64        // SetStep
	Want    *RowState      // what the row is then; nil: whatever it likes
}

// RowState is what can be seen of a row.
type RowState struct {
	T, Step, H float64
	Probes     bool // FirstSlope wants to probe
	Accepted   bool
	Tried      int
	Status     solver.Status
	Stats      solver.Stats // its steps
}

// RowCase is a sequence of calls of a row that a spec controls.
type RowCase struct {
	Name  string
	Spec  solver.Spec
	Calls []RowCall
}

// Rows holds the control of rows of an implementation to the cases, whose numbers come from diffrax, SciPy and sums by
// hand: run takes them through all calls and gives the states after each.
func Rows(t *testing.T, run func(t *testing.T, all []RowCase) [][]RowState) {
	t.Helper()
	all := rowCases()
	for i, states := range run(t, all) {
		var stats solver.Stats
		for k, call := range all[i].Calls {
			switch {
			case call.Action == TryStep && states[k].Accepted:
				stats.Accepted++
			case call.Action == TryStep:
				stats.Rejected++
			}
			if states[k].Stats != stats {
				t.Errorf("%s, call %d: the row counts %+v, want %+v", all[i].Name, k, states[k].Stats, stats)
			}
			if call.Want != nil && !call.Want.near(states[k]) {
				t.Errorf("%s, call %d: %+v, want %+v", all[i].Name, k, states[k], *call.Want)
			}
		}
	}
}

// near reports whether the numbers agree to 12 digits, and the rest.
func (s RowState) near(got RowState) bool {
	agree := func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(a) }
	return agree(s.T, got.T) && agree(s.Step, got.Step) && agree(s.H, got.H) && s.Probes == got.Probes &&
		s.Accepted == got.Accepted && s.Tried == got.Tried && s.Status == got.Status
}

func rowCases() []RowCase {
	all := append(rowSequences(), rowStarts()...)
	all = append(all, rowEnds()...)
	return append(all, rowLimits(), rowOwnLimits(), rowSmallest(), rowGoesOn(), rowForgets(),
		rowConstant(1, -1, 0.3, 7), rowConstant(0, 0.3, 0.1, 3), rowConstant(100, 101.1, 0.1, 11),
		rowConstant(0, 1e-9, 0.1, 1),
		rowConstant(0, 1e4, 0.1, 100000)) // sums of 0.1 are 2e-8 off there
}

var fine = solver.Measure{Finite: true}

// begun is a case whose row has entered the span and has its first step.
func begun(name string, spec solver.Spec, span solver.Span) RowCase {
	return RowCase{Name: name, Spec: spec,
		Calls: []RowCall{{Action: Enter, Span: span}, {Action: FirstSlope, Measure: fine}}}
}

// try adds a step with that error norm.
func (c *RowCase) try(norm, limit float64, want *RowState) {
	c.Calls = append(c.Calls, RowCall{Action: TryStep, Measure: solver.Measure{Finite: true, First: norm}, Limit: limit,
		Want: want})
}

// rowSequences takes rows through sequences of error norms: each step is the one before times the factor.
func rowSequences() []RowCase {
	var all []RowCase
	for _, x := range ErrorSequences() {
		spec := solver.DefaultSpec()
		if spec.Controller = x.Controller; x.Power == 3 {
			spec.Method = solver.Bosh3()
		}
		spec.Controller.FirstStep = 0.5
		c := begun(fmt.Sprintf("PID %v, %v, %v, power %d", x.Controller.P, x.Controller.I, x.Controller.D, x.Power),
			spec, solver.Span{T0: 1, T1: -1e9})
		at, h := 1.0, -0.5
		for i, norm := range x.Norms {
			step := h
			if h *= x.Factors[i]; norm <= 1 {
				at += step
			}
			c.try(norm, 0, &RowState{T: at, Step: step, H: h, Accepted: norm <= 1, Tried: i + 1})
		}
		all = append(all, c)
	}
	return all
}

// rowStarts takes rows through the starting rule.
func rowStarts() []RowCase {
	var all []RowCase
	for i, x := range FirstSteps() {
		spec := solver.DefaultSpec()
		if x.Power == 3 {
			spec.Method = solver.Bosh3()
		}
		first, second, change := x.Norms()
		at := func(size float64) float64 { return math.Copysign(size, x.Span.T1-x.Span.T0) }
		all = append(all, RowCase{Name: fmt.Sprintf("start %d", i), Spec: spec, Calls: []RowCall{
			{Action: Enter, Span: x.Span, Want: &RowState{T: x.Span.T0}},
			{Action: FirstSlope, Measure: solver.Measure{Finite: true, First: first, Second: second},
				Want: &RowState{T: x.Span.T0, Step: at(x.Probe), Probes: true}},
			{Action: Probe, Measure: solver.Measure{Finite: true, First: change},
				Want: &RowState{T: x.Span.T0, Step: at(x.Probe), H: at(x.Step)}},
		}})
	}
	bad := RowCase{Name: "a start that is not finite", Spec: solver.DefaultSpec(), Calls: []RowCall{
		{Action: Enter, Span: solver.Span{T0: 2, T1: 3}},
		{Action: FirstSlope, Want: &RowState{T: 2, Status: solver.NonFinite}}}}
	return append(all, bad)
}

// rowEnds takes rows to each of their ends.
func rowEnds() []RowCase {
	var all []RowCase
	for _, x := range []struct {
		name   string
		norm   float64
		finite bool
		tried  int
		want   RowState
	}{
		{"the end of the span: 1 + 0.3·(1 + 10), cut", 0, true, 2, RowState{T: 2, Step: 0.7, H: 3, Accepted: true}},
		{"steps too small for t: a fifth of 0.3, 21 times, is below 4·2⁻⁵²", 1e9, true, 21,
			RowState{T: 1, Step: 0.3 * math.Pow(0.2, 20), H: 0.3 * math.Pow(0.2, 21), Status: solver.StepUnderflow}},
		{"the same where nothing is finite", 0.5, false, 21,
			RowState{T: 1, Step: 0.3 * math.Pow(0.2, 20), H: 0.3 * math.Pow(0.2, 21), Status: solver.NonFinite}},
		{"enough steps: 0.9·1.0001^(−1/5) each", 1.0001, true, 40,
			RowState{T: 1, Step: 0.3 * math.Pow(0.9*math.Pow(1.0001, -0.2), 39),
				H: 0.3 * math.Pow(0.9*math.Pow(1.0001, -0.2), 40), Status: solver.MaxSteps}},
	} {
		spec := solver.DefaultSpec()
		spec.Controller.FirstStep, spec.Controller.MaxSteps = 0.3, 40
		c := begun(x.name, spec, solver.Span{T0: 1, T1: 2})
		for range x.tried {
			c.try(x.norm, 0, nil)
			c.Calls[len(c.Calls)-1].Measure.Finite = x.finite
		}
		x.want.Tried = x.tried
		c.Calls[len(c.Calls)-1].Want = &x.want
		all = append(all, c)
	}
	return all
}

// rowLimits cuts steps: one that is accepted keeps the one that it was cut from, and one that is not gives up what is
// too long.
func rowLimits() RowCase {
	spec := solver.DefaultSpec()
	spec.Controller.FirstStep = 8
	c := begun("a caller's limits", spec, solver.Span{T0: 1, T1: -99})
	for i, x := range []struct{ limit, norm, step, at, next float64 }{
		{2, 0.9, -2, -1, -8},     // cut
		{0.5, 0, -0.5, -1.5, -8}, // 5 is less than 8
		{4, 0, -4, -5.5, -40},    // and 40 more
		{5, 1e9, -5, -5.5, -1},   // rejected: a fifth of what was tried
		{5, 0, -1, -6.5, -10},    // no cut
		{0, 0.9, -10, -16.5, -10},
		{200, 0, -10, -26.5, -100},
		{200, 0, -72.5, -99, -100}, // the end of the span
	} {
		c.try(x.norm, x.limit, &RowState{T: x.at, Step: x.step, H: x.next, Accepted: x.norm <= 1, Tried: i + 1})
	}
	return c
}

// rowOwnLimits keeps steps within the controller's own limits, of which a caller's may be the shorter. What asks for
// steps below the smallest fails.
func rowOwnLimits() RowCase {
	spec := solver.DefaultSpec()
	spec.Controller.FirstStep, spec.Controller.MinStep, spec.Controller.MaxStep = 0.25, 0.5, 3
	c := begun("the controller's limits", spec, solver.Span{T0: 1, T1: -99})
	for i, x := range []struct {
		limit, norm, step, at, next float64
		status                      solver.Status
	}{
		{0, 0, -0.5, 0.5, -5, solver.OK}, // 0.25 is too short
		{0, 0, -3, -2.5, -30, solver.OK}, // 5 is too long
		{2, 0, -2, -4.5, -30, solver.OK},
		{0.25, 0, -0.25, -4.75, -30, solver.OK}, // the caller's limit, as the end of the span, may cut shorter
		{0, 1e9, -3, -4.75, -0.6, solver.OK},
		{0, 1e9, -0.6, -4.75, -0.12, solver.StepUnderflow},
	} {
		c.try(x.norm, x.limit, &RowState{T: x.at, Step: x.step, H: x.next, Accepted: x.norm <= 1, Tried: i + 1,
			Status: x.status})
	}
	return c
}

// rowSmallest goes on in the smallest steps there are: an accepted one is no underflow.
func rowSmallest() RowCase {
	spec := solver.DefaultSpec()
	spec.Controller.FirstStep, spec.Controller.MaxSteps = 1e-300, 3
	c := begun("the smallest steps", spec, solver.Span{T0: 1, T1: 2})
	const least = 4 * 0x1p-52
	c.try(0.9, 0, &RowState{T: 1 + least, Step: least, H: least, Accepted: true, Tried: 1})
	second := least * (1 + least) // four spacings there
	c.try(0.9, 0, &RowState{T: 1 + 2*least, Step: second, H: second, Accepted: true, Tried: 2})
	c.try(0.9, 0, &RowState{T: 1 + 3*least, Step: second, H: second, Accepted: true, Tried: 3, Status: solver.MaxSteps})
	return c
}

// rowGoesOn enters a second span: the step that was cut at the end of the first is tried again, in the direction of the
// second. An empty span between them is over at once.
func rowGoesOn() RowCase {
	c := RowCase{Name: "from span to span", Spec: solver.DefaultSpec(), Calls: []RowCall{
		{Action: Enter, Span: solver.Span{T1: 1}},
		{Action: FirstSlope, Measure: solver.Measure{Finite: true, First: 1, Second: 100},
			Want: &RowState{Step: 1e-4, Probes: true}},
		// over the probe: the second derivative
		{Action: Probe, Measure: solver.Measure{Finite: true, First: 1e-4 * 0.01 * math.Pow(500, 5)},
			Want: &RowState{Step: 1e-4, H: 1. / 500}},
		{Action: SetStep, H: 5},
	}}
	c.try(1, 0, &RowState{T: 1, Step: 1, H: 5, Accepted: true, Tried: 1})
	c.Calls = append(c.Calls, RowCall{Action: Enter, Span: solver.Span{T0: 1, T1: 1}, Want: &RowState{T: 1, H: 5}},
		RowCall{Action: Enter, Span: solver.Span{T0: 1, T1: -9}, Want: &RowState{T: 1, H: -5}},
		RowCall{Action: FirstSlope, Measure: fine, Want: &RowState{T: 1, H: -5}})
	c.try(1, 0, &RowState{T: -4, Step: -5, H: -5, Accepted: true, Tried: 1})
	return c
}

// rowForgets enters a second span under PID control: the errors of the first count for nothing there, so that the
// factors are the first ones of the sequence again.
func rowForgets() RowCase {
	x := ErrorSequences()[4]
	spec := solver.DefaultSpec()
	spec.Controller = x.Controller
	spec.Controller.FirstStep = 1
	c := RowCase{Name: "errors of another span", Spec: spec}
	for range 2 {
		span := solver.Span{T1: 100}
		c.Calls = append(c.Calls, RowCall{Action: SetStep}, RowCall{Action: Enter, Span: span},
			RowCall{Action: FirstSlope, Measure: fine})
		at, h := 0.0, 1.0
		for i, norm := range x.Norms[:3] {
			step := h
			if h *= x.Factors[i]; norm <= 1 {
				at += step
			}
			c.try(norm, 0, &RowState{T: at, Step: step, H: h, Accepted: norm <= 1, Tried: i + 1})
		}
	}
	return c
}

// rowConstant takes n steps of one size between multiples of it; no limit and no error has a part in it.
func rowConstant(t0, t1, size float64, n int) RowCase {
	spec := solver.DefaultSpec()
	spec.Controller.Step, spec.Controller.MaxSteps = size, 1<<20
	c := begun(fmt.Sprintf("steps of %v from %v to %v", size, t0, t1), spec, solver.Span{T0: t0, T1: t1})
	h := math.Copysign(size, t1-t0)
	last := t0
	for k := range n - 1 {
		last = t0 + float64(k+1)*h
		c.try(math.NaN(), size/3, &RowState{T: last, Step: h, H: h, Accepted: true, Tried: k + 1})
	}
	c.try(math.NaN(), 0, &RowState{T: t1, Step: t1 - last, H: h, Accepted: true, Tried: n})
	return c
}
