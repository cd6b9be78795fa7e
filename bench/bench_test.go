package bench

import (
	"context"
	"math"
	"testing"
	"time"

	"neuralode"
	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
)

// Benchmark runs the suites: go test -bench . ./bench
func Benchmark(b *testing.B) { Run(b) }

// TestFloor compares with the arithmetic written out by hand: 2-64-64-2 has 4352 multiply-adds; 100 evaluations and 10
// accepted steps are 870 400 and 60 stages of two products 1 044 480 operations, 1914.88 ns at 1000 GFLOP/s.
func TestFloor(t *testing.T) {
	spiral := reference.Embedded()[0]
	c, err := FromProblem(&spiral, 3)
	if err != nil {
		t.Fatal(err)
	}
	w := &Work{NFE: 100, Accepted: 10, Multiplications: multiplications(c)}
	if w.Multiplications != 4352 || math.Abs(w.FLOP(solver.Discrete)-1914880) > 0.5 {
		t.Errorf("%d multiply-adds, %v operations", w.Multiplications, w.FLOP(solver.Discrete))
	}
	if got := w.Floor(solver.Discrete, 1000); got != 1914*time.Nanosecond {
		t.Errorf("floor %v", got)
	}
	if w.Floor(solver.Discrete, 0) != 0 {
		t.Error("a floor without a peak")
	}
}

func TestCases(t *testing.T) {
	spiral := reference.Embedded()[0]
	for _, n := range []int{1, 256, 300} {
		c, err := FromProblem(&spiral, n)
		if err != nil || c.Batch() != n || len(c.Z0) != 2*n {
			t.Errorf("%d samples: %v, %v", n, c, err)
		}
	}
	if _, err := FromProblem(&spiral, 0); err == nil {
		t.Error("no samples are no error")
	}
}

func TestIteration(t *testing.T) {
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Middle(4)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Iteration(context.Background(), backend, c, solver.Discrete, 5, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if m.Iterations != 5 || m.Median < m.Min || m.Work.StepsMean < 1 || !(m.FloorFraction > 0) {
		t.Errorf("%+v", m)
	}
}

// TestIterationMeasuresAtLeastOne asks for no iterations and no time.
func TestIterationMeasuresAtLeastOne(t *testing.T) {
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	c, err := FromProblem(&reference.Embedded()[3], 4)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Iteration(context.Background(), backend, c, solver.Discrete, 0, 0, 0)
	if err != nil || m.Iterations != 1 || m.Median <= 0 || m.FloorFraction != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := Iteration(context.Background(), backend, c, solver.NoGradient, 1, 0, 0); err == nil {
		t.Error("an iteration without a gradient is no error")
	}
}

// TestEnsemble looks at what only a benchmark runs: on the z axis the Lorenz system decays with β = 8/3; from
// (1, 0, 0) it comes to rest for ρ = 0 and not for ρ = 20.
func TestEnsemble(t *testing.T) {
	field, err := graph.LowerField(lorenz())
	if err != nil {
		t.Fatal(err)
	}
	spec := ensembleSpec()
	spec.Precision = solver.Float64
	program, err := solver.Reference().Compile(solver.Model{Field: field}, spec)
	if err != nil {
		t.Fatal(err)
	}
	s, err := program.Solve(context.Background(), nil, solver.Batch{Z0: []float64{0, 0, 1, 1, 0, 0, 1, 0, 0},
		Spans: []solver.Span{{T1: 1}}, Inputs: []float64{20, 0, 20}})
	if err != nil || s.Err() != nil {
		t.Fatal(err, s.Err())
	}
	if z := s.Z1[2]; math.Abs(z-math.Exp(-8.0/3)) > 1e-6 {
		t.Errorf("on the z axis it comes to %v", s.Z1[:3])
	}
	if still, moving := s.Z1[3:6], s.Z1[6:9]; math.Abs(still[0]) > 0.1 || moving[2] < 10 {
		t.Errorf("ρ = 0 gives %v, ρ = 20 gives %v", still, moving)
	}
}
