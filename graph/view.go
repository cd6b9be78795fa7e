package graph

import "neuralode/plan"

// view is a node's content as a plan value. A value may have length 1 along an axis where the node's form is longer:
// it repeats there, and is stretched only where an instruction needs it so.
type view struct {
	form  form // of the node
	id    plan.ID
	trans bool // the node is the value's transpose
}

// axis is the value's axis for an axis of the node.
func (v view) axis(axis int) int {
	if v.trans {
		return 1 - axis
	}
	return axis
}

// oriented is the form in the value's own orientation.
func (v view) oriented() form {
	if v.trans {
		return v.form.transposed()
	}
	return v.form
}

// reform reads the view in another form that holds the same numbers in the same order, and reports whether there is
// such a reading without moving numbers.
func (v view) reform(to form) (view, bool) {
	switch {
	case v.form == to:
	case v.form.line() && v.form.transposed() == to:
		v.trans = !v.trans
	default:
		return v, false
	}
	v.form = to
	return v, true
}
