package solver

import (
	"errors"
	"fmt"
)

// Batch is what a solve starts from, and when it is looked at. What there is one of for each time of each sample,
// sample after sample, is said to be [rows]: [Batch.Rows] are those of a sample.
type Batch struct {
	Z0 []float64 // [samples, dim]

	// Features are what the model's lift makes z0 of, [samples, features], in place of Z0.
	Features []float64

	Spans []Span // one for all samples, or one per sample

	// Times are those at which states are kept, in the direction of integration, from dense output (see Span.SaveTime):
	// the same for all samples, or each sample's own. Then there are samples+1 Offsets, and sample i has
	// Times[Offsets[i]:Offsets[i+1]].
	Times   []float64
	Offsets []int

	// Stops are times, in the direction of integration, at which a step ends and the next begins with a slope of its
	// own, there and on the way back: the field may jump there, or do something so short that steps would miss it. It
	// is never asked at a stop itself, but beside it on either side, which costs an evaluation. They are shared, or
	// each sample's own, as the times are.
	Stops       []float64
	StopOffsets []int

	// Jumps are times, in the direction of integration and among the stops, at which z jumps: by an amount that is added
	// to it, or to what Model.Jump makes of it. They are shared, or each sample's own, as the times are. One at t1 has no
	// effect: it belongs to the span that begins there. Amounts are [rows of jumps, Model.AmountWidth].
	Jumps       []float64
	JumpOffsets []int
	Amounts     []float64

	// Inputs are the constants of each sample that the field reads beside t and z, [samples, inputs]: not in the error
	// norm. Behind them it reads Signals, which change in time.
	Inputs  []float64
	Signals Signals

	// KeepSteps asks for Solution.Steps, which take memory for every step. Not on CUDA.
	KeepSteps bool

	// Of a batch that was resolved.
	resolved   bool
	asked      []float64 // the stops as they came
	askedAt    []int
	courses    *Courses
	bendsAlone bool // its stops are those of signals
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
func (b Batch) TimesOf(i int) []float64 { return ofSample(b.Times, b.Offsets, i) }

// StopsOf are the stops of sample i.
func (b Batch) StopsOf(i int) []float64 { return ofSample(b.Stops, b.StopOffsets, i) }

// ofSample are the times of sample i: all without offsets.
func ofSample(times []float64, offsets []int, i int) []float64 {
	if offsets == nil {
		return times
	}
	return times[offsets[i]:offsets[i+1]]
}

// Rows are the rows of sample i, from up to to, one for each of its times.
func (b Batch) Rows(i int) (from, to int) {
	return rowsOf(b.Times, b.Offsets, i)
}

// rowsOf are the rows of sample i, of what there is one of for each of its times.
func rowsOf(times []float64, offsets []int, i int) (from, to int) {
	if offsets != nil {
		return offsets[i], offsets[i+1]
	}
	return i * len(times), (i + 1) * len(times)
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
		errs = append(errs, fmt.Errorf("solver: z0 has %d numbers, want a positive multiple of the dimension %d",
			len(b.Z0), dim))
		return errors.Join(errs...)
	}
	if n := b.Len(dim); len(b.Spans) != 1 && len(b.Spans) != n {
		errs = append(errs, fmt.Errorf("solver: %d time spans for %d samples, want 1 or %d", len(b.Spans), n, n))
	}
	if spec.Controller.Control == ControlBatch && len(b.Jumps) > 0 {
		errs = append(errs, errors.New("solver: one step for the whole batch has no jumps, which each sample has its own of"))
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
	n := b.Len(dim)
	return errors.Join(b.checkTimes("save time", b.Times, b.Offsets, n, spec),
		b.checkTimes("stop", b.Stops, b.StopOffsets, n, spec), b.checkTimes("jump", b.Jumps, b.JumpOffsets, n, spec),
		b.Signals.check(b, n))
}

// checkTimes reports the first of what is shared out among n samples that is no time of theirs.
func (b Batch) checkTimes(what string, times []float64, offsets []int, n int, spec Spec) error {
	if offsets == nil {
		for i, s := range b.Spans {
			if err := s.checkTimes(what, times); err != nil {
				return fmt.Errorf("%w (span %d)", err, i)
			}
		}
		return nil
	}
	if spec.Controller.Control == ControlBatch {
		return fmt.Errorf("solver: one step for the whole batch needs the same %ss for all samples, without offsets",
			what)
	}
	if err := checkOffsets(what, len(times), offsets, n); err != nil {
		return err
	}
	for i := range n {
		if err := b.Span(i).checkTimes(what, ofSample(times, offsets, i)); err != nil {
			return fmt.Errorf("%w (sample %d)", err, i)
		}
	}
	return nil
}

// checkOffsets reports offsets that do not share out so many times among n samples.
func checkOffsets(what string, times int, offsets []int, n int) error {
	if len(offsets) != n+1 {
		return fmt.Errorf("solver: %d offsets of %ss for %d samples, want %d", len(offsets), what, n, n+1)
	}
	if first, last := offsets[0], offsets[n]; first != 0 || last != times {
		return fmt.Errorf("solver: the offsets of the %ss run from %d to %d, want 0 to %d", what, first, last, times)
	}
	for i := range n {
		if offsets[i] > offsets[i+1] {
			return fmt.Errorf("solver: offset %d of the %ss is %d, after %d", i+1, what, offsets[i+1], offsets[i])
		}
	}
	return nil
}

// pick is the batch of some of the samples, in states of that dimension.
func (b Batch) pick(samples []int, dim int) Batch {
	n := b.Len(dim)
	p := Batch{Z0: pick(b.Z0, samples, dim), Features: pick(b.Features, samples, len(b.Features)/n), Spans: b.Spans,
		Inputs: pick(b.Inputs, samples, len(b.Inputs)/n)}
	if b.courses == nil {
		p.Signals = b.Signals.pick(samples)
	} else {
		p.TakeSignals(&b, samples)
	}
	if len(b.Spans) > 1 {
		p.Spans = nil
		for _, i := range samples {
			p.Spans = append(p.Spans, b.Spans[i])
		}
	}
	p.Times, p.Offsets = pickTimes(b.Times, b.Offsets, samples)
	p.Stops, p.StopOffsets = pickTimes(b.Stops, b.StopOffsets, samples)
	p.resolved = b.resolved
	p.asked, p.askedAt = pickTimes(b.asked, b.askedAt, samples)
	p.Jumps, p.JumpOffsets = pickTimes(b.Jumps, b.JumpOffsets, samples)
	p.Amounts = b.pickAmounts(samples, b.Len(dim))
	return p
}

// pickTimes are the times of some of the samples.
func pickTimes(times []float64, offsets, samples []int) ([]float64, []int) {
	if offsets == nil {
		return times, nil
	}
	var some []float64
	to := []int{0}
	for _, i := range samples {
		some = append(some, ofSample(times, offsets, i)...)
		to = append(to, len(some))
	}
	return some, to
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
