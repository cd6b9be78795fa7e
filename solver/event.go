package solver

import (
	"errors"
	"fmt"
	"math"

	"neuralode/plan"
)

// Directions in which a condition may cross zero, for [Event.Direction]; 0 is both.
const (
	Falling = -1
	Rising  = +1
)

// Event is what happens where a condition g(t, z; θ) crosses zero. Where the event is terminal the solve of that sample
// ends, with the status OK; where it has a reset, z jumps and the solve goes on; else it is noted and nothing changes,
// to the bit. See docs/events.md for what is found and what is not.
//
// The condition has the output "g" (width 1), the reset "r" (width Dim), z after the event; both have the row inputs
// "t", "z" and, where the field has any, "inputs", as they are just before it, and a vector-Jacobian product for them.
type Event struct {
	Name      string // for messages
	Condition *plan.Plan
	Direction int // Falling or Rising, of g in the direction of integration; 0 for both
	Terminal  bool
	Reset     *plan.Plan // nil: z goes on as it is
}

// effect reports whether a step ends at the event.
func (e *Event) effect() bool { return e.Terminal || e.Reset != nil }

// meets reports whether a crossing to that side of zero is the event.
func (e *Event) meets(side int8) bool { return e.Direction == 0 || e.Direction == int(side) }

// Occurrence is an event that took place.
type Occurrence struct {
	Event  int // of Model.Events
	T      float64
	Before []float64 // [dim], the state there
	After  []float64 // [dim], what it became; Before where it went on as it was
}

// DefaultEventLimit is how many events a sample may have where Spec.EventLimit is zero.
const DefaultEventLimit = 4096

// MostEvents is how many events a sample may have before it fails with the status [TooManyEvents].
func (s *Spec) MostEvents() int {
	if s.EventLimit == 0 {
		return DefaultEventLimit
	}
	return s.EventLimit
}

// Map is a plan of a model beside its field and head: a jump, a condition or a reset. At are the places of its
// parameters in θ, one after the other in the plan's order.
type Map struct {
	Plan *plan.Plan
	At   []Range
}

// Gather copies the plan's parameters out of θ.
func (m *Map) Gather(theta []float64) []float64 {
	var own []float64
	for _, r := range m.At {
		own = append(own, theta[r.From:r.To]...)
	}
	return own
}

// mapPlans are those of the model's jump and events; nil where there is none.
func (m Model) mapPlans() []*plan.Plan {
	plans := []*plan.Plan{m.Jump}
	for _, e := range m.Events {
		plans = append(plans, e.Condition, e.Reset)
	}
	return plans
}

// Maps are the model's jump, and of each event the condition and the reset, with no plan where it has none: two for
// each event after the first.
func (m Model) Maps() []Map {
	places := map[string]Range{}
	at := 0
	for _, p := range m.Params() {
		if _, known := places[p.Name]; !known {
			places[p.Name] = Range{at, at + p.Len()}
		}
		at += p.Len()
	}
	plans := m.mapPlans()
	maps := make([]Map, len(plans))
	for i, p := range plans {
		if maps[i].Plan = p; p != nil {
			for _, q := range p.Params {
				maps[i].At = append(maps[i].At, places[q.Name])
			}
		}
	}
	return maps
}

// ownParams are the parameters that the plans of jump and events declare and no plan before them.
func (m Model) ownParams() []plan.Param {
	known := map[string]bool{}
	for _, p := range m.plans() {
		for _, q := range p.Params {
			known[q.Name] = true
		}
	}
	var own []plan.Param
	for _, p := range m.mapPlans() {
		for _, q := range paramsOf(p) {
			if !known[q.Name] {
				known[q.Name] = true
				own = append(own, q)
			}
		}
	}
	return own
}

func paramsOf(p *plan.Plan) []plan.Param {
	if p == nil {
		return nil
	}
	return p.Params
}

// AmountWidth is how many numbers the amount of a jump has: those of the state, to which it is added, unless the model
// has a jump of its own.
func (m Model) AmountWidth() int {
	if m.Jump == nil {
		return m.Dim()
	}
	if id := m.Jump.Input("amount"); id != plan.None {
		return m.Jump.Values[id].Cols
	}
	return 0
}

// checkMaps reports every way in which jump and events do not fit the model, whose field is well formed.
func (m Model) checkMaps() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("solver: "+format, args...)) }
	check := func(what string, p *plan.Plan, output string, width int) {
		if err := p.Check(); err != nil {
			errs = append(errs, err)
			return
		}
		if id := p.Output(output); id == plan.None || p.Values[id].Cols != width {
			bad("the %s wants an output %s of width %d", what, output, width)
		}
		if len(p.Cotangents) != 1 || p.Cotangents[0].Name != output {
			bad("the %s wants a vector-Jacobian product for the cotangent of %s alone", what, output)
		}
		widths := map[string]int{"t": 1, "z": m.Dim(), "inputs": m.Inputs()}
		if p == m.Jump {
			widths["amount"] = m.AmountWidth()
		}
		for _, in := range p.Inputs {
			if w := p.Values[in.Value].Cols; w != widths[in.Name] {
				bad("the %s reads %q of width %d, the model has width %d", what, in.Name, w, widths[in.Name])
			}
		}
	}
	if m.Jump != nil {
		check("jump", m.Jump, "r", m.Dim())
	}
	for k, e := range m.Events {
		what := fmt.Sprintf("of event %d %q", k, e.Name)
		if e.Condition == nil || e.Direction < Falling || e.Direction > Rising {
			bad("event %d %q wants a condition and a direction of -1, 0 or 1, got condition set: %t, direction %d", k,
				e.Name, e.Condition != nil, e.Direction)
			continue
		}
		check("condition "+what, e.Condition, "g", 1)
		if e.Reset != nil {
			check("reset "+what, e.Reset, "r", m.Dim())
		}
	}
	return errors.Join(append(errs, m.checkShared())...)
}

// checkShared reports parameters of one name and several lengths.
func (m Model) checkShared() error {
	lengths, errs := map[string]int{}, []error{}
	for k, p := range append(m.plans(), m.mapPlans()...) {
		for _, q := range paramsOf(p) {
			if n, known := lengths[q.Name]; known && n != q.Len() && k >= len(m.plans()) {
				errs = append(errs, fmt.Errorf("solver: parameter %q has %d numbers and %d, though it is one", q.Name, n, q.Len()))
			} else if !known {
				lengths[q.Name] = q.Len()
			}
		}
	}
	return errors.Join(errs...)
}

// checkEvents reports what a spec asks for that no solve with events can do.
func (m Model) checkEvents(s Spec) error {
	if len(m.Events) > 0 && s.Controller.Control == ControlBatch {
		return errors.New("solver: one step for the whole batch has no events: a sample's step ends where its event is")
	}
	return nil
}

// crossing is where the state of a sample jumped, or might have: what the way back has to pass.
type crossing struct {
	t             float64
	event         int // −1 for none
	jump, stop    int // which of the sample's; −1 for none
	steps         int // accepted before it
	terminal      bool
	noted         bool // an event without effect
	before, after []float64
}

// jumps reports whether the state may be another after it.
func (c *crossing) jumps() bool { return !c.noted && c.stop < 0 }

// TransferBar is what an adjoint λ after an event, a jump or a stop is before it, in the terms of the maps that hold
// there. With z⁺ = r(τ, z⁻; θ), where the field is f⁻ before and f⁺ after, a shift of τ alone moves the state after it
// by (∂r/∂z·f⁻ + ∂r/∂t − f⁺)·dτ, so that
//
//	∂L/∂τ = ⟨∂r/∂zᵀλ, f⁻⟩ + ⟨λ, ∂r/∂t⟩ − ⟨λ, f⁺⟩
//
// is the gradient for the time of a jump or a stop. Where an event sets the time, g(τ, z⁻; θ) = 0 gives dτ =
// −(∂g/∂z·dz + ∂g/∂θ·dθ)/ġ with ġ = ∂g/∂t + ∂g/∂z·f⁻ by the implicit function theorem, and the adjoint before is
// ∂r/∂zᵀλ + μ·∂g/∂z with μ = −∂L/∂τ/ġ: the transpose of the saltation matrix (Aizerman and Gantmacher 1958; Hiskens and
// Pai 2000, "Trajectory sensitivity analysis of hybrid systems", IEEE Trans. Circuits Syst. I 47(2); Corner et al. 2019,
// "Adjoint sensitivity analysis of hybrid multibody dynamical systems"). After a terminal event there is no f⁺.
type TransferBar struct {
	Reset     []float64 // ∂r/∂zᵀλ
	ResetTime float64   // ⟨λ, ∂r/∂t⟩
	Lambda    []float64 // λ, after
	F0, F1    []float64 // f⁻ and f⁺, which is nil after a terminal event
}

// Time is ∂L/∂τ.
func (b TransferBar) Time() float64 {
	sum := b.ResetTime
	for c, f := range b.F0 {
		sum += b.Reset[c] * f
		if b.F1 != nil {
			sum -= b.Lambda[c] * b.F1[c]
		}
	}
	return sum
}

// sign is −1, 0 or 1; 0 for NaN.
func sign(x float64) int8 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// locateTolerance is how far a located event may be from where the dense output has it, as a fraction of the step of
// size h from t: 4 spacings of float64 at its times, and the spacing of the precision at 1.
func locateTolerance(t, end, h float64, p Precision) float64 {
	return math.Max(4*epsilon*maxAbs(t, end)/math.Abs(h), 4*p.Relative())
}
