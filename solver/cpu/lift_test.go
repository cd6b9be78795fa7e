package cpu_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// liftedTraining is a training of the spiral whose initial states are a perceptron's of what the points are.
func liftedTraining(t testing.TB, workers int) solver.Session {
	t.Helper()
	p, m := spiral(t)
	lift, err := graph.PerceptronLift([]int{2, 16, 2}, graph.Tanh)
	if err == nil {
		m.Lift, err = graph.LowerLift(lift)
	}
	if err != nil {
		t.Fatal(err)
	}
	spec, theta := solver.DefaultSpec(), slices.Clone(p.Theta)
	spec.Gradient = solver.Discrete
	for i := len(theta); i < m.ThetaLen(); i++ {
		theta = append(theta, 0.3*math.Sin(float64(i)))
	}
	data := solver.Labelled(nil, p.Label, solver.Span{T1: 1})
	data.Features = p.X
	s, err := compile(t, backend(t, workers), m, spec).Train(data, solver.DefaultOptimizer(3e-3),
		solver.NewOptimizerState(theta))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLiftedTrainingDoesNotAllocate(t *testing.T) {
	doesNotAllocate(t, "lifted", liftedTraining(t, 2), nil)
}

func TestLiftsGiveTheSameBitsWithAnyWorkers(t *testing.T) {
	var want []float64
	for _, workers := range []int{1, 2, 5} {
		s := liftedTraining(t, workers)
		if err := s.Run(context.Background(), [][]int{everySample(256), everySample(100), everySample(7)}, nil,
			func(solver.Iteration) {}); err != nil {
			t.Fatal(err)
		}
		state, err := s.State()
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = state.Theta
		}
		if !slices.Equal(state.Theta, want) {
			t.Errorf("%d workers give other bits than one", workers)
		}
	}
}
