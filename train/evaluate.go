package train

import (
	"context"
	"fmt"
	"math"

	"neuralode/dataset"
	"neuralode/plan"
	"neuralode/solver"
)

// Evaluation is how a model does on labelled data.
type Evaluation struct {
	Loss      float64 // mean
	Accuracy  float64 // NaN for a regression
	Confusion [][]int // [true class][predicted class]; nil for a regression
	Classes   []string
	Samples   int
	NFEMean   float64
	NFEMax    int
}

// Evaluate solves every sample of the data and compares the outputs with the labels.
func (m *Model) Evaluate(ctx context.Context, backend solver.Backend, spec solver.Spec, d *dataset.Dataset) (*Evaluation, error) {
	if err := m.fits(d); err != nil {
		return nil, err
	}
	s, err := m.Solve(ctx, backend, spec, d.X)
	if err != nil {
		return nil, err
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	out, losses := m.Read(s.Z1, m.labels(d))
	e := &Evaluation{Samples: d.Len(), Accuracy: math.NaN(), Classes: m.Classes}
	for _, l := range losses {
		e.Loss += l / float64(len(losses))
	}
	if len(d.Classes) > 0 {
		e.score(m.Predict(out), d.Labels)
	}
	work := solver.Summarize(s)
	e.NFEMean, e.NFEMax = work.NFEMean, work.NFEMax
	return e, nil
}

// fits reports data the model cannot be compared with.
func (m *Model) fits(d *dataset.Dataset) error {
	if d.Dim != m.Features() {
		return fmt.Errorf("train: the data have %d features, the model wants %d", d.Dim, m.Features())
	}
	if want := m.Solver.LabelWidth(); m.Loss != "softmax" && d.Width != want {
		return fmt.Errorf("train: the data have %d label columns, the model wants %d", d.Width, want)
	}
	if len(d.Classes) != len(m.Classes) && (m.Loss != "mse" || len(d.Classes) > 0) {
		return fmt.Errorf("train: the data have %d classes, the model knows %d", len(d.Classes), len(m.Classes))
	}
	return nil
}

// Solve integrates the points x, [n, features], over the model's span.
func (m *Model) Solve(ctx context.Context, backend solver.Backend, spec solver.Spec, x []float64) (*solver.Solution, error) {
	spec.Gradient = solver.NoGradient
	program, err := backend.Compile(solver.Model{Field: m.Solver.Field}, spec)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	return program.Solve(ctx, m.Theta[:m.Solver.Field.ThetaLen()], solver.Batch{Z0: m.States(x), Spans: []solver.Span{m.Span}})
}

// Read is what the read-out makes of final states [n, dim], [n, outputs], and with labels (or nil) the loss of each.
func (m *Model) Read(z1, labels []float64) (out, losses []float64) {
	n := len(z1) / m.Net.Dim()
	if labels == nil {
		labels = make([]float64, n*m.Solver.LabelWidth())
	}
	machine := plan.NewMachine(m.Solver.Head)
	machine.SetTheta(m.Theta[m.Solver.Field.ThetaLen():])
	machine.Forward(n, map[string][]float64{"z": z1, "label": labels})
	return machine.Output("out"), machine.Output("loss")
}

// Predict is the class of each row of outputs: the side of zero for one logit, the largest of several.
func (m *Model) Predict(out []float64) []int {
	classes := make([]int, len(out)/m.Outputs)
	for i := range classes {
		row := out[i*m.Outputs : (i+1)*m.Outputs]
		switch {
		case m.Loss == "bce" && row[0] > 0:
			classes[i] = 1
		case m.Loss == "mse" && row[0] > 0.5:
			classes[i] = 1
		case m.Loss == "softmax":
			classes[i] = largest(row)
		}
	}
	return classes
}

func largest(x []float64) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// score fills confusion and accuracy.
func (e *Evaluation) score(predicted []int, labels []float64) {
	k := len(e.Classes)
	e.Confusion = make([][]int, k)
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, k)
	}
	right := 0
	for i, p := range predicted {
		class := int(labels[i])
		e.Confusion[class][p]++
		if class == p {
			right++
		}
	}
	e.Accuracy = float64(right) / float64(len(predicted))
}

// Field is f(t, z) for states z, [n, dim], at one time.
func (m *Model) Field(t float64, z []float64) []float64 {
	n := len(z) / m.Net.Dim()
	machine := plan.NewMachine(m.Solver.Field)
	machine.SetTheta(m.Theta[:m.Solver.Field.ThetaLen()])
	times := make([]float64, n)
	for i := range times {
		times[i] = t
	}
	machine.Forward(n, map[string][]float64{"t": times, "z": z})
	return machine.Output("f")
}
