package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"neuralode/dataset"
	"neuralode/train"
)

// answerWriter writes predictions, a block at a time.
type answerWriter interface {
	write(*dataset.Block, *train.Predictions) error
	close() error
}

// newAnswerWriter is that of a format; kept are the names of the columns that are carried along, round is how a CSV
// writes the numbers of an answer.
func newAnswerWriter(as string, w io.Writer, m *train.Model, kept []string, round []dataset.Rounding) answerWriter {
	switch as {
	case "npy":
		return &npyAnswers{w: w, model: m}
	case "jsonl":
		b := bufio.NewWriterSize(w, 1<<16)
		return &jsonAnswers{b: b, model: m, kept: kept}
	}
	c := &csvAnswers{csv: csv.NewWriter(bufio.NewWriterSize(w, 1<<16)), model: m, kept: len(kept), round: round}
	c.err = c.csv.Write(slices.Concat(kept, answerNames(m)))
	return c
}

// errorName is the column that says why there is no answer.
const errorName = "error"

// answerNames are the columns of answers.
func answerNames(m *train.Model) []string {
	names := []string{"predicted"}
	switch {
	case len(m.Classes) == 0 && m.Outputs > 1:
		names = nil
		for _, name := range m.ValueNames() {
			names = append(names, "predicted_"+name)
		}
	case m.Loss == "mse" && len(m.Classes) > 0:
		names = append(names, "value")
	default:
		for _, class := range m.Classes {
			names = append(names, "p_"+class)
		}
	}
	return append(names, errorName)
}

// checkKept reports a column to carry along that has the name of one of the answers.
func checkKept(kept []string, m *train.Model) error {
	answers := append(answerNames(m), "probability", "value")
	for _, name := range kept {
		if slices.Contains(answers, name) {
			return wrongUse(fmt.Errorf("keep: a column of the answers is called %q too: rename yours", name))
		}
	}
	return nil
}

// csvAnswers writes a line for each point under a header.
type csvAnswers struct {
	csv   *csv.Writer
	model *train.Model
	kept  int
	round []dataset.Rounding
	err   error
}

func (c *csvAnswers) write(b *dataset.Block, p *train.Predictions) error {
	for i := range b.Len() {
		fields := append(slices.Clone(b.Kept[i*c.kept:(i+1)*c.kept]), c.fields(p, i)...)
		if err := c.csv.Write(fields); c.err == nil {
			c.err = err
		}
	}
	return c.err
}

// fields are those of an answer; empty where there is none.
func (c *csvAnswers) fields(p *train.Predictions, i int) []string {
	m := c.model
	if p.Err[i] != nil {
		fields := make([]string, len(answerNames(m)))
		fields[len(fields)-1] = train.Reason(p.Err[i])
		return fields
	}
	var fields []string
	if p.Class != nil {
		fields = append(fields, m.Classes[p.Class[i]])
	}
	for j, v := range numbersOf(m, p, i) {
		fields = append(fields, string(c.round[j].Append(nil, v)))
	}
	return append(fields, "")
}

// numbersOf are the probabilities of a point, or the numbers predicted.
func numbersOf(m *train.Model, p *train.Predictions, i int) []float64 {
	if p.Probability != nil {
		k := len(m.Classes)
		return p.Probability[i*k : (i+1)*k]
	}
	return p.Value[i*m.Outputs : (i+1)*m.Outputs]
}

func (c *csvAnswers) close() error {
	c.csv.Flush()
	if c.err == nil {
		c.err = c.csv.Error()
	}
	return c.err
}

// jsonAnswers writes an object for each point, on a line of its own.
type jsonAnswers struct {
	b     *bufio.Writer
	model *train.Model
	kept  []string
}

func (j *jsonAnswers) write(b *dataset.Block, p *train.Predictions) error {
	for i := range b.Len() {
		answer, err := json.Marshal(j.model.Answer(p, i))
		if err != nil {
			return err
		}
		line := []byte{'{'}
		for k, name := range j.kept {
			key, _ := json.Marshal(name) // of a text cannot fail
			value, _ := json.Marshal(b.Kept[i*len(j.kept)+k])
			line = append(append(append(append(line, key...), ':'), value...), ',')
		}
		if _, err := j.b.Write(append(append(line, answer[1:]...), '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonAnswers) close() error { return j.b.Flush() }

// npyAnswers writes an array [points, columns], whose header has the number of points: so it keeps all until the end.
type npyAnswers struct {
	w     io.Writer
	model *train.Model
	data  []float64
	n     int
}

func (a *npyAnswers) write(b *dataset.Block, p *train.Predictions) error {
	for i := range b.Len() {
		if p.Class != nil {
			class := math.NaN()
			if p.Err[i] == nil {
				class = float64(p.Class[i])
			}
			a.data = append(a.data, class)
		}
		a.data = append(a.data, numbersOf(a.model, p, i)...)
	}
	a.n += b.Len()
	return nil
}

func (a *npyAnswers) close() error { return dataset.WriteArray(a.w, a.data, a.n, len(a.data)/a.n) }
