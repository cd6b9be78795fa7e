package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"neuralode"
	"neuralode/train"
)

// flags are all that train takes. Their defaults are those for made data; derive changes them for other data.
func (o *trainOptions) flags(f *pflag.FlagSet) {
	f.SortFlags = false
	dataFlags(f, &o.config)
	fieldFlags(f, &o.config)
	solverFlags(f, &o.config)
	trainingFlags(f, &o.config)
	o.runFlags(f)
}

// dataFlags say what is trained on.
func dataFlags(f *pflag.FlagSet, c *train.Config) {
	f.StringVar(&c.Data, "data", c.Data,
		"spiral, circle, moons, arms, or a .csv, .tsv, .txt or .npy file, or one of these and .gz; series also .npz")
	f.StringVar(&c.Label, "label", c.Label,
		"the label's column in a file, by name, or number from 1 (default the last)")
	f.StringVar(&c.Task, "task", c.Task, oneOf(train.Tasks)+" (auto: by the file)")
	f.StringVar(&c.ID, "id", c.ID, "of series: the column that tells them apart (default one with a usual name, as id)")
	f.StringVar(&c.TimeColumn, "time-column", c.TimeColumn,
		"of series: the column of times (default one with a usual name, as t)")
	f.StringSliceVar(&c.Features, "features", c.Features, "of series: the columns that are fitted (default all others)")
	f.StringSliceVar(&c.Constants, "constants", c.Constants,
		"of series: columns with one number for each, which the field reads beside the state")
	f.StringSliceVar(&c.Inputs, "inputs", c.Inputs, "of series: columns of known signals, which the field reads too")
	f.StringVar(&c.Interpolation, "interpolation", c.Interpolation, oneOf(interpolations)+
		": what --inputs are between the rows")
	f.BoolVar(&c.HoldInputs, "hold-inputs", c.HoldInputs,
		"let --inputs stay what they are beyond what is known of them")
	f.StringVar(&c.Horizon, "horizon", c.Horizon,
		"of series: "+oneOf(train.Horizons)+": how much of each is seen, from the first iteration on")
	f.StringVar(&c.Start, "start", c.Start,
		"of series: "+oneOf(train.Starts)+": where solves begin, at the first observation or at a trained state")
	f.Float64Var(&c.StartRate, "start-lr", c.StartRate, "learning rate of learnt starts, in units of --lr")
	formatFlags(f, &c.Format)
	f.StringVar(&c.Scale, "scale", c.Scale,
		"standard or none: features, and labels that are numbers, to mean 0 and deviation 1 over the training rows")
	f.IntVar(&c.Samples, "samples", c.Samples, "samples of each class of a made data set")
	f.Float64Var(&c.Noise, "noise", c.Noise, "standard deviation of the noise of a made data set")
	f.Float64Var(&c.Validation, "validation", c.Validation,
		"part of the rows that is held out of the training, of each class alike, or of the series")
	f.IntVar(&c.ValidateEvery, "validate-every", c.ValidateEvery,
		"iterations between looks at what is held out (default 10, more where that is much beside a minibatch)")
	f.IntVar(&c.Patience, "patience", c.Patience,
		"looks that find nothing better before the training stops; the best model "+
			"is kept; made data then have --validation 0.2 (0: never, the last is kept)")
}

// fieldFlags say what is trained.
func fieldFlags(f *pflag.FlagSet, c *train.Config) {
	f.IntSliceVar(&c.Hidden, "hidden", c.Hidden, "widths of the hidden layers")
	f.StringVar(&c.Activation, "activation", c.Activation, oneOf(activations))
	f.BoolVar(&c.Time, "time", c.Time, "let the field depend on t")
	f.IntVar(&c.Augment, "augment", c.Augment, "zero dimensions added to the state")
	f.BoolVar(&c.SecondOrder, "second-order", c.SecondOrder,
		"let the state be positions and velocities, and the net give accelerations")
	f.StringVar(&c.Lift, "lift", c.Lift, oneOf(train.Lifts)+
		": what makes the initial state (none: features and zeros; auto: mlp with --latent, else none)")
	f.IntVar(&c.Latent, "latent", c.Latent, "components of a state that --lift makes (0: as many as without it)")
	f.IntSliceVar(&c.LiftHidden, "lift-hidden", c.LiftHidden, "widths of the hidden layers of --lift mlp")
	f.IntVar(&c.LiftFrom, "lift-from", c.LiftFrom,
		"of series: how many first rows the lift looks at (0: those of --lift-window, or else 8)")
	f.Float64Var(&c.LiftWindow, "lift-window", c.LiftWindow,
		"of series: how much later than the first of them rows may be that the lift looks at (0: any)")
	f.StringVar(&c.Readout, "readout", c.Readout, oneOf(train.Readouts)+
		" (component: one of z(t1); components: of series, the first; auto: by the data, linear of a latent state of series)")
	f.IntSliceVar(&c.ReadoutHidden, "readout-hidden", c.ReadoutHidden, "widths of the hidden layers of --readout mlp")
	f.IntVar(&c.Component, "component", c.Component, "which component the read-out takes")
	f.StringVar(&c.Loss, "loss", c.Loss, oneOf(train.Losses)+" (auto: by the data)")
	f.Float64Var(&c.HuberDelta, "huber-delta", c.HuberDelta,
		"of the loss huber: where it turns from a square into a distance, in units of the scaled numbers")
	f.StringSliceVar(&c.Weights, "weights", c.Weights,
		"of series: weights of features in the loss, as x=1,y=0.1 (default 1 of each)")
}

// solverFlags say how it is solved and differentiated.
func solverFlags(f *pflag.FlagSet, c *train.Config) {
	f.Float64Var(&c.T0, "t0", c.T0, "time at which the data start; series have their own")
	f.Float64Var(&c.T1, "t1", c.T1, "time at which the read-out looks; series have their own")
	f.StringVar(&c.Method, "method", c.Method, oneOf(methods))
	f.Var(&tolerances{&c.Rtol, &c.Rtols}, "rtol", "relative tolerance of a step, or one for each component of the state")
	f.Var(&tolerances{&c.Atol, &c.Atols}, "atol", "absolute tolerance of a step, or one for each component of the state")
	f.StringVar(&c.Controller, "controller", c.Controller, oneOf(controllers)+": how the error decides the next step")
	f.Float64Var(&c.Step, "step", c.Step, "constant size of the steps, the last one cut (0: by the error)")
	f.Float64Var(&c.MinStep, "min-step", c.MinStep, "smallest step; a sample that needs smaller ones fails (0: any)")
	f.Float64Var(&c.MaxStep, "max-step", c.MaxStep, "largest step (0: any)")
	f.IntVar(&c.MaxSteps, "max-steps", c.MaxSteps, "steps tried per sample before it fails")
	f.StringVar(&c.Control, "control", c.Control, "sample (each its own steps) or batch (one step for all, on the CPU)")
	f.StringVar(&c.Gradient, "gradient", c.Gradient, oneOf(gradients))
	f.StringVar(&c.Precision, "precision", c.Precision,
		oneOf(precisions)+" (coarse and fast, for CUDA and an rtol of 1e-3 or more)")
}

// trainingFlags say how its parameters are found.
func trainingFlags(f *pflag.FlagSet, c *train.Config) {
	f.IntVar(&c.Iterations, "iterations", c.Iterations, "updates of the parameters")
	f.IntVar(&c.Batch, "batch", c.Batch, "samples in a minibatch")
	f.StringVar(&c.Optimizer, "optimizer", c.Optimizer, oneOf(optimizers))
	f.Float64Var(&c.Rate, "lr", c.Rate, "learning rate, the largest of a schedule")
	f.StringVar(&c.Schedule, "schedule", c.Schedule, oneOf(schedules)+
		": how the learning rate falls over the iterations")
	f.Float64Var(&c.FinalRate, "final-lr", c.FinalRate,
		"learning rate at the end of the schedule (default 0 for cosine, a hundredth of --lr for exponential)")
	f.IntVar(&c.Warmup, "warmup", c.Warmup, "iterations over which the learning rate rises from 0")
	f.Float64Var(&c.Momentum, "momentum", c.Momentum, "of sgd, below 1")
	f.BoolVar(&c.Nesterov, "nesterov", c.Nesterov, "let sgd look ahead along its momentum")
	f.Float64Var(&c.WeightDecay, "weight-decay", c.WeightDecay,
		"of adamw, apart from the gradient, or of sgd, added to it; --optimizer adamw sets 0.01, the others 0")
	f.StringSliceVar(&c.Freeze, "freeze", c.Freeze, "parameters that keep their first values: layers.0, readout.bias")
	f.Float64Var(&c.ClipNorm, "clip", c.ClipNorm, "largest 2-norm of the gradient (0: any)")
	f.IntVar(&c.Polish, "polish", c.Polish,
		"iterations of L-BFGS at the end, over all that is trained on at once: for the last digits, "+
			"which want --rtol 1e-6 or so (0: none)")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of data, parameters and minibatches")
}

// runFlags say where and how it is carried out.
func (o *trainOptions) runFlags(f *pflag.FlagSet) {
	f.StringVar(&o.preset, "preset", "", oneOf(train.Presets)+
		": two classes of 1000 points, trained with Adam as in the JAX project; other flags win")
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	f.StringVar(&o.out, "out", "", "run folder (default runs/<new name>)")
	f.StringVar(&o.resume, "resume", "", "run folder to go on with; its own configuration holds, "+
		"--iterations makes it longer, --data says where its file is now")
	f.StringVar(&o.configFile, "config", "", "TOML or JSON file whose keys are the names of these flags; flags win")
	f.IntVar(&o.config.CheckpointEvery, "checkpoint-every", o.config.CheckpointEvery, "iterations between checkpoints")
	f.StringVar(&o.tensorboard, "tensorboard", "",
		"folder in which TensorBoard finds the run, in one of the run's name")
	f.StringVar(&o.ranks, "ranks", "auto",
		"auto, mpi or none: the processes that train together (auto: those of MPI where mpirun or srun started this)")
	f.BoolVar(&o.noFigures, "no-figures", false, "do not draw at the end")
	f.BoolVar(&o.json, "json", false, "one JSON object at the end and nothing else on standard output")
	f.StringVar(&o.live, "live", "", "show the training on a page in the browser, at `HOST:PORT` or a free port of this machine")
	f.Lookup("live").NoOptDefVal = anyPort
}

// sayDefaults puts into the usage of flags their defaults where those depend on the data, in place of the one that
// pflag would print. They are those of the configurations that derive takes.
func sayDefaults(flags *pflag.FlagSet) {
	made := defaultsOf(train.DefaultConfig())
	table, series := defaultsOf(train.DefaultsFor("a.csv")), defaultsOf(train.SeriesDefaults("a.csv"))
	flags.VisitAll(func(f *pflag.Flag) {
		m, t, s := made[f.Name], table[f.Name], series[f.Name]
		var others []string
		switch {
		case f.Name == "data" || f.Name == "task" || m == t && m == s:
			if f.Value.Type() == "intSlice" {
				f.DefValue = strings.Trim(f.DefValue, "[]")
			}
			return
		case t == s:
			others = []string{"of a file " + t}
		default:
			if t != m {
				others = append(others, "of a table "+t)
			}
			if s != m {
				others = append(others, "of series "+s)
			}
		}
		f.Usage += fmt.Sprintf(" (default %s; %s)", m, strings.Join(others, ", "))
		f.DefValue = zeroOf(f.Value) // of which pflag says nothing
	})
}

// zeroOf is the text of a flag's value that pflag takes for none.
func zeroOf(v pflag.Value) string {
	switch v.Type() {
	case "string":
		return ""
	case "intSlice":
		return "[]"
	}
	return "0"
}

// defaultsOf are the values that flags have in a configuration, as they are given.
func defaultsOf(c train.Config) map[string]string {
	o := &trainOptions{config: c}
	flags, values := pflag.NewFlagSet("", pflag.ContinueOnError), map[string]string{}
	o.flags(flags)
	flags.VisitAll(func(f *pflag.Flag) { values[f.Name] = cmp.Or(strings.Trim(f.Value.String(), "[]"), "none") })
	if c.Iterations == 0 {
		values["iterations"] = "as many as show each row 25 times, from 200 to 2000"
	}
	if c.Patience == train.AutoPatience {
		values["patience"] = "20 where labels are numbers, else 0"
	}
	return values
}
