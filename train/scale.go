package train

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"neuralode/dataset"
	"neuralode/safetensors"
	"neuralode/solver"
)

// Scales are how features, and labels that are numbers, can be scaled.
var Scales = []string{"standard", "none"}

// learnScale takes the scales from these rows of the data, or from all where rows is nil.
func (m *Model) learnScale(c Config, d *dataset.Dataset, rows []int) {
	if c.Scale != "standard" {
		return
	}
	if d.Series != nil {
		m.learnSeriesScale(d, rows)
		return
	}
	m.FeatureScale = dataset.Standardise(d.X, d.Dim, rows)
	if d.Task == dataset.Regression {
		m.LabelScale = dataset.Standardise(d.Labels, d.Width, rows)
	}
}

// Scaled reports whether features are scaled.
func (m *Model) Scaled() bool { return len(m.FeatureScale.Mean) > 0 }

// States is the points x, [n, features], as initial states [n, dim]: scaled, with the added zeros, or lifted.
func (m *Model) States(x []float64) []float64 {
	if m.lifted() {
		return m.liftedFrom(m.FeatureScale.Apply(x))
	}
	return m.StatesAt(x)
}

// StatesAt is the states [n, dim] whose first components are the features x, [n, features], scaled, and the others 0. x
// may be shared.
func (m *Model) StatesAt(x []float64) []float64 {
	x = m.FeatureScale.Apply(x)
	features, dim := m.Features(), m.Net.Dim()
	if features == dim {
		return x
	}
	z := make([]float64, len(x)/features*dim)
	for i := range len(x) / features {
		copy(z[i*dim:], x[i*features:(i+1)*features])
	}
	return z
}

// PointBatch is the points x, [n, features], as they are solved over the model's span.
func (m *Model) PointBatch(x []float64) solver.Batch {
	b := solver.Batch{Spans: []solver.Span{m.Span}}
	m.startPoints(&b, x)
	return b
}

// startPoints puts into the batch where solves of the points begin.
func (m *Model) startPoints(b *solver.Batch, x []float64) {
	if m.lifted() {
		b.Features = m.FeatureScale.Apply(x)
	} else {
		b.Z0 = m.States(x)
	}
}

// liftedFrom is what the lift makes of what it reads, in float64.
func (m *Model) liftedFrom(x []float64) []float64 {
	_, _, theta := solver.SplitTheta(m.Solver, m.Theta)
	lifter, b := solver.NewLifter(m.Solver), m.Solver.WithRoom(solver.Batch{Features: x})
	lifter.SetTheta(theta)
	lifter.Raise(b, m.Net.Dim())
	return b.Z0
}

// Unscale is states z, [n, dim], in the units of the data: what States would make of them again, but for components
// that are none of the data's, which have no unit and stay.
func (m *Model) Unscale(z []float64) []float64 {
	if m.Latent() {
		return slices.Clone(z)
	}
	return m.FeatureScale.Undo(z, m.Net.Dim())
}

// UnscaleRates is Unscale for rates of change, as Field gives them.
func (m *Model) UnscaleRates(f []float64) []float64 {
	if m.Latent() {
		return slices.Clone(f)
	}
	return m.FeatureScale.UndoRates(f, m.Net.Dim())
}

// checkScales reports scales that the model cannot have.
func (m *Model) checkScales() error {
	var p problems
	if err := m.FeatureScale.Check(m.Features()); err != nil {
		p = append(p, fmt.Errorf("scale of the features: %w", err))
	}
	if err := m.LabelScale.Check(m.Outputs); err != nil {
		p = append(p, fmt.Errorf("scale of the labels: %w", err))
	}
	if err := m.ConstantScale.Check(len(m.Constants)); err != nil {
		p = append(p, fmt.Errorf("scale of the constants: %w", err))
	}
	if err := m.SignalScale.Check(len(m.Signals)); err != nil {
		p = append(p, fmt.Errorf("scale of the signals: %w", err))
	}
	if err := m.TimeScale.Check(1); err != nil {
		p = append(p, fmt.Errorf("scale of the times: %w", err))
	}
	p.require(len(m.TimeScale.Mean) == 0 || m.Series(), "only series have a scale of times")
	p.require(len(m.LabelScale.Mean) == 0 || len(m.Classes) == 0, "classes have no scale")
	return errors.Join(p...)
}

// The tensors of scales in a model file.
const (
	featureScale = "scale.features"
	labelScale   = "scale.labels"
	timeScale    = "scale.time"

	constantScale = "scale.constants"
	signalScale   = "scale.signals"
)

// addScales puts the scales into a model file, in float64 whatever the parameters are in: a mean may be large beside
// its deviation.
func (m *Model) addScales(file *safetensors.File) {
	for name, s := range map[string]dataset.Scale{featureScale: m.FeatureScale, labelScale: m.LabelScale,
		timeScale: m.TimeScale, constantScale: m.ConstantScale, signalScale: m.SignalScale} {
		if len(s.Mean) == 0 {
			continue
		}
		maps.Copy(file.Tensors, map[string]safetensors.Tensor{
			name + ".mean": safetensors.Float64(s.Mean, len(s.Mean)),
			name + ".std":  safetensors.Float64(s.Std, len(s.Std)),
		})
	}
}

// takeScales reads what addScales wrote. A file without is one of a model that has none.
func (m *Model) takeScales(file *safetensors.Reader) (err error) {
	names := slices.Collect(file.Names())
	take := func(name string, columns int) (s dataset.Scale) {
		if !slices.Contains(names, name+".mean") && !slices.Contains(names, name+".std") || err != nil {
			return s
		}
		if s.Mean, err = file.Finite(name+".mean", columns); err == nil {
			s.Std, err = file.Finite(name+".std", columns)
		}
		return s
	}
	m.FeatureScale, m.LabelScale = take(featureScale, m.Features()), take(labelScale, m.Outputs)
	m.TimeScale, m.ConstantScale = take(timeScale, 1), take(constantScale, len(m.Constants))
	m.SignalScale = take(signalScale, len(m.Signals))
	if err == nil {
		err = m.checkScales()
	}
	return err
}
