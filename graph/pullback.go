package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// checkDerivative reports an operation of which the derivative is not known to be right. Those of Gorgonia are known
// one by one; what another package defines answers for itself.
func checkDerivative(n *gorgonia.Node) error {
	op := n.Op()
	switch opType(op) {
	case "elemUnaryOp":
		if _, ok := functionOf(1, op.String()); !ok && op.String() != "expm1" {
			return unsupported(n)
		}
	case "elemBinOp", "maxBetween", "minBetween", "sizeOp", "sumOp", "maxOp", "repeatOp", "reshapeOp", "transposeOp",
		"sliceOp", "concatOp", "softmaxOp", "tensordotOp":
	case "linAlgBinOp":
		switch kind := opField(op, "āBinaryOperator").Uint(); kind {
		case outerProduct:
			return nodeError(n, "gorgonia.OuterProd has a wrong gradient; %s", remedyFor("OuterProd"))
		case batchedMatMul:
			return unsupported(n)
		}
	default:
		if _, ok := op.(gorgonia.SDOp); !ok || gorgonias(op) {
			return unsupported(n)
		}
	}
	return nil
}

// pullback returns the cotangents of n's operands for the cotangent g of n, where they are not zero. It is the
// operation's own but for those of which Gorgonia's cannot be differentiated once more.
func pullback(n *gorgonia.Node, kids []*gorgonia.Node, g *gorgonia.Node) ([]*gorgonia.Node, error) {
	switch op := n.Op(); opType(op) {
	case "sliceOp":
		dx, err := slicePullback(n, kids[0], g)
		return []*gorgonia.Node{dx}, err
	case "linAlgBinOp":
		if opField(op, "āBinaryOperator").Uint() == matVec {
			return matVecPullback(kids[0], kids[1], g, opField(op, "transA").Bool())
		}
	case "tensordotOp":
		return tensordotPullback(n, kids[0], kids[1], g)
	case "softmaxOp":
		dx, err := softmaxPullback(n, g)
		return []*gorgonia.Node{dx}, err
	case "elemBinOp":
		if c, ok := numbers(kids[1].Value()); ok && operator(op) == "^" && opType(kids[1].Op()) == "constantScalar" {
			dx, err := powerPullback(kids[0], c[0], g)
			return []*gorgonia.Node{dx, nil}, err
		}
	}
	return n.Op().(gorgonia.SDOp).SymDiff(slices.Clone(kids), n, g)
}

// powerPullback is c·x^(c−1)⊙g. Powers 0 and 1 are written without one, since the derivative of x⁰ would be 0·x⁻¹,
// which is not a number at 0.
func powerPullback(x *gorgonia.Node, c float64, g *gorgonia.Node) (*gorgonia.Node, error) {
	var e expr
	switch c {
	case 0:
		return fill(x, 0)
	case 1:
		return g, nil
	case 2:
		return e.do2(gorgonia.HadamardProd, e.scale(2, x), g), e.err
	}
	power := e.do2(gorgonia.Pow, x, gorgonia.NewConstant(c-1))
	return e.do2(gorgonia.HadamardProd, e.scale(c, power), g), e.err
}

// matVecPullback is that of A·v, or Aᵀ·v with trans set. Gorgonia's makes an outer product, of which its gradient is
// wrong.
func matVecPullback(a, v, g *gorgonia.Node, trans bool) ([]*gorgonia.Node, error) {
	var e expr
	left, right, back := g, v, a
	if trans {
		left, right = v, g
	} else {
		back = e.turn(a, true)
	}
	da := e.do2(gorgonia.Mul, e.reshape(left, left.Shape()[0], 1), e.reshape(right, 1, right.Shape()[0]))
	return []*gorgonia.Node{da, e.do2(gorgonia.Mul, back, g)}, e.err
}

// tensordotPullback is that of a contraction of one axis of each operand, written as the matrix product that it is.
func tensordotPullback(n, a, b, g *gorgonia.Node) ([]*gorgonia.Node, error) {
	aAxes, bAxes := opInts(n.Op(), "aAxes"), opInts(n.Op(), "bAxes")
	if len(aAxes) != 1 || a.Dims() > 2 || b.Dims() > 2 {
		return nil, unsupported(n)
	}
	var e expr
	turnA, turnB := a.Dims() == 2 && aAxes[0] == 0, b.Dims() == 2 && bAxes[0] == 1
	left, right := e.turn(e.reshape(a, matrixShape(a, 0)...), turnA), e.turn(e.reshape(b, matrixShape(b, 1)...), turnB)
	if e.err != nil {
		return nil, e.err
	}
	g = e.reshape(g, left.Shape()[0], right.Shape()[1])
	da := e.turn(e.do2(gorgonia.Mul, g, e.turn(right, true)), turnA)
	db := e.turn(e.do2(gorgonia.Mul, e.turn(left, true), g), turnB)
	return []*gorgonia.Node{da, db}, e.err
}

// matrixShape is the shape of x with an axis of length 1 put in where it is a vector.
func matrixShape(x *gorgonia.Node, axis int) []int {
	if isVector(x) {
		return slices.Insert([]int(x.Shape()), axis, 1)
	}
	return x.Shape()
}

// turn is the transpose of x where it is asked for.
func (e *expr) turn(x *gorgonia.Node, transposed bool) *gorgonia.Node {
	if !transposed {
		return x
	}
	return e.do1(func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Transpose(x) }, x)
}

// softmaxPullback is that of gorgonia.SoftMax, whose own is an operation without a derivative.
func softmaxPullback(y, g *gorgonia.Node) (*gorgonia.Node, error) {
	if opField(y.Op(), "isLog").Bool() {
		return nil, nodeError(y, "gorgonia.LogSoftMax is not supported; %s", remedyFor("LogSoftMax"))
	}
	var e expr
	turned := !isVector(y) && softmaxAxisOf(y) == 0
	y, g = e.reshape(y, matrixShape(y, 0)...), e.reshape(g, matrixShape(g, 0)...)
	return e.turn(e.softMaxVJP(e.turn(y, turned), e.turn(g, turned)), turned), e.err
}

// slicePullback puts g into zeros of x's shape. Gorgonia's does too, but has no derivative of its own.
func slicePullback(n, x, g *gorgonia.Node) (*gorgonia.Node, error) {
	whole := x.Shape().Clone()
	axis := int(opField(n.Op(), "along").Int())
	if len(whole) == 1 {
		whole, axis = tensor.Shape{1, whole[0]}, 1
	}
	if len(whole) != 2 {
		return nil, fmt.Errorf("slice of a node of shape %v; use at most two axes", x.Shape())
	}
	c, err := gorgoniaCut(n, axis, whole[axis])
	if err != nil || c.len() == whole[axis] {
		return g, err
	}
	part := whole.Clone()
	part[axis] = c.len()
	var e expr
	if g = e.reshape(g, part...); e.err != nil {
		return nil, e.err
	}
	return apply(newScatter(c, whole[axis]), g)
}

// reshape is a in another shape.
func (e *expr) reshape(a *gorgonia.Node, shape ...int) *gorgonia.Node {
	return e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) {
		if slices.Equal(a.Shape(), shape) {
			return a, nil
		}
		return gorgonia.Reshape(a, shape)
	}, a)
}
