package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/plan"
)

// Constant adds a constant matrix of the given size to the graph, from row-major data, which is copied. A function
// finds the graph as z.Graph(). Use [1, features] and broadcast it: a constant must not depend on the batch size.
//
// gorgonia.NewConstant tells matrices apart by their printed form, which leaves elements out of a large one; this one
// tells them apart by a digest of their content.
func Constant(g *gorgonia.ExprGraph, rows, cols int, data []float64) (*gorgonia.Node, error) {
	if g == nil || rows < 1 || cols < 1 || len(data) != rows*cols {
		return nil, fmt.Errorf("graph: constant of %d numbers for shape [%d, %d] in graph %p", len(data), rows, cols, g)
	}
	h := sha256.New()
	for _, x := range append([]float64{float64(rows), float64(cols)}, data...) {
		_ = binary.Write(h, binary.LittleEndian, math.Float64bits(x)) // a hash never fails to write
	}
	op := &constantOp{base{"Constant " + hex.EncodeToString(h.Sum(nil)), 0}, rows, cols, slices.Clone(data)}
	return gorgonia.NewUniqueNode(gorgonia.In(g), gorgonia.WithOp(op), gorgonia.WithType(op.matrix()),
		gorgonia.WithShape(rows, cols), gorgonia.WithName(op.name)), nil
}

// constantOp has no operands.
type constantOp struct {
	base
	rows, cols int
	data       []float64
}

func (op *constantOp) matrix() hm.Type { return gorgonia.TensorType{Dims: 2, Of: gorgonia.Float64} }

func (op *constantOp) Type() hm.Type { return op.matrix() }

func (op *constantOp) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape{op.rows, op.cols}, nil
}

func (op *constantOp) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return evaluate(nil, op.rows, op.cols, func(dst []float64, _ [][]float64) { copy(dst, op.data) })
}

func (op *constantOp) lower(l *lowering, n node) (view, error) {
	id := l.value(plan.Value{Name: n.name(), Rows: op.rows, Cols: op.cols, Const: op.data}, false)
	return view{form: n.form, id: id}, nil
}
