// Package expr writes the formulae of fields, read-outs and losses: builders of Gorgonia nodes that return a node
// alone, so that a formula reads as one.
//
//	x, y := expr.Col(z, 0), expr.Col(z, 1)
//	xy := expr.Mul(x, y)
//	return expr.Columns(expr.Sub(expr.Mul(a, x), expr.Mul(b, xy)), expr.Sub(expr.Mul(d, xy), expr.Mul(c, y))), nil
//
// Where a builder cannot make its node, the function that calls it ends there, and [graph.LowerField] or
// [graph.LowerHead] returns a *[graph.TermError] with the line, the builder and the shapes; outside of functions that
// package graph calls, the builders panic with that error. Nodes of Gorgonia's own builders and of package graph's
// go with them.
//
// The two operands of Add, Sub, Mul, Div and Pow have one shape, or one of them is a number, a row for all samples ([1,
// d] or [d]), or a column of one number for each sample ([batch, 1]), which is repeated.
package expr

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/graph"
)

// Node is a node of an expression.
type Node = gorgonia.Node

// Number is the constant x.
func Number(x float64) *Node { return gorgonia.NewConstant(x) }

// Add returns a + b.
func Add(a, b *Node) *Node {
	return made("Add", func() (*Node, error) { return repeat(gorgonia.Add, gorgonia.BroadcastAdd, a, b) }, a, b)
}

// Sub returns a − b.
func Sub(a, b *Node) *Node {
	return made("Sub", func() (*Node, error) { return repeat(gorgonia.Sub, gorgonia.BroadcastSub, a, b) }, a, b)
}

// Mul returns a·b, number by number; [MatMul] is the matrix product.
func Mul(a, b *Node) *Node {
	return made("Mul", func() (*Node, error) {
		return repeat(gorgonia.HadamardProd, gorgonia.BroadcastHadamardProd, a, b)
	}, a, b)
}

// Div returns a/b, number by number.
func Div(a, b *Node) *Node {
	return made("Div", func() (*Node, error) {
		return repeat(gorgonia.HadamardDiv, gorgonia.BroadcastHadamardDiv, a, b)
	}, a, b)
}

// Pow returns a to the power of b, number by number, for a > 0, or for any a where b is a constant whole number.
func Pow(a, b *Node) *Node {
	return made("Pow", func() (*Node, error) { return repeat(gorgonia.Pow, gorgonia.BroadcastPow, a, b) }, a, b)
}

// Scale returns x·a for a number x.
func Scale(x float64, a *Node) *Node {
	return made("Scale", func() (*Node, error) { return gorgonia.HadamardProd(a, Number(x)) }, a)
}

// Shift returns x + a for a number x.
func Shift(x float64, a *Node) *Node {
	return made("Shift", func() (*Node, error) { return gorgonia.Add(a, Number(x)) }, a)
}

// Neg returns −a.
func Neg(a *Node) *Node { return made("Neg", func() (*Node, error) { return gorgonia.Neg(a) }, a) }

// Square returns a².
func Square(a *Node) *Node {
	return made("Square", func() (*Node, error) { return gorgonia.Square(a) }, a)
}

// Sqrt returns the square root of a.
func Sqrt(a *Node) *Node { return made("Sqrt", func() (*Node, error) { return gorgonia.Sqrt(a) }, a) }

// Abs returns |a|.
func Abs(a *Node) *Node { return made("Abs", func() (*Node, error) { return gorgonia.Abs(a) }, a) }

// Exp returns e to the power of a.
func Exp(a *Node) *Node { return made("Exp", func() (*Node, error) { return gorgonia.Exp(a) }, a) }

// Log returns the natural logarithm of a.
func Log(a *Node) *Node { return made("Log", func() (*Node, error) { return gorgonia.Log(a) }, a) }

// Sin returns the sine of a.
func Sin(a *Node) *Node { return made("Sin", func() (*Node, error) { return gorgonia.Sin(a) }, a) }

// Cos returns the cosine of a.
func Cos(a *Node) *Node { return made("Cos", func() (*Node, error) { return gorgonia.Cos(a) }, a) }

// Tanh returns the hyperbolic tangent of a.
func Tanh(a *Node) *Node { return made("Tanh", func() (*Node, error) { return gorgonia.Tanh(a) }, a) }

// Sigmoid returns 1/(1 + exp(−a)).
func Sigmoid(a *Node) *Node {
	return made("Sigmoid", func() (*Node, error) { return gorgonia.Sigmoid(a) }, a)
}

// Softplus returns log(1 + exp(a)).
func Softplus(a *Node) *Node {
	return made("Softplus", func() (*Node, error) { return gorgonia.Softplus(a) }, a)
}

// Relu returns max(a, 0).
func Relu(a *Node) *Node { return made("Relu", func() (*Node, error) { return graph.Relu(a) }, a) }

// MatMul returns the matrix product a·b: samples [batch, n] with parameters [n, m], or parameters with parameters.
func MatMul(a, b *Node) *Node {
	return made("MatMul", func() (*Node, error) { return gorgonia.Mul(a, b) }, a, b)
}

// Affine returns x·weightᵀ + bias for x [batch, in], weight [out, in] and bias [out]: a layer of a network.
func Affine(x, weight, bias *Node) *Node {
	return made("Affine", func() (*Node, error) {
		product, err := gorgonia.Mul(x, gorgonia.Must(gorgonia.Transpose(weight)))
		if err != nil {
			return nil, err
		}
		return repeat(gorgonia.Add, gorgonia.BroadcastAdd, product, bias)
	}, x, weight, bias)
}

// Col returns column j of x, counted from 0, as [batch, 1]: one component of each sample.
func Col(x *Node, j int) *Node {
	return made("Col", func() (*Node, error) { return graph.Slice(x, 1, j, j+1, 1) }, x)
}

// Cols returns the columns of x from one, counted from 0, to before another, as [batch, to − from].
func Cols(x *Node, from, to int) *Node {
	return made("Cols", func() (*Node, error) { return graph.Slice(x, 1, from, to, 1) }, x)
}

// Columns returns its operands side by side, [batch, n]: the components of each sample.
func Columns(columns ...*Node) *Node {
	return made("Columns", func() (*Node, error) { return graph.Concat(1, columns...) }, columns...)
}

// SumCols returns the sum of each sample's components, as [batch, 1].
func SumCols(x *Node) *Node {
	return made("SumCols", func() (*Node, error) {
		sum, err := gorgonia.Sum(x, 1)
		if err != nil {
			return nil, err
		}
		return gorgonia.Reshape(sum, tensor.Shape{x.Shape()[0], 1})
	}, x)
}

// Grad returns ∂(Σ of)/∂wrt in wrt's shape; see [graph.Grad].
func Grad(of, wrt *Node) *Node {
	return made("Grad", func() (*Node, error) { return graph.Grad(of, wrt) }, of, wrt)
}
