package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Concat returns matrices one after another along an axis: columns for axis 1, rows of parameters for axis 0. Samples
// cannot be joined.
//
// The gradient of gorgonia.Concat is made of gorgonia.Slice, with the fault that [Slice] describes; this one is right
// for any width.
func Concat(axis int, xs ...*gorgonia.Node) (*gorgonia.Node, error) {
	if len(xs) == 0 || axis < 0 || axis > 1 {
		return nil, fmt.Errorf("graph: Concat of %d matrices along axis %d, want at least one and axis 0 or 1", len(xs),
			axis)
	}
	for _, x := range xs {
		if x == nil || !x.IsMatrix() || x.Shape()[1-axis] != xs[0].Shape()[1-axis] {
			return nil, fmt.Errorf("graph: Concat along axis %d wants matrices that agree along the other, got %v; "+
				keepAxis, axis, x)
		}
	}
	if len(xs) == 1 {
		return xs[0], nil
	}
	return apply(newConcat(axis, len(xs)), xs...)
}

type concatOp struct {
	base
	axis int
}

func newConcat(axis, operands int) *concatOp {
	return &concatOp{base{fmt.Sprintf("Concat[%d along %d]", operands, axis), operands}, axis}
}

func (op *concatOp) InferShape(sizes ...gorgonia.DimSizer) (tensor.Shape, error) {
	in, err := shapesOf(sizes)
	if err != nil {
		return nil, err
	}
	out := in[0].Clone()
	for _, s := range in[1:] {
		out[op.axis] += s[op.axis]
	}
	return out, nil
}

// cuts are the places of the operands in the result, given their lengths along the axis.
func (op *concatOp) cuts(length func(i int) int) []cut {
	cuts := make([]cut, op.arity)
	at := 0
	for i := range cuts {
		cuts[i] = cut{axis: op.axis, from: at, to: at + length(i), stride: 1}
		at += length(i)
	}
	return cuts
}

func (op *concatOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	cuts := op.cuts(func(i int) int { return inputs[i].Shape()[op.axis] })
	whole := [2]int{inputs[0].Shape()[0], inputs[0].Shape()[1]}
	whole[op.axis] = cuts[len(cuts)-1].to
	return evaluate(inputs, whole[0], whole[1], func(dst []float64, src [][]float64) {
		for i, c := range cuts {
			s := inputs[i].Shape()
			c.visit([2]int{s[0], s[1]}, whole[1], func(part, at int) { dst[at] = src[i][part] })
		}
	})
}

func (op *concatOp) SymDiff(inputs gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	grads := make(gorgonia.Nodes, len(inputs))
	for i, c := range op.cuts(func(i int) int { return inputs[i].Shape()[op.axis] }) {
		g, err := apply(newSlice(c), grad)
		if err != nil {
			return nil, err
		}
		grads[i] = g
	}
	return grads, nil
}

func (op *concatOp) lower(l *lowering, n node) (view, error) { return l.concat(n, op.axis) }
