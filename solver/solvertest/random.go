package solvertest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// randomFields differentiates fields of random operations, and compares with the reference backend, which interprets
// one instruction of a plan after another: what a backend fuses, stretches or leaves out must not show.
func (s Suite) randomFields(t *testing.T) {
	count := 60
	if s.Samples > 0 {
		count = 4 // each is compiled on an emulated device
	}
	for k := range count {
		r := rand.New(rand.NewPCG(uint64(k), 11))
		field := summed()
		if k > 0 {
			field = randomField(r)
		}
		mode := solver.Gradients()[k%len(solver.Gradients())]
		t.Run(fmt.Sprintf("%d/%v", k, mode), func(t *testing.T) { s.randomField(t, r, field, mode) })
	}
}

func (s Suite) randomField(t *testing.T, r *rand.Rand, field graph.Field, mode solver.Gradient) {
	m := solver.Model{Field: lower(t, field)}
	theta, z0, cotangent := make([]float64, m.ThetaLen()), make([]float64, 15), make([]float64, 15)
	for _, x := range [][]float64{theta, z0, cotangent} {
		for i := range x {
			x[i] = 2*r.Float64() - 1
		}
	}
	b, o := solver.Batch{Z0: z0, Spans: []solver.Span{{T0: 0.1, T1: 0.9}}}, solver.Objective{Cotangent: cotangent}
	double := Suite{Backend: solver.Reference(), Precision: solver.Float64}
	want := double.differentiate(t, m, double.spec(mode), theta, b, o)
	got := s.differentiate(t, m, s.spec(mode), theta, b, o)
	bound := s.choose(2e-3, 1e-6)
	near(t, "z1", got.Z1, want.Z1, bound)
	near(t, "∂L/∂z0", got.Z0, want.Z0, bound)
	near(t, "∂L/∂θ", got.Theta, want.Theta, bound)
}

// summed is tanh(w·Σ tanh z): the gradient of the sum is stretched over the components.
func summed() graph.Field {
	return graph.Field{Dim: 3, Params: []graph.Param{{Name: "w", Shape: []int{1, 3}}},
		Func: func(_, z *node, w []*node) (*node, error) {
			var b builder
			return b.do(gorgonia.Tanh(b.do(gorgonia.Mul(b.sum(b.do(gorgonia.Tanh(z))), w[0])))), b.err
		}}
}

// sum adds over the features, as a column.
func (b *builder) sum(x *node) *node {
	if b.err != nil || x.Shape()[1] == 1 {
		return x
	}
	return b.do(gorgonia.Reshape(b.do(gorgonia.Sum(x, 1)), []int{x.Shape()[0], 1}))
}

// choice is one random operation: its kind, on which earlier results it works, and its size.
type choice struct{ kind, a, b, size int }

// randomField draws a field of three components.
func randomField(r *rand.Rand) graph.Field {
	var choices []choice
	for range 3 + r.IntN(7) {
		choices = append(choices, choice{r.IntN(14), r.IntN(20), r.IntN(20), 1 + r.IntN(5)})
	}
	f := graph.Field{Dim: 3}
	widths := []int{1, 3}
	for _, c := range choices {
		shapes, width := c.shapes(widths)
		for _, s := range shapes {
			f.Params = append(f.Params, graph.Param{Name: fmt.Sprint("w", len(f.Params)), Shape: s})
		}
		widths = append(widths, width)
	}
	f.Params = append(f.Params, graph.Param{Name: "last", Shape: []int{widths[len(widths)-1], 3}})
	f.Func = func(t, z *node, theta []*node) (*node, error) {
		b, nodes := builder{}, []*node{t, z}
		for _, c := range choices {
			if nodes = append(nodes, c.build(&b, nodes, &theta)); b.err != nil {
				return nil, fmt.Errorf("%+v: %w", c, b.err)
			}
		}
		return b.do(gorgonia.Tanh(b.do(gorgonia.Mul(nodes[len(nodes)-1], theta[0])))), b.err
	}
	return f
}

// shapes are those of the parameters that the operation takes; width is that of its result.
func (c choice) shapes(widths []int) (shapes [][]int, width int) {
	a, b := widths[c.a%len(widths)], widths[c.b%len(widths)]
	switch c.kind {
	case 0:
		return [][]int{{a, c.size}}, c.size
	case 1, 2:
		return [][]int{{a, c.size}, {1, c.size}}, c.size
	case 3:
		return [][]int{{1, a}}, a
	case 4:
		return [][]int{{}}, a
	case 5:
		return [][]int{{a, a}}, a
	case 6:
		return nil, a + b
	case 7, 8:
		return nil, 1
	case 9:
		return nil, (a + 1) / 2
	}
	return nil, a
}

func (c choice) build(b *builder, nodes []*node, theta *[]*node) *node {
	x, y := nodes[c.a%len(nodes)], nodes[c.b%len(nodes)]
	take := func() *node {
		w := (*theta)[0]
		*theta = (*theta)[1:]
		return w
	}
	switch c.kind {
	case 0:
		return b.do(gorgonia.Mul(x, take()))
	case 1, 2:
		w := take()
		return b.do(gorgonia.Tanh(b.do(gorgonia.BroadcastAdd(b.do(gorgonia.Mul(x, w)), take(), nil, []byte{0}))))
	case 3:
		return b.do(gorgonia.BroadcastHadamardProd(x, take(), nil, []byte{0}))
	case 4:
		return b.do(gorgonia.HadamardProd(take(), x))
	case 5: // a function of parameters alone
		w := take()
		w = b.do(gorgonia.Sub(w, b.do(gorgonia.Mean(w))))
		return b.do(gorgonia.Mul(x, b.do(graph.SoftMax(b.do(gorgonia.Transpose(w))))))
	case 6:
		return b.do(graph.Concat(1, x, y))
	case 7:
		return b.sum(b.do(gorgonia.Tanh(x)))
	case 8:
		return b.do(graph.LogSumExp(x))
	case 9:
		return b.do(graph.Slice(x, 1, 0, x.Shape()[1], 2))
	case 10:
		return b.do(graph.SoftMax(x))
	}
	return c.elementwise(b, x, nodes[0])
}

func (c choice) elementwise(b *builder, x, t *node) *node {
	switch c.kind {
	case 11:
		if x.Shape()[1] == 1 {
			return b.do(gorgonia.HadamardProd(x, t))
		}
		return b.do(gorgonia.BroadcastHadamardProd(x, t, nil, []byte{1}))
	case 12:
		return b.do(gorgonia.HadamardDiv(x, b.do(gorgonia.Add(gorgonia.NewConstant(1.0), b.do(gorgonia.Square(x))))))
	}
	f := []func(*node) (*node, error){gorgonia.Sigmoid, gorgonia.Softplus, gorgonia.Sin, gorgonia.Cos, graph.Gelu}
	return b.do(f[c.size-1](x))
}
