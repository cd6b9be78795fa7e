package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"neuralode"
	"neuralode/atomicfile"
	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/train"
)

// solveFlags are the flags that say how to solve, where a run's own configuration is the default.
type solveFlags struct {
	flags             *pflag.FlagSet
	rtol, atol        float64
	rtols, atols      []float64
	precision, method string
	controller        string
	step              float64
	minStep, maxStep  float64
}

func (s *solveFlags) add(f *pflag.FlagSet) {
	s.flags, s.rtol, s.atol = f, 1e-3, 1e-6
	f.Var(&tolerances{&s.rtol, &s.rtols}, "rtol", "relative tolerance of a step, or one for each component of the state; a run has its own")
	f.Var(&tolerances{&s.atol, &s.atols}, "atol", "absolute tolerance of a step, or one for each component of the state; a run has its own")
	f.StringVar(&s.precision, "precision", "float32", oneOf(precisions)+"; a run has its own")
	f.StringVar(&s.method, "method", methods[0], oneOf(methods)+"; a run has its own")
	f.StringVar(&s.controller, "controller", controllers[0], oneOf(controllers)+"; a run has its own")
	f.Float64Var(&s.step, "step", 0, "constant size of the steps (0: by the error); a run has its own")
	f.Float64Var(&s.minStep, "min-step", 0, "smallest step (0: any); a run has its own")
	f.Float64Var(&s.maxStep, "max-step", 0, "largest step (0: any); a run has its own")
}

// spec is a run's own, changed by the flags that were given.
func (s *solveFlags) spec(from *source) (solver.Spec, error) {
	c := train.DefaultConfig()
	if from.run != nil {
		c = from.run.Config
	}
	set := func(name string, do func()) {
		if from.run == nil || s.flags.Changed(name) {
			do()
		}
	}
	set("rtol", func() { c.Rtol, c.Rtols = s.rtol, s.rtols })
	set("atol", func() { c.Atol, c.Atols = s.atol, s.atols })
	set("precision", func() { c.Precision = s.precision })
	set("method", func() { c.Method = s.method })
	set("controller", func() { c.Controller = s.controller })
	set("step", func() { c.Step = s.step })
	set("min-step", func() { c.MinStep = s.minStep })
	set("max-step", func() { c.MaxStep = s.maxStep })
	if err := s.checkIdle(c.Step); err != nil {
		return solver.Spec{}, wrongUse(err)
	}
	spec, err := c.Spec()
	spec.Gradient = solver.NoGradient // not every method has the run's
	if err == nil {
		err = spec.Check()
	}
	return spec, wrongUse(err)
}

// adaptiveFlags have no part in a solve in constant steps.
var adaptiveFlags = []string{"rtol", "atol", "controller"}

// checkIdle reports flags without effect beside a constant step, which may be the run's.
func (s *solveFlags) checkIdle(step float64) error {
	for _, name := range adaptiveFlags {
		if step > 0 && s.flags.Changed(name) {
			return fmt.Errorf("%s has no part in constant steps of %v: leave it out, or give --step 0 for steps by the error", name, step)
		}
	}
	return nil
}

// solveOptions are solve's flags.
type solveOptions struct {
	points, out, device, times string
	shard                      string
	steps                      bool
	digits                     digits
	format                     dataset.Format
	solve                      solveFlags
}

func (a *app) solveCommand() *cobra.Command {
	o := &solveOptions{}
	c := &cobra.Command{
		Use:   "solve RUN|MODEL --points FILE",
		Short: "Integrate points with a trained field",
		Long: `Integrate points over the model's time and write the states at the given times: as CSV with the columns sample, t,
z1, z2, ... or as .npy of shape [samples, times, dim]. States are in the units of the data, also those of a model that scales
its features; components added with --augment have none. Times must lie, in order, within the model's own: numbers and ranges
START:END:COUNT, both ends included, with commas between, or the name of a file of numbers, text or .npy. States are
written a few samples at a time, so that they need not fit into memory. A CSV has the digits of a state down to the first
that the tolerances of a step leave open, atol + rtol·|z|; errors of many steps may be larger: verify RUN measures them.
--digits all writes what computes on to the bit, as .npy always does. Columns whose header has the names that the model
was trained on may come in any order.

With --shard only a fixed part of the samples is solved, into a file of its own beside --out, from which neuralode join
makes that of --out when all parts are there. A part that is there and whole is not solved again.`,
		Example: `  neuralode solve RUN --points points.csv --times 0,0.5,1
  neuralode solve RUN --points points.csv --times 0:1:101 --out states.npy
  neuralode solve RUN --points points.csv --steps --out steps.csv
  neuralode solve model.safetensors --points points.npy --out states.npy
  neuralode solve RUN --points labelled.csv --drop label --out states.csv
  neuralode solve RUN --points points.npy --out states.npy --shard 3/64`,
		Args: oneArgument("a run folder or a model file"),
		RunE: func(c *cobra.Command, args []string) error { return a.solve(c.Context(), o, args[0]) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.points, "points", "",
		".csv, .tsv, .txt or .npy file of points, or one of these and .gz; - for text on standard input")
	f.StringVar(&o.times, "times", "", "times of the states, as 0,0.5,1 or 0:1:101 or a file of them (default the end alone)")
	f.BoolVar(&o.steps, "steps", false, "write the states at the start and after each accepted step, in place of --times; on the CPU")
	formatFlags(f, &o.format)
	f.StringSliceVar(&o.format.Drop, "leave-out", nil, "--drop, as it was once called")
	f.Lookup("leave-out").Hidden = true
	f.StringVar(&o.out, "out", "-", ".csv or .npy file to write; - for CSV on standard output")
	f.StringVar(&o.shard, "shard", "", "solve only this part of the samples: 3/64 is the fourth of 64, auto/64 the one of "+
		"this task of an array of Slurm or an Indexed Job of Kubernetes; join makes one file of all")
	o.digits.add(f)
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	o.solve.add(f)
	return c
}

func (a *app) solve(ctx context.Context, o *solveOptions, path string) error {
	if o.points == "" {
		return wrongUse(errors.New("give the points: --points FILE"))
	}
	shard, err := o.shardOf()
	if err = errors.Join(checkStates(o.out), o.checkSteps(), err); err != nil {
		return wrongUse(err)
	}
	replaced := checkReplaced(o.out, inputFile{"points", o.points}, inputFile{"times", o.times},
		inputFile{"metrics of the run", filepath.Join(path, "metrics.csv")})
	if err := errors.Join(replaced, o.digits.check(!strings.HasSuffix(o.out, ".npy"))); err != nil {
		return wrongUse(err)
	}
	s, err := openForPoints(path)
	if err != nil {
		return err
	}
	spec, err := o.solve.spec(s)
	if err != nil {
		return err
	}
	times, err := o.timesWithin(s.model, spec)
	if err != nil {
		return err
	}
	points, err := a.readPoints(o, s, spec)
	if err != nil {
		return err
	}
	if points.Dim != s.model.Features() {
		return fmt.Errorf("%s has %d features, the model wants %d (--drop leaves columns out)", o.points, points.Dim,
			s.model.Features())
	}
	if o.steps && o.device == "auto" {
		o.device = "cpu"
	}
	p, err := a.predictor(o.device, s.model, spec)
	if err != nil {
		return err
	}
	defer p.Close()
	a.takeNotes(points.Notes)
	a.compareNames(points.Named, points.Features, s.model)
	if shard != nil {
		return a.solveShard(ctx, o, path, *shard, p, points, times, p.Backend().Arithmetic())
	}
	return a.writeStates(ctx, o.out, func(w io.Writer) error {
		if o.steps {
			return o.allSteps(ctx, w, p, spec, points)
		}
		return o.states(ctx, w, p, spec, points, times)
	})
}

// checkSteps reports what has no part in writing steps, of which each sample has its own.
func (o *solveOptions) checkSteps() error {
	switch {
	case !o.steps:
		return nil
	case o.times != "":
		return errors.New("--steps writes the states at the ends of steps: leave --times out")
	case o.shard != "":
		return errors.New("--steps has no parts to join: leave --shard out")
	case strings.HasSuffix(o.out, ".npy"):
		return errors.New("--steps gives each sample times of its own, which an array does not hold: write a .csv")
	}
	return nil
}

// allSteps solves the points and writes their states at the ends of steps to w.
func (o *solveOptions) allSteps(ctx context.Context, w io.Writer, p *train.Predictor, spec solver.Spec,
	points *dataset.Dataset) error {
	dim := p.Model().Net.Dim()
	t, err := dataset.NewStepsCSV(w, dim, o.digits.rounding(spec, p.Model().FeatureScale, dim)...)
	if err != nil {
		return err
	}
	err = p.SolveSteps(ctx, points.X, func(_ int, s *solver.Solution, failed error) error {
		for i := 0; i < len(s.End) && failed == nil; i++ {
			times, z := s.Steps.Of(i)
			failed = t.WriteSample(times, p.Model().Unscale(z))
		}
		return failed
	})
	if err != nil {
		return err
	}
	return t.Close()
}

// timesWithin are the times that are asked for, or the end of the model's.
func (o *solveOptions) timesWithin(m *train.Model, spec solver.Spec) ([]float64, error) {
	times, err := parseTimes(o.times)
	if err != nil {
		return nil, err
	}
	if len(times) == 0 {
		times = []float64{m.Span.T1}
	}
	one := solver.Batch{Z0: make([]float64, m.Net.Dim()), Spans: []solver.Span{m.Span}, Times: times}
	if one.Check(m.Net.Dim(), spec) != nil {
		return nil, wrongUse(fmt.Errorf("times must be in order from %v to %v, the model's own, got %.60s", m.Span.T0,
			m.Span.T1, o.times))
	}
	return times, nil
}

// inputFile is a file that a command reads, or that must stay, and what it holds.
type inputFile struct{ what, path string }

// checkReplaced reports an output that would take the place of one of the files.
func checkReplaced(out string, files ...inputFile) error {
	for _, f := range files {
		if sameFile(f.path, out) {
			return fmt.Errorf("out would replace the %s in %s: give another file", f.what, f.path)
		}
	}
	return nil
}

// sameFile reports whether both names lead to one file that is there.
func sameFile(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

// compareNames says when the features of a file with a header are not those that the model was trained on: their order
// then decides.
func (a *app) compareNames(named bool, features []string, m *train.Model) {
	if named && len(m.Inputs) > 0 && !slices.Equal(features, m.Inputs) {
		fmt.Fprintf(a.err, "taking the columns %s for %s\n", shown(features), shown(m.Inputs))
	}
}

// pointOptions say how points are read, their columns in the order of those of the model's where they have these names.
func pointOptions(s *source, flags *pflag.FlagSet, format dataset.Format, spec solver.Spec) dataset.Options {
	options := dataset.Options{Task: dataset.Unlabelled, Features: s.model.Inputs, Format: format,
		Float32: spec.Precision != solver.Float64}
	if s.run != nil {
		options.Format = ownFormat(flags, format, s.run.Config.Format)
		options.Drop = format.Drop // points need not have the columns that a training file has beside them
	}
	return options
}

// readPoints reads the points.
func (a *app) readPoints(o *solveOptions, s *source, spec solver.Spec) (*dataset.Dataset, error) {
	options := pointOptions(s, o.solve.flags, o.format, spec)
	if o.points == "-" {
		return dataset.ReadCSV("standard input", a.stdin, options)
	}
	return dataset.ReadFile(o.points, options)
}

// writeStates lets write fill a file, which is there only when all is, or standard output.
func (a *app) writeStates(ctx context.Context, out string, write func(io.Writer) error) error {
	if out == "-" {
		return write(a.out)
	}
	defer gateOf(ctx).close()() // a sudden end would leave a half-written file
	return atomicfile.Write(out, write)
}

// states solves the points and writes their states at the times to w, in the format that the name of the output says.
func (o *solveOptions) states(ctx context.Context, w io.Writer, p *train.Predictor, spec solver.Spec,
	points *dataset.Dataset,
	times []float64) error {
	dim := p.Model().Net.Dim()
	t, err := dataset.NewTrajectoryCSV(w, times, dim, o.digits.rounding(spec, p.Model().FeatureScale, dim)...)
	if strings.HasSuffix(o.out, ".npy") {
		t, err = dataset.NewTrajectoryNPY(w, points.Len(), times, dim)
	}
	if err != nil {
		return err
	}
	err = p.Solve(ctx, points.X, times, func(_ int, s *solver.Solution, failed error) error {
		if failed != nil {
			return failed
		}
		return t.Write(p.Model().Unscale(s.Saved))
	})
	if err != nil {
		return err
	}
	return t.Close()
}
