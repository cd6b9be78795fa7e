package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"neuralode"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/verify"
)

// verifyOptions are verify's flags.
type verifyOptions struct {
	flags                                *pflag.FlagSet
	device, precision, gradient, control string
	rtol, atol                           float64
	json                                 bool
	withinZ, withinGrad                  float64
	model                                modelOptions
}

func (a *app) verifyCommand() *cobra.Command {
	o := &verifyOptions{}
	c := &cobra.Command{
		Use:   "verify [RUN|MODEL|FILE...]",
		Short: "Say how far a model's answers and gradients are from exact ones",
		Long: `Of a run or a model file: solve its samples as it was trained and at tolerances that are ever ten times tighter, and
print how far z(t1), outputs, loss and classes are from those of a float64 solve that is tighter still; then compare its
gradients, by every mode, with finite differences and with each other, and say what the training's tolerances cost them.
A run's samples are its own unless --data names others; a model file without --data starts from random points.

Of reference files, without arguments the five built-in ones: solve their networks, differentiate their loss, and print
how far both are from the file's answers: z is the largest absolute error of z(t1), loss that of the loss, grad the
largest relative error (2-norm) over the parameter tensors, grad.x that of the start; steps and accepted are means over
the samples, most is the largest number of steps, busy the share of rows at work. A reference file is a safetensors file
of a network, points, labels, and the answers of a solver of higher order.

Exit status 1 when gradients contradict each other or finite differences, and when --within-z or --within-grad is
exceeded: by the answers of the training's tolerances, and by the gradient of the training's mode.`,
		Example: `  neuralode verify
  neuralode verify RUN
  neuralode verify model.safetensors --data points.csv --samples 64 --within-z 1e-2
  neuralode verify --precision float32 --gradient discrete
  neuralode verify --json --within-z 3e-7 --within-grad 1e-6 my.safetensors`,
		RunE: func(c *cobra.Command, files []string) error { return a.verify(c.Context(), o, files) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	f.StringVar(&o.precision, "precision", "float64", oneOf(precisions)+"; a model has its own")
	f.Float64Var(&o.rtol, "rtol", 0, "relative tolerance of a step (default 1e-9, in float32 1e-5, in tf32 1e-3); a model has its own")
	f.Float64Var(&o.atol, "atol", 0, "absolute tolerance of a step (default 1e-10, else 1e-6); a model has its own")
	o.flags = f
	f.StringVar(&o.gradient, "gradient", gradients[0], oneOf(gradients))
	f.StringVar(&o.control, "control", "sample", "sample (each its own steps) or batch (one step for all, on the CPU)")
	o.model.add(f)
	f.BoolVar(&o.json, "json", false, "one JSON object per file or model")
	f.Float64Var(&o.withinZ, "within-z", math.Inf(1), "largest error of z that passes")
	f.Float64Var(&o.withinGrad, "within-grad", math.Inf(1), "largest error of the gradients that passes")
	for _, bound := range []string{"within-z", "within-grad"} {
		f.Lookup(bound).DefValue = "0" // not shown: no bound
	}
	return c
}

// spec is how the flags solve.
func (o *verifyOptions) spec() (solver.Spec, error) {
	s := solver.DefaultSpec()
	var errs [3]error
	s.Precision, errs[0] = solver.ParsePrecision(o.precision)
	o.tolerate(s.Precision)
	s.Controller.Rtol, s.Controller.Atol, s.Controller.MaxSteps = o.rtol, o.atol, verifySteps
	s.Gradient, errs[1] = solver.ParseGradient(o.gradient)
	s.Controller.Control, errs[2] = solver.ParseControl(o.control)
	err := errors.Join(append(errs[:], s.Check())...)
	if math.IsNaN(o.withinZ) || math.IsNaN(o.withinGrad) || o.withinZ < 0 || o.withinGrad < 0 {
		err = errors.Join(err, errors.New("bounds must be zero or positive"))
	}
	return s, wrongUse(err)
}

// verifyTolerances are the finest, relative and absolute, at which rounding does not yet count.
var verifyTolerances = map[solver.Precision][2]float64{
	solver.Float64: {1e-9, 1e-10}, solver.Float32: {1e-5, 1e-6}, solver.TF32: {solver.TF32Rtol, 1e-6},
}

// verifySteps is the limit on steps: a hundred times what the finest tolerances need. Gradients keep the steps of a
// solve, so tolerances that cannot be kept would fill the memory before a larger limit.
const verifySteps = 1 << 14

// tolerate sets the tolerances that were not given to those that go with the precision.
func (o *verifyOptions) tolerate(p solver.Precision) {
	if !o.flags.Changed("rtol") {
		o.rtol = verifyTolerances[p][0]
	}
	if !o.flags.Changed("atol") {
		o.atol = verifyTolerances[p][1]
	}
}

func (a *app) verify(ctx context.Context, o *verifyOptions, files []string) error {
	spec, err := o.spec()
	if err != nil {
		return err
	}
	if err := checkDevice(o.device); err != nil {
		return err
	}
	problems, models, err := readSubjects(files)
	if err == nil {
		err = o.model.check(o.flags, len(models))
	}
	if err != nil {
		return err
	}
	contradictions, err := a.verifyModels(ctx, o, models)
	if err == nil && len(problems) > 0 {
		err = a.verifyProblems(ctx, o, spec, problems)
	}
	return errors.Join(contradictions, err)
}

// verifyProblems compares with the answers of reference files.
func (a *app) verifyProblems(ctx context.Context, o *verifyOptions, spec solver.Spec,
	problems []reference.Problem) error {
	backend, err := a.open(o.device, spec)
	if err != nil {
		return err
	}
	a.announce()
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	if !o.json {
		fmt.Fprintf(a.out, "%s, %s, rtol %g, atol %g, gradient %s, control %s\n", backend.Device(), o.precision, o.rtol,
			o.atol, o.gradient, o.control)
		fmt.Fprintln(table, "file\tz\tloss\tgrad\tgrad.x\tsteps\taccepted\tmost\tbusy\ttime")
	}
	var exceeded []error
	for _, p := range problems {
		r, err := verify.Check(ctx, backend, spec, &p)
		if err != nil {
			return err
		}
		if o.json {
			err = a.printJSON(o, backend, p.Name, r)
		} else {
			_, err = fmt.Fprintf(table, "%s\t%.2g\t%.2g\t%.2g\t%.2g\t%.2f\t%.2f\t%d\t%.0f%%\t%.3f s\n", onLine(p.Name),
				r.Z, r.Loss, r.Grad, r.GradX, r.Steps.Mean, r.Steps.Accepted, r.Steps.Max, 100*r.Busy,
				r.Duration.Seconds())
		}
		if err != nil {
			return err
		}
		exceeded = append(exceeded, o.exceeded(p.Name, r)...)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return errors.Join(exceeded...)
}

// readSubjects reads reference files, and models with their runs; without names the built-in reference files.
func readSubjects(names []string) (problems []reference.Problem, models []*source, err error) {
	if len(names) == 0 {
		return reference.Embedded(), nil, nil
	}
	for _, name := range names {
		p, err := reference.ReadProblem(name)
		info, missing := os.Stat(name)
		switch {
		case missing == nil && info.IsDir(), errors.Is(err, reference.ErrModelAlone):
			s, err := openSource(name)
			if err != nil {
				return nil, nil, err
			}
			models = append(models, s)
		case err != nil:
			return nil, nil, err
		default:
			problems = append(problems, *p)
		}
	}
	return problems, models, nil
}

func (a *app) printJSON(o *verifyOptions, backend solver.Backend, file string, r *verify.Result) error {
	return json.NewEncoder(a.out).Encode(struct {
		File      string  `json:"file"`
		Device    string  `json:"device"`
		Precision string  `json:"precision"`
		Rtol      float64 `json:"rtol"`
		Atol      float64 `json:"atol"`
		Gradient  string  `json:"gradient"`
		Control   string  `json:"control"`
		Z1        number  `json:"z1"`
		Loss      number  `json:"loss"`
		Grad      number  `json:"grad"`
		GradX     number  `json:"grad_x"`
		StepsMean float64 `json:"steps_mean"`
		StepsMax  int     `json:"steps_max"`
	}{file, backend.Device(), o.precision, o.rtol, o.atol, o.gradient, o.control, number(r.Z), number(r.Loss),
		number(r.Grad),
		number(r.GradX), r.Steps.Mean, r.Steps.Max})
}

// number is a float64 that JSON can hold: null when it is not finite.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return json.Marshal(x)
	}
	return []byte("null"), nil
}

// exceeded reports the bounds a result does not keep; NaN keeps none.
func (o *verifyOptions) exceeded(file string, r *verify.Result) []error {
	var errs []error
	check := func(what string, got, bound float64) {
		if !(got <= bound) && !math.IsInf(bound, 1) {
			errs = append(errs, fmt.Errorf("verify: %s: %s is off by %.3g, more than %g", file, what, got, bound))
		}
	}
	check("z", r.Z, o.withinZ)
	check("grad", r.Grad, o.withinGrad)
	check("grad.x", r.GradX, o.withinGrad)
	return errs
}
