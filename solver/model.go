package solver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"neuralode/plan"
)

// Model is what a backend compiles: the lowered field, and optionally a lowered head (read-out and loss), each with
// its vector-Jacobian product.
//
// The field has the row inputs "t" (width 1), "z" (width Dim) and, where samples have constants of their own, "inputs"
// (width Inputs), and the output "f" (width Dim). The head has the row inputs "z" (width Dim), "label" (width
// LabelWidth) and perhaps "t" (width 1), the time of that z, and the outputs "out" (what the model predicts) and "loss"
// (width 1, one loss per state); only "loss" is differentiated. Neither reads other inputs. The flat parameter vector θ
// holds the field's parameters first, then the head's.
type Model struct {
	Field *plan.Plan
	Head  *plan.Plan // nil: solve only, or gradients of a caller's own cotangents
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

// ThetaLen is the length of the flat θ.
func (m Model) ThetaLen() int {
	n := m.Field.ThetaLen()
	if m.Head != nil {
		n += m.Head.ThetaLen()
	}
	return n
}

// Params lists the parameters in the order in which they lie in θ.
func (m Model) Params() []plan.Param {
	params := append([]plan.Param(nil), m.Field.Params...)
	if m.Head != nil {
		params = append(params, m.Head.Params...)
	}
	return params
}

// Check reports every way in which the plans are not well formed or do not form a model.
func (m Model) Check() error {
	if m.Field == nil {
		return errors.New("solver: the model has no field")
	}
	errs := []error{m.Field.Check()}
	if m.Head != nil {
		errs = append(errs, m.Head.Check())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("solver: "+format, args...)) }
	need := func(p *plan.Plan, id plan.ID, what string) int {
		if id == plan.None {
			bad("the plan lacks the %s", what)
			return -1
		}
		return p.Values[id].Cols
	}
	only := func(p *plan.Plan, what string, known ...string) {
		for _, in := range p.Inputs {
			if !slices.Contains(known, in.Name) {
				bad("the %s reads the input %q, which nothing provides; its inputs are %s", what, in.Name,
					strings.Join(known, " and "))
			}
		}
	}
	only(m.Field, "field", "t", "z", "inputs")
	dim := need(m.Field, m.Field.Output("f"), "output f of the field")
	if w := need(m.Field, m.Field.Input("z"), "input z of the field"); w >= 0 && dim >= 0 && w != dim {
		bad("the field maps z of width %d to f of width %d, want equal widths", w, dim)
	}
	if w := need(m.Field, m.Field.Input("t"), "input t of the field"); w > 1 {
		bad("the field's input t has width %d, want 1", w)
	}
	if m.Head != nil {
		only(m.Head, "head", "t", "z", "label")
		if w := need(m.Head, m.Head.Input("z"), "input z of the head"); w >= 0 && w != dim {
			bad("the head reads z of width %d, the field has width %d", w, dim)
		}
		if id := m.Head.Input("t"); id != plan.None && m.Head.Values[id].Cols != 1 {
			bad("the head's input t has width %d, want 1", m.Head.Values[id].Cols)
		}
		need(m.Head, m.Head.Input("label"), "input label of the head")
		need(m.Head, m.Head.Output("out"), "output out of the head")
		if w := need(m.Head, m.Head.Output("loss"), "output loss of the head"); w > 1 {
			bad("the loss has width %d per sample, want 1", w)
		}
	}
	return errors.Join(errs...)
}

// checkVJP reports what the model lacks for a gradient: the field's product with a cotangent of f, the head's with one
// of the loss.
func (m Model) checkVJP() error {
	var errs []error
	need := func(p *plan.Plan, what, name string) {
		if len(p.Cotangents) != 1 || p.Cotangents[0].Name != name {
			errs = append(errs, fmt.Errorf(
				"solver: a gradient needs a %s with a vector-Jacobian product, for the cotangent of %s alone", what,
				name))
		}
	}
	need(m.Field, "field", "f")
	if m.Head != nil {
		need(m.Head, "head", "loss")
	}
	return errors.Join(errs...)
}
