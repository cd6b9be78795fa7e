package solvertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// leftOut checks that a sample whose derivative is not finite has a status and no part in the sums: they are those of
// the batch without it, to the bit.
func (s Suite) leftOut(t *testing.T) {
	for _, mode := range solver.Gradients() {
		t.Run(fmt.Sprintf("%v/root", mode), func(t *testing.T) { s.root(t, mode) })
		t.Run(fmt.Sprintf("%v/root of θ", mode), func(t *testing.T) { s.rootOfTheta(t, mode) })
		t.Run(fmt.Sprintf("%v/logarithm in the loss", mode), func(t *testing.T) { s.logarithm(t, mode) })
		t.Run(fmt.Sprintf("%v/training", mode), func(t *testing.T) { s.trainsOnARoot(t, mode) })
	}
}

// roots is dz/dt = θ√z: from 0 the solution stays there, where the derivative is infinite.
func roots() graph.Field {
	return graph.Field{Dim: 1, Params: []graph.Param{{Name: "rate"}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			return b.do(gorgonia.HadamardProd(b.do(gorgonia.Sqrt(z)), theta[0])), b.err
		}}
}

func (s Suite) root(t *testing.T, mode solver.Gradient) {
	program := s.compile(t, solver.Model{Field: lower(t, roots())}, s.spec(mode))
	d := s.without(t, program, []float64{2}, []float64{1, 0, 4}, 1)
	near(t, "∂L/∂z0", d.Z0, []float64{2, 0, 1.5}, s.choose(1e-4, 1e-6)) // z(1) = (√z0 + 1)²
	near(t, "∂L/∂θ", d.Theta, []float64{2 + 3}, s.choose(1e-4, 1e-6))   // 2·(√z0 + θ/2)/2
	alone, err := program.Differentiate(context.Background(), []float64{2},
		solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T1: 1}}}, solver.Objective{Cotangent: []float64{1}})
	must(t, alone, err)
	if alone.Err() == nil || !math.IsNaN(alone.Theta[0]) || alone.Z0[0] != 0 {
		t.Errorf("alone it gives %v and %v, %v", alone.Theta, alone.Z0, alone.Err())
	}
}

// rootOfTheta is dz/dt = √(θ + [z > 2]) at θ = 0: the derivative for θ alone is infinite, for small z.
func (s Suite) rootOfTheta(t *testing.T, mode solver.Gradient) {
	f := graph.Field{Dim: 1, Params: []graph.Param{{Name: "p", Shape: []int{1}}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			large := b.do(gorgonia.Gt(z, gorgonia.NewConstant(2.0), true))
			return b.do(gorgonia.Sqrt(b.do(gorgonia.BroadcastAdd(large, theta[0], nil, []byte{0})))), b.err
		}}
	program := s.compile(t, solver.Model{Field: lower(t, f)}, s.spec(mode))
	d := s.without(t, program, []float64{0}, []float64{3, 1, 4}, 1)
	near(t, "∂L/∂θ", d.Theta, []float64{0.5 + 0.5}, s.choose(1e-5, 1e-9))
}

// without differentiates the sum of z(1) and checks that sample bad is left out.
func (s Suite) without(t *testing.T, program solver.Program, theta, z0 []float64, bad int) *solver.Derivative {
	t.Helper()
	differentiate := func(z0 []float64) *solver.Derivative {
		ones := make([]float64, len(z0))
		for i := range ones {
			ones[i] = 1
		}
		d, err := program.Differentiate(context.Background(), theta,
			solver.Batch{Z0: z0, Spans: []solver.Span{{T1: 1}}}, solver.Objective{Cotangent: ones})
		return must(t, d, err)
	}
	d := differentiate(z0)
	var failed *solver.SampleError
	if err := d.Err(); !errors.As(err, &failed) || failed.Sample != bad || failed.Failed != 1 ||
		failed.End.Status != solver.NonFinite {
		t.Errorf("Err is %v, want sample %d not finite", err, bad)
	}
	rest := differentiate(append(append([]float64(nil), z0[:bad]...), z0[bad+1:]...))
	same(t, "∂L/∂θ", d.Theta, rest.Theta)
	return d
}

// logarithm is a loss log z(1), with z' = 0: not a number for the sample below 0.
func (s Suite) logarithm(t *testing.T, mode solver.Gradient) {
	still := graph.Field{Dim: 1, Func: func(_, z *node, _ []*node) (*node, error) {
		return gorgonia.HadamardProd(z, gorgonia.NewConstant(0.0))
	}}
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Linear(1), Loss: graph.Loss{LabelWidth: 1,
		Func: func(out, label *node) (*node, error) {
			var b builder
			return b.do(gorgonia.Sub(b.do(gorgonia.Log(out)), label)), b.err
		}}})
	program := s.compile(t, solver.Model{Field: lower(t, still), Head: must(t, h, err)}, s.spec(mode))
	d, err := program.Differentiate(context.Background(), []float64{1, 0},
		solver.Batch{Z0: []float64{1, -1, math.E}, Spans: []solver.Span{{T1: 1}}},
		solver.Objective{Labels: make([]float64, 3)})
	must(t, d, err)
	if d.Back[1].Status != solver.NonFinite || d.Back[0].Status != solver.OK || d.Back[2].Status != solver.OK {
		t.Errorf("the way back ended %+v", d.Back)
	}
	bound := s.choose(1e-5, 1e-9)
	near(t, "the loss", []float64{d.Loss}, []float64{1. / 3}, bound)
	near(t, "∂L/∂z0", d.Z0, []float64{1. / 3, 0, 1 / (3 * math.E)}, bound)
	near(t, "∂L/∂θ", d.Theta, []float64{2. / 3, (1 + 1/math.E) / 3}, bound)
}

// trainsOnARoot names the sample that spoils a minibatch.
func (s Suite) trainsOnARoot(t *testing.T, mode solver.Gradient) {
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	program := s.compile(t, solver.Model{Field: lower(t, roots()), Head: must(t, h, err)}, s.spec(mode))
	session, err := program.Train(solver.Labelled([]float64{1, 4, 0, 9}, make([]float64, 4), solver.Span{T1: 1}),
		solver.DefaultOptimizer(1e-3), solver.NewOptimizerState([]float64{2, 1, 0}))
	must(t, session, err)
	err = session.Run(context.Background(), [][]int{{0, 1}, {3, 2, 0}}, nil, func(solver.Iteration) {})
	var failed *solver.IterationError
	if !errors.As(err, &failed) || failed.Index != 1 || failed.Sample != 2 {
		t.Errorf("training says %v, want sample 2 of minibatch 1", err)
	}
	if state, err := session.State(); err != nil || state.Step != 1 || math.IsNaN(state.Theta[0]) {
		t.Errorf("after it the state is %+v, %v", state, err)
	}
}
