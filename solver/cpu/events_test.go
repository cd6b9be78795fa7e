package cpu_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// ball is a falling ball, [height, speed], that bounces with a part of its speed, or stops.
func ball(t testing.TB, terminal bool) solver.Model {
	t.Helper()
	f := graph.Field{Dim: 2, Params: []graph.Param{{Name: "gravity"}},
		Func: func(_, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			speed := expr.Col(z, 1)
			return expr.Columns(speed, expr.Sub(expr.Scale(0, speed), theta[0])), nil
		}}
	e := graph.Event{Params: []graph.Param{{Name: "restitution"}}, Direction: graph.Falling, Terminal: terminal,
		Condition: func(m graph.Moment) (*gorgonia.Node, error) { return expr.Col(m.Z, 0), nil },
		Reset: func(m graph.Moment) (*gorgonia.Node, error) {
			return expr.Columns(expr.Scale(0, expr.Col(m.Z, 0)), expr.Neg(expr.Mul(m.Theta[0], expr.Col(m.Z, 1)))), nil
		}}
	h, err := graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	if err != nil {
		t.Fatal(err)
	}
	m := solver.Model{Head: h, Events: []solver.Event{{Direction: e.Direction, Terminal: terminal}}}
	if m.Field, err = graph.LowerField(f); err != nil {
		t.Fatal(err)
	}
	if m.Events[0].Condition, m.Events[0].Reset, err = graph.LowerEvent(f, e); err != nil {
		t.Fatal(err)
	}
	return m
}

// heights are starts from which a ball falls, no two alike.
func heights(n int) []float64 {
	var z0 []float64
	for i := range n {
		z0 = append(z0, 1+4*float64(i)/float64(n), 0)
	}
	return z0
}

// TestEventsDoNotAllocate trains balls that bounce and are pushed.
func TestEventsDoNotAllocate(t *testing.T) {
	m, n := ball(t, false), 64
	data := solver.Labelled(heights(n), make([]float64, n), solver.Span{T1: 1.5})
	data.Jumps, data.Amounts = []float64{0.5}, slices.Repeat([]float64{0, 1}, n)
	for _, mode := range solver.Gradients() {
		spec := solver.AccurateSpec()
		spec.Gradient = mode
		s, err := compile(t, backend(t, 2), m, spec).Train(data, solver.DefaultOptimizer(1e-6),
			solver.NewOptimizerState([]float64{9.81, 0.7}))
		if err != nil {
			t.Fatal(err)
		}
		doesNotAllocate(t, mode.String(), s, nil)
	}
}

// TestManyEvents solves for 100000 samples, each with an event time of its own.
func TestManyEvents(t *testing.T) {
	const n, gravity = 100_000, 9.81
	spec := solver.AccurateSpec()
	spec.Gradient = solver.NoGradient
	b := solver.Batch{Z0: heights(n), Spans: []solver.Span{{T1: 2}}}
	s, err := compile(t, backend(t, 2), ball(t, true), spec).Solve(context.Background(), []float64{gravity, 0.7}, b)
	if err != nil || s.Err() != nil {
		t.Fatal(err, s.Err())
	}
	for i, events := range s.Events {
		if at := math.Sqrt(2 * b.Z0[2*i] / gravity); len(events) != 1 || math.Abs(events[0].T-at) > 1e-6 ||
			events[0].T != s.End[i].T {
			t.Fatalf("sample %d has the events %v and ends %+v, want one at %v", i, events, s.End[i], at)
		}
	}
}
