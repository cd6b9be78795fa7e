package solver

import (
	"errors"
	"fmt"
	"math"
)

// Objective says what is differentiated: the model's own loss L, or cotangents that the caller computed. The loss is
// that of z(t1), one per sample, or, AtTimes, that of the states at the times of the batch, one per row: see
// [Batch.Rows].
type Objective struct {
	AtTimes bool      // one that lies after a terminal event has no loss
	Labels  []float64 // [losses, label width] for the head
	Weight  []float64 // [losses] or nil: L = Σ weight·loss; nil is the mean of those that count; only with Labels
	Mask    []bool    // [losses] or nil: true for a row that does not count, whose label may be anything; only AtTimes

	Cotangent []float64 // [samples, dim], ∂L/∂z(t1); instead of Labels
	Saved     []float64 // [rows, dim] or nil, ∂L/∂z at the times of the batch; only with Cotangent

	// EventTimes, [samples, k], are ∂L/∂ of the times of each sample's first k events; those that did not come have no part
	// in it. Only with Cotangent.
	EventTimes []float64

	ForTimes   bool // asks for the derivatives for t0, t1 and the times too: see [TimeDerivatives]
	ForStops   bool // asks for those for the times of jumps and stops too: see [TransferBar]
	ForSignals bool // asks for those for the values of the signals too; there are none for the times of their knots
}

// losses are those of sample i, from up to to.
func (o Objective) losses(b Batch, i int) (from, to int) {
	if o.AtTimes {
		return b.Rows(i)
	}
	return i, i + 1
}

// lossTime is the time of the state that a loss of sample i looks at, which ended so; a sample that failed, or was
// ended by an event, did not come to all of them.
func (o Objective) lossTime(b Batch, i, loss int, end End) (t float64, reached bool) {
	span := b.Span(i)
	if !o.AtTimes {
		return end.T, end.Status == OK
	}
	from, _ := b.Rows(i)
	t = span.SaveTime(b.TimesOf(i)[loss-from])
	return t, end.Status == OK && end.reached(span, t)
}

// masked reports whether a loss does not count.
func (o Objective) masked(loss int) bool { return o.Mask != nil && o.Mask[loss] }

// weights are those of the losses of n samples; what they are where a loss is masked says nothing.
func (o Objective) weights(b Batch, n int) []float64 {
	if o.Weight != nil {
		return o.Weight
	}
	_, all := o.losses(b, n-1)
	counting := 0
	for loss := range all {
		if !o.masked(loss) {
			counting++
		}
	}
	w := make([]float64, all)
	for i := range w {
		w[i] = 1 / float64(counting)
	}
	return w
}

// States are those that the losses look at in a solution of the batch, as [Program.ReadOut] takes them, with the
// labels. They share memory with both.
func (o Objective) States(m Model, b Batch, s *Solution) States {
	states := States{Z: s.Z1, Labels: o.Labels}
	if o.AtTimes {
		states.Z = s.Saved
	}
	if m.Head.Reads(m.Head.Input("t")) {
		for i := range s.End {
			from, to := o.losses(b, i)
			for loss := from; loss < to; loss++ {
				t, _ := o.lossTime(b, i, loss, s.End[i])
				states.T = append(states.T, t)
			}
		}
	}
	return states
}

// Total is the weighted sum of the losses of n samples, those left out that are masked: what is differentiated.
func (o Objective) Total(b Batch, n int, losses []float64) (sum float64) {
	weights := o.weights(b, n)
	for i, l := range losses {
		if !o.masked(i) {
			sum += weights[i] * l
		}
	}
	return sum
}

// pick is the objective of some of n samples, with weights of their own where o has them.
func (o Objective) pick(b Batch, samples []int, n int) Objective {
	p := Objective{AtTimes: o.AtTimes, Cotangent: pick(o.Cotangent, samples, len(o.Cotangent)/n),
		EventTimes: pick(o.EventTimes, samples, len(o.EventTimes)/n)}
	if rows := b.RowCount(n); rows > 0 {
		p.Saved = b.pickRows(o.Saved, samples, len(o.Saved)/rows)
	}
	_, losses := o.losses(b, n-1)
	if o.Labels == nil || losses == 0 {
		p.Labels = o.Labels
		return p
	}
	p.Labels = []float64{} // which are there, though these samples may have no times
	width := len(o.Labels) / losses
	for _, i := range samples {
		from, to := o.losses(b, i)
		p.Labels = append(p.Labels, o.Labels[from*width:to*width]...)
		if o.Weight != nil {
			p.Weight = append(p.Weight, o.Weight[from:to]...)
		}
		if o.Mask != nil {
			p.Mask = append(p.Mask, o.Mask[from:to]...)
		}
	}
	return p
}

// TimeWeights is for backends: what they make of the weights of an objective AtTimes. The way back of sample i carries
// each row's loss times its share, and what comes out is multiplied by sample[i], the largest of the weights of its
// rows: so the steps of an adjoint do not depend on how many rows the batch has. Masked rows have the share 0.
func (o Objective) TimeWeights(b Batch, n int) (sample, share []float64) {
	weights := o.weights(b, n)
	sample, share = make([]float64, n), make([]float64, len(weights))
	for i := range sample {
		from, to := b.Rows(i)
		for row := from; row < to; row++ {
			if !o.masked(row) {
				sample[i] = math.Max(sample[i], math.Abs(weights[row]))
			}
		}
		for row := from; row < to; row++ {
			if !o.masked(row) && sample[i] != 0 {
				share[row] = weights[row] / sample[i]
			}
		}
	}
	return sample, share
}

// Check reports everything that is wrong with the objective for n samples of model m with so many rows.
func (o Objective) Check(m Model, n, rows int) error {
	var errs []error
	wrong := func(message string) { errs = append(errs, errors.New("solver: "+message)) }
	length := func(what string, got, each, of int, ofWhat string) {
		if got != each*of {
			errs = append(errs, fmt.Errorf("solver: %s has %d numbers, want %d for %d %s", what, got, each*of, of,
				ofWhat))
		}
	}
	if o.Saved != nil && o.Cotangent == nil {
		wrong("the cotangent of the save times goes with a cotangent of z(t1), which may be zeros")
	}
	if o.EventTimes != nil && (o.Cotangent == nil || len(m.Events) == 0 || len(o.EventTimes)%n != 0) {
		errs = append(errs, fmt.Errorf("solver: cotangents of event times, as many for each of %d samples, go with a model with "+
			"events and a cotangent of z(t1), which may be zeros; got %d", n, len(o.EventTimes)))
	}
	if o.Cotangent != nil && (o.Weight != nil || o.Mask != nil || o.AtTimes) {
		wrong("weights go with labels, and so do a mask and AtTimes: a cotangent has them in it")
	}
	if o.ForTimes && o.Labels != nil && m.Head != nil && m.Head.Reads(m.Head.Input("t")) {
		errs = append(errs, fmt.Errorf("solver: the head reads the time, for which its plan has no derivative: "+
			"derivatives for times need a loss of the state alone: %w", errors.ErrUnsupported))
	}
	switch {
	case o.Cotangent != nil && o.Labels != nil:
		wrong("give labels or cotangents, not both")
	case o.Cotangent != nil:
		length("the cotangent", len(o.Cotangent), m.Dim(), n, "samples")
		if o.Saved != nil {
			length("the cotangent of the save times", len(o.Saved), m.Dim(), rows, "rows")
		}
	case m.Head == nil:
		wrong("the model has no loss: give cotangents")
	case o.AtTimes && rows == 0:
		wrong("a loss at the times of the batch needs times")
	default:
		if o.Mask != nil && !o.AtTimes {
			wrong("a mask goes with a loss at the times of the batch")
		}
		losses, what := n, "samples"
		if o.AtTimes {
			losses, what = rows, "rows"
		}
		length("labels", len(o.Labels), m.LabelWidth(), losses, what)
		if o.Weight != nil {
			length("weights", len(o.Weight), 1, losses, what)
		}
		if o.Mask != nil && o.AtTimes {
			length("the mask", len(o.Mask), 1, losses, what)
		}
	}
	return errors.Join(errs...)
}
