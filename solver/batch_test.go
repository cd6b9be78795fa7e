package solver_test

import (
	"math"
	"strings"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// TestObjective checks what must and must not be given together, for 3 samples of 2 components that save at 1 time.
func TestObjective(t *testing.T) {
	m := perceptron(t)
	two, three, six := make([]float64, 2), make([]float64, 3), make([]float64, 6)
	for _, x := range []struct {
		what string
		o    solver.Objective
		want string // in the error; "" for none
	}{
		{"labels", solver.Objective{Labels: three}, ""},
		{"weighted labels", solver.Objective{Labels: three, Weight: three}, ""},
		{"a cotangent", solver.Objective{Cotangent: six, Saved: six}, ""},
		{"nothing", solver.Objective{}, "labels has 0 numbers, want 3"},
		{"both", solver.Objective{Labels: three, Cotangent: six}, "not both"},
		{"few labels", solver.Objective{Labels: two}, "labels has 2 numbers, want 3"},
		{"few weights", solver.Objective{Labels: three, Weight: two}, "weights has 2 numbers, want 3"},
		{"a short cotangent", solver.Objective{Cotangent: two}, "the cotangent has 2 numbers, want 6"},
		{"a short cotangent of the save times", solver.Objective{Cotangent: six, Saved: two}, "save times has 2 numbers, want 6"},
		{"save times with labels", solver.Objective{Labels: three, Saved: six}, "save times goes with a cotangent"},
		{"save times alone", solver.Objective{Saved: six}, "save times goes with a cotangent"},
		{"labels at the times", solver.Objective{AtTimes: true, Labels: three, Weight: three, Mask: make([]bool, 3)}, ""},
		{"few labels at the times", solver.Objective{AtTimes: true, Labels: two}, "labels has 2 numbers, want 3 for 3 rows"},
		{"a short mask", solver.Objective{AtTimes: true, Labels: three, Mask: make([]bool, 2)}, "the mask has 2 numbers, want 3"},
		{"a mask at t1", solver.Objective{Labels: three, Mask: make([]bool, 3)}, "a mask goes with a loss at the times"},
		{"a cotangent at the times", solver.Objective{AtTimes: true, Cotangent: six}, "a cotangent has them in it"},
		{"weights with a cotangent", solver.Objective{Cotangent: six, Weight: three}, "weights go with labels"},
	} {
		err := x.o.Check(m, 3, 3)
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.what, err, x.want)
		}
	}
}

// TestBatch reports times that are no times of the samples.
func TestBatch(t *testing.T) {
	two := []float64{1, 2, 3, 4} // samples of two components
	unit := []solver.Span{{T1: 1}}
	for _, x := range []struct {
		what string
		b    solver.Batch
		want string // in the error; "" for none
	}{
		{"no times", solver.Batch{Z0: two, Spans: unit}, ""},
		{"times for all", solver.Batch{Z0: two, Spans: unit, Times: []float64{0, 0.5, 0.5, 1}}, ""},
		{"no number", solver.Batch{Z0: two, Spans: unit, Times: []float64{0, math.NaN()}}, "save time 1 must be finite, got NaN"},
		{"infinity", solver.Batch{Z0: two, Spans: unit, Times: []float64{math.Inf(-1)}}, "save time 0 must be finite, got -Inf"},
		{"a time too late", solver.Batch{Z0: two, Spans: unit, Times: []float64{2}}, "save time 0 is 2, want times in order within 0 to 1"},
		{"times too early for one", solver.Batch{Z0: two, Spans: []solver.Span{{T1: 1}, {T0: 0.5, T1: 1}}, Times: []float64{0.25}},
			"save time 0 is 0.25, want times in order within 0.5 to 1 (span 1)"},
		{"own times", solver.Batch{Z0: two, Spans: unit, Times: []float64{1, 0, 0.5}, Offsets: []int{0, 1, 3}}, ""},
		{"a sample without", solver.Batch{Z0: two, Spans: unit, Times: []float64{0.5}, Offsets: []int{0, 0, 1}}, ""},
		{"few offsets", solver.Batch{Z0: two, Spans: unit, Times: []float64{1}, Offsets: []int{0, 1}}, "2 offsets of save times for 2 samples, want 3"},
		{"a time that is nobody's", solver.Batch{Z0: two, Spans: unit, Times: []float64{0, 1}, Offsets: []int{0, 0, 1}}, "run from 0 to 1, want 0 to 2"},
		{"offsets backward", solver.Batch{Z0: two, Spans: unit, Times: []float64{0}, Offsets: []int{0, 2, 1}}, "offset 2 of the save times is 1, after 2"},
		{"an own time too late", solver.Batch{Z0: two, Spans: []solver.Span{{T1: 1}, {T1: 2}}, Times: []float64{1.5, 2}, Offsets: []int{0, 1, 2}},
			"save time 0 is 1.5, want times in order within 0 to 1 (sample 0)"},
		{"times backward", solver.Batch{Z0: two, Spans: unit, Times: []float64{0.5, 0.25}}, "save time 1 is 0.25"},
	} {
		spec := solver.DefaultSpec()
		err := x.b.Check(2, spec)
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.what, err, x.want)
		}
		spec.Controller.Control = solver.ControlBatch
		if err := x.b.Check(2, spec); err == nil && x.b.Offsets != nil {
			t.Errorf("%s: one step for all has own times", x.what)
		}
	}
}

// perceptron is a model of two components with a loss of one label.
func perceptron(t *testing.T) solver.Model {
	t.Helper()
	field, err := graph.MLP{Sizes: []int{2, 4, 2}}.Field()
	if err != nil {
		t.Fatal(err)
	}
	var m solver.Model
	if m.Field, err = graph.LowerField(field); err != nil {
		t.Fatal(err)
	}
	m.Head, err = graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
