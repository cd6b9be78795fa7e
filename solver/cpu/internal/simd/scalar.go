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
	for i := range s.unary {
		fn := plan.Fn(i)
		s.unary[fn] = func(x T) T { return T(fn.Eval1(float64(x))) }
		s.binary[fn] = func(a, b T) T { return T(fn.Eval2(float64(a), float64(b))) }
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
	if single, ok := any(s).(*scalars[float32]); ok {
		single.unary[plan.Tanh] = tanh32
	}
	return s
}

// tanh32 is the rational function of degrees 13 and 6 that Eigen uses (generic_fast_tanh_float), and x itself near zero.
func tanh32(x float32) float32 {
	if x != x || x > -4e-4 && x < 4e-4 {
		return x
	}
	x = min(max(x, -7.90531110763549805), 7.90531110763549805)
	x2 := x * x
	p := float32(-2.76076847742355e-16)
	p = p*x2 + 2.00018790482477e-13
	p = p*x2 + -8.60467152213735e-11
	p = p*x2 + 5.12229709037114e-08
	p = p*x2 + 1.48572235717979e-05
	p = p*x2 + 6.37261928875436e-04
	p = p*x2 + 4.89352455891786e-03
	q := float32(1.19825839466702e-06)
	q = q*x2 + 1.18534705686654e-04
	q = q*x2 + 2.26843463243900e-03
	q = q*x2 + 4.89352518554385e-03
	return x * p / q
}

// SumSquares is Σ x², in float64.
func SumSquares[T Float](x []T) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

func abs[T Float](x T) T { return T(math.Abs(float64(x))) }
