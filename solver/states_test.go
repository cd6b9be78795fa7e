package solver_test

import (
	"context"
	"math"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// TestTotal holds the weighted sum of losses that a read-out gives to the loss that a gradient reports: at the end, at
// times of each sample's own with a mask, with weights, and of a head that reads the time.
func TestTotal(t *testing.T) {
	field, err := graph.LowerField(graph.Field{Dim: 1,
		Func: func(_, z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Neg(z) }})
	if err != nil {
		t.Fatal(err)
	}
	timed := graph.Readout{TimeFunc: func(t, z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) {
		return gorgonia.Add(z, t)
	}}
	for name, readout := range map[string]graph.Readout{"state": graph.Components(), "time": timed} {
		head, err := graph.LowerHead(graph.Head{Dim: 1, Readout: readout, Loss: graph.MeanSquaredError()})
		if err != nil {
			t.Fatal(err)
		}
		m, spec := solver.Model{Field: field, Head: head}, solver.DefaultSpec()
		spec.Precision, spec.Gradient = solver.Float64, solver.Discrete
		program, err := solver.Reference().Compile(m, spec)
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		b := solver.Batch{Z0: []float64{1, 2, -1}, Spans: []solver.Span{{T0: 0, T1: 1}}, Times: []float64{0.5, 1, 0.25},
			Offsets: []int{0, 2, 2, 3}}
		for _, o := range []solver.Objective{
			{Labels: []float64{1, 0, 2}}, {Labels: []float64{1, 0, 2}, Weight: []float64{3, -1, 0.5}},
			{AtTimes: true, Labels: []float64{1, 9, 2}, Mask: []bool{false, true, false}},
		} {
			d, err := program.Differentiate(context.Background(), nil, b, o)
			if err != nil || d.Err() != nil {
				t.Fatal(err, d.Err())
			}
			read, err := program.ReadOut(context.Background(), nil, o.States(m, b, &d.Solution))
			if err != nil {
				t.Fatal(err)
			}
			if got := o.Total(b, 3, read.Losses); math.Abs(got-d.Loss) > 1e-14 || d.Loss == 0 {
				t.Errorf("%s, %+v: %v, want %v", name, o, got, d.Loss)
			}
		}
	}
}
