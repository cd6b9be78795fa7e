package train

import (
	"context"
	"fmt"
	"slices"

	"neuralode/dataset"
	"neuralode/plan"
	"neuralode/solver"
)

// Evaluation is how a model does on labelled data.
type Evaluation struct {
	Scores
	Confusion [][]int // [true class][predicted class]; nil for a regression, and beyond MaxConfusion classes
	Classes   []string
	Samples   int
	NFEMean   float64
	NFEMax    int
	Features  []FeatureScore // of series; nil otherwise
	Noise     []float64      // see Model.Noise
}

// MaxConfusion is how many classes are counted pair by pair at most: the table grows with their square.
const MaxConfusion = 1000

// Evaluate is [Predictor.Evaluate] of the model compiled for this alone.
func (m *Model) Evaluate(ctx context.Context, backend solver.Backend, spec solver.Spec,
	d *dataset.Dataset) (*Evaluation, error) {
	p, err := m.Compile(backend, spec)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Evaluate(ctx, d)
}

// Evaluate solves every sample of the data and compares the outputs with the labels. It fails with a
// *solver.SampleError where a sample cannot be solved, and where the data are not such as the model was made for.
func (p *Predictor) Evaluate(ctx context.Context, d *dataset.Dataset) (*Evaluation, error) {
	m := p.model
	if err := m.fits(d); err != nil {
		return nil, err
	}
	if m.Series() {
		return p.evaluateSeries(ctx, d)
	}
	e, scoring := &Evaluation{Samples: d.Len(), Classes: m.Classes, Noise: m.Noise()}, m.scoring(d)
	if k := len(d.Classes); k > 0 && k <= MaxConfusion {
		e.Confusion = newConfusion(k)
	}
	nfe := 0
	err := p.Solve(ctx, d.X, nil, func(from int, s *solver.Solution, failed error) error {
		if failed != nil {
			return failed
		}
		n := len(s.End)
		labels := d.Labels[from*d.Width : (from+n)*d.Width]
		out, losses, err := p.read(ctx, s.Z1, labels)
		if err != nil {
			return err
		}
		if i := notFinite(out); i >= 0 {
			return &readOutError{from + i/m.Outputs, out[i]}
		}
		scoring.add(out, labels, losses)
		if len(d.Classes) > 0 {
			scoring.right += e.count(m.ClassesOf(out), labels)
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
	e.Scores = scoring.scores()
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
	if m.Series() != (d.Series != nil) {
		return fmt.Errorf("train: a model of series wants series, and only one of these; the model is of series: %t, the data are: %t",
			m.Series(), d.Series != nil)
	}
	if m.Series() {
		return nil
	}
	if want := m.Solver.LabelWidth(); m.Loss != "softmax" && d.Width != want {
		return fmt.Errorf("train: the data have %d label columns, the model wants %d", d.Width, want)
	}
	if len(d.Classes) != len(m.Classes) && (!m.ofNumbers() || len(d.Classes) > 0) {
		return fmt.Errorf("train: the data have %d classes, the model knows %d", len(d.Classes), len(m.Classes))
	}
	for i, class := range d.Classes {
		if class != m.Classes[i] {
			return fmt.Errorf("train: class %d of the data is %.60q, that of the model %.60q", i, class, m.Classes[i])
		}
	}
	return nil
}

// readOutError says that a sample was solved and that its answer is none.
type readOutError struct {
	sample int
	value  float64
}

func (e *readOutError) Error() string {
	return fmt.Sprintf("train: sample %d: the read-out gives %v", e.sample, e.value)
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
