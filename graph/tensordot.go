package graph

// tensordot lowers a contraction over one axis of each of two matrices or vectors, which is a product: of a or aᵀ with
// b or bᵀ. A vector counts as a column on the right and as a row on the left.
func (l *lowering) tensordot(n node) (view, error) {
	aAxes, bAxes := opInts(n.op(), "aAxes"), opInts(n.op(), "bAxes")
	if len(aAxes) != 1 || len(bAxes) != 1 {
		return view{}, n.errorf("contracts %d axes, want one of each operand; use gorgonia.Sum of gorgonia.HadamardProd "+
			"along the features", len(aAxes))
	}
	a, err := l.contracted(n.kids[0], aAxes[0], 1)
	if err != nil {
		return view{}, err
	}
	b, err := l.contracted(n.kids[1], bAxes[0], 0)
	if err != nil {
		return view{}, err
	}
	return l.product(n, a, b)
}

// contracted is the operand's view with the axis that is summed over at the given place.
func (l *lowering) contracted(kid pair, axis, place int) (view, error) {
	v, err := l.view(kid)
	if err == nil && v.form.axisOf(len(kid[0].Shape()), axis) != place {
		v.form, v.trans = v.form.transposed(), !v.trans
	}
	return v, err
}
