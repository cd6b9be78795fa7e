package graph

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/plan"
)

// answers are the numbers that an expression gives for one batch: outputs, gradients of inputs, gradient of θ.
type answers struct {
	outputs    map[string][]float64
	inputGrads map[string][]float64
	theta      []float64
}

// question is what to evaluate an expression for.
type question struct {
	batch     int
	theta     []float64
	inputs    map[string][]float64
	cotangent []float64
}

// ask draws a question for a plan. Numbers lie in ±1.
func ask(rng *rand.Rand, p *plan.Plan, batch int) question {
	q := question{batch: batch, inputs: map[string][]float64{}}
	q.theta = draw(rng, p.ThetaLen())
	for _, in := range p.Inputs {
		q.inputs[in.Name] = draw(rng, batch*p.Values[in.Value].Cols)
	}
	for _, c := range p.Cotangents {
		q.cotangent = draw(rng, batch*p.Values[c.Value].Cols)
	}
	return q
}

func draw(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 2*rng.Float64() - 1
	}
	return x
}

// interpret answers with the plan's interpreter.
func interpret(t testing.TB, p *plan.Plan, q question) answers {
	t.Helper()
	if err := p.Check(); err != nil {
		t.Fatalf("plan is not well formed: %v", err)
	}
	m := plan.NewMachine(p)
	m.SetTheta(q.theta)
	m.Forward(q.batch, q.inputs)
	a := answers{map[string][]float64{}, map[string][]float64{}, make([]float64, p.ThetaLen())}
	for _, out := range p.Outputs {
		a.outputs[out.Name] = clone(m.Output(out.Name))
	}
	if p.HasVJP() {
		m.VJP(map[string][]float64{p.Cotangents[0].Name: q.cotangent})
		for _, g := range p.InputGrads {
			a.inputGrads[g.Name] = clone(m.InputGrad(g.Name))
		}
		m.ThetaGrad(a.theta)
	}
	return a
}

func clone(x []float64) []float64 { return append([]float64(nil), x...) }

// tape answers with Gorgonia's TapeMachine on the expression's own graph.
func tape(t testing.TB, build func(batch int) (*trace, error), q question) answers {
	t.Helper()
	tr, err := build(q.batch)
	if err != nil {
		t.Fatal(err)
	}
	theta := q.theta
	for _, p := range tr.params {
		theta = theta[let(t, p.node, theta):]
	}
	for _, in := range tr.inputs {
		let(t, in.node, q.inputs[in.name])
	}
	if tr.cotangent.node != nil {
		let(t, tr.cotangent.node, q.cotangent)
	}
	a := answers{map[string][]float64{}, map[string][]float64{}, nil}
	read := func(list []named) []*gorgonia.Value {
		values := make([]*gorgonia.Value, len(list))
		for i, n := range list {
			values[i] = new(gorgonia.Value)
			if n.node != nil && n.node.Op() != nil {
				gorgonia.Read(n.node, values[i])
			}
		}
		return values
	}
	outs, ins, pars := read(tr.outputs), read(tr.inputGrads), read(tr.paramGrads)
	vm := gorgonia.NewTapeMachine(tr.graph)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatalf("TapeMachine: %v", err)
	}
	for i, v := range outs {
		a.outputs[tr.outputs[i].name] = content(t, *v, tr.outputs[i].node)
	}
	for i, v := range ins {
		a.inputGrads[tr.inputGrads[i].name] = content(t, *v, tr.inputGrads[i].node)
	}
	for i, v := range pars {
		g := content(t, *v, tr.paramGrads[i].node)
		if g == nil {
			g = make([]float64, tr.params[i].node.Shape().TotalSize())
		}
		a.theta = append(a.theta, g...)
	}
	return a
}

// let binds a prefix of data to an input node and returns its length.
func let(t testing.TB, n *gorgonia.Node, data []float64) int {
	t.Helper()
	if n.IsScalar() {
		if err := gorgonia.Let(n, data[0]); err != nil {
			t.Fatal(err)
		}
		return 1
	}
	size := n.Shape().TotalSize()
	v := tensor.New(tensor.WithShape(n.Shape().Clone()...), tensor.WithBacking(clone(data[:size])))
	if err := gorgonia.Let(n, v); err != nil {
		t.Fatal(err)
	}
	return size
}

// content is the value read from a node; inputs carry their own.
func content(t testing.TB, v gorgonia.Value, n *gorgonia.Node) []float64 {
	t.Helper()
	if n == nil {
		return nil
	}
	if n.Op() == nil {
		v = n.Value()
	}
	x, ok := numbers(v)
	if !ok {
		t.Fatalf("node %v has value %T", n, v)
	}
	return x
}

// differences answers with central differences of the TapeMachine's outputs, where the derivative is that of
// Σ cotangent·output for the named output.
func differences(p *plan.Plan, output string, q question) answers {
	const h = 1e-6
	value := func() float64 {
		m := plan.NewMachine(p)
		m.SetTheta(q.theta)
		m.Forward(q.batch, q.inputs)
		sum := 0.0
		for i, y := range m.Output(output) {
			sum += y * q.cotangent[i]
		}
		return sum
	}
	slope := func(x []float64) []float64 {
		g := make([]float64, len(x))
		for i, at := range x {
			x[i] = at + h
			up := value()
			x[i] = at - h
			g[i] = (up - value()) / (2 * h)
			x[i] = at
		}
		return g
	}
	a := answers{inputGrads: map[string][]float64{}, theta: slope(q.theta)}
	for _, g := range p.InputGrads {
		a.inputGrads[g.Name] = slope(q.inputs[g.Name])
	}
	return a
}

// agree compares answers to a tolerance relative to the largest number; a missing gradient counts as zero.
func agree(t errorer, what string, got, want answers, tol float64) {
	t.Helper()
	for name, w := range want.outputs {
		near(t, what+": output "+name, got.outputs[name], w, tol)
	}
	for name, w := range want.inputGrads {
		near(t, what+": gradient of "+name, got.inputGrads[name], w, tol)
	}
	near(t, what+": gradient of θ", got.theta, want.theta, tol)
}

func near(t errorer, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) == 0 && len(want) > 0 {
		got = make([]float64, len(want))
	}
	if len(want) == 0 && len(got) > 0 {
		want = make([]float64, len(got))
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
		return
	}
	scale := 1.0
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= tol*scale) {
			t.Errorf("%s[%d] = %g, want %g", what, i, got[i], want[i])
			return
		}
	}
}

// errorer is the part of a test that comparisons need; rapid's tests have it too.
type errorer interface {
	Helper()
	Errorf(format string, args ...any)
}
