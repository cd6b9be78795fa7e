package graph

import (
	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// softmaxAxis checks a Gorgonia softmax and returns its matrix axis.
func (l *lowering) softmaxAxis(n node) (int, error) {
	if opField(n.op(), "isLog").Bool() {
		return 0, n.errorf("gorgonia.LogSoftMax is not supported; %s", remedyFor("LogSoftMax"))
	}
	f := n.form
	axis := f.axisOf(len(n.pair[0].Shape()), softmaxAxisOf(n.pair[0]))
	if axis == f.batch {
		return 0, n.mixing("normalises over samples")
	}
	return axis, nil
}

// softmaxAxisOf is the axis of a Gorgonia softmax, or of its gradient.
func softmaxAxisOf(n *gorgonia.Node) int {
	shape := n.Shape()
	switch axis := int(opField(n.Op(), "axis").Int()); {
	case axis >= 0:
		return axis
	case shape.IsColVec(): // Gorgonia's default is the last axis, but the first of a column
		return 0
	}
	return max(0, len(shape)-1)
}

func (l *lowering) softmax(n node) (view, error) {
	axis, err := l.softmaxAxis(n)
	if err != nil {
		return view{}, err
	}
	v, err := l.notSum(n, n.kids[0])
	if err != nil {
		return view{}, err
	}
	e, sum, _, err := l.exponentials(n, v, axis)
	if err != nil {
		return view{}, err
	}
	return l.combine(n, plan.Div, e, sum)
}

// exponentials returns exp(x − max x), its sum along the axis and max x. The largest exponent is 0, so that nothing
// overflows and the sum is at least 1.
func (l *lowering) exponentials(n node, v view, axis int) (e, sum, top view, err error) {
	v = l.full(v)
	f := n
	f.form = v.form
	top = l.reduce(f, plan.Max, v, axis)
	d, err := l.combine(f, plan.Sub, v, stretched(top, v.form))
	if err != nil {
		return
	}
	e = l.apply(f, plan.Exp, d)
	sum = l.reduce(f, plan.Add, e, axis)
	return e, stretched(sum, v.form), top, nil
}

// stretched reads a view with lengths of 1 in a longer form.
func stretched(v view, to form) view {
	v.form = to
	return v
}

// softmaxAdjoint lowers softmax's gradient y⊙(g − Σ y⊙g); the operands are x, y and g.
func (l *lowering) softmaxAdjoint(n node) (view, error) {
	axis, err := l.softmaxAxis(n)
	if err != nil {
		return view{}, err
	}
	y, err := l.notSum(n, n.kids[1])
	if err != nil {
		return view{}, err
	}
	g, err := l.view(n.kids[2]) // in which it is linear: a sum over samples is welcome
	if err != nil {
		return view{}, err
	}
	yg, err := l.combine(n, plan.Mul, y, g)
	if err != nil {
		return view{}, err
	}
	sum := stretched(l.reduce(n, plan.Add, yg, axis), n.form)
	d, err := l.combine(n, plan.Sub, g, sum)
	if err != nil {
		return view{}, err
	}
	return l.combine(n, plan.Mul, y, d)
}
