package solver

import (
	"errors"
	"fmt"
)

// Data is a data set that stays with the backend for a whole training.
type Data struct {
	Z0     []float64 // [samples, dim]
	Inputs []float64 // [samples, inputs] of the field; see Batch.Inputs
	Labels []float64 // [samples, label width]
	Span   Span
}

func (d Data) check(m Model, spec Spec) error {
	b := Batch{Z0: d.Z0, Spans: []Span{d.Span}}
	if err := errors.Join(b.Check(m.Dim(), spec), checkInputs(m, d.Inputs, b.Len(m.Dim())), checkTime(m, spec, b.Spans)); err != nil || m.Head == nil {
		return err
	}
	if n, w := b.Len(m.Dim()), m.LabelWidth(); len(d.Labels) != n*w {
		return fmt.Errorf("solver: labels has %d numbers, want %d for %d samples", len(d.Labels), n*w, n)
	}
	return nil
}

// Minibatch copies out the samples with the given indices, which must pass [CheckRun].
func (d Data) Minibatch(m Model, indices []int) (Batch, Objective) {
	b := Batch{Z0: pick(d.Z0, indices, m.Dim()), Spans: []Span{d.Span}, Inputs: pick(d.Inputs, indices, m.Inputs())}
	return b, Objective{Labels: pick(d.Labels, indices, m.LabelWidth())}
}

// CheckRun reports what is wrong with the minibatches and learning rates of a [Session.Run]: indices outside of a data set
// of n samples, empty minibatches, and what [CheckRates] reports.
func CheckRun(minibatches [][]int, rates []float64, n int) error {
	var errs []error
	if err := CheckRates(rates, len(minibatches)); err != nil { // a list of nil would allocate
		errs = append(errs, err)
	}
	for k, indices := range minibatches {
		if len(indices) == 0 {
			errs = append(errs, fmt.Errorf("solver: minibatch %d is empty", k))
		}
		for _, i := range indices {
			if i < 0 || i >= n {
				errs = append(errs, fmt.Errorf("solver: minibatch %d has index %d, want 0 to %d", k, i, n-1))
				break
			}
		}
	}
	return errors.Join(errs...)
}
