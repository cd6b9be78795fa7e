package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
)

// LoadModel reads a model file. One without the metadata that Save adds, such as a reference solution, is taken as a
// classifier of two classes whose logit is component 0 of z(t1).
func LoadModel(path string) (*Model, error) {
	file, err := reference.ReadModel(path)
	if err != nil {
		return nil, err
	}
	m, err := FromReference(file)
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	return m, nil
}

// FromReference is the model in a file that was read: see [LoadModel].
func FromReference(file *reference.Model) (*Model, error) {
	activation, err := graph.ParseActivation(file.Activation)
	if err != nil {
		return nil, err
	}
	meta := metadata{values: file.Metadata}
	m := &Model{
		Net:     graph.MLP{Sizes: file.Sizes, Activation: activation, Time: file.Time},
		Augment: meta.number("augment", 0), Component: meta.number("component", 0), Outputs: meta.number("outputs", 1),
		Readout: meta.choice("readout", "component", "linear"), Loss: meta.choice("loss", "bce", "softmax", "mse"),
		Span: solver.Span{T0: file.T0, T1: file.T1}, Theta: file.Theta, Classes: []string{"0", "1"},
	}
	if text, ok := file.Metadata["classes"]; ok {
		m.Classes = nil
		meta.note("classes", json.Unmarshal([]byte(text), &m.Classes))
	}
	if text, ok := file.Metadata["inputs"]; ok {
		meta.note("inputs", json.Unmarshal([]byte(text), &m.Inputs))
	}
	if m.Augment >= m.Net.Dim() {
		meta.note("augment", fmt.Errorf("%d of a state of %d components", m.Augment, m.Net.Dim()))
	}
	if m.Inputs != nil && len(m.Inputs) != m.Features() {
		meta.note("inputs", fmt.Errorf("%d names of %d features", len(m.Inputs), m.Features()))
	}
	if meta.err != nil {
		return nil, meta.err
	}
	if err := m.lower(); err != nil {
		return nil, err
	}
	return m, m.takeHead(file)
}

// takeHead appends the read-out's parameters.
func (m *Model) takeHead(file *reference.Model) error {
	for _, p := range m.Solver.Head.Params {
		t, ok := file.Extra[p.Name]
		if !ok || len(t.Floats) != p.Len() {
			return fmt.Errorf("tensor %q has %d numbers, want %d of shape %v", p.Name, len(t.Floats), p.Len(), p.Shape)
		}
		m.Theta = append(m.Theta, t.Floats...)
	}
	return nil
}

// metadata reads optional values of a model file and keeps what is wrong with them.
type metadata struct {
	values map[string]string
	err    error
}

func (m *metadata) note(key string, err error) {
	if err != nil {
		m.err = errors.Join(m.err, fmt.Errorf("metadata %q: %w", key, err))
	}
}

func (m *metadata) number(key string, missing int) int {
	text, ok := m.values[key]
	if !ok {
		return missing
	}
	n, err := strconv.Atoi(text)
	if err == nil && n < 0 {
		err = fmt.Errorf("%d is negative", n)
	}
	m.note(key, err)
	return n
}

// choice is one of the options, the first where the key is missing.
func (m *metadata) choice(key string, options ...string) string {
	text, ok := m.values[key]
	if !ok {
		return options[0]
	}
	for _, o := range options {
		if o == text {
			return o
		}
	}
	m.note(key, fmt.Errorf("%q is none of %q", text, options))
	return options[0]
}
