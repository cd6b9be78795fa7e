package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"neuralode/graph"
	"neuralode/reference"
	"neuralode/safetensors"
	"neuralode/solver"
)

// LoadModel reads a model file. One without the metadata that Save adds, such as a reference solution, is taken as a
// classifier of two classes whose logit is component 0 of z(t1). A file that no run could have written, because its
// metadata contradict each other or its tensors, or because a parameter is not finite, is an error that names all of
// it.
func LoadModel(path string) (*Model, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	described, err := reference.ParseModel(path, file)
	if err != nil {
		return nil, err
	}
	m, err := fromFile(described, file)
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	return m, nil
}

// FromReference is the classifier of two classes with that field whose logit is component 0 of z(t1). It shares the
// memory of Theta.
func FromReference(described *reference.Model) (*Model, error) {
	m, err := classifier(described)
	if err == nil {
		err = m.check()
	}
	if err == nil {
		err = m.lower()
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return m, nil
}

func classifier(described *reference.Model) (*Model, error) {
	activation, err := graph.ParseActivation(described.Activation)
	return &Model{
		Net: graph.MLP{Sizes: described.Sizes, Activation: activation, Time: described.Time, Inputs: described.Inputs,
			SecondOrder: described.SecondOrder},
		Readout: "component", Outputs: 1, Loss: "bce", Classes: []string{"0", "1"},
		Span: solver.Span{T0: described.T0, T1: described.T1}, Theta: described.Theta,
	}, err
}

// fromFile adds to the field what Save writes beside it.
func fromFile(described *reference.Model, file *safetensors.Reader) (*Model, error) {
	m, err := classifier(described)
	meta := metadata{find: file.Metadata}
	if _, ok := file.Metadata("loss"); ok { // and the classes must not be those of a file that says nothing
		m.Classes = nil
	}
	meta.number("augment", &m.Augment)
	meta.number("component", &m.Component)
	meta.number("outputs", &m.Outputs)
	meta.text("readout", &m.Readout)
	meta.text("loss", &m.Loss)
	meta.names("classes", &m.Classes)
	meta.names("inputs", &m.Inputs)
	meta.names("targets", &m.Targets)
	meta.json("huber_delta", &m.HuberDelta, "a number")
	meta.json("weights", &m.Weights, "a JSON list of numbers")
	meta.names("constants", &m.Constants)
	m.takeSignals(&meta)
	task := ""
	meta.text("task", &task)
	meta.require(task == "" || task == seriesTask, "metadata \"task\" is %.60q, want %s, or none", task, seriesTask)
	m.ofSeries = task == seriesTask || m.Readout == components // older files have the second alone
	m.takeLift(&meta)
	if err := errors.Join(append(meta.problems, err)...); err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if err := m.takeHead(file); err != nil {
		return nil, err
	}
	if err := errors.Join(m.takeLiftTensors(file), m.takeScales(file), m.takeStarts(file)); err != nil {
		return nil, err
	}
	return m, m.lower()
}

// takeHead appends the read-out's parameters, and demands that the file has no others.
func (m *Model) takeHead(file *safetensors.Reader) error {
	of := fmt.Sprintf("readout %s and loss %s", m.Readout, m.Loss)
	return m.take(file, m.head().Params(), of, "readout.", "loss.")
}

// takeLiftTensors is takeHead of the lift.
func (m *Model) takeLiftTensors(file *safetensors.Reader) error {
	if !m.lifted() {
		return m.take(file, nil, "a model without a lift", "lift.")
	}
	lift, err := m.lift()
	if err != nil {
		return err
	}
	of := fmt.Sprintf("a lift from %d numbers by hidden layers %v", m.liftWidth(), m.Lift.Hidden)
	return m.take(file, lift.Params, of, "lift.")
}

// take appends parameters, and demands that the file has no others whose names begin so.
func (m *Model) take(file *safetensors.Reader, params []graph.Param, of string, prefixes ...string) error {
	for name := range file.Names() {
		own := func(p graph.Param) bool { return p.Name == name }
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if slices.ContainsFunc(prefixes, begins) && !slices.ContainsFunc(params, own) {
			return fmt.Errorf("tensor %.60q does not belong to %s", name, of)
		}
	}
	for _, p := range params {
		x, err := file.Finite(p.Name, p.Shape...)
		if err != nil {
			return err
		}
		m.Theta = append(m.Theta, x...)
	}
	return nil
}

// metadata takes values of a model file that are there and keeps what is wrong with them.
type metadata struct {
	find func(key string) (string, bool)
	problems
}

func (m *metadata) number(key string, into *int) {
	if text, ok := m.find(key); ok {
		n, err := strconv.Atoi(text)
		m.require(err == nil && n >= 0, "metadata %q is %.60q, want a whole number from 0", key, text)
		*into = n
	}
}

func (m *metadata) text(key string, into *string) {
	if text, ok := m.find(key); ok {
		*into = text
	}
}

// json takes a value in JSON.
func (m *metadata) json(key string, into any, want string) {
	if text, ok := m.find(key); ok {
		err := json.Unmarshal([]byte(text), into)
		m.require(err == nil, "metadata %q is %.60q, want %s", key, text, want)
	}
}

// widths takes a JSON list of widths of layers.
func (m *metadata) widths(key string, into *[]int) {
	text, ok := m.find(key)
	if !ok {
		return
	}
	var list []int
	good := strings.Count(text, ",") < MaxLayers && json.Unmarshal([]byte(text), &list) == nil
	for _, w := range list {
		good = good && w >= 1 && w <= MaxWidth
	}
	m.require(good, "metadata %q is %.60q, want a JSON list of fewer than %d widths from 1 to %d", key, text, MaxLayers,
		MaxWidth)
	*into = list
}

// names takes a JSON list of strings, or null for none.
func (m *metadata) names(key string, into *[]string) {
	text, ok := m.find(key)
	if !ok {
		return
	}
	names, err := parseNames(text)
	m.require(err == nil, "metadata %q is %.60q, want a JSON list of at most %d names", key, text, MaxWidth)
	*into = names
}

func parseNames(text string) ([]string, error) {
	if strings.Count(text, ",") >= MaxWidth { // before memory is spent on them
		return nil, errors.New("too many")
	}
	var list []*string // a null in the list is no name
	if err := json.Unmarshal([]byte(text), &list); err != nil || list == nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, name := range list {
		if name == nil {
			return nil, errors.New("null")
		}
		names[i] = *name
	}
	return names, nil
}
