package solver_test

import (
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
		{"weights with a cotangent", solver.Objective{Cotangent: six, Weight: three}, "weights go with labels"},
	} {
		err := x.o.Check(m, 3, 1)
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.what, err, x.want)
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
