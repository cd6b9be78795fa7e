package main

import (
	"context"
	"math"
	"slices"
	"testing"

	"neuralode/dataset"
	"neuralode/figure"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

func TestLegendNames(t *testing.T) {
	for _, c := range []struct {
		classes, targets, want []string
	}{
		{[]string{"0", "1", "2"}, []string{"kind"}, []string{"class 0", "class 1", "class 2"}},
		{[]string{"0", "2"}, []string{"kind"}, []string{"class 0", "class 2"}},
		{[]string{"-1", "1"}, []string{"kind"}, []string{"class −1", "class 1"}},
		{[]string{"0", "cat"}, []string{"kind"}, []string{"0", "cat"}},
		{nil, []string{"yield", "price"}, []string{"yield"}},
	} {
		if got := legendNames(&dataset.Dataset{Classes: c.classes, Targets: c.targets}); !slices.Equal(got, c.want) {
			t.Errorf("classes %q, targets %q: %q, want %q", c.classes, c.targets, got, c.want)
		}
	}
}

func TestFine(t *testing.T) {
	run := solver.DefaultSpec()
	run.Precision, run.Controller.Control, run.Controller.MaxSteps = solver.TF32, solver.ControlBatch, 7
	got := fine(run)
	if err := got.Check(); err != nil {
		t.Fatal(err)
	}
	if c := got.Controller; c.Rtol != 1e-6 || c.Atol != 1e-8 || c.MaxSteps != 4096 || c.Control != solver.ControlSample {
		t.Errorf("figures are solved with %+v", c)
	}
	run.Controller.Rtol, run.Controller.Atol, run.Controller.MaxSteps = 1e-9, 1e-10, 10_000
	if c := fine(run).Controller; c.Rtol != 1e-9 || c.Atol != 1e-10 || c.MaxSteps != 10_000 {
		t.Errorf("a run's finer tolerances become %+v", c)
	}
}

// TestWays measures curves by their corners: 200 points of a smooth curve turn little from one to the next.
func TestWays(t *testing.T) {
	r, err := train.OpenRun(trained(t, "--no-figures"))
	if err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := &painter{run: r, backend: backend, spec: fine(solver.DefaultSpec())}
	p.prepare()
	ways, err := p.ways(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(ways.Paths) != 50 || len(ways.Labels) != 50 {
		t.Fatalf("%d trajectories with %d labels, want 50", len(ways.Paths), len(ways.Labels))
	}
	for i, w := range ways.Paths {
		if len(w) != 200 {
			t.Fatalf("trajectory %d has %d points, want 200", i, len(w))
		}
		for j := 2; j < len(w); j++ {
			a, b := direction(w[j-2], w[j-1]), direction(w[j-1], w[j])
			if turn := math.Abs(math.Remainder(b-a, 2*math.Pi)); turn > 0.1 {
				t.Errorf("trajectory %d turns by %.2f at point %d", i, turn, j)
			}
		}
	}
}

func direction(a, b figure.Point) float64 { return math.Atan2(b[1]-a[1], b[0]-a[0]) }
