package graph

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/plan"
)

// cut is a slice along one matrix axis.
type cut struct {
	axis             int
	from, to, stride int
}

// len is the number of elements cut out.
func (c cut) len() int { return (c.to - c.from + c.stride - 1) / c.stride }

// gorgoniaCut reads the bounds of a Gorgonia slice of a node of the given form.
func (n node) gorgoniaCut(whole form, rank int) (cut, error) {
	axis := whole.axisOf(rank, int(opField(n.op(), "along").Int()))
	if axis == whole.batch && bounds(n.op()) != nil {
		return cut{}, n.mixing("slices samples")
	}
	return gorgoniaCut(n.pair[0], axis, whole.dims[axis])
}

// bounds are those of a Gorgonia slice, or nil where it takes the whole axis.
func bounds(op gorgonia.Op) tensor.Slice {
	if s := op.(interface{ IsSlice() tensor.Slice }).IsSlice(); s != nil && s.End() > s.Start() {
		return s
	}
	return nil
}

// gorgoniaCut reads the bounds of a Gorgonia slice of an axis of the given length. Gorgonia tells slices apart by
// bounds modulo 256, so that in a longer axis two different slices may have become one node: those are refused.
func gorgoniaCut(n *gorgonia.Node, axis, length int) (cut, error) {
	s := bounds(n.Op())
	if s == nil {
		return cut{axis: axis, to: length, stride: 1}, nil
	}
	c := cut{axis, s.Start(), s.End(), max(1, s.Step())}
	if length > 255 {
		return cut{}, nodeError(n, "gorgonia.Slice, also as the gradient of gorgonia.Concat, is not safe on an axis of length %d, "+
			"above 255; use graph.Slice and graph.Concat", length)
	}
	if c.from < 0 || c.to > length || (c.to-c.from)%c.stride != 0 {
		return cut{}, nodeError(n, "slice %d:%d:%d of an axis of length %d; give bounds inside it, a multiple of the step apart",
			c.from, c.to, c.stride, length)
	}
	return c, nil
}

func (l *lowering) slice(n node) (view, error) {
	v, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	c, err := n.gorgoniaCut(v.form, len(n.kids[0][0].Shape()))
	if err != nil {
		return view{}, err
	}
	return l.cutOut(n, v, c)
}

// cutOut lowers a slice; where the value repeats along the axis there is nothing to do.
func (l *lowering) cutOut(n node, v view, c cut) (view, error) {
	x, along := l.at(v.id), v.axis(c.axis)
	size := [2]int{x.Rows, x.Cols}
	if size[along] > 1 && c.len() < size[along] {
		size[along] = c.len()
		v.id = l.emit(n.name(), x.Space, size[0], size[1], plan.Instr{
			Op: plan.Slice, Src: []plan.ID{v.id}, Axis: along, From: c.from, To: c.to, Stride: c.stride})
	}
	v.form.dims[c.axis] = c.len()
	v, ok := v.reform(n.form)
	if !ok {
		return view{}, n.errorf("slices to %v, want %v", v.form, n.form)
	}
	return v, nil
}

// sliceAdjoint lowers the gradient of a slice. Its first operand lends only its shape.
func (l *lowering) sliceAdjoint(n node) (view, error) {
	c, err := n.gorgoniaCut(n.form, len(n.kids[0][0].Shape()))
	if err != nil {
		return view{}, err
	}
	return l.scatter(n, n.kids[1], c)
}

// scatter puts the operand into zeros of the node's form.
func (l *lowering) scatter(n node, kid pair, c cut) (view, error) {
	v, err := l.view(kid)
	if err != nil {
		return view{}, err
	}
	part := n.form
	part.dims[c.axis] = c.len()
	v, ok := v.reform(part)
	if !ok {
		return view{}, n.errorf("puts %v into a slice of form %v", v.form, part)
	}
	if part == n.form {
		return v, nil
	}
	v = l.full(v)
	x, along := l.at(v.id), v.axis(c.axis)
	size := [2]int{x.Rows, x.Cols}
	size[along] = n.form.dims[c.axis]
	v.id = l.emit(n.name(), x.Space, size[0], size[1], plan.Instr{
		Op: plan.Scatter, Src: []plan.ID{v.id}, Axis: along, From: c.from, To: c.to, Stride: c.stride})
	v.form = n.form
	return v, nil
}

// concat joins the operands along a matrix axis.
func (l *lowering) concat(n node, axis int) (view, error) {
	axis = n.form.axisOf(len(n.pair[0].Shape()), axis)
	if axis == n.form.batch {
		return view{}, n.mixing("joins samples")
	}
	parts := make([]view, len(n.kids))
	space := plan.Shared
	for i, kid := range n.kids {
		v, err := l.view(kid)
		if err != nil {
			return view{}, err
		}
		want := n.form
		want.dims[axis] = v.form.dims[axis]
		v, ok := v.reform(want)
		if !ok {
			return view{}, n.errorf("joins %v, want %v", v.form, want)
		}
		parts[i], space = v, max(space, l.at(v.id).Space)
	}
	return l.join(n, parts, space, axis)
}

func (l *lowering) join(n node, parts []view, space plan.Space, axis int) (view, error) {
	trans := space == plan.Row && n.form.batch == 1
	in := plan.Instr{Op: plan.Concat, Axis: axis}
	if trans {
		in.Axis = 1 - axis
	}
	size := n.form.dims
	if trans {
		size = n.form.transposed().dims
	}
	for _, v := range parts {
		v, err := l.whole(n.pair, v, space == plan.Row)
		if err != nil {
			return view{}, err
		}
		v = l.orient(v, trans)
		if l.at(v.id).Space != space {
			return view{}, n.nonlinear()
		}
		in.Src = append(in.Src, v.id)
	}
	id := in.Src[0]
	if len(parts) > 1 {
		id = l.emit(n.name(), space, size[0], size[1], in)
	}
	return view{form: n.form, id: id, trans: trans}, nil
}
