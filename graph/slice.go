package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Slice returns x[from:to:stride] along an axis of a matrix, which keeps both axes: columns for axis 1, rows of a
// parameter for axis 0. Samples cannot be sliced.
//
// gorgonia.Slice tells two slices of one node apart by their bounds modulo 256 only, and takes x[:, 0:64] for
// x[:, 256:320]; this one is right for any length.
func Slice(x *gorgonia.Node, axis, from, to, stride int) (*gorgonia.Node, error) {
	if x == nil || !x.IsMatrix() {
		return nil, fmt.Errorf("graph: Slice wants a matrix, got %v", x)
	}
	if axis < 0 || axis > 1 || stride < 1 || from < 0 || to <= from || to > x.Shape()[axis] {
		return nil, fmt.Errorf("graph: slice %d:%d:%d along axis %d of node %q of shape %v is out of range",
			from, to, stride, axis, x.Name(), x.Shape())
	}
	return apply(newSlice(cut{axis, from, to, stride}), x)
}

type sliceOp struct {
	base
	cut cut
}

func newSlice(c cut) *sliceOp {
	return &sliceOp{base{fmt.Sprintf("Slice[%d:%d:%d along %d]", c.from, c.to, c.stride, c.axis), 1}, c}
}

func (op *sliceOp) InferShape(sizes ...gorgonia.DimSizer) (tensor.Shape, error) {
	in, err := shapesOf(sizes)
	if err != nil {
		return nil, err
	}
	out := in[0].Clone()
	out[op.cut.axis] = op.cut.len()
	return out, nil
}

func (op *sliceOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	in := inputs[0].Shape()
	size := [2]int{in[0], in[1]}
	size[op.cut.axis] = op.cut.len()
	return evaluate(inputs, size[0], size[1], func(dst []float64, src [][]float64) {
		op.cut.visit(size, in[1], func(part, whole int) { dst[part] = src[0][whole] })
	})
}

// visit calls f with the index of each element of the part, of the given size, and its index in the whole matrix.
func (c cut) visit(size [2]int, wholeCols int, f func(part, whole int)) {
	for i := range size[0] {
		for j := range size[1] {
			at := [2]int{i, j}
			at[c.axis] = c.from + at[c.axis]*c.stride
			f(i*size[1]+j, at[0]*wholeCols+at[1])
		}
	}
}

// SymDiff puts the cotangent back into zeros.
func (op *sliceOp) SymDiff(inputs gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	g, err := apply(newScatter(op.cut, inputs[0].Shape()[op.cut.axis]), grad)
	return gorgonia.Nodes{g}, err
}

func (op *sliceOp) lower(l *lowering, n node) (view, error) {
	v, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	if v.form.batch == op.cut.axis {
		return view{}, n.mixing("slices samples")
	}
	return l.cutOut(n, v, op.cut)
}

// scatterOp is the adjoint of Slice: zeros of the given length along the axis, with the operand at the slice.
type scatterOp struct {
	base
	cut    cut
	length int
}

func newScatter(c cut, length int) *scatterOp {
	return &scatterOp{base{fmt.Sprintf("Scatter[%d:%d:%d of %d along %d]", c.from, c.to, c.stride, length, c.axis), 1},
		c, length}
}

func (op *scatterOp) InferShape(sizes ...gorgonia.DimSizer) (tensor.Shape, error) {
	in, err := shapesOf(sizes)
	if err != nil {
		return nil, err
	}
	out := in[0].Clone()
	out[op.cut.axis] = op.length
	return out, nil
}

func (op *scatterOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	in := inputs[0].Shape()
	size := [2]int{in[0], in[1]}
	whole := size
	whole[op.cut.axis] = op.length
	return evaluate(inputs, whole[0], whole[1], func(dst []float64, src [][]float64) {
		op.cut.visit(size, whole[1], func(part, at int) { dst[at] = src[0][part] })
	})
}

// SymDiff takes the slice out of the cotangent.
func (op *scatterOp) SymDiff(_ gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	g, err := apply(newSlice(op.cut), grad)
	return gorgonia.Nodes{g}, err
}

func (op *scatterOp) lower(l *lowering, n node) (view, error) { return l.scatter(n, n.kids[0], op.cut) }
