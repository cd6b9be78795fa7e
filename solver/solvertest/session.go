package solvertest

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"neuralode/graph"
	"neuralode/solver"
)

// samples are those of the data of a classroom.
const samples = 40

// classroom is a program with data to train it on.
type classroom struct {
	program solver.Program
	batch   solver.Batch
	data    solver.Data
}

func (s Suite) classroom(t *testing.T) classroom {
	t.Helper()
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	m := solver.Model{Field: lower(t, square()), Head: must(t, h, err)}
	b := solver.Batch{Z0: make([]float64, samples), Spans: []solver.Span{{T1: 1}}}
	return classroom{s.compile(t, m, s.spec(solver.Discrete)), b,
		solver.Labelled(b.Z0, make([]float64, samples), b.Spans[0])}
}

func (c classroom) theta() []float64 { return []float64{0.5, 0.25} }

func (c classroom) train() (solver.Session, error) {
	return c.program.Train(c.data, solver.DefaultOptimizer(0.1), solver.NewOptimizerState(c.theta()))
}

// sessions checks what a session does with indices that are wrong, contexts that end and memory that changes.
func (s Suite) sessions(t *testing.T) {
	c := s.classroom(t)
	session, err := c.train()
	must(t, session, err)
	for i := range c.data.Z0 {
		c.data.Z0[i], c.data.Labels[i] = 1e30, 1e30 // the session has its own
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for what, indices := range map[string][]int{"the end": {0, samples}, "the start": {-1}, "an empty minibatch": {}} {
		if err := session.Run(ctx, [][]int{{0}, indices}, nil, func(solver.Iteration) {
			t.Error(what + ": work before the error")
		}); err == nil {
			t.Errorf("%s is no error", what)
		}
	}
	for what, rates := range map[string][]float64{"one rate for two": {1}, "no rate": {}, "NaN": {1, math.NaN()},
		"a negative rate": {-1, 1}} {
		if err := session.Run(ctx, [][]int{{0}, {1}}, rates, func(solver.Iteration) {
			t.Error(what + ": work before the error")
		}); err == nil {
			t.Errorf("%s is no error", what)
		}
	}
	if err := session.Run(ctx, [][]int{upTo(samples), append(upTo(samples), upTo(samples)...)}, nil,
		func(solver.Iteration) {}); err != nil {
		t.Error(err)
	}
	if err := session.Run(ctx, [][]int{{3}}, nil, func(solver.Iteration) { cancel() }); err != nil {
		t.Errorf("a context that ended after the last iteration gives %v", err)
	}
	if err := session.Run(ctx, [][]int{{3}}, nil, func(solver.Iteration) {
		t.Error("work under a cancelled context")
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
	if state, err := session.State(); err != nil || state.Step != 3 {
		t.Errorf("%d updates, want 3; %v", state.Step, err)
	}
}

// sessionClose closes one session of a program: the others and the program go on, and its goroutines end.
func (s Suite) sessionClose(t *testing.T) {
	c := s.classroom(t)
	kept, err := c.train()
	must(t, kept, err)
	before := runtime.NumGoroutine()
	for range 20 {
		session, err := c.train()
		must(t, session, err)
		if err := errors.Join(session.Close(), session.Close()); err != nil {
			t.Fatal(err)
		}
		if err := session.Run(context.Background(), [][]int{{0}}, nil, func(solver.Iteration) {}); err == nil ||
			!strings.Contains(err.Error(), "closed") {
			t.Fatalf("Run after Close gives %v", err)
		}
		if _, err := session.State(); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Fatalf("State after Close gives %v", err)
		}
	}
	for wait := time.Now(); runtime.NumGoroutine() > before && time.Since(wait) < 10*time.Second; {
		time.Sleep(time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, before the closed sessions %d", after, before)
	}
	if err := kept.Run(context.Background(), [][]int{{0}}, nil, func(solver.Iteration) {}); err != nil {
		t.Errorf("another session after it: %v", err)
	}
	if _, err := c.program.Solve(context.Background(), c.theta(), c.batch); err != nil {
		t.Errorf("the program after it: %v", err)
	}
}

// closed checks that a program and its sessions say that they were closed, and that closing again is no error.
func (s Suite) closed(t *testing.T) {
	c := s.classroom(t)
	session, err := c.train()
	must(t, session, err)
	for range 2 {
		if err := c.program.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	for what, call := range map[string]func() error{
		"Solve": func() error { return second(c.program.Solve(ctx, c.theta(), c.batch)) },
		"Differentiate": func() error {
			return second(c.program.Differentiate(ctx, c.theta(), c.batch, solver.Objective{Labels: c.data.Labels}))
		},
		"Train": func() error { return second(c.train()) },
		"Run":   func() error { return session.Run(ctx, [][]int{upTo(samples)}, nil, func(solver.Iteration) {}) },
		"State": func() error { return second(session.State()) },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s after Close gives %v", what, err)
		}
	}
}
