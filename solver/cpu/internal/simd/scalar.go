package simd

import (
	"math"

	"neuralode/plan"
)

// scalars are the functions of one and of two numbers in T.
type scalars[T Float] struct {
	unary  [256]func(T) T
	binary [256]func(a, b T) T
}

// newScalars takes every function by way of float64, but for those that have a quicker form in T.
func newScalars[T Float]() *scalars[T] {
	s := &scalars[T]{}
	for _, f := range plan.Functions() {
		fn := f.Fn
		if f.Arity == 1 {
			s.unary[fn] = func(x T) T { return T(fn.Eval1(float64(x))) }
		} else {
			s.binary[fn] = func(a, b T) T { return T(fn.Eval2(float64(a), float64(b))) }
		}
	}
	s.unary[plan.Identity] = func(x T) T { return x }
	s.unary[plan.Neg] = func(x T) T { return -x }
	s.unary[plan.Square] = func(x T) T { return x * x }
	s.unary[plan.Relu] = func(x T) T { return max(x, 0) }
	s.binary[plan.Add] = func(a, b T) T { return a + b }
	s.binary[plan.Sub] = func(a, b T) T { return a - b }
	s.binary[plan.Mul] = func(a, b T) T { return a * b }
	s.binary[plan.Div] = func(a, b T) T { return a / b }
	s.binary[plan.TanhVJP] = func(g, y T) T { return g - g*y*y }
	s.binary[plan.SigmoidVJP] = func(g, y T) T { return g * y * (1 - y) }
	s.binary[plan.ReluVJP] = reluVJP[T]
	if single, ok := any(s).(*scalars[float32]); ok {
		single.unary[plan.Exp], single.unary[plan.Tanh] = exp32, tanh32
		single.unary[plan.Sigmoid], single.unary[plan.Softplus] = sigmoid32, softplus32
		single.binary[plan.SoftplusVJP] = func(g, x float32) float32 { return g * sigmoid32(x) }
	}
	return s
}

func reluVJP[T Float](g, x T) T {
	if x > 0 {
		return g
	}
	return 0
}

// SumSquares is Σ x², in float64: four sums of every fourth number, added in order.
func SumSquares[T Float](x []T) float64 {
	var s [4]float64
	for ; len(x) >= 4; x = x[4:] {
		s[0] += float64(x[0]) * float64(x[0])
		s[1] += float64(x[1]) * float64(x[1])
		s[2] += float64(x[2]) * float64(x[2])
		s[3] += float64(x[3]) * float64(x[3])
	}
	for i, v := range x {
		s[i] += float64(v) * float64(v)
	}
	return s[0] + s[1] + s[2] + s[3]
}

func abs[T Float](x T) T { return T(math.Abs(float64(x))) }
