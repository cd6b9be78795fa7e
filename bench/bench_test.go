package bench

import (
	"context"
	"math"
	"testing"
	"time"

	"neuralode"
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

// TestEnsembleCompiles looks at what only a benchmark runs.
func TestEnsembleCompiles(t *testing.T) {
	if err := ensembleSpec().Check(); err != nil {
		t.Error(err)
	}
}
