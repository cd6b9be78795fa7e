package solver

import (
	"errors"
	"fmt"
	"math"
)

// Batch is what a solve starts from, and when it is looked at. What there is one of for each time of each sample, sample
// after sample, is said to be [rows]: [Batch.Rows] are those of a sample.
type Batch struct {
	Z0    []float64 // [samples, dim]
	Spans []Span    // one for all samples, or one per sample
	Times []float64 // at which states are kept, in the direction of integration; see Span.SaveTime; from dense output
}

// Len is the number of samples for states of that dimension.
func (b Batch) Len(dim int) int { return len(b.Z0) / dim }

// Span is the interval of sample i.
func (b Batch) Span(i int) Span {
	if len(b.Spans) == 1 {
		return b.Spans[0]
	}
	return b.Spans[i]
}

// TimesOf are the times at which states of sample i are kept.
func (b Batch) TimesOf(int) []float64 { return b.Times }

// Rows are the rows of sample i, from up to to, one for each of its times.
func (b Batch) Rows(i int) (from, to int) {
	k := len(b.Times)
	return i * k, (i + 1) * k
}

// RowCount is the number of rows of n samples.
func (b Batch) RowCount(n int) int {
	_, to := b.Rows(n - 1)
	return to
}

// Check reports everything that is wrong with the batch for a model of dimension dim solved as spec says. A non-finite
// start is no wrong use: that sample's Status says so.
func (b Batch) Check(dim int, spec Spec) error {
	var errs []error
	if len(b.Z0) == 0 || len(b.Z0)%dim != 0 {
		errs = append(errs, fmt.Errorf("solver: z0 has %d numbers, want a positive multiple of the dimension %d", len(b.Z0), dim))
		return errors.Join(errs...)
	}
	if n := b.Len(dim); len(b.Spans) != 1 && len(b.Spans) != n {
		errs = append(errs, fmt.Errorf("solver: %d time spans for %d samples, want 1 or %d", len(b.Spans), n, n))
	}
	if spec.Controller.Control == ControlBatch && len(b.Spans) > 1 {
		errs = append(errs, errors.New("solver: one step for the whole batch needs one time span for all samples"))
	}
	for i, t := range b.Times {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			errs = append(errs, fmt.Errorf("solver: save time %d must be finite, got %v", i, t))
		}
	}
	for i, s := range b.Spans {
		errs = append(errs, s.check(i, b.Times))
	}
	return errors.Join(errs...)
}

// Objective says what is differentiated: the model's own loss, or cotangents that the caller computed.
type Objective struct {
	Labels []float64 // [samples, label width] for the head's loss
	Weight []float64 // [samples] or nil: L = Σ weight·loss; nil is the mean; only with Labels

	Cotangent []float64 // [samples, dim], ∂L/∂z(t1); instead of Labels
	Saved     []float64 // [rows, dim] or nil, ∂L/∂z at the times of the batch; only with Cotangent
}

// weightOf is the weight of sample i of n in the loss.
func (o Objective) weightOf(i, n int) float64 {
	if o.Weight != nil {
		return o.Weight[i]
	}
	return 1 / float64(n)
}

// Check reports everything that is wrong with the objective for n samples of model m with so many rows.
func (o Objective) Check(m Model, n, rows int) error {
	var errs []error
	length := func(what string, x []float64, want int) {
		if len(x) != want {
			errs = append(errs, fmt.Errorf("solver: %s has %d numbers, want %d for %d samples", what, len(x), want, n))
		}
	}
	if o.Saved != nil && o.Cotangent == nil {
		errs = append(errs, errors.New("solver: the cotangent of the save times goes with a cotangent of z(t1), which may be zeros"))
	}
	if o.Weight != nil && o.Cotangent != nil {
		errs = append(errs, errors.New("solver: weights go with labels, a cotangent has them in it"))
	}
	switch {
	case o.Cotangent != nil && o.Labels != nil:
		errs = append(errs, errors.New("solver: give labels or cotangents, not both"))
	case o.Cotangent != nil:
		length("the cotangent", o.Cotangent, n*m.Dim())
		if o.Saved != nil {
			length("the cotangent of the save times", o.Saved, rows*m.Dim())
		}
	case m.Head == nil:
		errs = append(errs, errors.New("solver: the model has no loss: give cotangents"))
	default:
		length("labels", o.Labels, n*m.LabelWidth())
		if o.Weight != nil {
			length("weights", o.Weight, n)
		}
	}
	return errors.Join(errs...)
}
