package expr

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/graph"
)

// made is the node that build makes of the operands. Where it makes none, it panics with a *graph.TermError for the
// line that called the builder: with an error to look at in each term, no formula can be read.
func made(builder string, build func() (*Node, error), operands ...*Node) *Node {
	n, err := attempt(build, operands)
	if err == nil {
		return n
	}
	_, file, line, _ := runtime.Caller(2)
	e := &graph.TermError{File: filepath.Base(file), Line: line, Builder: builder, Err: err}
	for _, x := range operands {
		e.Shapes = append(e.Shapes, shapeOf(x))
	}
	panic(e)
}

// attempt turns a panic of Gorgonia, which panics where shapes do not fit, into an error.
func attempt(build func() (*Node, error), operands []*Node) (n *Node, err error) {
	for i, x := range operands {
		if x == nil {
			return nil, fmt.Errorf("operand %d is nil", i+1)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			n, err = nil, fmt.Errorf("the shapes do not fit: %v", r)
		}
	}()
	return build()
}

func shapeOf(x *Node) string {
	if x == nil {
		return "nil"
	}
	return fmt.Sprint([]int(x.Shape()))
}

type (
	binary    = func(a, b *Node) (*Node, error)
	broadcast = func(a, b *Node, left, right []byte) (*Node, error)
)

var errShapes = errors.New("want operands of one shape, or one of them a number, a row [1, d] or a column [batch, 1]")

// repeat is whole of operands of one shape or with a number, and otherwise wide of those that have a row or a column to
// be repeated.
func repeat(whole binary, wide broadcast, a, b *Node) (*Node, error) {
	if a.IsScalar() || b.IsScalar() || a.Shape().Eq(b.Shape()) {
		return whole(a, b)
	}
	a, err := asMatrix(a)
	if err != nil {
		return nil, err
	}
	if b, err = asMatrix(b); err != nil {
		return nil, err
	}
	for axis, n := range a.Shape() {
		if m := b.Shape()[axis]; n != m && n != 1 && m != 1 {
			return nil, errShapes
		}
	}
	return wide(a, b, repeated(a, b), repeated(b, a))
}

// asMatrix reads a vector as a row.
func asMatrix(a *Node) (*Node, error) {
	if a.Dims() == 1 {
		return gorgonia.Reshape(a, tensor.Shape{1, a.Shape()[0]})
	}
	return a, nil
}

// repeated is the axes along which a is one long and b is longer.
func repeated(a, b *Node) []byte {
	var axes []byte
	for axis, n := range a.Shape() {
		if n == 1 && b.Shape()[axis] > 1 {
			axes = append(axes, byte(axis))
		}
	}
	return axes
}
