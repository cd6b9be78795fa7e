package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"neuralode"
	"neuralode/dataset"
	"neuralode/gradcheck"
	"neuralode/solver"
	"neuralode/train"
	"neuralode/verify"
)

// modelOptions are the flags of verify for models alone.
type modelOptions struct {
	data, label        string
	format             dataset.Format
	samples, gradients int
}

func (m *modelOptions) add(f *pflag.FlagSet) {
	f.StringVar(&m.data, "data", "", "labelled file whose samples a model is verified on (default a run's own data)")
	f.StringVar(&m.label, "label", "", "the label's column, by name, or number from 1 (default the last)")
	formatFlags(f, &m.format)
	f.IntVar(&m.samples, "samples", 256, "samples of a model that are solved, picked evenly")
	f.IntVar(&m.gradients, "gradient-samples", 8, "of these, samples whose gradients are checked; 0 for none")
}

// check reports wrong use of these flags for so many models.
func (m *modelOptions) check(flags *pflag.FlagSet, models int) error {
	if m.samples < 1 || m.gradients < 0 {
		return wrongUse(fmt.Errorf("samples must be at least 1 and gradient-samples at least 0, got %d and %d",
			m.samples, m.gradients))
	}
	for _, name := range append([]string{"data", "samples", "gradient-samples"}, readingFlags...) {
		if models == 0 && flags.Changed(name) {
			return wrongUse(fmt.Errorf("--%s goes with a run or a model, reference files have their own samples", name))
		}
	}
	return nil
}

// verifyModels verifies one model after the other. found is what does not hold of them, err why there is no verdict.
func (a *app) verifyModels(ctx context.Context, o *verifyOptions, models []*source) (found, err error) {
	a.noteNothingRead(o.flags, o.model.data)
	var all []error
	for _, s := range models {
		err := a.verifyModel(ctx, o, s)
		var exceeded *boundError
		var contradiction *gradcheck.Error
		if err != nil && !errors.As(err, &exceeded) && !errors.As(err, &contradiction) {
			return errors.Join(all...), err
		}
		all = append(all, err)
	}
	return errors.Join(all...), nil
}

// boundError says that a model does not keep a bound.
type boundError struct {
	what       string
	got, bound float64
}

func (e *boundError) Error() string {
	return fmt.Sprintf("verify: %s is off by %.3g, more than %g", e.what, e.got, e.bound)
}

func (a *app) verifyModel(ctx context.Context, o *verifyOptions, s *source) error {
	spec, err := o.modelSpec(s)
	if err != nil {
		return err
	}
	backend, err := a.open(o.device, spec)
	if err != nil {
		return err
	}
	exact, _, err := neuralode.Open("cpu")
	if err != nil {
		return err
	}
	data, from, err := o.modelData(s, spec)
	if err != nil {
		return err
	}
	a.announce()
	r, err := verify.Model(ctx, verify.Subject{Model: s.model, Spec: spec, Data: data, Backend: backend, Exact: exact,
		Gradients: o.model.gradients})
	if r == nil {
		return err
	}
	v := modelVerdict{source: s, spec: spec, from: from, device: backend.Device(), Report: r}
	if o.json {
		err = errors.Join(err, json.NewEncoder(a.out).Encode(v.document()))
	} else {
		err = errors.Join(err, v.print(a.out))
	}
	return errors.Join(err, v.exceeded(o))
}

// modelSpec is how the model was trained, changed by the flags that were given.
func (o *verifyOptions) modelSpec(s *source) (solver.Spec, error) {
	c := train.DefaultConfig()
	if s.run != nil {
		c = s.run.Config
	}
	for name, set := range map[string]func(){
		"rtol": func() { c.Rtol, c.Rtols = o.rtol, nil }, "atol": func() { c.Atol, c.Atols = o.atol, nil },
		"precision": func() { c.Precision = o.precision },
		"gradient":  func() { c.Gradient = o.gradient }, "control": func() { c.Control = o.control },
	} {
		if o.flags.Changed(name) {
			set()
		}
	}
	spec, err := c.Spec()
	if err == nil {
		err = spec.Check()
	}
	return spec, wrongUse(err)
}

// modelData are the samples that a model is verified on, and where they are from.
func (o *verifyOptions) modelData(s *source, spec solver.Spec) (solver.Data, string, error) {
	if s.run == nil && o.model.data == "" {
		return o.drawn(s.model), "starts drawn from a standard normal distribution", nil
	}
	d, err := s.data(&evalOptions{data: o.model.data, label: o.model.label, format: o.model.format,
		solve: solveFlags{flags: o.flags}}, spec)
	from := "samples of " + onLine(o.model.data)
	if o.model.data == "" {
		from = "of the run's samples"
		if err != nil { // the file may be elsewhere; the run keeps some
			if kept, none := s.run.Shown(); none == nil {
				d, err = kept, nil
			} else {
				err = fmt.Errorf("%w; --data FILE says where samples are", err)
			}
		}
	}
	if err != nil {
		return solver.Data{}, "", err
	}
	all, err := s.model.Samples(d)
	if err != nil {
		return solver.Data{}, "", err
	}
	batch, goal := all.Minibatch(s.model.Solver, evenlyOf(d.Len(), o.model.samples))
	return solver.Data{Batch: batch, Objective: goal}, from, nil
}

// drawn are starts for a model of which nothing else is known.
func (o *verifyOptions) drawn(m *train.Model) solver.Data {
	rng, n := rand.New(rand.NewPCG(1, 1)), o.model.samples
	drawn := func(count int, that func(i int) bool) []float64 {
		x := make([]float64, count)
		for i := range x {
			if that(i) {
				x[i] = rng.NormFloat64()
			}
		}
		return x
	}
	all := func(int) bool { return true }
	data := solver.Labelled(nil, nil, m.Span)
	if width := m.Solver.Features(); width > 0 {
		data.Features = drawn(n*width, all)
	} else {
		dim, features := m.Net.Dim(), m.Features()
		data.Z0 = drawn(n*dim, func(i int) bool { return i%dim < features }) // the others are zeros of augmentation
	}
	data.Inputs = drawn(n*m.Solver.Inputs(), all)
	return data
}

// evenlyOf are at most k of the numbers below n, evenly picked.
func evenlyOf(n, k int) []int {
	k = min(n, k)
	picked := make([]int, k)
	for i := range picked {
		picked[i] = i * n / k
	}
	return picked
}

// modelVerdict is what verify found of a model.
type modelVerdict struct {
	source       *source
	spec         solver.Spec
	from, device string
	*verify.Report
}

// own is the mode in which the run is trained.
func (v *modelVerdict) own() gradcheck.Mode {
	for _, m := range v.Gradients.Modes {
		if m.Gradient == v.spec.Gradient {
			return m
		}
	}
	return gradcheck.Mode{}
}

// exceeded reports the bounds that the training's tolerances do not keep; NaN keeps none.
func (v *modelVerdict) exceeded(o *verifyOptions) error {
	var errs []error
	check := func(what string, got, bound float64) {
		if !(got <= bound) && !math.IsInf(bound, 1) {
			errs = append(errs, &boundError{what, got, bound})
		}
	}
	check(v.states(), v.Answers[0].ZMax, o.withinZ)
	if v.Report.Gradients != nil {
		own := v.own()
		check("∂L/∂θ by "+own.Gradient.String(), own.Theta, o.withinGrad)
		check("∂L/∂z0 by "+own.Gradient.String(), own.Z0, o.withinGrad)
	}
	return errors.Join(errs...)
}

func (v *modelVerdict) print(w io.Writer) error {
	m, c := v.source.model, v.spec.Controller
	name := "model file"
	if v.source.run != nil {
		name = onLine(v.source.run.Dir)
	}
	fmt.Fprintf(w, "%s: sizes %v, %v, %d parameters; %d %s\n", name, m.Net.Sizes, m.Net.Activation, len(m.Theta),
		v.Samples, v.from)
	steps := fmt.Sprintf("at rtol %.3g, atol %.3g", c.Rtol, c.Atol)
	if c.Step > 0 {
		steps = fmt.Sprintf("in constant steps of %v", c.Step)
	}
	fmt.Fprintf(w, "trained %s, %v, %s, on %s\n", steps, v.spec.Precision, v.spec.Method, v.device)
	fmt.Fprintf(w, "exact answers: float64, %s known to %s%s; sizes (rms): %[1]s %.3[4]g, outputs %.3[5]g\n\n",
		v.states(), small(v.Own), v.independent(), v.Size, v.OutSize)
	if err := v.printAnswers(w); err != nil || v.Report.Gradients == nil {
		return err
	}
	return v.printGradients(w)
}

// states are those that are compared.
func (v *modelVerdict) states() string {
	if v.AtTimes {
		return "z(t)"
	}
	return "z(t1)"
}

func (v *modelVerdict) independent() string {
	if math.IsNaN(v.Independent) {
		return ""
	}
	return fmt.Sprintf(", the reference backend within %s", small(v.Independent))
}

// small is an error in two digits.
func small(x float64) string { return fmt.Sprintf("%.2g", x) }

func (v *modelVerdict) printAnswers(w io.Writer) error {
	fmt.Fprintln(w, "Errors of the answers")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "rtol\tprecision\tNFE\t"+v.states()+" median\tmax\toutputs median\tmax\tloss\tclasses changed")
	for _, a := range v.Answers {
		mark, loss, changed := "", "-", "-"
		if a.Trained {
			mark = ", as trained"
		}
		if !math.IsNaN(a.Loss) {
			loss = small(a.Loss)
		}
		if len(v.source.model.Classes) > 0 {
			changed = fmt.Sprintf("%d of %d", a.Changed, v.Samples)
		}
		fmt.Fprintf(table, "%.3g\t%v%s\t%.1f\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Rtol, a.Precision, mark, a.NFE,
			small(a.ZMedian), small(a.ZMax), small(a.OutMedian), small(a.OutMax), loss, changed)
	}
	return table.Flush()
}

func (v *modelVerdict) printGradients(w io.Writer) error {
	of := "the loss"
	if math.IsNaN(v.Answers[0].Loss) {
		of = "the sum of z(t1)"
	}
	fmt.Fprintf(w, "\nGradients of %s on %d samples, relative errors: at rtol %g in float64 they should agree; as trained they cost\n",
		of, v.GradientSamples, gradcheck.Rtol)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "mode\tto finite differences\tto other modes\tas trained: ∂L/∂θ\t∂L/∂z0")
	for _, m := range v.Report.Gradients.Modes {
		exact := small(m.ToDifferences) + "\t" + small(m.ToOthers)
		if m.Err != nil {
			exact = "refused\t-"
		}
		trained := small(m.Theta) + "\t" + small(m.Z0)
		if m.SpecErr != nil {
			trained = "refused: " + status(m.SpecErr) + "\t-"
		}
		fmt.Fprintf(table, "%v\t%s\t%s\n", m.Gradient, exact, trained)
	}
	return table.Flush()
}

// status is in few words why there is no derivative.
func status(err error) string {
	var failed *solver.SampleError
	if errors.As(err, &failed) {
		return fmt.Sprintf("%v (%d samples)", failed.End.Status, failed.Failed)
	}
	return strings.SplitN(oneLine(err.Error()), ";", 2)[0]
}
