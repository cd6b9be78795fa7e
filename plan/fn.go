package plan

import "fmt"

// Fn is a scalar function of one or two numbers, applied element by element. What is known of it stands in one table,
// [Functions], which graph, the backends and their tests walk; Check refuses a function that has no place in it.
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

func (f Fn) String() string {
	if f.known() {
		return table[f].Name
	}
	return fmt.Sprintf("fn(%d)", uint8(f))
}

// known reports whether the table has all that lowering, backends and tests need of f.
func (f Fn) known() bool {
	if int(f) >= len(table) {
		return false
	}
	e := &table[f]
	one := e.Arity == 1 && e.value1 != nil && e.slope1 != nil
	two := e.Arity == 2 && e.value2 != nil && e.slope2 != nil
	return e.Name != "" && e.C != "" && (one || two)
}

// IsUnary reports whether f takes one argument.
func (f Fn) IsUnary() bool { return f.known() && table[f].Arity == 1 }

// IsVJP reports whether f is the derivative of another function, times a cotangent.
func (f Fn) IsVJP() bool { return f.known() && table[f].IsVJP }

// Eval1 is f(x) in float64 for a unary f. It panics for any other.
func (f Fn) Eval1(x float64) float64 { return f.entry(1).value1(x) }

// Eval2 is f(a, b) in float64 for a binary f. It panics for any other.
func (f Fn) Eval2(a, b float64) float64 { return f.entry(2).value2(a, b) }

// Slope1 is the derivative f'(x) of a unary f. Where f has a kink or a jump it is that of the side on which Gorgonia's
// gradient lies, or 0. It panics for a function of two numbers.
func (f Fn) Slope1(x float64) float64 { return f.entry(1).slope1(x) }

// Slope2 is the gradient (∂f/∂a, ∂f/∂b) of a binary f, under the rules of Slope1.
func (f Fn) Slope2(a, b float64) (da, db float64) { return f.entry(2).slope2(a, b) }

// entry is the row of the table for a function of that many numbers.
func (f Fn) entry(arity int) *Function {
	if int(f) >= len(table) || table[f].Arity != arity {
		panic(fmt.Sprintf("plan: %v is no function of %d numbers", f, arity))
	}
	return &table[f]
}
