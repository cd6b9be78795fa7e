package solver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"neuralode/plan"
)

// Model is what a backend compiles: the lowered field, and optionally a lowered head (read-out and loss) and a lowered
// lift, each with its vector-Jacobian product.
//
// The field has the row inputs "t" (width 1), "z" (width Dim) and, where samples have constants of their own, "inputs"
// (width Inputs), and the output "f" (width Dim). The head has the row inputs "z" (width Dim), "label" (width
// LabelWidth) and perhaps "t" (width 1), the time of that z, and the outputs "out" (what the model predicts) and "loss"
// (width 1, one loss per state); only "loss" is differentiated. The lift has the row input "x" (width Features) and the
// output "z0" (width Dim): it makes the initial states of a batch that gives features in their place. None reads other
// inputs. The flat parameter vector θ holds the field's parameters first, then the head's, then the lift's, then those of
// jump and events: one that has the name of another there, or of one of the others, is that one.
type Model struct {
	Field *plan.Plan
	Head  *plan.Plan // nil: solve only, or gradients of a caller's own cotangents
	Lift  *plan.Plan // nil: batches give z0

	// Jump is what becomes of z at the times of Batch.Jumps, with the output "r" (width Dim), the row inputs of a reset
	// (see [Event]) and "amount"; nil: the amount is added to z.
	Jump   *plan.Plan
	Events []Event
}

// WithHead is the field, with what interrupts it, and another head; without a lift.
func (m Model) WithHead(head *plan.Plan) Model {
	return Model{Field: m.Field, Head: head, Jump: m.Jump, Events: m.Events}
}

// Dim is the number of state components.
func (m Model) Dim() int { return m.Field.Values[m.Field.Output("f")].Cols }

// Inputs is the number of constants that the field reads of each sample; 0 for a field without.
func (m Model) Inputs() int {
	if id := m.Field.Input("inputs"); id != plan.None {
		return m.Field.Values[id].Cols
	}
	return 0
}

// OutWidth is the number of outputs of the read-out; 0 without a head.
func (m Model) OutWidth() int { return m.headWidth((*plan.Plan).Output, "out") }

// LabelWidth is the number of label columns the loss reads; 0 without a head.
func (m Model) LabelWidth() int { return m.headWidth((*plan.Plan).Input, "label") }

func (m Model) headWidth(port func(*plan.Plan, string) plan.ID, name string) int {
	if m.Head == nil {
		return 0
	}
	return m.Head.Values[port(m.Head, name)].Cols
}

// plans are those that there are, in the order in which their parameters lie in θ.
func (m Model) plans() []*plan.Plan {
	plans := []*plan.Plan{m.Field}
	for _, p := range []*plan.Plan{m.Head, m.Lift} {
		if p != nil {
			plans = append(plans, p)
		}
	}
	return plans
}

// ThetaLen is the length of the flat θ.
func (m Model) ThetaLen() (n int) {
	for _, p := range m.plans() {
		n += p.ThetaLen()
	}
	for _, p := range m.ownParams() {
		n += p.Len()
	}
	return n
}

// Params lists the parameters in the order in which they lie in θ.
func (m Model) Params() (params []plan.Param) {
	for _, p := range m.plans() {
		params = append(params, p.Params...)
	}
	return append(params, m.ownParams()...)
}

// Check reports every way in which the plans are not well formed or do not form a model.
func (m Model) Check() error {
	if m.Field == nil {
		return errors.New("solver: the model has no field")
	}
	var w wanting
	for _, p := range m.plans() {
		w.errs = append(w.errs, p.Check())
	}
	if err := errors.Join(w.errs...); err != nil {
		return err
	}
	dim := w.checkField(m.Field)
	if m.Head != nil {
		w.checkHead(m.Head, dim)
	}
	if m.Lift != nil {
		w.only(m.Lift, "lift", "x")
		w.need(m.Lift, m.Lift.Input("x"), "input x of the lift")
		if width := w.need(m.Lift, m.Lift.Output("z0"), "output z0 of the lift"); width >= 0 && width != dim {
			w.bad("the lift makes z0 of width %d, the field has width %d", width, dim)
		}
	}
	if err := errors.Join(w.errs...); err != nil {
		return err
	}
	return m.checkMaps()
}

// wanting gathers what is wrong with the plans of a model.
type wanting struct{ errs []error }

func (w *wanting) bad(format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf("solver: "+format, args...))
}

// need is the width of a value that the plan must have, −1 where it has none.
func (w *wanting) need(p *plan.Plan, id plan.ID, what string) int {
	if id == plan.None {
		w.bad("the plan lacks the %s", what)
		return -1
	}
	return p.Values[id].Cols
}

// only reports inputs of the plan that are not known.
func (w *wanting) only(p *plan.Plan, what string, known ...string) {
	for _, in := range p.Inputs {
		if !slices.Contains(known, in.Name) {
			w.bad("the %s reads the input %q, which nothing provides; its inputs are %s", what, in.Name,
				strings.Join(known, " and "))
		}
	}
}

// checkField returns the width of f.
func (w *wanting) checkField(p *plan.Plan) (dim int) {
	w.only(p, "field", "t", "z", "inputs")
	dim = w.need(p, p.Output("f"), "output f of the field")
	if width := w.need(p, p.Input("z"), "input z of the field"); width >= 0 && dim >= 0 && width != dim {
		w.bad("the field maps z of width %d to f of width %d, want equal widths", width, dim)
	}
	if width := w.need(p, p.Input("t"), "input t of the field"); width > 1 {
		w.bad("the field's input t has width %d, want 1", width)
	}
	return dim
}

func (w *wanting) checkHead(p *plan.Plan, dim int) {
	w.only(p, "head", "t", "z", "label")
	if width := w.need(p, p.Input("z"), "input z of the head"); width >= 0 && width != dim {
		w.bad("the head reads z of width %d, the field has width %d", width, dim)
	}
	if id := p.Input("t"); id != plan.None && p.Values[id].Cols != 1 {
		w.bad("the head's input t has width %d, want 1", p.Values[id].Cols)
	}
	w.need(p, p.Input("label"), "input label of the head")
	w.need(p, p.Output("out"), "output out of the head")
	if width := w.need(p, p.Output("loss"), "output loss of the head"); width > 1 {
		w.bad("the loss has width %d per sample, want 1", width)
	}
}

// checkVJP reports what the model lacks for a gradient: the field's product with a cotangent of f, the head's with one
// of the loss.
func (m Model) checkVJP() error {
	err := needVJP("a gradient", m.Field, "field", "f")
	if m.Head != nil {
		err = errors.Join(err, needVJP("a gradient", m.Head, "head", "loss"))
	}
	if m.Lift != nil && m.Lift.ThetaLen() > 0 {
		err = errors.Join(err, needVJP("a gradient", m.Lift, "lift", "z0"))
	}
	return err
}

func needVJP(who string, p *plan.Plan, what, name string) error {
	if len(p.Cotangents) != 1 || p.Cotangents[0].Name != name {
		return fmt.Errorf("solver: %s needs a %s with a vector-Jacobian product, for the cotangent of %s alone", who, what,
			name)
	}
	return nil
}

// maxJacobian is the largest dimension that methods with Jacobians take: the factors of one of 512 components are 2 MiB
// for each row of a tile, and 90 million operations for each step.
const maxJacobian = 512

// checkJacobian reports a model that the spec's method cannot take, if that needs the Jacobian of the field.
func (m Model) checkJacobian(spec Spec) error {
	if spec.Rosenbrock() == nil {
		return nil
	}
	if m.Dim() > maxJacobian {
		return fmt.Errorf("solver: method %s solves with the Jacobian of the field, of dimension %d at most, got %d: use an explicit one",
			spec.Method, maxJacobian, m.Dim())
	}
	return needVJP(fmt.Sprintf("method %s", spec.Method), m.Field, "field", "f")
}
