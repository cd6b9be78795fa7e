package solvertest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// failures checks that a sample that cannot be solved says so and leaves its neighbours alone.
func (s Suite) failures(t *testing.T) {
	t.Run("blow-up", s.blowUp)
	t.Run("NaN start", func(t *testing.T) {
		got := s.solveAll(t, s.spec(solver.NoGradient), []float64{0.1, math.NaN(), 0.2}, solver.Span{T1: 1})
		wantStatus(t, got, solver.OK, solver.NonFinite, solver.OK)
	})
	t.Run("NaN start of an empty span", func(t *testing.T) {
		got := s.solveAll(t, s.spec(solver.NoGradient), []float64{0.1, math.NaN(), math.Inf(1)},
			solver.Span{T0: 1, T1: 1})
		wantStatus(t, got, solver.OK, solver.NonFinite, solver.NonFinite)
	})
	t.Run("too many steps", func(t *testing.T) {
		spec := s.spec(solver.NoGradient)
		spec.Controller.MaxSteps = 3
		got := s.solveAll(t, spec, []float64{0.9, 1e-6}, solver.Span{T1: 1})
		if got.End[0].Status != solver.MaxSteps || got.Stats[0].Tried() != 3 {
			t.Errorf("%+v with %+v, want max steps after 3", got.End[0], got.Stats[0])
		}
	})
	t.Run("cancelled", s.cancelled)
	t.Run("training", s.failedTraining)
}

// blowUp is z' = z²: from 2 it reaches infinity at t = 1/2.
func (s Suite) blowUp(t *testing.T) {
	starts := []float64{0.25, 2, -1, 0.5}
	got := s.solveAll(t, s.spec(solver.NoGradient), starts, solver.Span{T1: 1})
	if st := got.End[1].Status; st != solver.StepUnderflow && st != solver.NonFinite {
		t.Errorf("the sample that blows up ended %+v", got.End[1])
	}
	if at := got.End[1].T; math.Abs(at-0.5) > 1e-3 {
		t.Errorf("it failed at t = %v, want 0.5", at)
	}
	if got.Z1[1] < 100 || math.IsInf(got.Z1[1], 0) {
		t.Errorf("the last good state is %v", got.Z1[1])
	}
	var failed *solver.SampleError
	if err := got.Err(); !errors.As(err, &failed) || failed.Sample != 1 || failed.Failed != 1 {
		t.Errorf("Err is %v", err)
	}
	alone := s.solveAll(t, s.spec(solver.NoGradient), []float64{0.25, -1, 0.5}, solver.Span{T1: 1})
	same(t, "the neighbours", []float64{got.Z1[0], got.Z1[2], got.Z1[3]}, alone.Z1)
	near(t, "the neighbours", alone.Z1, []float64{1 / 3.0, -0.5, 1}, s.choose(1e-4, 1e-7))
}

func (s Suite) solveAll(t *testing.T, spec solver.Spec, z0 []float64, span solver.Span) *solver.Solution {
	t.Helper()
	got, err := s.compile(t, solver.Model{Field: lower(t, square())}, spec).Solve(context.Background(), nil,
		solver.Batch{Z0: z0, Spans: []solver.Span{span}})
	return must(t, got, err)
}

func wantStatus(t *testing.T, s *solver.Solution, want ...solver.Status) {
	t.Helper()
	for i, w := range want {
		if s.End[i].Status != w {
			t.Errorf("sample %d ended %+v, want %v", i, s.End[i], w)
		}
	}
}

func (s Suite) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	program := s.compile(t, solver.Model{Field: lower(t, square())}, s.spec(solver.Discrete))
	b := solver.Batch{Z0: []float64{0.125, 0.25, 0.375}, Spans: []solver.Span{{T1: 1}}, Times: []float64{0, 0.5}}
	got, err := program.Solve(ctx, nil, b)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Solve gives %v", err)
	}
	wantStatus(t, got, solver.Cancelled, solver.Cancelled, solver.Cancelled)
	same(t, "the states of a cancelled solve", got.Z1, b.Z0)
	for i, v := range got.Saved {
		if start := i%2 == 0; start != !math.IsNaN(v) {
			t.Errorf("number %d of the saved states of a cancelled solve is %v", i, v)
		}
	}
	if _, err := program.Differentiate(ctx, nil, b, solver.Objective{Cotangent: []float64{1, 1, 1}}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("Differentiate gives %v", err)
	}
	if _, err := program.Solve(context.Background(), nil, b); err != nil {
		t.Errorf("the program is unusable after a cancelled call: %v", err)
	}
}

// failedTraining stops at the sample that fails, with θ as it was.
func (s Suite) failedTraining(t *testing.T) {
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	m := solver.Model{Field: lower(t, square()), Head: must(t, h, err)}
	program := s.compile(t, m, s.spec(solver.Backsolve))
	data := solver.Labelled([]float64{0.1, 0.2, 2, 0.3}, []float64{0, 1, 0, 1}, solver.Span{T1: 1})
	session, err := program.Train(data, solver.DefaultOptimizer(0.1), solver.NewOptimizerState([]float64{0.5, 0.25}))
	must(t, session, err)
	done := 0
	err = session.Run(context.Background(), [][]int{{0, 1}, {3, 1}, {3, 2, 0}, {0, 1}}, nil,
		func(solver.Iteration) { done++ })
	var failed *solver.IterationError
	if !errors.As(err, &failed) || failed.Index != 2 || failed.Sample != 2 || done != 2 {
		t.Errorf("after %d iterations: %v", done, err)
	}
	if st, err := session.State(); err != nil || st.Step != 2 || math.IsNaN(st.Theta[0]) {
		t.Errorf("the state after the failure is %+v, %v", st, err)
	}
}

// wrongUse checks that mistakes are errors before any work, all at once.
func (s Suite) wrongUse(t *testing.T) {
	m := solver.Model{Field: lower(t, rate())}
	bad := s.spec(solver.NoGradient)
	bad.Controller.Rtol, bad.Controller.Safety = -1, 2
	if _, err := s.Backend.Compile(m, bad); err == nil {
		t.Error("a negative rtol compiles")
	}
	fine := s.spec(solver.NoGradient)
	fine.Controller.Rtol = s.choose(1e-7, 2e-16)
	if _, err := s.Backend.Compile(m, fine); err == nil || !strings.Contains(err.Error(), "rtol") {
		t.Errorf("an rtol that %v cannot tell from zero: %v", s.Precision, err)
	}
	program := s.compile(t, m, s.spec(solver.NoGradient))
	theta, span := []float64{1}, []solver.Span{{T1: 1}}
	for what, call := range map[string]func() error{
		"odd z0": func() error {
			return second(program.Solve(context.Background(), theta, solver.Batch{Z0: make([]float64, 3), Spans: span}))
		},
		"no samples": func() error {
			return second(program.Solve(context.Background(), theta, solver.Batch{Spans: span}))
		},
		"long θ": func() error {
			return second(program.Solve(context.Background(), []float64{1, 2},
				solver.Batch{Z0: make([]float64, 2), Spans: span}))
		},
		"three spans": func() error {
			return second(program.Solve(context.Background(), theta,
				solver.Batch{Z0: make([]float64, 4), Spans: make([]solver.Span, 3)}))
		},
		"infinite span": func() error {
			return second(program.Solve(context.Background(), theta,
				solver.Batch{Z0: make([]float64, 2), Spans: []solver.Span{{T1: math.Inf(1)}}}))
		},
		"a time that is no number": func() error {
			return second(program.Solve(context.Background(), theta,
				solver.Batch{Z0: make([]float64, 2), Spans: span, Times: []float64{math.NaN()}}))
		},
		"times out of order": func() error {
			return second(program.Solve(context.Background(), theta,
				solver.Batch{Z0: make([]float64, 2), Spans: span, Times: []float64{1, 0.5}}))
		},
		"no gradient": func() error {
			return second(program.Differentiate(context.Background(), theta,
				solver.Batch{Z0: make([]float64, 2), Spans: span}, solver.Objective{Cotangent: make([]float64, 2)}))
		},
		"no loss": func() error {
			return second(s.compile(t, m, s.spec(solver.Discrete)).Differentiate(context.Background(), theta,
				solver.Batch{Z0: make([]float64, 2), Spans: span}, solver.Objective{Labels: make([]float64, 1)}))
		},
		"empty training": func() error {
			return second(program.Train(solver.Data{}, solver.DefaultOptimizer(1), solver.OptimizerState{}))
		},
	} {
		if call() == nil {
			t.Errorf("%s is no error", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }
