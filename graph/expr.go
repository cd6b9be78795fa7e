package graph

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// expr chains Gorgonia's builders and keeps the first error; after one, every builder returns nil.
type expr struct{ err error }

type (
	builder1 func(a *gorgonia.Node) (*gorgonia.Node, error)
	builder2 func(a, b *gorgonia.Node) (*gorgonia.Node, error)
	// builderB is one of Gorgonia's broadcasting builders.
	builderB func(a, b *gorgonia.Node, left, right []byte) (*gorgonia.Node, error)
)

func (e *expr) do1(f builder1, a *gorgonia.Node) *gorgonia.Node {
	if e.err != nil {
		return nil
	}
	var n *gorgonia.Node
	n, e.err = f(a)
	return n
}

func (e *expr) do2(f builder2, a, b *gorgonia.Node) *gorgonia.Node {
	return e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) { return f(a, b) }, a)
}

// scale is x·a for a number x.
func (e *expr) scale(x float64, a *gorgonia.Node) *gorgonia.Node {
	return e.do2(gorgonia.HadamardProd, a, gorgonia.NewConstant(x))
}

// shift is x + a for a number x.
func (e *expr) shift(x float64, a *gorgonia.Node) *gorgonia.Node {
	return e.do2(gorgonia.Add, a, gorgonia.NewConstant(x))
}

// stretch combines a matrix with a column.
func (e *expr) stretch(f builderB, a, column *gorgonia.Node) *gorgonia.Node {
	if e.err == nil && a.Shape()[1] == 1 {
		return e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return f(a, b, nil, nil) }, a, column)
	}
	return e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return f(a, b, nil, []byte{1}) }, a, column)
}

// column reads a vector with one number per sample as a column.
func (e *expr) column(a *gorgonia.Node) *gorgonia.Node {
	return e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) {
		if a.Dims() == 2 {
			return a, nil
		}
		return gorgonia.Reshape(a, tensor.Shape{a.Shape()[0], 1})
	}, a)
}

// row reads a vector as a matrix of one row.
func (e *expr) row(a *gorgonia.Node) *gorgonia.Node {
	return e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) {
		return gorgonia.Reshape(a, tensor.Shape{1, a.Shape()[0]})
	}, a)
}

// vectorAsRow applies f, which keeps shapes, to a matrix, or to a vector as to a matrix of one row.
func vectorAsRow(x *gorgonia.Node, f builder1) (*gorgonia.Node, error) {
	if !isVector(x) {
		return f(x)
	}
	var e expr
	return e.do1(func(y *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Reshape(y, x.Shape().Clone()) },
		e.do1(f, e.row(x))), e.err
}

func isVector(x *gorgonia.Node) bool { return x != nil && x.Shape().Dims() == 1 }

// affine is x·Wᵀ + b for W [out, in] and b [out].
func (e *expr) affine(x, weight, bias *gorgonia.Node) *gorgonia.Node {
	wt := e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Transpose(a) }, weight)
	return e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) {
		return gorgonia.BroadcastAdd(a, b, nil, []byte{0})
	}, e.do2(gorgonia.Mul, x, wt), e.row(bias))
}
