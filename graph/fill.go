package graph

import (
	"fmt"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// fill adds a node of x's shape that holds one number everywhere, whatever x holds.
func fill(x *gorgonia.Node, number float64) (*gorgonia.Node, error) {
	return gorgonia.ApplyOp(&fillOp{base{fmt.Sprintf("Fill[%v]", number), 1}, number}, x)
}

// fillOp reads its operand for its shape alone.
type fillOp struct {
	base
	number float64
}

func (op *fillOp) Type() hm.Type { return hm.NewFnType(hm.TypeVariable('a'), hm.TypeVariable('a')) }

func (op *fillOp) InferShape(sizes ...gorgonia.DimSizer) (tensor.Shape, error) {
	in, err := shapesOf(sizes)
	if err != nil {
		return nil, err
	}
	return in[0].Clone(), nil
}

func (op *fillOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	if inputs[0].Shape().IsScalar() {
		return gorgonia.NewF64(op.number), nil
	}
	dst := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(inputs[0].Shape().Clone()...))
	return dst, dst.Memset(op.number)
}

// DiffWRT says that the result does not depend on what the operand holds.
func (op *fillOp) DiffWRT(int) []bool { return []bool{false} }

func (op *fillOp) SymDiff(gorgonia.Nodes, *gorgonia.Node, *gorgonia.Node) (gorgonia.Nodes, error) {
	return nil, fmt.Errorf("graph: %v has no derivative to ask for", op)
}

func (op *fillOp) lower(l *lowering, n node) (view, error) {
	return view{form: n.form, id: l.constant(op.number)}, nil
}
