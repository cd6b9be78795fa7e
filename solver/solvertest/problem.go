package solvertest

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/plan"
	"neuralode/reference"
	"neuralode/solver"
)

// problem is an initial value problem with its solution.
type problem struct {
	name  string
	field graph.Field
	theta []float64
	z0    []float64
	span  solver.Span
	want  []float64 // z(t1)
	each  bool      // it is for every method
}

type node = gorgonia.Node

// builder chains expressions and keeps the first error.
type builder struct{ err error }

func (b *builder) do(n *node, err error) *node {
	if b.err == nil {
		b.err = err
	}
	return n
}

func must[T any](t *testing.T, x T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// closed are problems with closed forms: DETEST (Hull et al. 1972) A1, A3, B5 in form of a linear oscillator, and the
// time-dependent sine problem of torchdiffeq's tests.
func closed() []problem {
	return []problem{
		{name: "decay", field: rate(), theta: []float64{-1}, z0: []float64{1, 2}, span: solver.Span{T1: 3},
			want: []float64{math.Exp(-3), 2 * math.Exp(-3)}},
		{name: "decay backward", each: true, field: rate(), theta: []float64{-1}, z0: []float64{1, 2},
			span: solver.Span{T0: 1, T1: -0.5}, want: []float64{math.Exp(1.5), 2 * math.Exp(1.5)}},
		{name: "oscillator", field: linear(), theta: []float64{0, 1, -1, 0}, z0: []float64{1, 0},
			span: solver.Span{T1: 4}, want: []float64{math.Cos(4), -math.Sin(4)}},
		{name: "DETEST A3", each: true, field: cosine(), z0: []float64{1}, span: solver.Span{T1: 5},
			want: []float64{math.Exp(math.Sin(5))}},
		{name: "nothing to do", field: rate(), theta: []float64{-1}, z0: []float64{1, 2},
			span: solver.Span{T0: 2, T1: 2}, want: []float64{1, 2}},
		{name: "cubic spiral", each: true, field: cubicSpiral(), theta: spiralTheta(), z0: []float64{2, 0},
			span: solver.Span{T1: 1.5}, want: []float64{1.2919915629767864, 0.97258607443451643}},
		{name: "Lotka-Volterra", field: lotkaVolterra(), z0: []float64{1, 1}, span: solver.Span{T1: 10},
			want: []float64{1.0263447675750893, 0.90969107813604162}},
		{name: "ring", field: ring(), theta: []float64{0.8}, z0: []float64{1, 0.5}, span: solver.Span{T1: 2},
			want: ringed(1, 0.5, 2)},
	}
}

// ring is dz/dt = (∂H/∂p, −∂H/∂q) for H = θ(q² + p²)²/4, the derivative taken inside the field: z turns by θ(q² + p²)t.
func ring() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "theta", Shape: nil}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			square := b.do(gorgonia.Square(b.do(gorgonia.Sum(b.do(gorgonia.Square(z)), 1))))
			energy := b.do(gorgonia.HadamardProd(b.do(gorgonia.HadamardProd(square, theta[0])),
				gorgonia.NewConstant(0.25)))
			d := b.do(graph.Grad(energy, z))
			return b.do(graph.Concat(1, b.do(graph.Slice(d, 1, 1, 2, 1)),
				b.do(gorgonia.Neg(b.do(graph.Slice(d, 1, 0, 1, 1)))))), b.err
		}}
}

// ringed is where the ring of θ = 0.8 takes (q, p) in time t.
func ringed(q, p, t float64) []float64 {
	s, c := math.Sincos(0.8 * (q*q + p*p) * t)
	return []float64{q*c + p*s, p*c - q*s}
}

// rate is dz/dt = θz, for two components.
func rate() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "rate", Shape: nil}},
		Func: func(_, z *node, theta []*node) (*node, error) { return gorgonia.HadamardProd(z, theta[0]) }}
}

// linear is dz/dt = A z.
func linear() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "A", Shape: []int{2, 2}}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			return b.do(gorgonia.Mul(z, b.do(gorgonia.Transpose(theta[0])))), b.err
		}}
}

// cosine is dz/dt = z cos t.
func cosine() graph.Field {
	return graph.Field{Dim: 1, Func: func(t, z *node, _ []*node) (*node, error) {
		var b builder
		return b.do(gorgonia.HadamardProd(z, b.do(gorgonia.Cos(t)))), b.err
	}}
}

// cubicSpiral is dz/dt = z³ A, the cube element by element (Chen et al. 2018).
func cubicSpiral() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "A", Shape: []int{2, 2}}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			return b.do(gorgonia.Mul(b.do(gorgonia.Cube(z)), theta[0])), b.err
		}}
}

func spiralTheta() []float64 { return []float64{-0.1, 2, -2, -0.1} }

// lotkaVolterra is the predator-prey system with 1.5, 1, 3, 1.
func lotkaVolterra() graph.Field {
	return graph.Field{Dim: 2, Func: func(_, z *node, _ []*node) (*node, error) {
		var b builder
		x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
		xy := b.do(gorgonia.HadamardProd(x, y))
		scaled := func(c float64, n *node) *node { return b.do(gorgonia.HadamardProd(gorgonia.NewConstant(c), n)) }
		dx := b.do(gorgonia.Sub(scaled(1.5, x), xy))
		dy := b.do(gorgonia.Sub(xy, scaled(3, y)))
		return b.do(graph.Concat(1, dx, dy)), b.err
	}}
}

// square is dz/dt = z², which reaches infinity at t = 1/z0.
func square() graph.Field {
	return graph.Field{Dim: 1, Func: func(_, z *node, _ []*node) (*node, error) { return gorgonia.Square(z) }}
}

func lower(t *testing.T, f graph.Field) *plan.Plan {
	t.Helper()
	p, err := graph.LowerField(f)
	return must(t, p, err)
}

// network is the model of a reference file with its loss.
func network(t *testing.T, p *reference.Problem) solver.Model {
	t.Helper()
	a, err := graph.ParseActivation(p.Activation)
	must(t, a, err)
	f, err := graph.MLP{Sizes: p.Sizes, Activation: a, Time: p.Time}.Field()
	must(t, f, err)
	h, err := graph.LowerHead(graph.Head{Dim: p.Dim(), Readout: graph.Component(0), Loss: graph.BinaryCrossEntropy()})
	return solver.Model{Field: lower(t, f), Head: must(t, h, err)}
}

// some is the first part of a reference file: its batch and labels.
func some(p *reference.Problem, n int) (solver.Batch, solver.Objective) {
	if n <= 0 || n > p.Batch() {
		n = p.Batch()
	}
	return solver.Batch{Z0: p.X[:n*p.Dim()], Spans: []solver.Span{{T0: p.T0, T1: p.T1}}},
		solver.Objective{Labels: p.Label[:n]}
}
