package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"

	"neuralode"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu/kernelbench"
)

var modes = []solver.Gradient{solver.Discrete, solver.Adjoint}

// DeviceVariable names the environment variable that says what the suites run on: cpu, the default, or cuda.
const DeviceVariable = "NEURALODE_BENCH_DEVICE"

// Run runs all suites as sub-benchmarks of b: on the CPU with as many workers as GOMAXPROCS, or on the device that
// DeviceVariable names.
func Run(b *testing.B) {
	device := cmp.Or(os.Getenv(DeviceVariable), "cpu")
	backend, _, err := neuralode.Open(device)
	if err != nil {
		b.Fatal(err)
	}
	peak := 0.0
	if device == "cpu" {
		peak = Peak(runtime.GOMAXPROCS(0))
		b.Run("kernels", kernelbench.Run)
	}
	for _, c := range cases(b, device) {
		name := fmt.Sprintf("%s/batch=%d", c.Name, c.Batch())
		b.Run("solve/"+name, func(b *testing.B) { solve(b, backend, c) })
		for _, mode := range modes {
			b.Run(fmt.Sprintf("gradient/%v/%s", mode, name), func(b *testing.B) { gradient(b, backend, c, mode) })
			b.Run(fmt.Sprintf("iteration/%v/%s", mode, name), func(b *testing.B) {
				iteration(b, backend, c, mode, peak)
			})
		}
	}
	for _, n := range ensembles[device] {
		b.Run(fmt.Sprintf("ensemble/lorenz/batch=%d", n), func(b *testing.B) { ensemble(b, backend, n) })
	}
	for _, mode := range modes {
		b.Run(fmt.Sprintf("run/%v", mode), func(b *testing.B) { wholeRun(b, backend, mode) })
	}
}

// The batches of the trained spiral, of the middle size and of the ensemble, by device.
var (
	batches   = map[string][]int{"cpu": {1, 16, 256, 4096}, "cuda": {1, 16, 256, 4096, 65536}}
	middles   = map[string][]int{"cpu": {1024}, "cuda": {1024, 4096}}
	ensembles = map[string][]int{"cpu": {1 << 13}, "cuda": {1 << 20, 1 << 23}}
)

func cases(b *testing.B, device string) []*Case {
	var all []*Case
	add := func(c *Case, err error) {
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, c)
	}
	spiral := reference.Embedded()[0]
	for _, n := range batches[device] {
		add(FromProblem(&spiral, n))
	}
	for _, n := range middles[device] {
		add(Middle(n))
	}
	return all
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
		if _, err := program.Differentiate(context.Background(), c.Model.Theta, c.batch(),
			solver.Objective{Labels: c.Labels}); err != nil {
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
