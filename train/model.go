package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"neuralode"
	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/plan"
	"neuralode/reference"
	"neuralode/safetensors"
	"neuralode/solver"
)

// Model is a perceptron field with its read-out and loss, its parameters, and the plans a backend compiles. It is plain
// data: safe to read from several goroutines.
type Model struct {
	Net       graph.MLP
	Augment   int      // how many of the state's components are added zeros
	Lift      Lift     // what makes the initial state; its zero value: the features and Augment zeros
	Readout   string   // "component", "linear" or "mlp"; of a model of series "components" too
	Component int      // for the read-out "component"
	Outputs   int      // of the read-out
	Loss      string   // "bce", "softmax", "mse", "huber" or "gaussian"
	Inputs    []string // the names of the features, where the data had a header
	Targets   []string // and of the label's columns
	Classes   []string
	Constants []string // the names of what the field reads of each series beside the state
	Signals   []string // and of the signals that it reads behind them

	Interpolation solver.Interpolation // of signals
	HoldSignals   bool                 // they stay what they are beyond what is known of them
	Span          solver.Span
	Theta         []float64 // the field's parameters, then the read-out's, the loss's and the lift's

	ReadoutHidden []int // widths of the hidden layers of the read-out "mlp"
	ofSeries      bool  // the model is one of series, whatever its read-out

	HuberDelta float64   // of the loss huber
	Weights    []float64 // of features of series in the loss; nil: all alike

	FeatureScale dataset.Scale // from the data's units to those of states; zero: they are the same
	LabelScale   dataset.Scale // from the units of labels that are numbers to those of outputs
	TimeScale    dataset.Scale // from the times of series to those of the field

	ConstantScale dataset.Scale // from the units of constants to those of the field's inputs
	SignalScale   dataset.Scale // and from those of signals

	found *foundStarts // of a model of series with learnt starts

	Solver solver.Model
}

// Features is how many numbers a sample has: without a lift, the state's components, or positions among them, without
// the added zeros.
func (m *Model) Features() int {
	switch {
	case m.lifted():
		return m.Lift.Features
	case m.Net.SecondOrder:
		return m.Net.Dim()/2 - m.Augment
	}
	return m.Net.Dim() - m.Augment
}

// Planar reports whether states are points of the plane of two features, as pictures of a flow show them.
func (m *Model) Planar() bool { return m.Features() == 2 && !m.Latent() && !m.Net.SecondOrder }

// newModel is the untrained model of a run, which will see these rows of the data; nil: all.
func newModel(c Config, activation graph.Activation, d *dataset.Dataset, rows []int) (*Model, error) {
	m := &Model{Net: c.net(activation, d.Dim), Augment: c.Augment, Component: c.Component, Classes: d.Classes,
		Constants: c.Constants, Signals: c.Inputs, HoldSignals: c.HoldInputs, Span: solver.Span{T0: c.T0, T1: c.T1}, HuberDelta: c.HuberDelta}
	m.Interpolation, _ = solver.ParseInterpolation(c.Interpolation) // which Check has looked at
	if d.Named {
		m.Inputs, m.Targets = d.Features, d.Targets
		m.nameInputs(d.Series)
	}
	if err := errors.Join(m.chooseLift(c, d), m.chooseHead(c, d)); err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := m.lower(); err != nil {
		return nil, err
	}
	m.learnScale(c, d, rows)
	if c.Start == learntStart {
		m.found = &foundStarts{}
	}
	rng := stream(c.Seed, weightStream, 0)
	m.Theta = append(m.Net.Init(rng), m.head().Init(rng)...)
	if m.lifted() {
		lift, err := m.lift()
		if err != nil {
			return nil, err
		}
		m.Theta = append(m.Theta, lift.Init(rng)...)
	}
	return m, nil
}

// params are the model's parameters as they lie in θ, of a model without plans too.
func (m *Model) params() []plan.Param {
	var params []plan.Param
	all := append(m.Net.Params(), m.head().Params()...)
	if m.lifted() {
		lift, _ := m.lift() // of widths that were checked
		all = append(all, lift.Params...)
	}
	for _, p := range all {
		params = append(params, plan.Param{Name: p.Name, Shape: p.Shape})
	}
	return params
}

// parameters is how many numbers they have.
func (m *Model) parameters() (n int) {
	for _, p := range m.params() {
		n += p.Len()
	}
	return n
}

// lossFor is the loss that goes with a task by default.
var lossFor = map[dataset.Task]string{dataset.Binary: "bce", dataset.MultiClass: "softmax", dataset.Regression: "mse"}

// chooseHead settles read-out and loss for the data.
func (m *Model) chooseHead(c Config, d *dataset.Dataset) error {
	if c.Readout == "mlp" {
		m.ReadoutHidden = c.ReadoutHidden
	}
	switch d.Task {
	case dataset.Unlabelled:
		return fmt.Errorf("train: the data have no labels")
	case dataset.Forecast:
		return m.chooseSeriesHead(c, d)
	}
	m.Loss, m.Readout = c.Loss, c.Readout
	if m.Loss == "auto" {
		m.Loss = lossFor[d.Task]
	}
	switch {
	case m.Loss == "bce" && d.Task != dataset.Binary:
		return fmt.Errorf("train: loss bce wants labels of two classes, the data are %v: choose %s", d.Task,
			lossFor[d.Task])
	case m.Loss == "softmax" && len(d.Classes) == 0:
		return fmt.Errorf("train: loss softmax wants labels that are classes, the data are %v: choose mse, or task classification", d.Task)
	case m.Loss == "mse" && len(d.Classes) > 2:
		return fmt.Errorf("train: loss mse wants numbers or two classes, the data have %d classes: choose softmax, or task regression where the labels are numbers", len(d.Classes))
	case m.ofNumbers() && m.Loss != "mse" && len(d.Classes) > 0:
		return fmt.Errorf("train: loss %s wants labels that are numbers, the data are %v: choose %s, or task regression where the labels are numbers",
			m.Loss, d.Task, lossFor[d.Task])
	}
	m.Outputs = d.Width
	if m.Loss == "softmax" {
		m.Outputs = len(d.Classes)
	}
	if m.Readout == "auto" {
		m.Readout = "linear"
		if m.Loss == "bce" {
			m.Readout = "component"
		}
	}
	if m.Readout != "component" && c.Component != 0 {
		return fmt.Errorf("train: component %d has no effect on readout %s: choose readout component, or leave it out",
			c.Component, m.Readout)
	}
	return nil
}

// head is the read-out and loss as expressions.
func (m *Model) head() graph.Head {
	h := graph.Head{Dim: m.Net.Dim(), Readout: graph.Linear(m.Outputs)}
	switch {
	case m.Readout == components:
		h.Readout = graph.FirstComponents(m.Outputs)
	case m.Readout == "mlp":
		h.Readout = graph.Perceptron(m.ReadoutHidden, m.Net.Activation, m.Outputs)
	case m.Readout == "component":
		h.Readout = graph.Component(m.Component)
	}
	if m.Series() {
		h.Loss = m.numberLossGraph().Weighted(m.Outputs)
		return h
	}
	switch m.Loss {
	case "bce":
		h.Loss = graph.BinaryCrossEntropy()
	case "softmax":
		h.Loss = graph.CrossEntropy()
	default:
		h.Loss = m.numberLossGraph()
	}
	return h
}

// lower makes the plans.
func (m *Model) lower() error {
	field, err := m.Net.Field()
	if err != nil {
		return err
	}
	head := m.head()
	if m.Solver, err = neuralode.Lower(field, &head); err != nil || !m.lifted() {
		return err
	}
	lift, err := m.lift()
	if err == nil {
		m.Solver, err = neuralode.WithLift(m.Solver, lift)
	}
	return err
}

// data is the data set as a backend takes it: states with the added zeros, and labels as the loss wants them.
func (m *Model) data(d *dataset.Dataset) solver.Data {
	if d.Series != nil {
		return m.seriesData(d.Series)
	}
	data := solver.Labelled(nil, m.labels(d.Labels), m.Span)
	m.startPoints(&data.Batch, d.X)
	return data
}

// labels makes of some labels of a data set [n, label width]: one column per class for softmax, scaled numbers
// otherwise.
func (m *Model) labels(labels []float64) []float64 {
	if m.Loss != "softmax" {
		return m.LabelScale.Apply(labels)
	}
	hot := make([]float64, len(labels)*m.Outputs)
	for i, class := range labels {
		hot[i*m.Outputs+int(class)] = 1
	}
	return hot
}

// Save writes the model to a safetensors file with tensors of that type; see package reference for the format. What the
// format lacks stands in further metadata: augment, readout, component, outputs, loss, classes, inputs and targets, of
// the loss huber huber_delta, and weights where features of series have such in the loss; in the tensor loss.noise,
// [outputs], of the loss gaussian; and in tensors scale.features.mean and .std, [features], and scale.labels.mean and
// .std, [outputs], always F64, of a model that has such scales: a feature x begins as the state's component (x − mean)
// / std, and an output o says label mean + std·o.
func (m *Model) Save(path string, dtype safetensors.DType) error {
	file, err := m.file(dtype)
	if err != nil {
		return err
	}
	return file.WriteFile(path)
}

// file is what Save writes.
func (m *Model) file(dtype safetensors.DType) (*safetensors.File, error) {
	classes, err := json.Marshal(m.Classes)
	inputs, err2 := json.Marshal(m.Inputs)
	targets, err3 := json.Marshal(m.Targets)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	n := m.Solver.Field.ThetaLen()
	description := m.description()
	description.Theta = m.Theta[:n]
	file, err := description.File(dtype)
	if err != nil {
		return nil, err
	}
	maps.Copy(file.Metadata, map[string]string{"augment": strconv.Itoa(m.Augment), "readout": m.Readout, "loss": m.Loss,
		"component": strconv.Itoa(m.Component), "outputs": strconv.Itoa(m.Outputs), "classes": string(classes),
		"inputs": string(inputs), "targets": string(targets)})
	if m.Loss == "huber" {
		file.Metadata["huber_delta"] = strconv.FormatFloat(m.HuberDelta, 'g', -1, 64)
	}
	if m.Weights != nil {
		weights, _ := json.Marshal(m.Weights) // cannot fail: they are finite
		file.Metadata["weights"] = string(weights)
	}
	m.addScales(file)
	m.addStarts(file)
	m.addLift(file.Metadata)
	if m.Series() {
		file.Metadata["task"] = seriesTask
	}
	if len(m.Constants) > 0 {
		names, err := json.Marshal(m.Constants)
		if err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		file.Metadata["constants"] = string(names)
	}
	if err := m.addSignals(file.Metadata); err != nil {
		return nil, err
	}
	for _, p := range m.Solver.Params()[len(m.Solver.Field.Params):] {
		file.Tensors[p.Name] = safetensors.Tensor{DType: dtype, Shape: p.Shape, Floats: m.Theta[n : n+p.Len()]}
		n += p.Len()
	}
	return file, nil
}

// description is the field without parameters, as files describe it.
func (m *Model) description() *reference.Model {
	return &reference.Model{Name: modelFile, Sizes: m.Net.Sizes, Activation: m.Net.Activation.String(),
		Time: m.Net.Time, Inputs: m.Net.Inputs, SecondOrder: m.Net.SecondOrder, T0: m.Span.T0, T1: m.Span.T1}
}
