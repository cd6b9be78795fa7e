package bench

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"neuralode"
	"neuralode/reference"
	"neuralode/solver"
)

var modes = []solver.Gradient{solver.Discrete, solver.Backsolve}

// Run runs all suites as sub-benchmarks of b, on the CPU with as many workers as GOMAXPROCS.
func Run(b *testing.B) {
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		b.Fatal(err)
	}
	peak := Peak(runtime.GOMAXPROCS(0))
	for _, c := range cases(b) {
		name := fmt.Sprintf("%s/batch=%d", c.Name, c.Batch())
		b.Run("solve/"+name, func(b *testing.B) { solve(b, backend, c) })
		for _, mode := range modes {
			b.Run(fmt.Sprintf("gradient/%v/%s", mode, name), func(b *testing.B) { gradient(b, backend, c, mode) })
			b.Run(fmt.Sprintf("iteration/%v/%s", mode, name), func(b *testing.B) { iteration(b, backend, c, mode, peak) })
		}
	}
}

func cases(b *testing.B) []*Case {
	var all []*Case
	spiral := reference.Embedded()[0]
	for _, batch := range []int{1, 16, 256, 4096} {
		c, err := FromProblem(&spiral, batch)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, c)
	}
	c, err := Middle(1024)
	if err != nil {
		b.Fatal(err)
	}
	return append(all, c)
}

// solve times the forward solve alone, its arguments and results copied in and out.
func solve(b *testing.B, backend solver.Backend, c *Case) {
	program, err := backend.Compile(solver.Model{Field: c.Model.Solver.Field}, c.Spec(solver.NoGradient))
	if err != nil {
		b.Fatal(err)
	}
	defer program.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := program.Solve(context.Background(), c.Model.Theta, c.batch()); err != nil {
			b.Fatal(err)
		}
	}
	report(b, backend, c, solver.NoGradient, 0)
}

// gradient times solve, loss and gradient, arguments and results copied in and out.
func gradient(b *testing.B, backend solver.Backend, c *Case, mode solver.Gradient) {
	program, err := backend.Compile(c.Model.Solver, c.Spec(mode))
	if err != nil {
		b.Fatal(err)
	}
	defer program.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := program.Differentiate(context.Background(), c.Model.Theta, c.batch(), solver.Objective{Labels: c.Labels}); err != nil {
			b.Fatal(err)
		}
	}
	report(b, backend, c, mode, 0)
}

// iteration times a training iteration.
func iteration(b *testing.B, backend solver.Backend, c *Case, mode solver.Gradient, peak float64) {
	step, done, err := iterate(context.Background(), backend, c, mode)
	if err != nil {
		b.Fatal(err)
	}
	defer done()
	b.ReportAllocs()
	for b.Loop() {
		if err := step(); err != nil {
			b.Fatal(err)
		}
	}
	report(b, backend, c, mode, peak)
}

// report adds what a time alone does not say.
func report(b *testing.B, backend solver.Backend, c *Case, mode solver.Gradient, peak float64) {
	counted := mode
	if mode == solver.NoGradient {
		counted = solver.Discrete // the forward solve is the same
	}
	w, err := WorkOf(context.Background(), backend, c, counted)
	if err != nil {
		b.Fatal(err)
	}
	each := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(1e3*each, "ms")
	b.ReportMetric(w.NFEMean, "NFE")
	b.ReportMetric(w.StepsMean, "steps")
	b.ReportMetric(float64(c.Batch())/each, "samples/s")
	if peak > 0 {
		b.ReportMetric(100*w.Floor(mode, peak).Seconds()/each, "%floor")
	}
}
