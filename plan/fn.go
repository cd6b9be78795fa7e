package plan

import (
	"fmt"
	"math"
)

// Fn is a scalar function of one or two numbers, applied element by element.
type Fn uint8

// The functions. Unary ones first, then binary ones; the last group are derivatives that fusion makes: they take the
// cotangent g of the result first, then the result y or the argument x of the function they belong to.
const (
	Identity Fn = iota
	Neg
	Exp
	Log
	Log1p
	Tanh
	Sigmoid
	Softplus
	Relu
	Sin
	Cos
	Square
	Cube
	Sqrt
	Inverse
	Abs
	Sign
	lastUnary = Sign
)

// Binary functions.
const (
	Add Fn = lastUnary + 1 + iota
	Sub
	Mul
	Div
	Pow
	Max
	Min
	Lt // comparisons give 1 or 0
	Lte
	Gt
	Gte
	Eq
	Ne
	TanhVJP     // g·(1 − y²)
	SigmoidVJP  // g·y·(1 − y)
	SoftplusVJP // g·sigmoid(x)
	ReluVJP     // g where x > 0, else 0
	fnCount
)

var fnNames = [fnCount]string{"identity", "neg", "exp", "log", "log1p", "tanh", "sigmoid", "softplus", "relu", "sin",
	"cos", "square", "cube", "sqrt", "inverse", "abs", "sign", "add", "sub", "mul", "div", "pow", "max", "min", "lt",
	"lte", "gt", "gte", "eq", "ne", "tanh_vjp", "sigmoid_vjp", "softplus_vjp", "relu_vjp"}

func (f Fn) String() string {
	if f < fnCount {
		return fnNames[f]
	}
	return fmt.Sprintf("fn(%d)", uint8(f))
}

// IsUnary reports whether f takes one argument.
func (f Fn) IsUnary() bool { return f <= lastUnary }

// Eval1 is f(x) in float64 for a unary f. It panics for any other.
func (f Fn) Eval1(x float64) float64 {
	switch f {
	case Identity:
		return x
	case Neg:
		return -x
	case Exp:
		return math.Exp(x)
	case Log:
		return math.Log(x)
	case Log1p:
		return math.Log1p(x)
	case Tanh:
		return math.Tanh(x)
	case Sigmoid:
		return sigmoid(x)
	case Softplus:
		return softplus(x)
	case Relu:
		return relu(x)
	case Sin:
		return math.Sin(x)
	case Cos:
		return math.Cos(x)
	case Square:
		return x * x
	case Cube:
		return x * x * x
	case Sqrt:
		return math.Sqrt(x)
	case Inverse:
		return 1 / x
	case Abs:
		return math.Abs(x)
	case Sign:
		return sign(x)
	}
	panic("plan: Eval1 of " + f.String())
}

// Eval2 is f(a, b) in float64 for a binary f. It panics for any other.
func (f Fn) Eval2(a, b float64) float64 {
	switch f {
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Pow:
		return math.Pow(a, b)
	case Max:
		return math.Max(a, b)
	case Min:
		return math.Min(a, b)
	case Lt:
		return indicator(a < b)
	case Lte:
		return indicator(a <= b)
	case Gt:
		return indicator(a > b)
	case Gte:
		return indicator(a >= b)
	case Eq:
		return indicator(a == b)
	case Ne:
		return indicator(a != b)
	case TanhVJP:
		return a * (1 - b*b)
	case SigmoidVJP:
		return a * b * (1 - b)
	case SoftplusVJP:
		return a * sigmoid(b)
	case ReluVJP:
		return a * indicator(b > 0)
	}
	panic("plan: Eval2 of " + f.String())
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

// softplus is log(1 + eˣ) without overflow.
func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// relu passes NaN on, as max(x, 0) does not in every language.
func relu(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 and NaN
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
