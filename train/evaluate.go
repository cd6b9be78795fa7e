package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuralode/dataset"
	"neuralode/plan"
	"neuralode/solver"
)

// Evaluation is how a model does on labelled data.
type Evaluation struct {
	Loss      float64 // mean
	Accuracy  float64 // NaN for a regression
	Confusion [][]int // [true class][predicted class]; nil for a regression, and beyond MaxConfusion classes
	Classes   []string
	Samples   int
	NFEMean   float64
	NFEMax    int
}

// MaxConfusion is how many classes are counted pair by pair at most: the table grows with their square.
const MaxConfusion = 1000

// Evaluate solves every sample of the data and compares the outputs with the labels. It fails with a
// *solver.SampleError where a sample cannot be solved, and where the data are not such as the model was made for.
func (m *Model) Evaluate(ctx context.Context, backend solver.Backend, spec solver.Spec,
	d *dataset.Dataset) (*Evaluation, error) {
	if err := m.fits(d); err != nil {
		return nil, err
	}
	e := &Evaluation{Samples: d.Len(), Accuracy: math.NaN(), Classes: m.Classes}
	if k := len(d.Classes); k > 0 && k <= MaxConfusion {
		e.Confusion = newConfusion(k)
	}
	nfe, right := 0, 0
	err := m.SolveInBlocks(ctx, backend, spec, d.X, nil, func(from int, s *solver.Solution, failed error) error {
		if failed != nil {
			return failed
		}
		n := len(s.End)
		labels := d.Labels[from*d.Width : (from+n)*d.Width]
		out, losses := m.Read(s.Z1, labels)
		if i := slices.IndexFunc(out, func(v float64) bool { return !finite(v) }); i >= 0 {
			return fmt.Errorf("train: sample %d: the read-out gives %v", from+i/m.Outputs, out[i])
		}
		for _, l := range losses {
			e.Loss += l / float64(e.Samples)
		}
		if len(d.Classes) > 0 {
			right += e.count(m.Predict(out), labels)
		}
		for _, cost := range s.Stats {
			nfe, e.NFEMax = nfe+cost.NFE, max(e.NFEMax, cost.NFE)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.NFEMean = float64(nfe) / float64(e.Samples)
	if len(d.Classes) > 0 {
		e.Accuracy = float64(right) / float64(e.Samples)
	}
	return e, nil
}

// fits reports data the model cannot be compared with.
func (m *Model) fits(d *dataset.Dataset) error {
	if err := d.Check(); err != nil {
		return err
	}
	if d.Dim != m.Features() {
		return fmt.Errorf("train: the data have %d features, the model wants %d", d.Dim, m.Features())
	}
	if want := m.Solver.LabelWidth(); m.Loss != "softmax" && d.Width != want {
		return fmt.Errorf("train: the data have %d label columns, the model wants %d", d.Width, want)
	}
	if len(d.Classes) != len(m.Classes) && (m.Loss != "mse" || len(d.Classes) > 0) {
		return fmt.Errorf("train: the data have %d classes, the model knows %d", len(d.Classes), len(m.Classes))
	}
	for i, class := range d.Classes {
		if class != m.Classes[i] {
			return fmt.Errorf("train: class %d of the data is %.60q, that of the model %.60q", i, class, m.Classes[i])
		}
	}
	return nil
}

// SolveInBlocks integrates the points x, [n, features], over the model's span, with states kept at the times, and gives
// use the solutions of so many at once as fit into a bounded memory, in their order: from is the place of a solution's
// first sample, failed is nil or the *solver.SampleError of one of its samples, numbered as in x. With one step for all,
// all are solved at once. It ends at the first error of use.
func (m *Model) SolveInBlocks(ctx context.Context, backend solver.Backend, spec solver.Spec, x, times []float64,
	use func(from int, s *solver.Solution, failed error) error) error {
	return m.solve(ctx, backend, spec, x, times, solveBytes, use)
}

// solve is SolveInBlocks with blocks of about so many bytes.
func (m *Model) solve(ctx context.Context, backend solver.Backend, spec solver.Spec, x, times []float64, bytes float64,
	use func(from int, s *solver.Solution, failed error) error) error {
	spec.Gradient = solver.NoGradient
	n := len(x) / m.Features()
	block, err := m.block(spec, n, len(times), bytes)
	if err != nil {
		return err
	}
	if err := m.fitsIn(spec.Precision); err != nil {
		return err
	}
	program, err := backend.Compile(solver.Model{Field: m.Solver.Field}, spec)
	if err != nil {
		return err
	}
	defer program.Close()
	for from := 0; from < n; from += block {
		z0 := m.States(x[from*m.Features() : min(n, from+block)*m.Features()])
		s, err := program.Solve(ctx, m.Theta[:m.Solver.Field.ThetaLen()],
			solver.Batch{Z0: z0, Spans: []solver.Span{m.Span}, Times: times})
		if err != nil {
			return err
		}
		if err := use(from, s, failure(from, s, spec)); err != nil {
			return err
		}
	}
	return nil
}

// fitsIn reports the first parameter of the field that is infinite in a precision.
func (m *Model) fitsIn(p solver.Precision) error {
	if p == solver.Float64 {
		return nil
	}
	at := 0
	for _, q := range m.Solver.Field.Params {
		for i, v := range m.Theta[at : at+q.Len()] {
			if math.Abs(v) > math.MaxFloat32 {
				return fmt.Errorf("train: number %d of %s is %v, which %v does not hold: solve in float64", i, q.Name, v, p)
			}
		}
		at += q.Len()
	}
	return nil
}

// failure is the solution's error with the sample's place among all.
func failure(from int, s *solver.Solution, spec solver.Spec) error {
	var failed *solver.SampleError
	err := s.Err()
	if errors.As(err, &failed) {
		failed.Sample += from
		spec.Controller.Advise(err)
	}
	return err
}

// Read is what the read-out makes of final states [n, dim]: [n, outputs], in the units of the labels where these are
// numbers, and with labels (or nil) as the data have them, one number or class a sample and output, the loss of each. The
// loss is that of the training, between scaled numbers.
func (m *Model) Read(z1, labels []float64) (out, losses []float64) {
	n := len(z1) / m.Net.Dim()
	if labels == nil {
		labels = make([]float64, n*m.Solver.LabelWidth())
	} else {
		labels = m.labels(labels)
	}
	machine := plan.NewMachine(m.Solver.Head)
	machine.SetTheta(m.Theta[m.Solver.Field.ThetaLen():])
	machine.Forward(n, map[string][]float64{"z": z1, "label": labels})
	return m.LabelScale.Undo(machine.Output("out"), m.Outputs), machine.Output("loss")
}

// Predict is the class of each row of outputs: the side of zero for a logit (bce), the side of a half for a number
// between the two classes (mse), the largest of several logits (softmax).
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

func newConfusion(classes int) [][]int {
	confusion := make([][]int, classes)
	for i := range confusion {
		confusion[i] = make([]int, classes)
	}
	return confusion
}

// count adds predictions to the confusion and returns how many are right.
func (e *Evaluation) count(predicted []int, labels []float64) (right int) {
	for i, p := range predicted {
		class := int(labels[i])
		if e.Confusion != nil {
			e.Confusion[class][p]++
		}
		if class == p {
			right++
		}
	}
	return right
}

// Field is f(t, z) for states z, [n, dim], at one time.
func (m *Model) Field(t float64, z []float64) []float64 {
	const rows = 64 // at once: the interpreter keeps all values of a batch
	dim := m.Net.Dim()
	machine := plan.NewMachine(m.Solver.Field)
	machine.SetTheta(m.Theta[:m.Solver.Field.ThetaLen()])
	f := make([]float64, 0, len(z))
	for from := 0; from < len(z); from += rows * dim {
		states := z[from:min(len(z), from+rows*dim)]
		times := slices.Repeat([]float64{t}, len(states)/dim)
		machine.Forward(len(times), map[string][]float64{"t": times, "z": states})
		f = append(f, machine.Output("f")...)
	}
	return f
}
