package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/bench"
	"neuralode/reference"
	"neuralode/solver"
)

// benchOptions are bench's flags.
type benchOptions struct {
	batch, iterations int
	gradient, device  string
	json              bool
}

func (a *app) benchCommand() *cobra.Command {
	o := &benchOptions{}
	c := &cobra.Command{
		Use:   "bench [FILE]",
		Short: "Time the training iteration on this machine",
		Long: `Time the training iteration (forward, loss, gradient, Adam; parameters as before after each) on a reference file, by
default the trained spiral, at rtol 1e-3 and atol 1e-6 in float32. floor is the share of the time that the products alone
would take at the processor's measured peak.`,
		Example: `  neuralode bench
  neuralode bench --batch 4096 --gradient backsolve --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.bench(c.Context(), o, args) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.IntVar(&o.batch, "batch", 256, "samples; beyond those of the file they are drawn with replacement")
	f.StringVar(&o.gradient, "gradient", "discrete", oneOf(gradients))
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	f.IntVar(&o.iterations, "iterations", 20, "least number of timed iterations; at least a second is timed")
	f.BoolVar(&o.json, "json", false, "one JSON object")
	return c
}

func (a *app) bench(ctx context.Context, o *benchOptions, files []string) error {
	mode, err := solver.ParseGradient(o.gradient)
	if o.batch < 1 || o.iterations < 1 {
		err = errors.Join(err, fmt.Errorf("batch and iterations must be at least 1, got %d and %d", o.batch,
			o.iterations))
	}
	if err != nil {
		return wrongUse(err)
	}
	problem := reference.Embedded()[0]
	if len(files) == 1 {
		p, err := reference.ReadProblem(files[0])
		if err != nil {
			return err
		}
		problem = *p
	}
	c, err := bench.FromProblem(&problem, o.batch)
	if err != nil {
		return err
	}
	backend, err := a.open(o.device, c.Spec(mode))
	if err != nil {
		return err
	}
	a.announce()
	m, err := bench.Iteration(ctx, backend, c, mode, o.iterations, time.Second, bench.Peak(runtime.GOMAXPROCS(0)))
	if err != nil {
		return err
	}
	return a.printBench(o, backend, c, m)
}

func (a *app) printBench(o *benchOptions, backend solver.Backend, c *bench.Case, m *bench.Measurement) error {
	ms := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
	if o.json {
		return json.NewEncoder(a.out).Encode(struct {
			File             string  `json:"file"`
			Device           string  `json:"device"`
			Gradient         string  `json:"gradient"`
			Batch            int     `json:"batch"`
			Iterations       int     `json:"iterations"`
			Median           float64 `json:"ms_median"`
			Min              float64 `json:"ms_min"`
			NFEMean          float64 `json:"nfe_mean"`
			StepsMean        float64 `json:"steps_mean"`
			SamplesPerSecond float64 `json:"samples_per_s"`
			FloorFraction    float64 `json:"floor_fraction"`
		}{c.Name, backend.Device(), o.gradient, o.batch, m.Iterations, ms(m.Median), ms(m.Min), m.Work.NFEMean,
			m.Work.StepsMean, m.SamplesPerSecond, m.FloorFraction})
	}
	_, err := fmt.Fprintf(a.out, `%s, batch %d, %s, on %s
%d iterations: median %.4g ms, fastest %.4g ms, %.0f samples/s
NFE (field evaluations) %.1f and %.2f steps a sample, %.0f%% of rows busy; floor %.0f%% of the median
`, onLine(c.Name), o.batch, o.gradient, backend.Device(), m.Iterations, ms(m.Median), ms(m.Min), m.SamplesPerSecond, m.Work.NFEMean,
		m.Work.StepsMean, 100*m.Work.Occupied, 100*m.FloorFraction)
	return err
}
