package graph

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// Directions in which a condition may cross zero, for [Event.Direction]; 0 is both.
const (
	Falling = -1
	Rising  = +1
)

// Event is what happens where a condition crosses zero: the solve of that sample ends, or z jumps and the solve goes
// on, or the crossing is noted and nothing else.
type Event struct {
	Name string // for messages

	// Params declares what the functions read of θ, beyond what the field and other events declare: a parameter of the
	// name of another is that one.
	Params []Param

	Condition MomentFunc // g(t, z; θ), [batch, 1]
	Direction int        // Falling or Rising, of g in the direction of integration; 0 for both
	Terminal  bool       // the solve of the sample ends there
	Reset     MomentFunc // z after the event, [batch, dim], of the moment before it; nil: z goes on as it is
}

// Jump is what becomes of z at the times of solver.Batch.Jumps, where it is not the amount added to it.
type Jump struct {
	Params []Param    // as those of an event
	Func   MomentFunc // z after the jump, [batch, dim], of the moment before it
	Width  int        // numbers of an amount; 0 for a jump without
}

// Moment is what the functions of events and jumps read: nodes with a row per sample, and the parameters that were
// declared.
type Moment struct {
	T, Z   *gorgonia.Node // [batch, 1] and [batch, dim]
	Inputs *gorgonia.Node // [batch, inputs] of the field; nil for a field without
	Amount *gorgonia.Node // [batch, width], of jumps alone; nil without
	Theta  []*gorgonia.Node
}

// MomentFunc adds nodes to the graph of its arguments, under the rules of [FieldFunc].
type MomentFunc func(m Moment) (*gorgonia.Node, error)

// LowerEvent returns the plans of an event of a field, with their VJPs: of the condition with the output "g" [1] and,
// unless it is nil, of the reset with the output "r" [dim]. Both have the inputs "t" [1], "z" [dim] and, if the field
// has any, "inputs", with gradients for all of them. Errors are those of [LowerField].
func LowerEvent(f Field, e Event) (condition, reset *plan.Plan, err error) {
	if e.Condition == nil || e.Direction < Falling || e.Direction > Rising {
		return nil, nil, fmt.Errorf("graph: event %q wants a Condition and a Direction of -1, 0 or 1, got Condition set: %t, Direction %d",
			e.Name, e.Condition != nil, e.Direction)
	}
	of := func(what string) string { return fmt.Sprintf("%s of event %q", what, e.Name) }
	condition, err = f.lowerMoment(momentMap{of("condition"), "g", 1, 0, e.Params, e.Condition})
	if e.Reset != nil {
		var other error
		reset, other = f.lowerMoment(momentMap{of("reset"), "r", f.Dim, 0, e.Params, e.Reset})
		err = errors.Join(err, other)
	}
	return condition, reset, err
}

// LowerJump returns the plan of a jump of a field, with its VJP, as [LowerEvent] does of a reset; "amount" is an input
// too.
func LowerJump(f Field, j Jump) (*plan.Plan, error) {
	if j.Func == nil || j.Width < 0 {
		return nil, fmt.Errorf("graph: a jump wants a Func and a Width of at least 0, got Func set: %t, Width %d",
			j.Func != nil, j.Width)
	}
	return f.lowerMoment(momentMap{"jump", "r", f.Dim, j.Width, j.Params, j.Func})
}

// momentMap is a function of a moment, as it is lowered.
type momentMap struct {
	what, output  string
	width, amount int
	params        []Param
	f             MomentFunc
}

// amountName is the name of a jump's amount.
const amountName = "amount"

func (f Field) lowerMoment(m momentMap) (*plan.Plan, error) {
	if err := checkParams(m.params, "t", "z", inputsName, amountName, cotangentName); err != nil {
		return nil, err
	}
	p, err := lower(m.what, m.params, func(batch int) (*trace, error) { return f.traceMoment(batch, m) })
	if err != nil {
		return nil, err
	}
	return finish(p)
}

// traceMoment builds the graph of a function of a moment for one batch size.
func (f Field) traceMoment(batch int, m momentMap) (*trace, error) {
	tr := newTrace(batch, m.params)
	moment := Moment{T: tr.input("t", 1), Z: tr.input("z", f.Dim), Theta: tr.theta()}
	tr.wrt = []string{"t", "z"}
	if f.Inputs > 0 {
		moment.Inputs = tr.input(inputsName, f.Inputs)
		tr.wrt = append(tr.wrt, inputsName)
	}
	if m.amount > 0 {
		moment.Amount = tr.input(amountName, m.amount)
		tr.wrt = append(tr.wrt, amountName)
	}
	out, err := m.f(moment)
	if err != nil {
		return nil, err
	}
	return tr, tr.finish(m.output, out, moment.T, m.width)
}
