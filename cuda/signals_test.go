//go:build gpu && cgo && linux

package cuda_test

import (
	"context"
	"math"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// TestSignals compares a field that reads a constant and a signal with the reference, with the derivatives for the values
// of the signals, and the loss of a training's minibatch with theirs.
func TestSignals(t *testing.T) {
	if !onDevice(t) {
		return
	}
	field, err := graph.MLP{Sizes: []int{2, 4, 2}, Activation: graph.Tanh, Inputs: 2}.Field()
	if err != nil {
		t.Fatal(err)
	}
	m := solver.Model{}
	if m.Field, err = graph.LowerField(field); err != nil {
		t.Fatal(err)
	}
	m.Head, err = graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Gradient, spec.Precision, spec.Controller.Rtol = solver.Discrete, solver.Float64, 1e-8
	theta, n := numbers(m.ThetaLen(), 3), 5
	b := solver.Batch{Z0: numbers(2*n, 5), Inputs: numbers(n, 7), Spans: []solver.Span{{T1: 1}},
		Signals: solver.Signals{Offsets: []int{0, 3, 5}, Times: []float64{0, 0.3, 1, 0, 1}, Values: numbers(5, 9),
			Of: []int{1, 0, 0, 1, 0}}}
	o := solver.Objective{Labels: numbers(n, 11), ForSignals: true}
	program := compile(t, open(t), m, spec)
	got, err := program.Differentiate(context.Background(), theta, b, o)
	if err != nil {
		t.Fatal(err)
	}
	reference, err := solver.Reference().Compile(m, spec)
	if err != nil {
		t.Fatal(err)
	}
	want, err := reference.Differentiate(context.Background(), theta, b, o)
	if err != nil {
		t.Fatal(err)
	}
	for what, x := range map[string][2][]float64{"z1": {got.Z1, want.Z1}, "∂L/∂θ": {got.Theta, want.Theta},
		"∂L/∂inputs": {got.Inputs, want.Inputs}, "∂L/∂values": {got.Signals, want.Signals}} {
		if len(x[0]) != len(x[1]) || !(largest(x[0], x[1]) < 1e-9) {
			t.Errorf("%s is %v, want %v", what, x[0], x[1])
		}
	}
	o.ForSignals = false
	session, err := program.Train(solver.Data{Batch: b, Objective: o}, solver.DefaultOptimizer(1e-9),
		solver.NewOptimizerState(theta))
	if err != nil {
		t.Fatal(err)
	}
	samples, loss := []int{3, 1}, 0.0
	for _, i := range samples {
		loss += want.Losses[i] / 2
	}
	if err := session.Run(context.Background(), [][]int{samples}, nil, func(it solver.Iteration) {
		if math.Abs(it.Loss-loss) > 1e-9 {
			t.Errorf("the minibatch has the loss %v, want %v", it.Loss, loss)
		}
	}); err != nil {
		t.Fatal(err)
	}
}
