package solver

import (
	"math"
	"slices"
	"sort"
)

// Resolve is for backends: the checked batch of n samples with [Batch.Courses] of its signals, and among its stops the
// times of its jumps and those at which signals are not smooth. It does not pass Check again: its stops may lie outside
// of the spans.
func (b Batch) Resolve(n int, control Control) Batch {
	if b.resolved || b.courses != nil {
		return b
	}
	b.resolved, b.asked, b.askedAt = true, b.Stops, b.StopOffsets
	b.stopAtJumps(n)
	if b.Signals.none() {
		return b
	}
	b.courses, b.bendsAlone = newCourses(&b.Signals), len(b.Stops) == 0
	bends := b.courses.bends(b.Signals.Hold)
	switch {
	case len(bends.times) == 0:
	case control == ControlBatch || len(bends.offsets) == 2 && b.StopOffsets == nil:
		b.Stops = inOrder(b.Stops, bends.times)
	default:
		b.stopAtBends(n, bends)
	}
	return b
}

// Courses are those of the signals of a batch that was resolved; nil without signals.
func (b Batch) Courses() *Courses { return b.courses }

// Recording is the number of sample i's recording among the courses.
func (b Batch) Recording(i int) int { return b.Signals.recording(i) }

// StopPrecision is for backends: that in which [Span.Segment] tells times beside the stops apart, in a solve of
// precision p. Signals are read in float64, so that where none but they have stops these may be as near as that allows.
func (b Batch) StopPrecision(p Precision) Precision {
	if b.bendsAlone {
		return Float64
	}
	return p
}

// TakeSignals is for backends: b, of other samples, gets the signals of some of the samples of a batch that may be
// resolved, but not its stops; nil are all.
func (b *Batch) TakeSignals(from *Batch, samples []int) {
	of := b.Signals.Of[:0]
	b.Signals, b.courses, b.bendsAlone = from.Signals, from.courses, from.bendsAlone
	if samples == nil || b.Signals.none() || b.Signals.Of == nil && b.Signals.recordings() == 1 {
		return
	}
	for _, i := range samples {
		of = append(of, from.Signals.recording(i))
	}
	b.Signals.Of = of
}

// bends are the times at which recordings are not smooth: recording r has those from offsets[r] to offsets[r+1].
type bends struct {
	times   []float64
	offsets []int
}

func (r *Courses) bends(hold bool) bends {
	b := bends{offsets: []int{0}}
	for recording := range len(r.Knots) / r.Width {
		from := len(b.times)
		for j := range r.Width {
			c := r.of(recording, j)
			c.bends(r.Derivative, hold, func(t float64) { b.times = append(b.times, t) })
		}
		if r.Width > 1 {
			b.times = append(b.times[:from], inOrder(b.times[from:], nil)...)
		}
		b.offsets = append(b.offsets, len(b.times))
	}
	return b
}

// within are the bends of a recording within a span, its ends included.
func (b *bends) within(recording int, s Span) []float64 {
	times := b.times[b.offsets[recording]:b.offsets[recording+1]]
	from := sort.SearchFloat64s(times, math.Min(s.T0, s.T1))
	last := math.Max(s.T0, s.T1)
	return times[from:max(from, sort.Search(len(times), func(k int) bool { return times[k] > last }))]
}

// stopAtBends gives each sample stops of its own, those of its recording among them.
func (b *Batch) stopAtBends(n int, bends bends) {
	stops, offsets := []float64{}, []int{0}
	for i := range n {
		own := b.StopsOf(i)
		if bent := bends.within(b.Recording(i), b.Span(i)); len(own) == 0 {
			stops = append(stops, bent...)
		} else {
			stops = append(stops, inOrder(own, bent)...)
		}
		offsets = append(offsets, len(stops))
	}
	b.Stops, b.StopOffsets = stops, offsets
}

// inOrder are the times of both, each once, in rising order.
func inOrder(a, b []float64) []float64 {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// appendInputs appends to x what the field reads as inputs of sample i at time t: its constants and its signals.
func (b Batch) appendInputs(x, constants []float64, i int, t float64) []float64 {
	x = append(x, constants...)
	if b.courses == nil {
		return x
	}
	u, near := make([]float64, b.courses.Inputs()), make([]int, b.courses.Width)
	b.courses.Read(b.Recording(i), t, near, u)
	return append(x, u...)
}

// sumSignals makes of the derivatives for each sample's signals those for the values of all.
func (l *leaveOut) sumSignals() {
	if l.d.signalBars == nil {
		return
	}
	u, w := &l.b.Signals, l.b.Signals.Width()
	l.d.Signals = make([]float64, len(u.Values))
	for i, bar := range l.d.signalBars {
		from, to := u.knots(u.recording(i))
		for j := range w {
			for k := from; k < to; k++ {
				if !math.IsNaN(u.Values[k*w+j]) {
					l.d.Signals[k*w+j] += bar[0]
					bar = bar[1:]
				}
			}
		}
	}
	l.d.signalBars = nil
}
