package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"neuralode/dataset"
	"neuralode/live"
	"neuralode/solver"
	"neuralode/train"
)

// trainOptions are what train takes beside the run's configuration.
type trainOptions struct {
	config      train.Config
	device      string
	out         string
	resume      string
	configFile  string
	noFigures   bool
	json        bool
	preset      string
	live        string // address of a page; "": none
	tensorboard string
	ranks       string
	world       *world
	recognised  bool // that the file holds series, of which no flag says so
}

func (a *app) trainCommand() *cobra.Command {
	o := &trainOptions{config: train.DefaultConfig()}
	c := &cobra.Command{
		Use:   "train",
		Short: "Train a neural ODE and write a run folder with model and figures",
		Long:  trainHelp,
		Example: `  neuralode train
  neuralode train --data circle --gradient discrete --iterations 1000
  neuralode train --data points.csv --label kind --hidden 32,32 --augment 1
  neuralode train --data animals.csv --task series --id id --time-column t
  neuralode train --config run.toml --lr 1e-3
  neuralode train --resume runs/spiral-20260101-120000`,
		Args: func(c *cobra.Command, args []string) error { return noArguments(c, o.takeAddress(args)) },
		RunE: func(c *cobra.Command, _ []string) error { return a.train(c.Context(), c.Flags(), o) },
	}
	o.flags(c.Flags())
	sayDefaults(c.Flags())
	return c
}

const trainHelp = `Train a neural ODE on a made data set (spiral, circle, moons, arms) or on a file of text or of NumPy, and write a
run folder: model.safetensors, state.safetensors, metrics.csv, config.json and loss.png; for points of two features
dynamics.png and decision.png; for series series-1.png, parity-1.png and so on, one for each feature, and of two features
plane.png.
samples.safetensors keeps what figures show of a file of points, history.safetensors what they show of the training.

A made data set has --samples points of each of its classes, two or, of arms, three. In a file a row is a sample, a
column a feature, and one column the label. Labels are classes under --task auto when they are text, two whole numbers,
or the whole numbers from 0 or 1 on without a gap, each there twice on average; --loss mse takes more than two such
numbers as numbers. Other numbers are a regression, and texts of which most differ are refused. Classes are told apart
as texts: 7 and 007 differ. Two classes are trained with the loss bce, more with softmax, numbers with mse; or, where
some lie far off, with huber, which counts the distance beyond --huber-delta; or with gaussian, which finds the noise too,
the deviation of what is seen from what is predicted: eval says it. NFE is the number of field evaluations that a sample
takes to be solved.

In a file of series a row is what was observed of one series at one time: --id, --time-column and --features name its
columns, and a feature that was not observed is empty. --task series, or one of these three flags, says that a file is
one. Without a word a file is taken for one where columns are called id and t, time or year or the like and the rows
lie so, or where all lie as those of one series do, which needs no id; a note says so. With --label, --component,
--readout component or a loss of classes it is not. A series is solved from its first row on, over the times that it
has, and compared with its other rows by --loss mse, huber or gaussian. --horizon says how much of it is seen at once:
auto begins with short windows, each from the row that it begins with, and goes on to longer ones and then to whole
series, unless these are many times as long; windows stays with windows; full sees whole series from the start; grow
their beginnings, longer and longer; shooting segments that follow each other, whose starts are learnt under a penalty on
the gaps that grows with them, and then whole series. With --start learnt each series begins at a state that is trained,
not at its first observation, and one that was not trained on where it fits best what was observed of it.
--validation holds out whole series or, of fewer than five, the last rows of each. --constants names columns with one
number for each series, which the field reads too, and --inputs columns with signals that are known, such as a force:
what they are between the rows says --interpolation, linear, on whose bends steps end, or hermite, smooth cubics with
the slopes of the lines before. They must be known from the first row of a series to its last, and may be empty between;
rows may have inputs alone.

--lift linear or mlp makes the initial state of the features of a point, or of the first --lift-from rows of a series:
what was observed in each, scaled, what was not, and when; then no single row need have all features. With --latent the
state has so many components, and --readout linear or mlp gives the features back: encoder, equation, decoder, a latent
ODE. With --second-order the state is positions, the features among them, and as many velocities, and the net gives
accelerations; unless they are lifted, velocities begin as the slope of the parabola that fits a feature's first
observations, and those of points as zeros.

Defaults depend on the data: flags below have those of made data, and then those of tables and of series where they
differ. A table with --iterations has a constant learning rate, half of --lr's default, and its run can be made longer;
a run whose rate falls cannot, nor one of series that are seen in windows: for that give --schedule constant and
--horizon full.

--gradient says how the loss is differentiated:
  adjoint    the adjoint ODE, backward along the forward solution, with the tolerances of the forward solve
  discrete   the exact derivative of the steps taken, nearly twice as fast; at loose tolerances further from the true one
  backsolve  the adjoint ODE with the state integrated backward beside it: the memory of one state, for long spans; it
             compares where the state comes to with where it began, and stops the training where they are far apart

--optimizer says how a gradient g moves the parameters θ, after --clip; --schedule and --warmup give each iteration its
learning rate, and --freeze keeps parameters (layers.0 is layers.0.weight and layers.0.bias) as they are:
  adam   running means of g and g²
  adamw  the same, and θ shrinks by learning rate times --weight-decay
  sgd    along m, which becomes --momentum times m plus g plus --weight-decay times θ; --nesterov goes one m further
With --polish L-BFGS goes on from where they came to, without weight decay, and is kept where what is held out is
predicted no worse.

Ctrl-C writes a checkpoint and stops; --resume goes on from it, and ends with the same bits as a run that was never
stopped. The same seed gives the same bits for any number of cores, on processors with AVX2 or AVX-512; a run that goes
on with another arithmetic says so. While a run is trained no other process can go on with it. A run needs its data
file only to go on: --resume RUN --data FILE says where it is now.`

// takeAddress is the arguments without the address of --live, which may stand behind it as behind other flags.
func (o *trainOptions) takeAddress(args []string) []string {
	if o.live == anyPort && len(args) == 1 && live.CheckAddress(args[0]) == nil {
		o.live, args = args[0], nil
	}
	return args
}

func (a *app) train(ctx context.Context, flags *pflag.FlagSet, o *trainOptions) error {
	given := givenOf(flags)                   // by hand: the file of a configuration has all keys
	if o.configFile != "" && o.resume == "" { // beside --resume it is wrong use itself
		if err := o.applyConfig(flags); err != nil {
			return err
		}
	}
	wrong := o.check(flags)
	var err error
	if o.world, err = enterWorld(o.ranks); err != nil {
		return err
	}
	defer o.world.leave()
	if o.world.follows() {
		return a.follow(ctx, o.world, flags, o, wrong)
	}
	if wrong != nil {
		return wrong
	}
	p, err := a.openPage(o.live)
	if err != nil {
		return err
	}
	defer func() { p.close(ctx) }()
	r, backend, err := a.openRun(flags, o)
	if err != nil {
		return err
	}
	defer r.Close()
	gateOf(ctx).say(stoppedAfter(r))
	a.describe(r, backend)
	o.world.describe(a.err)
	if o.recognised {
		fmt.Fprintf(a.err, "note       the rows lie as in series: --task regression or classification takes each for itself\n")
	}
	if idle := o.idle(given); idle != "" {
		fmt.Fprintf(a.err, "note       %s\n", idle)
	}
	if ctx, err = p.show(ctx, r); err != nil {
		return err
	}
	return a.carryOut(ctx, r, backend, o, p)
}

// stoppedAfter says how to go on with a run.
func stoppedAfter(r *train.Run) string {
	return fmt.Sprintf("stopped after iteration %d; go on with: neuralode train --resume %s", r.Done, shellWord(r.Dir))
}

// check reports wrong use before any work.
func (o *trainOptions) check(flags *pflag.FlagSet) error {
	if err := checkDevice(o.device); err != nil {
		return err
	}
	for _, name := range []string{"resume", "out", "config", "tensorboard"} {
		if f := flags.Lookup(name); f.Changed && f.Value.String() == "" {
			return wrongUse(fmt.Errorf("--%s is given without a name", name))
		}
	}
	if o.resume == "" {
		if err := o.checkPreset(flags); err != nil {
			return wrongUse(err)
		}
		o.derive(flags)
		return wrongUse(o.checkConfig())
	}
	if n := o.config.Iterations; flags.Changed("iterations") && n < 1 {
		return wrongUse(fmt.Errorf("iterations must be at least 1, got %d", n))
	}
	var clash []string
	flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "resume", "data", "device", "no-figures", "json", "live", "iterations", "tensorboard", "ranks":
		default:
			clash = append(clash, "--"+f.Name)
		}
	})
	if len(clash) > 0 {
		return wrongUse(fmt.Errorf("--resume goes on with the run's own configuration: leave out %s",
			strings.Join(clash, ", ")))
	}
	return nil
}

// checkPreset reports a preset that there is not, or beside other data.
func (o *trainOptions) checkPreset(flags *pflag.FlagSet) error {
	if o.preset == "" {
		return nil
	}
	_, err := train.Preset(o.preset)
	if data := flags.Lookup("data"); err == nil && data.Changed && data.Value.String() != o.preset {
		err = fmt.Errorf("preset %s makes its own data: leave out --data %s", o.preset, data.Value)
	}
	return err
}

// derive gives flags that are not set the values that others suggest.
func (o *trainOptions) derive(flags *pflag.FlagSet) {
	c := &o.config
	preset, err := train.Preset(o.preset)
	if o.preset != "" && err == nil { // else check says it
		o.take(flags, preset)
	} else if o.seemsSeries(flags) {
		o.take(flags, train.SeriesDefaults(c.Data))
	} else {
		o.take(flags, train.DefaultsFor(c.Data))
		o.openEnded(flags)
	}
	if flags.Changed("patience") && c.Patience > 0 && !flags.Changed("validation") && c.Validation == 0 {
		c.Validation = heldOut
	}
	if c.Validation == 0 && !flags.Changed("patience") { // there is nothing to look at
		c.Patience = 0
	}
	if flags.Changed("optimizer") && !flags.Changed("weight-decay") {
		c.WeightDecay = 0
		if c.Optimizer == solver.AdamW.String() {
			c.WeightDecay = 0.01 // PyTorch's
		}
	}
	if c.Schedule == solver.ExponentialRate.String() && !flags.Changed("final-lr") {
		c.FinalRate = c.Rate / 100
	}
	if spec, err := c.Spec(); err == nil && !flags.Changed("gradient") && !slices.Contains(spec.Gradients(), spec.Gradient) {
		c.Gradient = spec.Gradients()[0].String()
	}
}

// seemsSeries reports whether the data are to be taken for series: by their task, by a column that only series have, or
// by the file where nothing that is given speaks against it.
func (o *trainOptions) seemsSeries(flags *pflag.FlagSet) bool {
	if flags.Changed("task") {
		return o.config.Task == "series"
	}
	given := func(names ...string) bool { return slices.ContainsFunc(names, flags.Changed) }
	switch {
	case given("id", "time-column", "features", "weights", "constants", "inputs", "lift-from", "lift-window"):
		return true
	case flags.Changed("readout") && o.config.Readout == "components":
		return true
	case given("label", "component"), flags.Changed("readout") && o.config.Readout == "component",
		o.config.Loss == "bce", o.config.Loss == "softmax":
		return false
	}
	o.recognised = dataset.HoldsSeries(o.config.Data, dataset.SeriesOptions{Format: o.config.Format})
	return o.recognised
}

// openEnded gives a run on a table whose length was chosen a constant learning rate: it can be made longer.
func (o *trainOptions) openEnded(flags *pflag.FlagSet) {
	c := &o.config
	if slices.Contains(madeData, c.Data) || !flags.Changed("iterations") || flags.Changed("schedule") {
		return
	}
	c.Schedule = solver.ConstantRate.String()
	if !flags.Changed("lr") {
		c.Rate /= 2
	}
}

// heldOut is the part of made data that is held out when there is patience.
const heldOut = 0.2

// take gives flags that are not set the values of a configuration.
func (o *trainOptions) take(flags *pflag.FlagSet, c train.Config) {
	other := &trainOptions{config: c}
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	other.flags(own)
	flags.Visit(func(f *pflag.Flag) {
		to := own.Lookup(f.Name)
		if list, ok := f.Value.(pflag.SliceValue); ok && to != nil {
			_ = to.Value.(pflag.SliceValue).Replace(list.GetSlice()) // what one flag has, the same can have
		} else if to != nil {
			_ = to.Value.Set(f.Value.String())
		}
	})
	o.config = other.config
}

// checkConfig reports values that can never work, with the name of a made data set that may be meant.
func (o *trainOptions) checkConfig() error {
	err := o.config.Check()
	if data := o.config.Data; err != nil && !dataset.Readable(data) {
		if near := nearest(data, madeData); near != data {
			err = fmt.Errorf("%w%s", err, didYouMean(near))
		}
	}
	return err
}

// idle are the flags among those given that say something of other data than there are, or of other steps.
func (o *trainOptions) idle(given []string) string {
	if o.resume != "" {
		return ""
	}
	var notes []string
	add := func(of string, names ...string) {
		if note := idleOf(given, names, of); note != "" {
			notes = append(notes, note)
		}
	}
	if slices.Contains(madeData, o.config.Data) {
		add("files", readingFlags...)
	} else {
		add("made data sets", "samples", "noise")
	}
	if o.config.Task == "series" {
		add("points", "t0", "t1")
	} else {
		add("series", "horizon")
	}
	if o.config.Start != "learnt" && o.config.Horizon != "shooting" {
		add("learnt starts", "start-lr")
	}
	if lift := o.config.Lift; lift == "none" || lift == "auto" && o.config.Latent == 0 {
		add("a lift", "lift-hidden", "lift-from", "lift-window")
	} else if lift == "linear" {
		add("the lift mlp", "lift-hidden")
	}
	if o.config.Readout != "mlp" {
		add("the readout mlp", "readout-hidden")
	}
	if o.config.Loss != "huber" {
		add("the loss huber", "huber-delta")
	}
	if o.config.Step > 0 {
		add("steps by the error", adaptiveFlags...)
	}
	return strings.Join(notes, "; ")
}

// idleOf names those of the given flags that have an effect for something else alone.
func idleOf(given, names []string, of string) string {
	var idle []string
	for _, name := range given {
		if slices.Contains(names, name) {
			idle = append(idle, "--"+name)
		}
	}
	if len(idle) == 0 {
		return ""
	}
	return fmt.Sprintf("without effect, for %s alone: %s", of, strings.Join(idle, ", "))
}

// madeData are the names of the data sets that need no file.
var madeData = dataset.Generators()

// openRun opens the run to resume, or makes a new one, and the device that trains it.
func (a *app) openRun(flags *pflag.FlagSet, o *trainOptions) (*train.Run, solver.Backend, error) {
	if o.resume != "" {
		return a.resume(flags, o)
	}
	spec, err := o.config.Spec()
	if err != nil {
		return nil, nil, err
	}
	backend, err := a.openIn(o.world, o.device, spec)
	if err != nil {
		return nil, nil, err
	}
	if o.out == "" {
		r, err := o.world.ranks().NewNamedRun(newName(o.config.Data, time.Now()), o.config, backend, o.world.program())
		return r, backend, err
	}
	r, err := o.world.ranks().NewRun(o.out, o.config, backend, o.world.program())
	return r, backend, err
}

func (a *app) resume(flags *pflag.FlagSet, o *trainOptions) (*train.Run, solver.Backend, error) {
	var other train.Resumption
	if flags.Changed("iterations") {
		other.Iterations = o.config.Iterations
	}
	if flags.Changed("data") {
		other.Data = o.config.Data
	}
	r, err := train.ResumeRun(o.resume, other)
	if err != nil {
		return nil, nil, err
	}
	spec, err := r.Config.Spec()
	var backend solver.Backend
	if err == nil {
		backend, err = a.openIn(o.world, o.device, spec)
	}
	if err == nil {
		err = o.world.ranks().Lead(r, backend, o.world.program())
	}
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, backend, nil
}

// newName is the folder of a run that got no name; where it is there already, the run's will have a number after it.
func newName(data string, now time.Time) string {
	base := strings.TrimSuffix(filepath.Base(data), filepath.Ext(data))
	return filepath.Join("runs", base+"-"+now.Format("20060102-150405"))
}

// describe prints everything that decides what the run computes.
func (a *app) describe(r *train.Run, backend solver.Backend) {
	a.announce()
	c, m := r.Config, r.Model
	fmt.Fprintf(a.err, "run        %s\n", onLine(r.Dir))
	fmt.Fprintf(a.err, "device     %s, %s\n", backend.Device(), c.Precision)
	fmt.Fprintf(a.err, "data       %s, %s (%v)", onLine(c.Data), extentOf(r.Data), r.Data.Task)
	if slices.Contains(madeData, c.Data) {
		fmt.Fprintf(a.err, ", noise %v\n", c.Noise)
	} else {
		fmt.Fprintf(a.err, ", task %s\n", c.Task)
		a.describeColumns(r.Data)
	}
	a.describeHeld(r)
	fmt.Fprintf(a.err, "field      sizes %v, %s, time input %t, augment %d, %d parameters\n", m.Net.Sizes, c.Activation,
		c.Time, c.Augment, len(m.Theta))
	if about := fieldText(m); about != "" {
		fmt.Fprintf(a.err, "           %s\n", about)
	}
	readout := m.Readout
	switch readout {
	case "component":
		readout = fmt.Sprintf("component %d", m.Component)
	case "mlp":
		readout = fmt.Sprintf("mlp, hidden %v", m.ReadoutHidden)
	}
	fmt.Fprintf(a.err, "read-out   %s, loss %s\n", readout, m.Loss)
	fmt.Fprintf(a.err, "solver     %s, %s, %s, control %s, at most %d steps\n", c.Method, timesText(r), stepsOf(c),
		c.Control, c.MaxSteps)
	fmt.Fprintf(a.err, "training   gradient %s, %d iterations of batch %d, lr %v, clip %v, seed %d, checkpoint every %d\n",
		c.Gradient, c.Iterations, r.BatchLen(), c.Rate, c.ClipNorm, c.Seed, c.CheckpointEvery)
	fmt.Fprintf(a.err, "optimizer  %s\n", optimizerOf(c))
	if r.Done > 0 {
		fmt.Fprintf(a.err, "resuming   after iteration %d\n", r.Done)
	}
	if note := r.OtherArithmetic(backend); note != "" {
		fmt.Fprintf(a.err, "note       %s\n", note)
	}
}

// fieldText says what a field reads beside the state, of what order it is, and what makes the initial state.
func fieldText(m *train.Model) string {
	var all []string
	if m.Net.SecondOrder {
		all = append(all, fmt.Sprintf("of second order: %d positions and their velocities", m.Net.Dim()/2))
	}
	if len(m.Constants) > 0 {
		all = append(all, "constants "+onLine(strings.Join(m.Constants, ", ")))
	}
	if len(m.Signals) > 0 {
		all = append(all, fmt.Sprintf("inputs %s, %v", onLine(strings.Join(m.Signals, ", ")), m.Interpolation))
	}
	if lift := m.Lift; lift.Features > 0 {
		text := "lift linear"
		if len(lift.Hidden) > 0 {
			text = fmt.Sprintf("lift mlp, hidden %v", lift.Hidden)
		}
		if lift.Rows > 0 {
			text += fmt.Sprintf(", from the first %d rows", lift.Rows)
		}
		if lift.Window > 0 {
			text += fmt.Sprintf(" within %v", lift.Window)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// extentOf says how much data there are.
func extentOf(d *dataset.Dataset) string {
	if s := d.Series; s != nil {
		return fmt.Sprintf("%d series, %d rows, of %d features", s.Len(), s.Rows(), s.Dim)
	}
	return fmt.Sprintf("%d samples of %d features", d.Len(), d.Dim)
}

// describeHeld says how the data are scaled and what is held out of the training.
func (a *app) describeHeld(r *train.Run) {
	c := r.Config
	if r.Model.Scaled() {
		what := "features"
		if len(r.Model.LabelScale.Mean) > 0 {
			what = "features and label"
		}
		fmt.Fprintf(a.err, "scale      %s to mean 0 and deviation 1\n", what)
	}
	held := r.Held()
	if held == nil {
		if c.Validation > 0 {
			fmt.Fprintf(a.err, "note       nothing can be held out of %s: the scores are those of the training\n",
				extentOf(r.Data))
		}
		return
	}
	fmt.Fprintf(a.err, "held out   %s, looked at every %d iterations", heldText(r), r.CheckEvery())
	if c.Patience > 0 {
		fmt.Fprintf(a.err, "; patience %d", c.Patience)
	}
	b := r.Model.Baseline(r.Training())
	fmt.Fprintf(a.err, "\nbaseline   %s: %s\n", inWords(b), scoreText(b.Scores(held)))
}

// timesText says over which times samples are solved.
func timesText(r *train.Run) string {
	s := r.Data.Series
	if s == nil {
		return fmt.Sprintf("t %v to %v", r.Config.T0, r.Config.T1)
	}
	text := fmt.Sprintf("%s %v to %v, horizon %s", s.TimeName, slices.Min(s.Times), slices.Max(s.Times),
		r.Config.Horizon)
	if r.Config.Start != "first" {
		text += ", start " + r.Config.Start
	}
	if unit := r.Model.TimeScale.Std; len(unit) > 0 {
		text += fmt.Sprintf(", in units of %.3g", unit[0])
	}
	return text
}

// heldText says what is held out of the training.
func heldText(r *train.Run) string {
	switch {
	case r.EndsHeld():
		return fmt.Sprintf("the last %.3g %% of the rows of each series", 100*r.Config.Validation)
	case r.Data.Series != nil:
		return fmt.Sprintf("%d series of %d", r.Held().Len(), r.Data.Len())
	}
	return fmt.Sprintf("%d rows of %d", r.Held().Len(), r.Data.Len())
}

// scoreText is the loss of some rows and the score that goes with the task.
func scoreText(s train.Scores) string {
	if math.IsNaN(s.Accuracy) {
		return fmt.Sprintf("loss %.4f, RMSE %.4g, R² %.3f", s.Loss, s.RMSE, s.R2)
	}
	return fmt.Sprintf("loss %.4f, accuracy %.3f", s.Loss, s.Accuracy)
}

// stepsOf describes how long steps are.
func stepsOf(c train.Config) string {
	if c.Step > 0 {
		return fmt.Sprintf("constant steps of %v", c.Step)
	}
	text := fmt.Sprintf("rtol %v, atol %v, controller %s", &tolerances{&c.Rtol, &c.Rtols}, &tolerances{&c.Atol, &c.Atols},
		c.Controller)
	if c.MinStep > 0 {
		text += fmt.Sprintf(", steps of at least %v", c.MinStep)
	}
	if c.MaxStep > 0 {
		text += fmt.Sprintf(", steps of at most %v", c.MaxStep)
	}
	return text
}

// optimizerOf describes the optimizer and its learning rates.
func optimizerOf(c train.Config) string {
	text := c.Optimizer
	if c.Momentum > 0 {
		text += fmt.Sprintf(", momentum %v", c.Momentum)
	}
	if c.Nesterov {
		text += " (Nesterov)"
	}
	if c.WeightDecay > 0 {
		text += fmt.Sprintf(", weight decay %v", c.WeightDecay)
	}
	text += ", learning rate " + c.Schedule
	if c.Schedule != solver.ConstantRate.String() {
		text += fmt.Sprintf(" to %v", c.FinalRate)
	}
	if c.Polish > 0 {
		text += fmt.Sprintf(", then %d iterations of L-BFGS", c.Polish)
	}
	if c.Warmup > 0 {
		text += fmt.Sprintf(" after %d iterations of warm-up", c.Warmup)
	}
	if len(c.Freeze) > 0 {
		text += ", frozen " + onLine(strings.Join(c.Freeze, ", "))
	}
	return text
}

// carryOut trains, evaluates and draws; the page shows it, where there is one.
func (a *app) carryOut(ctx context.Context, r *train.Run, backend solver.Backend, o *trainOptions, shown *page) error {
	start := time.Now()
	board, err := newBoard(o.tensorboard, r)
	if err != nil {
		return err
	}
	defer a.closeBoard(board)
	p := newProgress(a.err, r.Done, r.Config.Iterations)
	err = r.Train(ctx, backend, func(e train.Event) {
		gateOf(ctx).close() // from now on there is something to lose, until the program ends
		p.observe(e)
		shown.observe(e)
		board.observe(e)
	})
	o.world.leave()
	p.finish()
	shown.end(err)
	if errors.Is(err, context.Canceled) {
		return interrupted(stoppedAfter(r))
	}
	if err != nil {
		return err
	}
	took := time.Since(start)
	found, err := a.report(ctx, r, backend)
	if err != nil {
		return err
	}
	people := *a
	if o.json {
		people.out = a.err
	}
	draw := func() error { return people.drawn(ctx, r, backend, board) }
	if o.noFigures {
		draw = func() error { return nil }
	}
	if err := people.conclude(r, found, took, draw); err != nil || !o.json {
		return err
	}
	return json.NewEncoder(a.out).Encode(trainedDocument{r.Dir, filepath.Join(r.Dir, "model.safetensors"), r.Done,
		r.Chosen(), r.StoppedEarly(), took.Seconds(), found.document()})
}

// trainedDocument is what train --json says at the end.
type trainedDocument struct {
	Run          string  `json:"run"`
	Model        string  `json:"model"`
	Iterations   int     `json:"iterations"`    // that were done
	Iteration    int     `json:"iteration"`     // whose model is kept
	StoppedEarly bool    `json:"stopped_early"` // before the last, for want of anything better
	Seconds      float64 `json:"seconds"`
	assessmentDocument
}

// conclude prints how the training ended, and draws.
func (a *app) conclude(r *train.Run, found *assessment, took time.Duration, draw func() error) error {
	if err := found.print(a.out); err != nil {
		return err
	}
	if r.Chosen() != r.Done {
		why := "it did best on the rows held out"
		if r.StoppedEarly() {
			why += fmt.Sprintf("; stopped early, after %d of %d", r.Done, r.Config.Iterations)
		}
		fmt.Fprintf(a.out, "iteration %d is the model's: %s\n", r.Chosen(), why)
	}
	if p, ok := r.Polished(); ok {
		fmt.Fprintf(a.out, "polish    %s\n", polishText(p))
	}
	fmt.Fprintf(a.out, "time      %.1f s\n", took.Seconds())
	if err := draw(); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "model     %s\n", onLine(filepath.Join(r.Dir, "model.safetensors")))
	return nil
}

// polishText says how a polish went.
func polishText(p train.Polish) string {
	if math.IsNaN(p.After) {
		return "what is trained on cannot be solved where the search would begin: the model is that of the iterations"
	}
	text := fmt.Sprintf("%d iterations of L-BFGS: loss %.6g before, %.6g after", p.Iterations, p.Before, p.After)
	if !math.IsNaN(p.HeldBefore) {
		text += fmt.Sprintf("; held out %.6g, %.6g", p.HeldBefore, p.HeldAfter)
	}
	if !p.Kept {
		text += ": not kept"
	}
	return text
}

// drawn draws the figures, and shows them to TensorBoard. What they cannot show is a note: the model is there.
func (a *app) drawn(ctx context.Context, r *train.Run, backend solver.Backend, shown *board) error {
	names, err := a.draw(ctx, r, backend)
	shown.figures(r, names)
	later := "the training is done, its figures come with: neuralode plot " + shellWord(r.Dir)
	switch {
	case err == nil:
		return nil
	case isOfFile(err):
		return fmt.Errorf("%w; %s", err, later)
	case ctx.Err() != nil:
		return interrupted("stopped while drawing; " + later)
	}
	fmt.Fprintf(a.err, "not drawn  %s\n", oneLine(err.Error()))
	return nil
}
