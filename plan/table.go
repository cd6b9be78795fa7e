package plan

import (
	"math"
	"strings"
)

// Function is what the table of functions says of one.
type Function struct {
	Fn    Fn
	Name  string // as plans and errors print it
	Arity int    // 1 or 2
	IsVJP bool   // a cotangent times the derivative of another function; fusion makes it
	// C is the function in the CUDA C of package kernels, of the operands $x and $y: an expression that is only ever
	// assigned or put in brackets. Operands are names, elements or in brackets already.
	C string
	// Gorgonia is what Gorgonia's operation for the function prints; "" where Gorgonia has none.
	Gorgonia string

	value1, slope1 func(x float64) float64
	value2         func(a, b float64) float64
	slope2         func(a, b float64) (da, db float64)
}

// Functions lists the table of functions, in the order of their numbers.
func Functions() []Function {
	list := make([]Function, len(table))
	for i, f := range table {
		f.Fn = Fn(i)
		list[i] = f
	}
	return list
}

// Call is the function in CUDA C, applied to one operand or two.
func (f Function) Call(x, y string) string {
	return strings.NewReplacer("$x", x, "$y", y).Replace(f.C)
}

// table has a row for each function, at its number.
var table = [fnCount]Function{
	Identity: unary("identity", "$x", "", func(x float64) float64 { return x }, constant(1)),
	Neg:      unary("neg", "-$x", "neg", func(x float64) float64 { return -x }, constant(-1)),
	Exp:      unary("exp", "MATH(exp)($x)", "exp", math.Exp, math.Exp),
	Log:      unary("log", "MATH(log)($x)", "ln", math.Log, inverse),
	Log1p:    unary("log1p", "MATH(log1p)($x)", "log1p", math.Log1p, func(x float64) float64 { return 1 / (1 + x) }),
	Tanh: unary("tanh", "fnTanh($x)", "tanh", math.Tanh, func(x float64) float64 {
		return 1 - square(math.Tanh(x))
	}),
	Sigmoid: unary("sigmoid", "fnSigmoid($x)", "sigmoid", sigmoid, func(x float64) float64 {
		return sigmoid(x) * sigmoid(-x)
	}),
	Softplus: unary("softplus", "fnSoftplus($x)", "softplus", softplus, sigmoid),
	Relu:     unary("relu", "fnRelu($x)", "", relu, func(x float64) float64 { return indicator(x > 0) }),
	Sin:      unary("sin", "MATH(sin)($x)", "sin", math.Sin, math.Cos),
	Cos:      unary("cos", "MATH(cos)($x)", "cos", math.Cos, func(x float64) float64 { return -math.Sin(x) }),
	Square:   unary("square", "$x * $x", "square", square, func(x float64) float64 { return 2 * x }),
	Cube:     unary("cube", "$x * $x * $x", "cube", cube, func(x float64) float64 { return 3 * x * x }),
	Sqrt:     unary("sqrt", "MATH(sqrt)($x)", "sqrt", math.Sqrt, func(x float64) float64 { return 0.5 / math.Sqrt(x) }),
	Inverse:  unary("inverse", "1 / $x", "inv", inverse, func(x float64) float64 { return -1 / (x * x) }),
	Abs:      unary("abs", "MATH(fabs)($x)", "abs", math.Abs, sign),
	Sign:     unary("sign", "fnSign($x)", "sign", sign, constant(0)),

	Add: binary("add", "$x + $y", "+", func(a, b float64) float64 { return a + b },
		func(_, _ float64) (da, db float64) { return 1, 1 }),
	Sub: binary("sub", "$x - $y", "-", func(a, b float64) float64 { return a - b },
		func(_, _ float64) (da, db float64) { return 1, -1 }),
	Mul: binary("mul", "$x * $y", "⊙", func(a, b float64) float64 { return a * b },
		func(a, b float64) (da, db float64) { return b, a }),
	Div: binary("div", "$x / $y", "÷", func(a, b float64) float64 { return a / b },
		func(a, b float64) (da, db float64) { return 1 / b, -a / (b * b) }),
	Pow: binary("pow", "MATH(pow)($x, $y)", "^", math.Pow,
		func(a, b float64) (da, db float64) { return b * math.Pow(a, b-1), math.Pow(a, b) * math.Log(a) }),
	Max: binary("max", "fnMax($x, $y)", "MaxBetween", math.Max, chosen(func(a, b float64) bool { return a >= b })),
	Min: binary("min", "fnMin($x, $y)", "MinBetween", math.Min, chosen(func(a, b float64) bool { return a <= b })),
	Lt:  comparison("lt", "<", func(a, b float64) bool { return a < b }),
	Lte: comparison("lte", "<=", func(a, b float64) bool { return a <= b }),
	Gt:  comparison("gt", ">", func(a, b float64) bool { return a > b }),
	Gte: comparison("gte", ">=", func(a, b float64) bool { return a >= b }),
	Eq:  comparison("eq", "==", func(a, b float64) bool { return a == b }),
	Ne:  comparison("ne", "!=", func(a, b float64) bool { return a != b }),

	TanhVJP: vjp("tanh_vjp", "fnTanhVJP($x, $y)", func(g, y float64) float64 { return g * (1 - y*y) },
		func(g, y float64) (dg, dy float64) { return 1 - y*y, -2 * g * y }),
	SigmoidVJP: vjp("sigmoid_vjp", "fnSigmoidVJP($x, $y)", func(g, y float64) float64 { return g * y * (1 - y) },
		func(g, y float64) (dg, dy float64) { return y * (1 - y), g * (1 - 2*y) }),
	SoftplusVJP: vjp("softplus_vjp", "fnSoftplusVJP($x, $y)", func(g, x float64) float64 { return g * sigmoid(x) },
		func(g, x float64) (dg, dx float64) { return sigmoid(x), g * sigmoid(x) * sigmoid(-x) }),
	ReluVJP: vjp("relu_vjp", "fnReluVJP($x, $y)", func(g, x float64) float64 { return g * indicator(x > 0) },
		func(_, x float64) (dg, dx float64) { return indicator(x > 0), 0 }),
}

func unary(name, c, gorgonia string, value, slope func(float64) float64) Function {
	return Function{Name: name, Arity: 1, C: c, Gorgonia: gorgonia, value1: value, slope1: slope}
}

func binary(name, c, gorgonia string, value func(a, b float64) float64,
	slope func(a, b float64) (da, db float64)) Function {
	return Function{Name: name, Arity: 2, C: c, Gorgonia: gorgonia, value2: value, slope2: slope}
}

// comparison gives 1 or 0, and has no slope.
func comparison(name, operator string, holds func(a, b float64) bool) Function {
	return binary(name, "$x "+operator+" $y ? real(1) : real(0)", operator,
		func(a, b float64) float64 {
			return indicator(holds(a, b))
		}, func(_, _ float64) (da, db float64) { return 0, 0 })
}

func vjp(name, c string, value func(g, y float64) float64, slope func(g, y float64) (dg, dy float64)) Function {
	f := binary(name, c, "", value, slope)
	f.IsVJP = true
	return f
}

func constant(x float64) func(float64) float64 { return func(float64) float64 { return x } }

// chosen is the slope of a function that gives one of its operands.
func chosen(first func(a, b float64) bool) func(a, b float64) (da, db float64) {
	return func(a, b float64) (da, db float64) {
		da = indicator(first(a, b))
		return da, 1 - da
	}
}

func square(x float64) float64 { return x * x }

func cube(x float64) float64 { return x * x * x }

func inverse(x float64) float64 { return 1 / x }

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
