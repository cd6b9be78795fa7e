//go:build !noasm

package cpu_test

import (
	"context"
	"slices"
	"testing"

	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

// TestLevelsGiveTheSameBits trains by AVX2 and by AVX-512: machines of both kinds can train together.
func TestLevelsGiveTheSameBits(t *testing.T) {
	if !slices.Contains(cpu.Levels(), "avx512") {
		t.Skip("needs AVX-512")
	}
	for _, p := range reference.Embedded() {
		for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
			for _, gradient := range solver.Gradients() {
				spec := solver.DefaultSpec()
				spec.Gradient, spec.Precision = gradient, precision
				a, b := trainedBy(t, "avx2", p, spec), trainedBy(t, "avx512", p, spec)
				if !slices.Equal(a, b) {
					t.Errorf("%s, %v, %v: other bits", p.Name, precision, gradient)
				}
			}
		}
	}
}

// trainedBy is θ after some iterations at a level, or where it stops.
func trainedBy(t *testing.T, level string, p reference.Problem, spec solver.Spec) []float64 {
	t.Helper()
	m, err := train.FromReference(&p.Model)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{Workers: 1, Level: level})
	if err != nil {
		t.Fatal(err)
	}
	program, err := backend.Compile(m.Solver, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	n := min(64, p.Batch())
	s, err := program.Train(solver.Labelled(p.X[:n*p.Dim()], p.Label[:n], m.Span), solver.DefaultOptimizer(1e-2),
		solver.NewOptimizerState(p.Theta))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	// Backsolve may drift, and then does so by both.
	_ = s.Run(context.Background(), [][]int{all, all, all}, nil, func(solver.Iteration) {})
	state, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	return append(state.Theta, float64(state.Step))
}
