package solvertest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// growth is dz/dt = u·z with a rate u for each sample, the first of its inputs; the others have no effect, but are
// read.
func growth(inputs int) graph.Field {
	return graph.Field{Dim: 2, Inputs: inputs, InputFunc: func(_, z, u *node, _ []*node) (*node, error) {
		var b builder
		rate := b.do(graph.Slice(u, 1, 0, 1, 1))
		none := b.do(gorgonia.Mul(u, b.do(graph.Constant(u.Graph(), inputs, 2, make([]float64, 2*inputs)))))
		return b.do(gorgonia.Add(b.do(gorgonia.BroadcastHadamardProd(z, rate, nil, []byte{1})), none)), b.err
	}}
}

// conditioned is dz/dt = tanh(z·W + u·V) + t, with three inputs.
func conditioned() graph.Field {
	return graph.Field{Dim: 2, Inputs: 3,
		Params: []graph.Param{{Name: "W", Shape: []int{2, 2}}, {Name: "V", Shape: []int{3, 2}}},
		InputFunc: func(t, z, u *node, theta []*node) (*node, error) {
			var b builder
			sum := b.do(gorgonia.Add(b.do(gorgonia.Mul(z, theta[0])), b.do(gorgonia.Mul(u, theta[1]))))
			return b.do(gorgonia.BroadcastAdd(b.do(gorgonia.Tanh(sum)), t, nil, []byte{1})), b.err
		}}
}

// inputs checks constants of each sample: what is made of them, their derivatives, and that they have no part in the
// error.
func (s Suite) inputs(t *testing.T) {
	model := solver.Model{Field: lower(t, growth(1))}
	program := s.compile(t, model, s.spec(solver.NoGradient))
	for _, mode := range solver.Gradients() {
		s.growing(t, mode)
		s.conditions(t, mode)
		s.trainsWithInputs(t, mode)
	}
	s.manyInputs(t)
	b := solver.Batch{Z0: make([]float64, 4), Spans: []solver.Span{{T1: 1}}, Inputs: []float64{1}}
	if _, err := program.Solve(context.Background(), nil, b); err == nil {
		t.Error("one input for two samples is no error")
	}
}

// growing compares with z0·e^(u·t): the sum of z(2) and z(0.5) over components and samples is differentiated.
func (s Suite) growing(t *testing.T, mode solver.Gradient) {
	b := solver.Batch{Z0: []float64{1, 2, -1, 0.5, 3, 1}, Spans: []solver.Span{{T1: 2}}, Times: []float64{0.5},
		Inputs: []float64{-0.5, 0.25, -2}}
	o := solver.Objective{Cotangent: slices.Repeat([]float64{1}, 6), Saved: slices.Repeat([]float64{1}, 6)}
	d := s.differentiate(t, solver.Model{Field: lower(t, growth(1))}, s.spec(mode), nil, b, o)
	var z1, bar []float64
	for i, u := range b.Inputs {
		late, early := math.Exp(2*u), math.Exp(0.5*u)
		z1 = append(z1, b.Z0[2*i]*late, b.Z0[2*i+1]*late)
		bar = append(bar, (b.Z0[2*i]+b.Z0[2*i+1])*(2*late+0.5*early))
	}
	near(t, fmt.Sprintf("%v: z1", mode), d.Z1, z1, s.choose(1e-4, 1e-6))
	near(t, fmt.Sprintf("%v: ∂L/∂inputs", mode), d.Inputs, bar, s.choose(1e-4, 1e-6))
}

// conditions compares a batch with the reference, each of its samples with what it is alone, and the derivatives for
// the inputs with central differences.
func (s Suite) conditions(t *testing.T, mode solver.Gradient) {
	const n, e = 15, 1e-4
	number := func(i int) float64 { return math.Sin(1.3 * float64(i)) }
	m, b, o, theta := solver.Model{Field: lower(t, conditioned())}, solver.Batch{Spans: []solver.Span{{T1: 1.5}}},
		solver.Objective{}, []float64{}
	for i := range n {
		b.Z0, o.Cotangent = append(b.Z0, number(i), number(i+50)), append(o.Cotangent, 1, number(i+20))
		b.Inputs = append(b.Inputs, number(2*i), number(3*i), number(5*i))
	}
	for i := range m.ThetaLen() {
		theta = append(theta, number(7*i+1))
	}
	program := s.compile(t, m, s.spec(mode))
	d, err := program.Differentiate(context.Background(), theta, b, o)
	must(t, d, err)
	want := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, m, s.spec(mode), theta, b, o)
	near(t, fmt.Sprintf("%v: ∂L/∂inputs", mode), d.Inputs, want.Inputs, s.choose(1e-3, 1e-9))
	near(t, fmt.Sprintf("%v: ∂L/∂θ", mode), d.Theta, want.Theta, s.choose(1e-3, 1e-9))
	for i := range n {
		one := solver.Batch{Z0: b.Z0[2*i : 2*i+2], Spans: b.Spans, Inputs: b.Inputs[3*i : 3*i+3]}
		alone, err := program.Differentiate(context.Background(), theta, one,
			solver.Objective{Cotangent: o.Cotangent[2*i : 2*i+2]})
		must(t, alone, err)
		same(t, fmt.Sprintf("sample %d: ∂L/∂inputs", i), d.Inputs[3*i:], alone.Inputs)
		same(t, fmt.Sprintf("sample %d: ∂L/∂z0", i), d.Z0[2*i:], alone.Z0)
	}
	if s.Precision != solver.Float64 {
		return
	}
	objective := func(by float64) float64 {
		moved, sum := b, 0.0
		moved.Inputs = slices.Clone(b.Inputs)
		for i := range moved.Inputs {
			moved.Inputs[i] += by * number(i+9)
		}
		got, err := program.Solve(context.Background(), theta, moved)
		for i, z := range must(t, got, err).Z1 {
			sum += z * o.Cotangent[i]
		}
		return sum
	}
	along := 0.0
	for i, bar := range d.Inputs {
		along += bar * number(i+9)
	}
	near(t, fmt.Sprintf("%v: along a direction", mode), []float64{along},
		[]float64{(objective(e) - objective(-e)) / (2 * e)}, 1e-6)
}

// manyInputs gives each sample 997 more constants: no bit of the solution changes, and no step.
func (s Suite) manyInputs(t *testing.T) {
	b := solver.Batch{Z0: []float64{1, 2, -1, 0.5, 3, 1}, Spans: []solver.Span{{T1: 2}},
		Inputs: []float64{-0.5, 0.25, -2}}
	few := s.solve(t, solver.Model{Field: lower(t, growth(1))}, s.spec(solver.NoGradient), nil, b)
	rates := b.Inputs
	b.Inputs = nil
	for _, rate := range rates {
		constants := slices.Repeat([]float64{1000}, 998)
		constants[0] = rate
		b.Inputs = append(b.Inputs, constants...)
	}
	many := s.solve(t, solver.Model{Field: lower(t, growth(998))}, s.spec(solver.NoGradient), nil, b)
	same(t, "z1 with 998 inputs", many.Z1, few.Z1)
	if !slices.Equal(many.Stats, few.Stats) {
		t.Errorf("998 inputs change the steps from %+v to %+v", few.Stats, many.Stats)
	}
}

// trainsWithInputs compares a training with that of the reference.
func (s Suite) trainsWithInputs(t *testing.T, mode solver.Gradient) {
	h, err := graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	m := solver.Model{Field: lower(t, conditioned()), Head: must(t, h, err)}
	data := solver.Labelled([]float64{1, 0, 0, 1, 1, 1}, []float64{1, 0, -1}, solver.Span{T1: 1})
	data.Inputs = []float64{1, 2, 3, -1, 0.5, 0, 0, 1, -2}
	theta := slices.Repeat([]float64{0.3, -0.2}, m.ThetaLen())[:m.ThetaLen()]
	trained := func(b solver.Backend) []float64 {
		p, err := b.Compile(m, s.spec(mode))
		must(t, p, err)
		defer p.Close()
		session, err := p.Train(data, solver.DefaultOptimizer(0.01), solver.NewOptimizerState(theta))
		must(t, session, err)
		if err := session.Run(context.Background(), [][]int{{2, 0}, {1}, {0, 1, 2}}, nil,
			func(solver.Iteration) {}); err != nil {
			t.Fatal(err)
		}
		state, err := session.State()
		return must(t, state, err).Theta
	}
	near(t, fmt.Sprintf("%v: θ after training", mode), trained(s.Backend), trained(solver.Reference()),
		s.choose(1e-3, 1e-9))
	data.Inputs = data.Inputs[1:]
	if _, err := s.compile(t, m, s.spec(mode)).Train(data, solver.DefaultOptimizer(0.01),
		solver.NewOptimizerState(theta)); err == nil {
		t.Error("training with too few inputs is no error")
	}
}
