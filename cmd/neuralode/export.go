package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"neuralode/atomicfile"
	"neuralode/dataset"
	"neuralode/onnx"
	"neuralode/solver"
	"neuralode/train"
)

// exportOptions are export's flags.
type exportOptions struct {
	onnx           bool
	out, precision string
}

func (a *app) exportCommand() *cobra.Command {
	o := &exportOptions{}
	c := &cobra.Command{
		Use:   "export RUN|MODEL --onnx",
		Short: "Write field and read-out for other programs",
		Long: `Write a model's field and read-out as ONNX models, which run in ONNX Runtime and many other programs, for any number of
samples at once:

  start.onnx    x [batch, features] to z [batch, dim]: scaled features, and the zeros of augmentation, or what a lift makes
                of them; z at t0. Of series with a lift, x is what docs/files.md says of lift_rows; there is none of
                series of second order without one, whose velocities come from more than their first row
  field.onnx    t [batch, 1] and z [batch, dim] to f [batch, dim], the right-hand side of dz/dt = f(t, z); of series with
                constants or inputs these too, scaled, at that t
  readout.onnx  z [batch, dim] at t1 to out [batch, outputs]: logits of classes, or numbers in the units of the labels

A solver of the other program's integrates f from t0 to t1; metadata of each file say from when to when, how the model was
trained, and what its classes are called; of series, t is the time of the data less time_mean, over time_std, and features,
constants and inputs have means and deviations there too, by which outputs are features again.
model.safetensors is for programs that build the network themselves.`,
		Example: `  neuralode export RUN --onnx
  neuralode export model.safetensors --onnx --precision float64 --out exported`,
		Args: oneArgument("a run folder or a model file"),
		RunE: func(c *cobra.Command, args []string) error { return a.export(c.Context(), o, args[0]) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&o.onnx, "onnx", false, "write ONNX models")
	f.StringVar(&o.out, "out", "", "folder that is there (default the run's, or that of the model file)")
	f.StringVar(&o.precision, "precision", "float32", "float32 or float64: the type of all numbers")
	return c
}

func (a *app) export(ctx context.Context, o *exportOptions, path string) error {
	p, err := solver.ParsePrecision(o.precision)
	if err == nil && p == solver.TF32 {
		err = errors.New("precision must be float32 or float64: tf32 is no type of numbers in files")
	}
	if !o.onnx {
		err = errors.Join(err, errors.New("say what to export: --onnx"))
	}
	if err != nil {
		return wrongUse(err)
	}
	s, err := openSource(path)
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = filepath.Dir(path)
		if s.run != nil {
			o.out = s.run.Dir
		}
	}
	defer gateOf(ctx).close()()
	for _, file := range exports(s, p) {
		name := filepath.Join(o.out, file.name)
		if err := atomicfile.Write(name, file.write); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s  %s\n", onLine(name), file.is)
	}
	return nil
}

// exported is a file to be written.
type exported struct {
	name, is string
	write    func(io.Writer) error
}

func exports(s *source, p solver.Precision) []exported {
	m, about := s.model, describedFor(s)
	ofField, ofHead, ofLift := solver.SplitTheta(m.Solver, m.Theta)
	start := onnx.Start{Features: m.Features(), Dim: m.Net.Dim(), Scale: onnx.Scale(m.FeatureScale), Lift: m.Solver.Lift,
		Theta: ofLift, Precision: p, Metadata: about}
	if m.Lift.Rows > 0 { // what is read of rows is scaled before it is put beside each other
		start.Features, start.Scale = m.Solver.Features(), onnx.Scale{}
	}
	field := onnx.Function{Name: "field", Plan: m.Solver.Field, Theta: ofField, Output: "f",
		Keep: []string{"t", "z", "inputs"}, Precision: p, Metadata: about}
	head := onnx.Function{Name: "readout", Plan: m.Solver.Head, Theta: ofHead, Output: "out", Keep: []string{"z"},
		Precision: p, Scale: onnx.Scale(m.LabelScale), Metadata: about}
	all := []exported{
		{"start.onnx", "x to z(t0)", func(w io.Writer) error { return onnx.WriteStart(w, start) }},
		{"field.onnx", "t, z to f", func(w io.Writer) error { return onnx.Write(w, field) }},
		{"readout.onnx", "z(t1) to out", func(w io.Writer) error { return onnx.Write(w, head) }},
	}
	if m.Series() && m.Net.SecondOrder && m.Solver.Lift == nil { // the first row does not tell the velocities
		return all[1:]
	}
	return all
}

// describedFor is what the files say of the model beside its numbers.
func describedFor(s *source) map[string]string {
	m, c := s.model, train.DefaultConfig()
	if s.run != nil {
		c = s.run.Config
	}
	list := func(x []string) string {
		text, _ := json.Marshal(x) // cannot fail for texts
		return string(text)
	}
	about := map[string]string{
		"t0": fmt.Sprint(m.Span.T0), "t1": fmt.Sprint(m.Span.T1), "loss": m.Loss,
		"classes": list(m.Classes), "inputs": list(m.Inputs),
		"method": c.Method, "rtol": fmt.Sprint(c.Rtol), "atol": fmt.Sprint(c.Atol),
		"outputs": outputsOf(m),
	}
	if c.Step > 0 {
		about["step"] = fmt.Sprint(c.Step)
	}
	if len(m.TimeScale.Mean) > 0 {
		about["time_mean"], about["time_std"] = fmt.Sprint(m.TimeScale.Mean[0]), fmt.Sprint(m.TimeScale.Std[0])
	}
	if m.Series() { // start.onnx does not always say it, and of what the field reads nothing else does
		describeScales(about, m)
	}
	return about
}

// describeScales adds how numbers of series are scaled, and the names of what the field reads beside the state.
func describeScales(about map[string]string, m *train.Model) {
	list := func(x any) string {
		text, _ := json.Marshal(x) // cannot fail for names and finite numbers
		return string(text)
	}
	for name, scale := range map[string]dataset.Scale{"feature": m.FeatureScale, "constant": m.ConstantScale,
		"signal": m.SignalScale} {
		if len(scale.Mean) > 0 {
			about[name+"_mean"], about[name+"_std"] = list(scale.Mean), list(scale.Std)
		}
	}
	for name, of := range map[string][]string{"constants": m.Constants, "signals": m.Signals} {
		if len(of) > 0 {
			about[name] = list(of)
		}
	}
}

// outputsOf says in words what the outputs are.
func outputsOf(m *train.Model) string {
	switch {
	case m.Series() && m.Scaled():
		return "the features less feature_mean, over feature_std"
	case m.Series():
		return "the features"
	case m.Loss == "bce":
		return "the logit of the second class"
	case m.Loss == "softmax":
		return "the logit of each class"
	}
	return "numbers in the units of the labels"
}
