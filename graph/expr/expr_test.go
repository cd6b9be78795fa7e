package expr

import (
	"errors"
	"math"
	"strings"
	"testing"

	"neuralode/graph"
	"neuralode/plan"
)

// params of the expressions: n [], r [1, 2], v [2], w [2, 2].
var params = []graph.Param{{Name: "n"}, {Name: "r", Shape: []int{1, 2}}, {Name: "v", Shape: []int{2}},
	{Name: "w", Shape: []int{2, 2}}}

func lower(f func(t, z *Node, p []*Node) *Node) (*plan.Plan, error) {
	return graph.LowerField(graph.Field{Dim: 2, Params: params,
		Func: func(t, z *Node, p []*Node) (*Node, error) { return f(t, z, p), nil }})
}

// point is t, z (2), n, r (2), v (2), w (2, 2): all that an expression depends on.
type point [12]float64

var points = []point{{0.3, 0.7, 1.4, 1.5, 0.5, 2, 0.25, 3, 1, 2, 0.75, 0.5},
	{2, 1.9, 0.2, 0.8, 1.25, 0.4, 2, 0.6, 0.3, 1, 2, 1.1}}

func both(f func(x float64) float64) func(p point) [2]float64 {
	return func(p point) [2]float64 { return [2]float64{f(p[1]), f(p[2])} }
}

func cases() map[string]struct {
	f    func(t, z *Node, p []*Node) *Node
	want func(p point) [2]float64
} {
	of := func(f func(z *Node) *Node) func(t, z *Node, p []*Node) *Node {
		return func(_, z *Node, _ []*Node) *Node { return f(z) }
	}
	type c = struct {
		f    func(t, z *Node, p []*Node) *Node
		want func(p point) [2]float64
	}
	return map[string]c{
		"Neg": {of(Neg), both(func(x float64) float64 { return -x })}, "Square": {of(Square), both(func(x float64) float64 { return x * x })},
		"Sqrt": {of(Sqrt), both(math.Sqrt)}, "Abs": {of(Abs), both(math.Abs)}, "Exp": {of(Exp), both(math.Exp)}, "Log": {of(Log), both(math.Log)},
		"Sin": {of(Sin), both(math.Sin)}, "Cos": {of(Cos), both(math.Cos)}, "Tanh": {of(Tanh), both(math.Tanh)},
		"Sigmoid":  {of(Sigmoid), both(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) })},
		"Softplus": {of(Softplus), both(func(x float64) float64 { return math.Log1p(math.Exp(x)) })},
		"Relu":     {of(func(z *Node) *Node { return Relu(Shift(-1, z)) }), both(func(x float64) float64 { return max(x-1, 0) })},
		"Scale":    {of(func(z *Node) *Node { return Scale(3, z) }), both(func(x float64) float64 { return 3 * x })},
		"Shift":    {of(func(z *Node) *Node { return Shift(3, z) }), both(func(x float64) float64 { return 3 + x })},
		"Add a number": {func(_, z *Node, p []*Node) *Node { return Add(p[0], z) },
			func(p point) [2]float64 { return [2]float64{p[3] + p[1], p[3] + p[2]} }},
		"Sub a row": {func(_, z *Node, p []*Node) *Node { return Sub(p[1], z) },
			func(p point) [2]float64 { return [2]float64{p[4] - p[1], p[5] - p[2]} }},
		"Sub from a vector": {func(_, z *Node, p []*Node) *Node { return Sub(z, p[2]) },
			func(p point) [2]float64 { return [2]float64{p[1] - p[6], p[2] - p[7]} }},
		"Mul with a column": {func(t, z *Node, _ []*Node) *Node { return Mul(t, z) },
			func(p point) [2]float64 { return [2]float64{p[0] * p[1], p[0] * p[2]} }},
		"Mul of two": {of(func(z *Node) *Node { return Mul(z, z) }), both(func(x float64) float64 { return x * x })},
		"Mul of a column and a row": {func(t, z *Node, p []*Node) *Node { return Add(Mul(t, p[1]), z) },
			func(p point) [2]float64 { return [2]float64{p[0]*p[4] + p[1], p[0]*p[5] + p[2]} }},
		"Div by a column": {func(t, z *Node, _ []*Node) *Node { return Div(z, t) },
			func(p point) [2]float64 { return [2]float64{p[1] / p[0], p[2] / p[0]} }},
		"Div a row": {func(_, z *Node, p []*Node) *Node { return Div(p[2], z) },
			func(p point) [2]float64 { return [2]float64{p[6] / p[1], p[7] / p[2]} }},
		"Pow of a number": {of(func(z *Node) *Node { return Pow(z, Number(3)) }), both(func(x float64) float64 { return x * x * x })},
		"Pow of a row": {func(_, z *Node, p []*Node) *Node { return Pow(z, p[1]) },
			func(p point) [2]float64 { return [2]float64{math.Pow(p[1], p[4]), math.Pow(p[2], p[5])} }},
		"MatMul": {func(_, z *Node, p []*Node) *Node { return MatMul(z, p[3]) },
			func(p point) [2]float64 { return [2]float64{p[1]*p[8] + p[2]*p[10], p[1]*p[9] + p[2]*p[11]} }},
		"Affine": {func(_, z *Node, p []*Node) *Node { return Affine(z, p[3], p[2]) },
			func(p point) [2]float64 {
				return [2]float64{p[1]*p[8] + p[2]*p[9] + p[6], p[1]*p[10] + p[2]*p[11] + p[7]}
			}},
		"Columns of Col": {of(func(z *Node) *Node { return Columns(Mul(Col(z, 0), Col(z, 1)), Col(z, 0)) }),
			func(p point) [2]float64 { return [2]float64{p[1] * p[2], p[1]} }},
		"Cols": {of(func(z *Node) *Node { return Cols(Columns(z, z), 1, 3) }),
			func(p point) [2]float64 { return [2]float64{p[2], p[1]} }},
		"SumCols": {of(func(z *Node) *Node { return Mul(z, SumCols(z)) }),
			func(p point) [2]float64 { return [2]float64{p[1] * (p[1] + p[2]), p[2] * (p[1] + p[2])} }},
		"Grad": {of(func(z *Node) *Node { return Grad(SumCols(Pow(z, Number(3))), z) }), both(func(x float64) float64 { return 3 * x * x })},
	}
}

// TestValuesAndGradients compares each builder with its formula, and its VJP with differences of that formula.
func TestValuesAndGradients(t *testing.T) {
	cotangent := [2]float64{0.6, -1.7}
	for name, c := range cases() {
		p, err := lower(c.f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, x := range points {
			m := plan.NewMachine(p)
			m.SetTheta(x[3:])
			m.Forward(1, map[string][]float64{"t": x[:1], "z": x[1:3]})
			want := c.want(x)
			for i, y := range m.Output("f") {
				if math.Abs(y-want[i]) > 1e-14*(1+math.Abs(want[i])) {
					t.Errorf("%s at %v: component %d is %v, want %v", name, x, i, y, want[i])
				}
			}
			m.VJP(map[string][]float64{"f": cotangent[:]})
			grad := make([]float64, len(x))
			copy(grad[1:], m.InputGrad("z"))
			m.ThetaGrad(grad[3:])
			for k := 1; k < len(x); k++ { // fields have no gradient for t
				if want := slope(c.want, x, k, cotangent); math.Abs(grad[k]-want) > 1e-7*(1+math.Abs(want)) {
					t.Errorf("%s at %v: gradient %d is %v, want %v", name, x, k, grad[k], want)
				}
			}
		}
	}
}

// slope is the derivative of ⟨cotangent, f⟩ for coordinate k, by differences.
func slope(f func(point) [2]float64, x point, k int, cotangent [2]float64) float64 {
	const h = 1e-5
	low, high := x, x
	low[k], high[k] = x[k]-h, x[k]+h
	a, b := f(low), f(high)
	return (cotangent[0]*(b[0]-a[0]) + cotangent[1]*(b[1]-a[1])) / (2 * h)
}

// TestErrorsNameTheLine: a builder that has no node to give ends the function with an error that says where.
func TestErrorsNameTheLine(t *testing.T) {
	for want, f := range map[string]func(t, z *Node, p []*Node) *Node{
		"Add of [5 2] and [5 4]: want operands of one shape": func(_, z *Node, _ []*Node) *Node { return Add(z, Columns(z, z)) },
		"MatMul of [5 2] and [5 1]":                          func(t, z *Node, _ []*Node) *Node { return MatMul(z, t) },
		"Mul of [5 2] and nil: operand 2 is nil":             func(_, z *Node, _ []*Node) *Node { return Mul(z, nil) },
		"Col of [5 2]":                                       func(_, z *Node, _ []*Node) *Node { return Col(z, 2) },
		"Sin of nil":                                         func(_, _ *Node, _ []*Node) *Node { return Sin(nil) },
	} {
		_, err := lower(f)
		var term *graph.TermError
		if !errors.As(err, &term) || term.File != "expr_test.go" || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
			continue
		}
		if strings.Contains(err.Error(), "panic") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v", err)
		}
	}
}
