package onnx

import "neuralode/plan"

// unaries are the functions that ONNX has itself.
var unaries = map[plan.Fn]string{
	plan.Identity: "Identity", plan.Neg: "Neg", plan.Exp: "Exp", plan.Log: "Log", plan.Tanh: "Tanh",
	plan.Sigmoid: "Sigmoid", plan.Relu: "Relu", plan.Sin: "Sin", plan.Cos: "Cos", plan.Sqrt: "Sqrt",
	plan.Inverse: "Reciprocal", plan.Abs: "Abs", plan.Sign: "Sign",
}

// binaries are the same of two numbers.
var binaries = map[plan.Fn]string{
	plan.Add: "Add", plan.Sub: "Sub", plan.Mul: "Mul", plan.Div: "Div", plan.Pow: "Pow", plan.Max: "Max",
	plan.Min: "Min",
}

// comparisons give truth values, which become 1 and 0.
var comparisons = map[plan.Fn]string{
	plan.Lt: "Less", plan.Lte: "LessOrEqual", plan.Gt: "Greater", plan.Gte: "GreaterOrEqual", plan.Eq: "Equal",
}

func (e *exporter) unary(f plan.Fn, x string) string {
	switch f {
	case plan.Square:
		return e.node("Mul", x, x)
	case plan.Cube:
		return e.node("Mul", e.node("Mul", x, x), x)
	case plan.Log1p:
		return e.log1p(x)
	case plan.Softplus: // max(x, 0) + log1p(exp(−|x|)): ONNX's own loses what is small beside 1
		return e.node("Add", e.node("Relu", x), e.log1p(e.node("Exp", e.node("Neg", e.node("Abs", x)))))
	}
	if op, known := unaries[f]; known {
		return e.node(op, x)
	}
	panic("onnx: unknown function " + f.String())
}

// log1p is x·log(u)/(u − 1) with u = 1 + x, and x where u is 1 (Higham, Accuracy and Stability of Numerical Algorithms,
// 1.14.1).
func (e *exporter) log1p(x string) string {
	one := e.number(1)
	u := e.node("Add", x, one)
	tiny := e.node("Equal", u, one)
	ratio := e.node("Div", e.node("Log", u), e.node("Where", tiny, one, e.node("Sub", u, one)))
	return e.node("Where", tiny, x, e.node("Mul", x, ratio))
}

func (e *exporter) binary(f plan.Fn, a, b string) string {
	switch f {
	case plan.Ne:
		return e.truth(e.node("Not", e.node("Equal", a, b)))
	case plan.TanhVJP: // g·(1 − y²)
		return e.node("Mul", a, e.node("Sub", e.number(1), e.node("Mul", b, b)))
	case plan.SigmoidVJP: // g·y·(1 − y)
		return e.node("Mul", e.node("Mul", a, b), e.node("Sub", e.number(1), b))
	case plan.SoftplusVJP: // g·sigmoid(x)
		return e.node("Mul", a, e.node("Sigmoid", b))
	case plan.ReluVJP: // g where x > 0
		return e.node("Mul", a, e.truth(e.node("Greater", b, e.number(0))))
	}
	if op, known := binaries[f]; known {
		return e.node(op, a, b)
	}
	if op, known := comparisons[f]; known {
		return e.truth(e.node(op, a, b))
	}
	panic("onnx: unknown function " + f.String())
}

// truth makes numbers of truth values.
func (e *exporter) truth(x string) string {
	return e.nodeWith("Cast", []attribute{{name: "to", one: e.elements()}}, x)
}

func (e *exporter) number(x float64) string { return e.numbers("", []float64{x}, 1, 1) }
