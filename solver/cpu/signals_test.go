package cpu_test

import (
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// TestTrainingWithSignalsDoesNotAllocate counts the allocations of iterations on samples with recordings of their own.
func TestTrainingWithSignalsDoesNotAllocate(t *testing.T) {
	field, err := graph.MLP{Sizes: []int{2, 8, 2}, Activation: graph.Tanh, Inputs: 3}.Field()
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
	theta := make([]float64, m.ThetaLen())
	for i := range theta {
		theta[i] = 0.1 * float64(i%7-3)
	}
	const n = 64
	b := solver.Batch{Z0: make([]float64, 2*n), Inputs: make([]float64, n), Spans: []solver.Span{{T1: 1}},
		Signals: solver.Signals{Offsets: []int{0}}}
	for i := range n {
		for k := range 5 {
			b.Signals.Times = append(b.Signals.Times, float64(k)/4)
			b.Signals.Values = append(b.Signals.Values, float64(i%5-k), float64(k%2))
		}
		b.Signals.Offsets = append(b.Signals.Offsets, len(b.Signals.Times))
	}
	data := solver.Data{Batch: b, Objective: solver.Objective{Labels: make([]float64, n)}}
	for _, mode := range solver.Gradients() {
		spec := solver.DefaultSpec()
		spec.Gradient = mode
		s, err := compile(t, backend(t, 1), m, spec).Train(data, solver.DefaultOptimizer(1e-4),
			solver.NewOptimizerState(theta))
		if err != nil {
			t.Fatal(err)
		}
		doesNotAllocate(t, mode.String(), s, nil)
	}
}
