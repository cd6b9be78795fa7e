package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"neuralode/solver"
	"neuralode/solver/cpu"
)

// Measurement is a timed training iteration: forward, loss, gradient, Adam.
type Measurement struct {
	Iterations       int
	Median, Min      time.Duration
	SamplesPerSecond float64
	FloorFraction    float64 // Floor / Median; 0 when the peak is unknown
	Work             *Work
}

// still is a learning rate at which an update changes no bit of a θ that is not zero: every iteration does the same
// work.
const still = 1e-30

// Iteration times iterations of the case, after a warm-up, for at least that long and at least least of them, and at
// least one. peak is the arithmetic speed of all cores in GFLOP/s, see Peak; 0 when it is unknown. mode must be a
// gradient. The errors are those of compiling and training the case.
func Iteration(ctx context.Context, backend solver.Backend, c *Case, mode solver.Gradient, least int,
	long time.Duration, peak float64) (*Measurement, error) {
	work, err := WorkOf(ctx, backend, c, mode)
	if err != nil {
		return nil, err
	}
	step, done, err := iterate(ctx, backend, c, mode)
	if err != nil {
		return nil, err
	}
	defer done()
	var times []time.Duration
	for start, warm := time.Now(), 3; len(times) < max(least, 1) || time.Since(start) < long; warm-- {
		before := time.Now()
		if err := step(); err != nil {
			return nil, err
		}
		if warm <= 0 {
			times = append(times, time.Since(before))
		}
	}
	slices.Sort(times)
	m := &Measurement{Iterations: len(times), Median: times[len(times)/2], Min: times[0], Work: work}
	m.SamplesPerSecond = float64(c.Batch()) / m.Median.Seconds()
	m.FloorFraction = float64(work.Floor(mode, peak)) / float64(m.Median)
	return m, nil
}

// iterate returns a function that does one iteration, and one that frees what it needs.
func iterate(ctx context.Context, backend solver.Backend, c *Case,
	mode solver.Gradient) (step func() error, done func(), err error) {
	program, err := backend.Compile(c.Model.Solver, c.Spec(mode))
	if err != nil {
		return nil, nil, err
	}
	data, batches := c.data()
	session, err := program.Train(data, solver.DefaultOptimizer(still), solver.NewOptimizerState(c.Model.Theta))
	if err != nil {
		return nil, nil, errors.Join(err, program.Close())
	}
	step = func() error { return session.Run(ctx, batches, nil, func(solver.Iteration) {}) }
	return step, func() { program.Close() }, nil
}

// Peak is the measured speed of float32 fused multiply-adds of that many cores, in GFLOP/s; 0 where it is unknown.
func Peak(workers int) float64 { return cpu.Peak(solver.Float32) * float64(workers) }
