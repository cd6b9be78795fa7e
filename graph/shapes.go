package graph

import (
	"neuralode/plan"
)

// orient returns the view with trans as wanted, by a transpose where needed. Row values are never transposed: their
// views are.
func (l *lowering) orient(v view, trans bool) view {
	x := l.at(v.id)
	if v.trans == trans || x.Space == plan.Row {
		return v
	}
	v.trans = trans
	if x.Rows == 1 && x.Cols == 1 {
		return v
	}
	v.id = l.emit(x.Name+"ᵀ", x.Space, x.Cols, x.Rows, plan.Instr{Op: plan.Transpose, Src: []plan.ID{v.id}})
	return v
}

// whole stretches the value to its full size; with rows set, also a shared value to one row per sample.
func (l *lowering) whole(p pair, v view, rows bool) (view, error) {
	rows = rows && v.form.batch >= 0
	if rows {
		if l.at(v.id).Space == plan.Sum {
			return v, nodeError(p[0], "a sum over samples would flow back into them; the gradient must be linear in the cotangent")
		}
		v = l.orient(v, v.form.batch == 1)
	}
	x, want := l.at(v.id), v.oriented().dims
	if rows {
		x.Space = plan.Row
	}
	if x.Rows != want[0] || x.Cols != want[1] || x.Space != l.at(v.id).Space {
		v.id = l.emit(x.Name, x.Space, want[0], want[1], plan.Instr{Op: plan.Broadcast, Src: []plan.ID{v.id}})
	}
	return v, nil
}

// full is whole without rows, which cannot fail.
func (l *lowering) full(v view) view {
	v, _ = l.whole(pair{}, v, false)
	return v
}

// repeat lowers a repetition along an axis of length 1 to nothing: values stretch where they are used.
func (l *lowering) repeat(n node) (view, error) {
	v, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	in, err := l.padded(n)
	if err != nil {
		return view{}, err
	}
	v, ok := v.reform(in)
	if !ok {
		return view{}, n.errorf("cannot read %v as %v", v.form, in)
	}
	axis := in.axisOf(max(1, len(n.pair[0].Shape())), int(opField(n.op(), "along").Int()))
	if in.scalar() {
		v.trans = false
	} else if in.batch == axis || (in.dims[axis] != 1 && in != n.form) {
		return view{}, n.errorf("repeats an axis of form %v that is longer than 1; use graph.Concat", in)
	}
	v.form = n.form
	return v, nil
}

// padded is the form of the operand of a repeat, with axes of length 1 appended up to the result's rank.
func (l *lowering) padded(n node) (form, error) {
	a, b := n.kids[0][0].Shape().Clone(), n.kids[0][1].Shape().Clone()
	for len(a) > 0 && len(a) < len(n.pair[0].Shape()) {
		a, b = append(a, 1), append(b, 1)
	}
	f, err := formOf(a, b, batchSizes)
	if err != nil {
		return f, n.errorf("%w", err)
	}
	return f, nil
}

func (l *lowering) reshape(n node) (view, error) {
	v, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	if v, ok := v.reform(n.form); ok {
		return v, nil
	}
	if v.form.batch >= 0 || n.form.batch >= 0 {
		return view{}, n.errorf("reshape from %v to %v moves numbers between samples; keep the batch axis and the features",
			v.form, n.form)
	}
	v = l.orient(l.full(v), false)
	id := l.emit(n.name(), l.at(v.id).Space, n.form.dims[0], n.form.dims[1], plan.Instr{Op: plan.Reshape, Src: []plan.ID{v.id}})
	return view{form: n.form, id: id}, nil
}

func (l *lowering) transpose(n node) (view, error) {
	v, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	if p := opInts(n.op(), "pattern"); len(p) != 2 || p[0] != 1 {
		return view{}, n.errorf("transpose %v, want {1, 0}", p)
	}
	v.form, v.trans = v.form.transposed(), !v.trans
	return v, nil
}
