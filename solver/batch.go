package solver

import (
	"errors"
	"fmt"
)

// Batch is what a solve starts from, and when it is looked at. What there is one of for each time of each sample, sample
// after sample, is said to be [rows]: [Batch.Rows] are those of a sample.
type Batch struct {
	Z0    []float64 // [samples, dim]
	Spans []Span    // one for all samples, or one per sample

	// Times are those at which states are kept, in the direction of integration, from dense output (see Span.SaveTime):
	// the same for all samples, or each sample's own. Then there are samples+1 Offsets, and sample i has
	// Times[Offsets[i]:Offsets[i+1]].
	Times   []float64
	Offsets []int

	Inputs []float64 // [samples, inputs], what the field reads beside t and z: constants, not in the error norm
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
func (b Batch) TimesOf(i int) []float64 {
	if b.Offsets == nil {
		return b.Times
	}
	return b.Times[b.Offsets[i]:b.Offsets[i+1]]
}

// Rows are the rows of sample i, from up to to, one for each of its times.
func (b Batch) Rows(i int) (from, to int) {
	if b.Offsets != nil {
		return b.Offsets[i], b.Offsets[i+1]
	}
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
	for i, s := range b.Spans {
		if err := s.check(i); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, spec.Controller.checkSteps(i, s))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return b.checkTimes(b.Len(dim), spec)
}

// checkTimes reports the first times of n samples that are no times of theirs.
func (b Batch) checkTimes(n int, spec Spec) error {
	if b.Offsets == nil {
		for i, s := range b.Spans {
			if err := s.checkTimes(b.Times); err != nil {
				return fmt.Errorf("%w (span %d)", err, i)
			}
		}
		return nil
	}
	if spec.Controller.Control == ControlBatch {
		return errors.New("solver: one step for the whole batch needs the same times for all samples, without offsets")
	}
	if err := b.checkOffsets(n); err != nil {
		return err
	}
	for i := range n {
		if err := b.Span(i).checkTimes(b.TimesOf(i)); err != nil {
			return fmt.Errorf("%w (sample %d)", err, i)
		}
	}
	return nil
}

// checkOffsets reports offsets that do not share out the times among n samples.
func (b Batch) checkOffsets(n int) error {
	if len(b.Offsets) != n+1 {
		return fmt.Errorf("solver: %d offsets of times for %d samples, want %d", len(b.Offsets), n, n+1)
	}
	if first, last := b.Offsets[0], b.Offsets[n]; first != 0 || last != len(b.Times) {
		return fmt.Errorf("solver: the offsets of the times run from %d to %d, want 0 to %d", first, last, len(b.Times))
	}
	for i := range n {
		if b.Offsets[i] > b.Offsets[i+1] {
			return fmt.Errorf("solver: offset %d of the times is %d, after %d", i+1, b.Offsets[i+1], b.Offsets[i])
		}
	}
	return nil
}

// pick is the batch of some of the samples, in states of that dimension.
func (b Batch) pick(samples []int, dim int) Batch {
	p := Batch{Z0: pick(b.Z0, samples, dim), Spans: b.Spans, Times: b.Times, Inputs: pick(b.Inputs, samples, len(b.Inputs)/b.Len(dim))}
	if len(b.Spans) > 1 {
		p.Spans = nil
		for _, i := range samples {
			p.Spans = append(p.Spans, b.Spans[i])
		}
	}
	if b.Offsets != nil {
		p.Times, p.Offsets = nil, []int{0}
		for _, i := range samples {
			p.Times = append(p.Times, b.TimesOf(i)...)
			p.Offsets = append(p.Offsets, len(p.Times))
		}
	}
	return p
}

// pickRows copies the rows of some of the samples out of x, [rows, width]; nil of nil.
func (b Batch) pickRows(x []float64, samples []int, width int) []float64 {
	if x == nil {
		return nil
	}
	y := []float64{}
	for _, i := range samples {
		from, to := b.Rows(i)
		y = append(y, x[from*width:to*width]...)
	}
	return y
}
