package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
)

// Config is everything that decides what a run computes, except the device. The same Config and data give the same bits
// on backends of one arithmetic (see solver.Backend).
type Config struct {
	Data  string `json:"data"`  // one of dataset.Generators, or the path of a file that dataset.ReadFile reads
	Label string `json:"label"` // the label's column in a file; "" is the last
	// what the labels of a file are: "auto", "classification", "regression" or "series"
	Task    string  `json:"task"`
	Samples int     `json:"samples"` // of each class of a made data set
	Noise   float64 `json:"noise"`   // standard deviation added to every coordinate of a made data set

	// of a file of series: the column that tells them apart; "" is one with a usual name
	ID         string   `json:"id"`
	TimeColumn string   `json:"time_column"` // the column of times; "" is one with a usual name
	Features   []string `json:"features"`    // the columns that are fitted; none are all others
	Constants  []string `json:"constants"`   // columns with one number for each series, which the field reads
	Inputs     []string `json:"inputs"`      // columns with signals that are known, which it reads behind them

	Interpolation string `json:"interpolation"` // of Inputs between their times: see solver.Interpolations
	HoldInputs    bool   `json:"hold_inputs"`   // Inputs stay what they are beyond what is known of them

	dataset.Format // how a file is read

	Scale string `json:"scale"` // how features, and labels that are numbers, are scaled: "standard" or "none"

	Validation    float64 `json:"validation"`     // the part of the rows that is held out of the training
	ValidateEvery int     `json:"validate_every"` // iterations between looks at it; 0: see Run.CheckEvery
	// looks that find nothing better before the run stops; 0: it does not; −1: by the task
	Patience int `json:"patience"`

	Hidden     []int  `json:"hidden"` // widths of the hidden layers
	Activation string `json:"activation"`
	Time       bool   `json:"time"`    // the field depends on t
	Augment    int    `json:"augment"` // zero dimensions added to the state (Dupont et al. 2019)

	SecondOrder bool `json:"second_order"` // the state is positions and their velocities: see graph.MLP

	Lift       string  `json:"lift"`        // what makes the initial state: see Lifts
	Latent     int     `json:"latent"`      // components of a state that a lift makes; 0: those of the features
	LiftHidden []int   `json:"lift_hidden"` // widths of the layers of the lift mlp
	LiftFrom   int     `json:"lift_from"`   // first rows of a series that it looks at; 0: those of LiftWindow, or 8
	LiftWindow float64 `json:"lift_window"` // in the time of series: of these, those no later than this; 0: all

	ReadoutHidden []int `json:"readout_hidden"` // widths of the layers of the read-out mlp

	Readout   string `json:"readout"`   // one of Readouts
	Component int    `json:"component"` // of z(t1), for the read-out "component"
	Loss      string `json:"loss"`      // "auto", "bce", "softmax", "mse", "huber" or "gaussian"
	// of the loss huber: where it turns from a square into a distance, in units of the scaled numbers
	HuberDelta float64  `json:"huber_delta"`
	Weights    []string `json:"weights"` // of features of series in the loss, NAME=NUMBER; 1 of those that it does not name

	T0     float64 `json:"t0"`
	T1     float64 `json:"t1"`
	Method string  `json:"method"`
	Rtol   float64 `json:"rtol"`
	Atol   float64 `json:"atol"`
	// of each component of the state, of which Rtol and Atol are the smallest; none: these for all
	Rtols     []float64 `json:"rtols,omitempty"`
	Atols     []float64 `json:"atols,omitempty"`
	MaxSteps  int       `json:"max_steps"`
	Control   string    `json:"control"`
	Gradient  string    `json:"gradient"`
	Precision string    `json:"precision"`

	Controller string  `json:"controller"` // see solver.AllGains
	Step       float64 `json:"step"`       // constant; 0: by the error
	MinStep    float64 `json:"min_step"`   // 0: any
	MaxStep    float64 `json:"max_step"`   // 0: any

	Iterations int    `json:"iterations"` // 0, of a new run on a file: by its rows, see DefaultsFor
	Batch      int    `json:"batch"`
	Seed       uint64 `json:"seed"`
	Polish     int    `json:"polish"` // iterations of L-BFGS at the end: see Polish

	Optimizer   string   `json:"optimizer"`
	Rate        float64  `json:"lr"`       // the largest learning rate
	Schedule    string   `json:"schedule"` // how it falls over Iterations: see solver.Schedule
	FinalRate   float64  `json:"final_lr"` // for a schedule that falls
	Warmup      int      `json:"warmup"`   // iterations
	Momentum    float64  `json:"momentum"` // sgd
	Nesterov    bool     `json:"nesterov"`
	WeightDecay float64  `json:"weight_decay"` // adamw and sgd
	ClipNorm    float64  `json:"clip"`         // 0: off
	Freeze      []string `json:"freeze"`       // parameters that keep their values: see solver.Ranges

	Horizon string `json:"horizon"` // how much of each series is seen in the course of a training: see Horizons

	Start     string  `json:"start"`    // where the solves of series begin: see Starts
	StartRate float64 `json:"start_lr"` // of starts that are learnt, in units of lr

	CheckpointEvery int `json:"checkpoint_every"` // iterations
}

// DefaultConfig trains a 2-64-64-2 tanh field on the spiral.
func DefaultConfig() Config {
	return Config{
		Data: "spiral", Task: "auto", Samples: 1000, Noise: 0.1, Scale: "none",
		Hidden: []int{64, 64}, Activation: "tanh", Readout: "auto", Loss: "auto", HuberDelta: 1,
		Weights: []string{},
		T1:      1, Method: "dopri5", Rtol: 1e-3, Atol: 1e-6, MaxSteps: 4096, Control: "sample", Gradient: "adjoint",
		Precision: "float32", Controller: solver.AllGains()[0].Name, Iterations: 2000, Batch: 256, Seed: 42,
		Optimizer: "adam", Rate: 3e-3, Schedule: "constant", Freeze: []string{}, Features: []string{}, Horizon: "auto",
		CheckpointEvery: 200, Constants: []string{}, Inputs: []string{}, Interpolation: "linear", Lift: "auto",
		LiftHidden: []int{32}, ReadoutHidden: []int{32}, Start: "first", StartRate: 3,
	}
}

// SeriesDefaults are the defaults for a file of series. A continuous adjoint would start again at every observation;
// gradients of oscillations now and then are huge, and the last digits of a phase want small steps; and of windows of
// series, which are seen first, the loss over whole ones says little, so that patience is long.
func SeriesDefaults(data string) Config {
	c := DefaultConfig()
	c.Data, c.Scale, c.Validation = data, "standard", 0.2
	c.Task, c.Gradient, c.Schedule, c.ClipNorm, c.Patience = seriesTask, solver.Discrete.String(), "cosine", 0.1, 100
	return c
}

// The choices a Config's strings have.
var (
	Tasks    = []string{"auto", "classification", "regression", seriesTask}
	Readouts = []string{"auto", "component", components, "linear", "mlp"}
	Losses   = []string{"auto", "bce", "softmax", "mse", "huber", "gaussian"}
)

// MaxSamples is how many samples each class of a made data set has at most.
const MaxSamples = 10_000_000

// What a model has at most: layers, components of the state or widths of a layer, parameters.
const (
	MaxLayers     = reference.MaxLayers
	MaxWidth      = reference.MaxWidth
	MaxParameters = reference.MaxParameters
)

// Check reports every value that can never work, whatever the data.
func (c Config) Check() error {
	var errs problems
	require := errs.require
	choice := func(name, got string, of []string) {
		require(slices.Contains(of, got), "%s must be one of %s, got %q", name, strings.Join(of, ", "), got)
	}
	if err := dataset.CheckEnding(c.Data); err != nil && !c.made() {
		errs = append(errs, fmt.Errorf("data must be one of %s, or else a file: %w",
			strings.Join(dataset.Generators(), ", "), err))
	}
	errs = append(errs, c.Format.Check())
	choice("task", c.Task, Tasks)
	choice("scale", c.Scale, Scales)
	choice("horizon", c.Horizon, Horizons)
	choice("start", c.Start, Starts)
	require(c.StartRate > 0 && finite(c.StartRate), "start-lr must be positive, got %v", c.StartRate)
	errs = append(errs, c.checkSeries(), c.checkLift(), c.checkInterpolation())
	require(c.Validation >= 0 && c.Validation < 1, "validation must be at least 0 and below 1, got %v", c.Validation)
	require(c.ValidateEvery >= 0, "validate-every must be zero or positive, got %d", c.ValidateEvery)
	require(c.ValidateEvery <= 0 || c.Validation != 0, "validate-every %d needs rows held out: a validation above 0",
		c.ValidateEvery)
	require(c.Patience >= 0 || c.Patience == AutoPatience && !c.made(), "patience must be zero or positive, got %d",
		c.Patience)
	require(c.Patience <= 0 || c.Validation != 0, "patience %d needs rows held out: a validation above 0", c.Patience)
	require(c.Samples >= 1 && c.Samples <= MaxSamples, "samples must be from 1 to %d for each class, got %d",
		MaxSamples, c.Samples)
	require(c.Noise >= 0 && !math.IsInf(c.Noise, 0), "noise must be zero or positive, got %v", c.Noise)
	for _, h := range c.Hidden {
		require(h >= 1 && h <= MaxWidth, "hidden widths must be at least 1 and at most %d, got %d", MaxWidth, h)
	}
	require(len(c.Hidden) < MaxLayers, "hidden must be fewer than %d layers, got %d", MaxLayers, len(c.Hidden))
	_, err := graph.ParseActivation(c.Activation)
	errs = append(errs, err)
	require(c.Augment >= 0 && c.Augment <= MaxWidth, "augment must be from 0 to %d, got %d", MaxWidth, c.Augment)
	choice("readout", c.Readout, Readouts)
	require(c.Component >= 0, "component must be zero or positive, got %d", c.Component)
	choice("loss", c.Loss, Losses)
	require(c.Loss != "huber" || c.HuberDelta > 0 && finite(c.HuberDelta), "huber-delta must be positive, got %v",
		c.HuberDelta)
	require(c.Iterations >= 1 || c.Iterations == 0 && !c.made(), "iterations must be at least 1, got %d", c.Iterations)
	require(c.Polish >= 0, "polish must be zero or positive, got %d", c.Polish)
	require(c.Batch >= 1, "batch must be at least 1, got %d", c.Batch)
	require(c.CheckpointEvery >= 1, "checkpoint-every must be at least 1, got %d", c.CheckpointEvery)
	return errors.Join(append(errs, c.checkSpec(), c.checkOptimizer(), c.checkMade())...)
}

// checkSpec reports what is wrong with how the run solves, and over which span.
func (c Config) checkSpec() error {
	span := solver.Span{T0: c.T0, T1: c.T1}
	spec, err := c.Spec()
	if err == nil {
		err = spec.Check()
	}
	if wrong := checkSpan(span); wrong != nil || err != nil {
		return errors.Join(wrong, err)
	}
	if c.Task == seriesTask { // which have times of their own
		return nil
	}
	return solver.Batch{Z0: []float64{0}, Spans: []solver.Span{span}}.Check(1, spec)
}

// checkOptimizer reports what is wrong with the optimizer and its learning rates.
func (c Config) checkOptimizer() error {
	o, err := c.optimizer()
	if err == nil {
		err = o.Check()
	}
	s, err2 := c.schedule()
	if err2 == nil && c.Rate > 0 { // else the optimizer's check says it
		err2 = s.Check()
	}
	return errors.Join(err, err2)
}

// checkMade reports a read-out or loss that does not go with the made data sets: classes of points in a plane.
func (c Config) checkMade() error {
	if !c.made() {
		return nil
	}
	switch c.Task {
	case "regression":
		return fmt.Errorf("task regression needs labels that are numbers, %s has classes", c.Data)
	case seriesTask:
		return fmt.Errorf("task series needs a file of series, %s has points", c.Data)
	}
	m, err := c.madeModel()
	if err != nil {
		return err
	}
	if !slices.Contains(Readouts, c.Readout) || !slices.Contains(Losses, c.Loss) { // reported
		return nil
	}
	if err := errors.Join(m.checkHead(), m.checkSize()); err != nil {
		return err
	}
	frozen, err := solver.Ranges(m.params(), c.Freeze)
	return errors.Join(err, solver.Optimizer{Frozen: frozen}.CheckFrozen(m.parameters()))
}

// madeModel is the model for a made data set, classes of points in a plane, without parameters and plans.
func (c Config) madeModel() (*Model, error) {
	few, err := dataset.Generate(c.Data, dataset.GeneratedClasses(c.Data), 0, stream(0, dataStream, 0))
	if err != nil {
		return nil, err
	}
	m := &Model{Net: c.net(graph.Tanh, 2), Augment: c.Augment, Component: c.Component, Classes: few.Classes}
	return m, errors.Join(m.chooseLift(c, few), m.chooseHead(c, few))
}

// madeSamples is how many samples a made data set has, of its classes together.
func (c Config) madeSamples() int { return dataset.GeneratedClasses(c.Data) * c.Samples }

// net is the field for data of that many features.
func (c Config) net(activation graph.Activation, features int) graph.MLP {
	first := c.dim(features)
	last := first
	if c.SecondOrder {
		last /= 2
	}
	return graph.MLP{Sizes: slices.Concat([]int{first}, c.Hidden, []int{last}), Activation: activation, Time: c.Time,
		Inputs: len(c.Constants) + len(c.Inputs), SecondOrder: c.SecondOrder}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Spec is how the run solves.
func (c Config) Spec() (solver.Spec, error) {
	s := solver.DefaultSpec()
	gains, err := solver.GainsNamed(c.Controller)
	s.Controller = s.Controller.With(gains)
	s.Controller.Rtol, s.Controller.Atol, s.Controller.MaxSteps = c.Rtol, c.Atol, c.MaxSteps
	s.Controller.Rtols, s.Controller.Atols = c.Rtols, c.Atols
	s.Controller.Step, s.Controller.MinStep, s.Controller.MaxStep = c.Step, c.MinStep, c.MaxStep
	var errs [4]error
	s.Method, errs[0] = solver.MethodNamed(c.Method)
	s.Controller.Control, errs[1] = solver.ParseControl(c.Control)
	s.Gradient, errs[2] = solver.ParseGradient(c.Gradient)
	s.Precision, errs[3] = solver.ParsePrecision(c.Precision)
	return s, errors.Join(append(errs[:], err)...)
}

// optimizer is that of the run, without what is frozen.
func (c Config) optimizer() (solver.Optimizer, error) {
	rule, err := solver.ParseRule(c.Optimizer)
	o := solver.DefaultOptimizer(c.Rate)
	if rule == solver.SGD {
		o = solver.Optimizer{Rate: c.Rate}
	}
	o.Rule, o.Momentum, o.Nesterov, o.WeightDecay, o.ClipNorm = rule, c.Momentum, c.Nesterov, c.WeightDecay, c.ClipNorm
	return o, err
}

// schedule gives the learning rates of the run's iterations.
func (c Config) schedule() (solver.Schedule, error) {
	decline, err := solver.ParseDecline(c.Schedule)
	return solver.Schedule{Decline: decline, Rate: c.Rate, Final: c.FinalRate, Warmup: c.Warmup,
		Iterations: cmp.Or(c.Iterations, leastIterations)}, err
}
