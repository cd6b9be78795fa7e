package kernels_test

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

type node = gorgonia.Node

// expr chains builders and keeps the first error.
type expr struct{ err error }

func (e *expr) do(n *node, err error) *node {
	if e.err == nil {
		e.err = err
	}
	return n
}

func (e *expr) add(a, b *node) *node { return e.do(gorgonia.Add(a, b)) }
func (e *expr) mul(a, b *node) *node { return e.do(gorgonia.HadamardProd(a, b)) }

// number is c times a.
func (e *expr) scale(c float64, a *node) *node {
	return e.do(gorgonia.HadamardProd(gorgonia.NewConstant(c), a))
}

// modelCase is a model to print and run.
type modelCase struct {
	name string
	dim  int
	mlp  *graph.MLP
	// f is a field for dim 3 when there is no mlp.
	f      func(e *expr, t, z *node, theta []*node) *node
	params []graph.Param
	inputs int
	g      func(e *expr, t, z, u *node, theta []*node) *node // instead of f where there are inputs
	head   *graph.Head
	ragged bool // losses at times of each sample's own, with a mask
}

func weight(name string, shape ...int) graph.Param { return graph.Param{Name: name, Shape: shape} }

// modelCases cover widths, depths, activations, time, every kind of instruction and every section of a plan.
func modelCases() []modelCase {
	linear := &graph.Head{Dim: 3, Readout: graph.Linear(2), Loss: graph.MeanSquaredError()}
	classes := &graph.Head{Dim: 3, Readout: graph.Linear(4), Loss: graph.CrossEntropy()}
	mlp := func(activation graph.Activation, time bool, sizes ...int) *graph.MLP {
		return &graph.MLP{Sizes: sizes, Activation: activation, Time: time}
	}
	return []modelCase{
		{name: "one layer", dim: 3, mlp: mlp(graph.Tanh, false, 3, 3), head: linear},
		{name: "time softplus", dim: 3, mlp: mlp(graph.Softplus, true, 3, 17, 6, 3), head: classes},
		{name: "wide tanh", dim: 2, mlp: mlp(graph.Tanh, false, 2, 128, 128, 2)},
		{name: "relu", dim: 3, mlp: mlp(graph.ReLU, false, 3, 16, 3)},
		{name: "deep gelu", dim: 3, mlp: mlp(graph.GELU, true, 3, 16, 32, 16, 3)},
		{name: "sigmoid", dim: 20, mlp: mlp(graph.Sigmoid, false, 20, 24, 20), head: &graph.Head{Dim: 20, Readout: graph.Linear(2), Loss: graph.MeanSquaredError()}},
		{name: "functions", dim: 3, f: functions},
		{name: "reductions", dim: 3, f: reductions, params: []graph.Param{weight("W", 3, 5), weight("b", 5), weight("V", 5, 3)}},
		{name: "shared sections", dim: 3, f: sharedSections, params: []graph.Param{weight("s"), weight("W", 3, 3)}, head: linear},
		{name: "pieces", dim: 3, f: pieces, params: []graph.Param{weight("c", 3)}},
		{name: "time alone", dim: 3, f: timeAlone, params: []graph.Param{weight("c", 3)}},
		{name: "derivative", dim: 3, f: downhill, params: []graph.Param{weight("W", 3, 5), weight("v", 5, 1)}, head: linear},
		{name: "inputs", dim: 3, inputs: 2, g: conditioned, params: []graph.Param{weight("W", 3, 3), weight("V", 2, 3)}, head: linear},
		{name: "trajectory", dim: 3, mlp: mlp(graph.Tanh, true, 3, 8, 3), ragged: true,
			head: &graph.Head{Dim: 3, Readout: turning(), Loss: graph.MeanSquaredError()}},
	}
}

func functions(e *expr, t, z *node, _ []*node) *node {
	square := e.do(gorgonia.Square(z))
	one := gorgonia.NewConstant(1.0)
	sum := e.add(e.do(gorgonia.Sin(z)), e.do(gorgonia.Cos(square)))
	sum = e.add(sum, e.do(gorgonia.Exp(e.do(gorgonia.Neg(square)))))
	sum = e.add(sum, e.do(gorgonia.Log1p(square)))
	sum = e.add(sum, e.do(gorgonia.Sqrt(e.do(gorgonia.Add(square, one)))))
	sum = e.add(sum, e.do(gorgonia.Inverse(e.do(gorgonia.Add(square, one)))))
	sum = e.add(sum, e.do(gorgonia.Log(e.do(gorgonia.Add(square, one)))))
	sum = e.add(sum, e.scale(0.1, e.do(gorgonia.Cube(e.do(gorgonia.Tanh(z))))))
	sum = e.add(sum, e.do(gorgonia.Abs(z)))
	sum = e.add(sum, e.do(graph.Elu(z, 0.7)))
	sum = e.add(sum, e.do(gorgonia.LeakyRelu(z, 0.1)))
	sum = e.do(gorgonia.HadamardDiv(sum, e.do(gorgonia.Add(square, gorgonia.NewConstant(2.0)))))
	gate := e.do(gorgonia.BroadcastHadamardProd(sum, e.do(gorgonia.Cos(t)), nil, []byte{1}))
	return e.do(gorgonia.Sub(gate, e.scale(0.5, z)))
}

func reductions(e *expr, _, z *node, theta []*node) *node {
	h := e.do(gorgonia.BroadcastAdd(e.do(gorgonia.Mul(z, theta[0])), e.do(gorgonia.Reshape(theta[1], []int{1, 5})), nil,
		[]byte{0}))
	h = e.do(graph.SoftMax(h))
	out := e.do(gorgonia.Mul(h, theta[2]))
	norm := e.do(gorgonia.Reshape(e.do(graph.LogSumExp(z)), column(z)))
	return e.do(gorgonia.BroadcastSub(out, norm, nil, []byte{1}))
}

// column is the shape [batch, 1].
func column(z *node) []int { return []int{z.Shape()[0], 1} }

// sharedSections has instructions on parameters alone, and on finished sums.
func sharedSections(e *expr, _, z *node, theta []*node) *node {
	skew := e.do(gorgonia.Sub(theta[1], e.do(gorgonia.Transpose(theta[1]))))
	skew = e.do(gorgonia.Tanh(skew))
	share := e.do(gorgonia.SoftMax(e.do(gorgonia.Slice(theta[1], gorgonia.S(0)))))
	// a number meets a matrix
	size := e.do(gorgonia.Norm(e.do(gorgonia.Sub(theta[1], e.do(gorgonia.Mean(theta[1])))), 1, 2))
	scales := e.do(gorgonia.HadamardDiv(share, size))
	turned := e.do(gorgonia.Tensordot([]int{1}, []int{0}, z, skew))
	damped := e.do(gorgonia.BroadcastHadamardProd(e.mul(theta[0], z), scales, nil, []byte{0}))
	// x is always below eˣ, so that no step meets a kink, where rounding decides.
	least := e.do(gorgonia.MinBetween(damped, e.do(gorgonia.Exp(damped))))
	most := e.do(gorgonia.MaxBetween(turned, e.do(gorgonia.Neg(e.do(gorgonia.Exp(e.do(gorgonia.Neg(turned))))))))
	return e.do(gorgonia.Sub(most, least))
}

func pieces(e *expr, t, z *node, theta []*node) *node {
	x, rest := e.do(graph.Slice(z, 1, 0, 1, 1)), e.do(graph.Slice(z, 1, 1, 3, 1))
	ends := e.do(graph.Slice(z, 1, 0, 3, 2))
	u := e.do(gorgonia.Tanh(e.add(rest, e.scale(0.3, ends))))
	joined := e.do(graph.Concat(1, u, e.do(gorgonia.Sub(e.do(gorgonia.Sin(t)), x))))
	return e.do(gorgonia.BroadcastAdd(joined, e.do(gorgonia.Reshape(theta[0], []int{1, 3})), nil, []byte{0}))
}

func timeAlone(e *expr, t, z *node, theta []*node) *node {
	zero := e.scale(0, z)
	grown := e.do(gorgonia.BroadcastAdd(zero, e.do(gorgonia.Cos(t)), nil, []byte{1}))
	return e.do(gorgonia.BroadcastHadamardProd(grown, e.do(gorgonia.Reshape(theta[0], []int{1, 3})), nil, []byte{0}))
}

// downhill is −∂V/∂z for V = tanh(z·W)·v: its plan has constants where others have cotangents.
func downhill(e *expr, _, z *node, theta []*node) *node {
	v := e.do(gorgonia.Mul(e.do(gorgonia.Tanh(e.do(gorgonia.Mul(z, theta[0])))), theta[1]))
	return e.do(gorgonia.Neg(e.do(graph.Grad(v, z))))
}

// conditioned is tanh(z·W + u·V) with the rates e^u₀.
func conditioned(e *expr, _, z, u *node, theta []*node) *node {
	h := e.do(gorgonia.Tanh(e.add(e.do(gorgonia.Mul(z, theta[0])), e.do(gorgonia.Mul(u, theta[1])))))
	return e.do(gorgonia.BroadcastHadamardProd(h, e.do(gorgonia.Exp(e.do(graph.Slice(u, 1, 0, 1, 1)))), nil, []byte{1}))
}

// turning is the read-out p·z·cos t.
func turning() graph.Readout {
	return graph.Readout{Params: func(int) []graph.Param { return []graph.Param{weight("p")} },
		TimeFunc: func(t, z *node, theta []*node) (*node, error) {
			var e expr
			wave := e.mul(e.do(gorgonia.Cos(t)), theta[0])
			return e.do(gorgonia.BroadcastHadamardProd(z, wave, nil, []byte{1})), e.err
		}}
}

// model lowers the case.
func (c modelCase) model(t *testing.T) solver.Model {
	t.Helper()
	field := graph.Field{Dim: c.dim, Params: c.params, Func: func(t, z *node, theta []*node) (*node, error) {
		var e expr
		f := c.f(&e, t, z, theta)
		return f, e.err
	}}
	if c.g != nil {
		field.Inputs, field.Func = c.inputs, nil
		field.InputFunc = func(t, z, u *node, theta []*node) (*node, error) {
			var e expr
			f := c.g(&e, t, z, u, theta)
			return f, e.err
		}
	}
	var err error
	if c.mlp != nil {
		field, err = c.mlp.Field()
	}
	if err != nil {
		t.Fatal(err)
	}
	var m solver.Model
	if m.Field, err = graph.LowerField(field); err != nil {
		t.Fatal(err)
	}
	if c.head != nil {
		if m.Head, err = graph.LowerHead(*c.head); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// wave is n numbers without pattern.
func wave(n int, scale, phase float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = scale * math.Sin(phase+1.7*float64(i)+0.3*float64(i*i%11))
	}
	return x
}

// problem is a batch of n samples with an objective: labels where there is a head, else cotangents also at the times.
func (c modelCase) problem(m solver.Model, n int, times []float64) ([]float64, solver.Batch, solver.Objective) {
	theta := wave(m.ThetaLen(), 0.6/math.Sqrt(float64(c.dim)), 0)
	if c.mlp != nil {
		theta = wave(m.ThetaLen(), 1/math.Sqrt(float64(c.mlp.Sizes[1])), 0)
	}
	b := solver.Batch{Z0: wave(n*c.dim, 1, 2), Inputs: wave(n*c.inputs, 0.5, 7),
		Spans: []solver.Span{{T0: 0.25, T1: 1.5}}}
	if c.head == nil {
		b.Times = times
		return theta, b, solver.Objective{Cotangent: wave(n*c.dim, 1, 3), Saved: wave(n*c.dim*len(times), 1, 4)}
	}
	if c.ragged {
		b, o := ragged(b, n, m.LabelWidth())
		return theta, b, o
	}
	o := solver.Objective{Labels: wave(n*m.LabelWidth(), 1, 5), Weight: wave(n, 1, 6)}
	return theta, b, o
}

// ragged gives sample i the first i%4 of three times, and a loss at each that is not masked.
func ragged(b solver.Batch, n, width int) (solver.Batch, solver.Objective) {
	b.Offsets = []int{0}
	o := solver.Objective{AtTimes: true}
	for i := range n {
		for k, at := range []float64{0.25, 0.9 + 0.1*math.Sin(float64(i)), 1.5}[:i%4] {
			b.Times, o.Mask = append(b.Times, at), append(o.Mask, (i+k)%5 == 4)
		}
		b.Offsets = append(b.Offsets, len(b.Times))
	}
	o.Labels, o.Weight = wave(len(b.Times)*width, 1, 5), wave(len(b.Times), 1, 6)
	return b, o
}
