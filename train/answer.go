package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"neuralode/solver"
)

// Answer is a model's answer for one point, in words of the training's data. As JSON it is an object with what there
// is.
type Answer struct {
	// a class's name, a number, or [Named] numbers of several labels
	Predicted   any      `json:"predicted,omitempty"`
	Probability *Named   `json:"probability,omitempty"` // of each class
	Value       *float64 `json:"value,omitempty"`       // between two classes that were fitted as the numbers 0 and 1
	Error       string   `json:"error,omitempty"`       // why there is no answer; then the others are empty
}

// Named are finite numbers with their names. As JSON they are an object in this order.
type Named struct {
	Names  []string
	Values []float64
}

// MarshalJSON fails for numbers that are not finite.
func (n Named) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, name := range n.Names {
		key, err := json.Marshal(name)
		value, err2 := json.Marshal(n.Values[i])
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		b.WriteByte("{,"[min(i, 1)])
		b.Write(append(append(key, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Answer is what a model's predictions say of point i.
func (m *Model) Answer(p *Predictions, i int) Answer {
	if p.Err[i] != nil {
		return Answer{Error: Reason(p.Err[i])}
	}
	var a Answer
	if p.Value != nil {
		v := row(p.Value, i, m.Outputs)
		if a.Predicted = v[0]; len(v) > 1 {
			a.Predicted = Named{m.ValueNames(), v}
		}
	}
	if p.Class != nil {
		if p.Value != nil {
			a.Value = &p.Value[i]
		}
		a.Predicted = m.Classes[p.Class[i]]
	}
	if p.Probability != nil {
		a.Probability = &Named{m.Classes, row(p.Probability, i, len(m.Classes))}
	}
	return a
}

// ValueNames are the names of the outputs of a regression: those of the label's columns, or output1, output2, ...
func (m *Model) ValueNames() []string {
	if m.Targets != nil && len(m.Targets) == m.Outputs {
		return m.Targets
	}
	names := make([]string, m.Outputs)
	for i := range names {
		names[i] = "output" + strconv.Itoa(i+1)
	}
	return names
}

// Reason is why a point has no answer, in a few words.
func Reason(err error) string {
	var failed *solver.SampleError
	if errors.As(err, &failed) {
		return fmt.Sprintf("%v at t = %.6g", failed.End.Status, failed.End.T)
	}
	return err.Error()
}
