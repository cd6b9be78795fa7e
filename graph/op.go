package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// base is what this package's operations have in common: they take matrices, give a matrix, and overwrite nothing.
// The name must hold every parameter, since Gorgonia takes nodes for one when names and operands agree.
type base struct {
	name  string
	arity int
}

func (b base) Arity() int            { return b.arity }
func (b base) ReturnsPtr() bool      { return true }
func (b base) CallsExtern() bool     { return false }
func (b base) OverwritesInput() int  { return -1 }
func (b base) String() string        { return b.name }
func (b base) WriteHash(h hash.Hash) { fmt.Fprintf(h, "neuralode %s", b.name) }

func (b base) Hashcode() uint32 {
	h := fnv.New32a()
	b.WriteHash(h)
	return h.Sum32()
}

func (b base) Type() hm.Type {
	types := make([]hm.Type, b.arity+1)
	for i := range types {
		types[i] = gorgonia.TensorType{Dims: 2, Of: hm.TypeVariable('a')}
	}
	return hm.NewFnType(types...)
}

// DiffWRT says that every operand has a gradient.
func (b base) DiffWRT(inputs int) []bool {
	wrt := make([]bool, inputs)
	for i := range wrt {
		wrt[i] = true
	}
	return wrt
}

// DoDiff gives Gorgonia's LispMachine the gradients of the operation, which is that of output.
func (b base) DoDiff(_ gorgonia.ExecutionContext, inputs gorgonia.Nodes, output *gorgonia.Node) error {
	if b.arity == 0 {
		return nil // a constant
	}
	return DoDiff(output.Op().(gorgonia.SDOp), inputs, output)
}

// apply adds the operation to the graph after a check that all operands are matrices; Gorgonia itself would panic.
func apply(op gorgonia.Op, operands ...*gorgonia.Node) (*gorgonia.Node, error) {
	for _, x := range operands {
		if x == nil || !x.IsMatrix() {
			return nil, fmt.Errorf("graph: %v wants matrices, got %v", op, x)
		}
	}
	return gorgonia.ApplyOp(op, operands...)
}

// shapesOf reads Gorgonia's shape arguments.
func shapesOf(sizes []gorgonia.DimSizer) ([]tensor.Shape, error) {
	return gorgonia.DimSizersToShapes(sizes)
}

// evaluate runs f on the content of float64 matrices, for Gorgonia's own machines. dst is zero.
func evaluate(inputs []gorgonia.Value, rows, cols int, f func(dst []float64, src [][]float64)) (gorgonia.Value, error) {
	src := make([][]float64, len(inputs))
	for i, v := range inputs {
		data, ok := numbers(v)
		if !ok {
			return nil, fmt.Errorf("graph: operand %d is %T of %v, want a float64 matrix", i, v, v.Dtype())
		}
		src[i] = data
	}
	dst := make([]float64, rows*cols)
	f(dst, src)
	return tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(dst)), nil
}
