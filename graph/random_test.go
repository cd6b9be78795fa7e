package graph

import (
	"fmt"
	"testing"

	"gorgonia.org/gorgonia"
	"pgregory.net/rapid"

	"neuralode/plan"
)

// step adds one node to a random expression: an operation on two earlier nodes.
type step struct{ op, a, b, k int }

// recipe is a random expression of z [batch, 3], t and parameters. All nodes are matrices with one row per sample.
type recipe struct {
	steps  []step
	params []Param
}

// grower holds the nodes made so far.
type grower struct {
	expr
	nodes []*gnode
	w     []*gnode // parameters not yet used
}

func (g *grower) take() *gnode {
	w := g.w[0]
	g.w = g.w[1:]
	return w
}

// stepKinds is the number of operations in grow.
const stepKinds = 26

// paramShapes declares what a step needs, given the widths of the nodes so far, and returns the width of its result.
func (s step) paramShapes(widths []int) (shapes [][]int, width int) {
	a, b := widths[s.a%len(widths)], widths[s.b%len(widths)]
	k := s.k%4 + 1
	switch s.op {
	case 0:
		return [][]int{{a, k}}, k
	case 1:
		return [][]int{{k, a}, {k}}, k
	case 2:
		return [][]int{{1, a}}, a
	case 3:
		return [][]int{{}}, a
	case 4:
		return [][]int{{k, a}}, k
	case 5:
		return nil, min(a+b, 6)
	case 15, 16:
		return [][]int{{a}}, a
	case 6, 7:
		return nil, 1
	case 8:
		return nil, (a + 1) / 2
	}
	return nil, a
}

func (g *grower) grow(s step) *gnode {
	a, b := g.nodes[s.a%len(g.nodes)], g.nodes[s.b%len(g.nodes)]
	switch s.op {
	case 0:
		return g.do2(gorgonia.Mul, a, g.take())
	case 1:
		w := g.take()
		return g.affine(a, w, g.take())
	case 2:
		f := []builderB{gorgonia.BroadcastAdd, gorgonia.BroadcastSub, gorgonia.BroadcastHadamardProd}[s.k%3]
		return g.do2(broadcast(f, nil, []byte{0}), a, g.take())
	case 3:
		return g.do2(gorgonia.HadamardProd, g.take(), a)
	case 4:
		h := g.do2(gorgonia.Mul, g.take(), g.do1(transposed, a))
		return g.do1(transposed, g.do1(gorgonia.Sin, h))
	case 5:
		return g.join(a, b)
	case 6:
		return g.sum(g.do1(gorgonia.Tanh, a))
	case 7:
		return g.do1(LogSumExp, a)
	case 8:
		return g.do1(func(a *gnode) (*gnode, error) { return Slice(a, 1, 0, a.Shape()[1], 2) }, a)
	case 9:
		return g.do1(SoftMax, a)
	case 10:
		return g.stretch(gorgonia.BroadcastHadamardProd, a, g.nodes[0])
	case 11:
		return g.do2(gorgonia.HadamardDiv, a, g.shift(1, g.do1(gorgonia.Softplus, a)))
	case 12:
		return g.do2(gorgonia.Pow, g.shift(1, g.do1(gorgonia.Sigmoid, a)), g.do1(gorgonia.Tanh, a))
	case 13:
		return g.do2(gorgonia.HadamardProd, a, g.do2(compare(gorgonia.Gt), a, gorgonia.NewConstant(0.1)))
	case 14:
		f := []builder2{gorgonia.MaxBetween, gorgonia.MinBetween}[s.k%2]
		return g.do2(f, a, g.do1(gorgonia.Cos, a))
	case 15, 16:
		f := []builder1{SoftMax, LogSoftMax, func(w *gnode) (*gnode, error) { return gorgonia.SoftMax(w) }}[s.k%3]
		return g.do2(broadcast(gorgonia.BroadcastHadamardProd, nil, []byte{0}), a, g.do1(f, g.take()))
	}
	return g.unary(s, a, b)
}

func (g *grower) unary(s step, a, b *gnode) *gnode {
	if s.op >= 22 && b.Shape()[1] == a.Shape()[1] {
		f := []builder2{gorgonia.Add, gorgonia.Sub, gorgonia.HadamardProd, gorgonia.HadamardProd}[s.op-22]
		return g.do1(gorgonia.Tanh, g.do2(f, a, b))
	}
	f := []builder1{gorgonia.Tanh, gorgonia.Sigmoid, gorgonia.Softplus, Relu, gorgonia.Sin, gorgonia.Cos, Gelu,
		gorgonia.Neg}[s.k%8]
	return g.do1(f, a)
}

// join puts a and b side by side, up to 6 columns.
func (g *grower) join(a, b *gnode) *gnode {
	both := g.do2(func(a, b *gnode) (*gnode, error) { return Concat(1, a, b) }, a, b)
	if g.err == nil && both.Shape()[1] > 6 {
		return g.do1(func(a *gnode) (*gnode, error) { return Slice(a, 1, 0, 6, 1) }, both)
	}
	return both
}

// newRecipe draws an expression.
func newRecipe(t *rapid.T) recipe {
	var r recipe
	widths := []int{1, 3}
	for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
		s := step{rapid.IntRange(0, stepKinds-1).Draw(t, "op"), rapid.IntRange(0, 20).Draw(t, "a"),
			rapid.IntRange(0, 20).Draw(t, "b"), rapid.IntRange(0, 23).Draw(t, "k")}
		shapes, width := s.paramShapes(widths)
		for j, shape := range shapes {
			r.params = append(r.params, Param{fmt.Sprintf("w%d.%d", i, j), shape})
		}
		r.steps = append(r.steps, s)
		widths = append(widths, width)
	}
	r.params = append(r.params, Param{"last", []int{widths[len(widths)-1], 3}})
	return r
}

func (r recipe) field() Field {
	return Field{Dim: 3, Params: r.params, Func: func(t, z *gnode, w []*gnode) (*gnode, error) {
		g := grower{nodes: []*gnode{t, z}, w: w}
		for _, s := range r.steps {
			g.nodes = append(g.nodes, g.grow(s))
			if g.err != nil {
				return nil, fmt.Errorf("step %+v: %w", s, g.err)
			}
		}
		return g.do2(gorgonia.Mul, g.nodes[len(g.nodes)-1], g.take()), g.err
	}}
}

// Any expression gives what the TapeMachine gives, before and after fusion, and for a batch at once or sample by
// sample.
func TestRandomExpressionsMatchTapeMachine(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newRecipe(rt).field()
		raw, err := lowerField(f)
		if err != nil {
			rt.Fatal(err)
		}
		batch := rapid.IntRange(1, 6).Draw(rt, "batch")
		q := ask(newRand(rapid.Uint64().Draw(rt, "seed")), raw, batch)
		want := tape(t, f.trace, q)
		got := interpret(t, raw, q)
		agree(rt, "unfused", got, want, 1e-10)
		fused := plan.Fuse(raw)
		agree(rt, "fused", interpret(t, fused, q), want, 1e-10)
		agree(rt, "sample by sample", samples(fused, q), want, 1e-10)
		forward := interpret(t, plan.Forward(fused), q)
		near(rt, "forward part", forward.outputs["f"], want.outputs["f"], 1e-10)
	})
}

// samples answers with one sample at a time, adding to the same accumulators.
func samples(p *plan.Plan, q question) answers {
	m := plan.NewMachine(p)
	m.SetTheta(q.theta)
	a := answers{map[string][]float64{}, map[string][]float64{}, make([]float64, p.ThetaLen())}
	part := func(x []float64, i int) []float64 { return x[i*len(x)/q.batch : (i+1)*len(x)/q.batch] }
	for i := range q.batch {
		one := map[string][]float64{}
		for name, x := range q.inputs {
			one[name] = part(x, i)
		}
		m.Forward(1, one)
		a.outputs["f"] = append(a.outputs["f"], m.Output("f")...)
		if p.HasVJP() {
			m.VJP(map[string][]float64{"f": part(q.cotangent, i)})
			a.inputGrads["z"] = append(a.inputGrads["z"], m.InputGrad("z")...)
		}
	}
	m.ThetaGrad(a.theta)
	return a
}
