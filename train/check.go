package train

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"neuralode/solver"
)

// check reports the ways in which the model, but for its parameters, contradicts itself. New models and those of files
// obey these rules alike.
func (m *Model) check() error {
	if err := m.description().Check(); err != nil { // without a field nothing else has a meaning
		return err
	}
	err := errors.Join(m.checkState(), m.checkLift(), m.checkHead(), checkSpan(m.Span))
	if err == nil {
		err = m.checkSize()
	}
	return err
}

// problems collects what is wrong.
type problems []error

func (p *problems) require(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, args...))
	}
}

// checkState checks what is said of the state's components.
func (m *Model) checkState() error {
	var p problems
	dim := m.Net.Dim()
	if m.Net.SecondOrder {
		dim /= 2
	}
	p.require(m.Augment >= 0 && m.Augment < dim,
		"augment must be from 0 to %d for a state of %d components, got %d", dim-1, dim, m.Augment)
	p.require(len(m.Constants)+len(m.Signals) == m.Net.Inputs,
		"constants and signals must be a name for each of %d inputs of the field, got %d and %d", m.Net.Inputs,
		len(m.Constants), len(m.Signals))
	p.require(m.Net.Inputs == 0 || m.Series(), "only series have constants and signals")
	p.require(m.Inputs == nil || len(m.Inputs) == m.Features(),
		"inputs must be a name for each of %d features, got %d", m.Features(), len(m.Inputs))
	return errors.Join(append(p, checkNames("inputs", m.Inputs), checkNames("constants", m.Constants),
		checkNames("signals", m.Signals))...)
}

// checkHead checks how read-out, loss, outputs and classes go together.
func (m *Model) checkHead() error {
	var p problems
	classes := len(m.Classes)
	switch dim := m.Net.Dim(); m.Readout {
	case "component":
		p.require(m.Outputs == 1, "readout component gives one output, got outputs %d: choose linear for more",
			m.Outputs)
		p.require(m.Component >= 0 && m.Component < dim,
			"component %d of a state of %d components, want 0 to %d", m.Component, dim, dim-1)
	case components:
		p.require(m.Series(), "readout components is of series")
		p.require(m.Features() <= dim, "readout components gives the first %d components of the state, which has %d",
			m.Features(), dim)
	case "linear", "mlp":
		p.require(m.Outputs >= 1 && m.Outputs <= MaxWidth, "outputs must be from 1 to %d, got %d", MaxWidth, m.Outputs)
	default:
		p.require(false, "readout must be component, components, linear or mlp, got %.60q", m.Readout)
	}
	p.require(!m.Series() || m.Outputs == m.Features() && m.ofNumbers() && classes == 0,
		"a model of series gives its %d features, by a loss of numbers, without classes; got outputs %d, loss %.60q and %d classes",
		m.Features(), m.Outputs, m.Loss, classes)
	switch m.Loss {
	case "bce":
		p.require(classes == 2, "loss bce wants two classes, got %d", classes)
		p.require(m.Outputs == 1, "loss bce wants one output, got outputs %d", m.Outputs)
	case "softmax":
		p.require(classes >= 2 && m.Outputs == classes,
			"loss softmax wants an output for each of at least two classes, got outputs %d and %d classes",
			m.Outputs, classes)
	case "mse":
		p.require(classes == 0 || classes == 2 && m.Outputs == 1,
			"loss mse wants no classes, or two and one output, got outputs %d and %d classes", m.Outputs, classes)
	case "huber":
		p.require(m.HuberDelta > 0 && finite(m.HuberDelta), "huber_delta must be positive, got %v", m.HuberDelta)
		fallthrough
	case "gaussian":
		p.require(classes == 0, "loss %s wants no classes, got %d", m.Loss, classes)
	default:
		p.require(false, "loss must be bce, softmax, mse, huber or gaussian, got %.60q", m.Loss)
	}
	p = append(p, m.checkWeights())
	targets := m.Outputs
	if m.Loss == "softmax" {
		targets = 1
	}
	p.require(m.Targets == nil || len(m.Targets) == targets,
		"targets must be a name for each of %d label columns, got %d", targets, len(m.Targets))
	return errors.Join(append(p, checkNames("classes", m.Classes), checkNames("targets", m.Targets))...)
}

// checkWeights checks those of the features of series in the loss.
func (m *Model) checkWeights() error {
	if m.Weights == nil {
		return nil
	}
	sum := 0.0
	for _, w := range m.Weights {
		if sum += w; !(w >= 0) {
			sum = math.NaN()
		}
	}
	if len(m.Weights) != m.Outputs || !m.Series() || !(sum > 0) || !finite(sum) {
		return fmt.Errorf("weights must be a number from 0 for each of %d features of series, some above 0, got %d",
			m.Outputs, len(m.Weights))
	}
	return nil
}

// checkNames demands that names differ, are there, and can be written to a file.
func checkNames(what string, names []string) error {
	var p problems
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		p.require(!seen[name], "%s: %.60q is there twice", what, name)
		p.require(name != "", "%s: a name is empty", what)
		p.require(utf8.ValidString(name), "%s: %.60q is not UTF-8", what, name)
		seen[name] = true
		if len(p) > 0 { // one of each list is enough
			break
		}
	}
	return errors.Join(p...)
}

func checkSpan(s solver.Span) error {
	if !finite(s.T0) || !finite(s.T1) || !finite(s.T1-s.T0) || s.T0 == s.T1 {
		return fmt.Errorf("t0 and t1 must be finite and differ, got %v and %v", s.T0, s.T1)
	}
	return nil
}

// checkSize bounds the number of parameters.
func (m *Model) checkSize() error {
	if n := m.parameters(); n > MaxParameters {
		return fmt.Errorf("sizes %v and outputs %d make %d parameters, want at most %d",
			m.Net.Sizes, m.Outputs, n, MaxParameters)
	}
	return nil
}
