package solver

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Interpolation is what a signal is between two knots.
type Interpolation uint8

const (
	// LinearInterpolation is the line between them. Steps end at the knots where it bends.
	LinearInterpolation Interpolation = iota

	// HermiteInterpolation is the cubic that has at each knot the slope of the line from the knot before, and at the
	// first that of the line to the second: Hermite splines with backward differences (Morrill et al. 2021, "Neural
	// Controlled Differential Equations for Online Prediction Tasks"), which diffrax calls
	// backward_hermite_coefficients. It has a continuous slope, and at no time does it depend on later knots than the
	// next. Steps go over its knots, but for a field that reads derivatives, which bend there.
	HermiteInterpolation
)

var interpolationNames = []string{"linear", "hermite"}

// Interpolations are those there are, the default first.
func Interpolations() []Interpolation {
	return []Interpolation{LinearInterpolation, HermiteInterpolation}
}

func (i Interpolation) String() string { return name(i, interpolationNames) }

// ParseInterpolation is the Interpolation of that name: "linear" or "hermite".
func ParseInterpolation(s string) (Interpolation, error) {
	return parse[Interpolation]("interpolation", s, interpolationNames)
}

// Signals are known functions of time u(t), such as a force that was measured: the controls of a system. The field
// reads them as the last of its inputs: behind the constants of a sample come the signals of its recording at the time
// of the evaluation and, with Derivative, their derivatives u'(t), as many again. They are neither integrated nor in
// the error norm. The zero value has none.
//
// A recording is one or more signals at the times of its knots. NaN is a signal that is not known at a knot; it is
// interpolated over the knots at which it is known. A span that goes beyond these is an error, unless Hold says that
// what is known first and last stays so.
type Signals struct {
	Interpolation Interpolation
	Times         []float64 // of the knots, finite, rising within a recording
	Values        []float64 // [knots, signals], finite, or NaN
	Offsets       []int     // [recordings+1]: recording r has the knots Offsets[r] to Offsets[r+1]; nil: there is one
	Of            []int     // [samples] the recording of each; nil: all have the one there is, or each has its own
	Derivative    bool      // the field reads u'(t) too
	Hold          bool      // signals keep their first value before it, and their last after it
}

// Width is the number of signals of a recording; 0 where there are none.
func (u *Signals) Width() int { return len(u.Values) / max(len(u.Times), 1) }

// Inputs is the number of the field's inputs that they are.
func (u *Signals) Inputs() int {
	if u.Derivative {
		return 2 * u.Width()
	}
	return u.Width()
}

// none reports whether there is nothing of signals.
func (u *Signals) none() bool {
	return len(u.Times) == 0 && len(u.Values) == 0 && u.Offsets == nil && u.Of == nil && !u.Derivative
}

// recordings is how many there are.
func (u *Signals) recordings() int {
	if u.Offsets == nil {
		return 1
	}
	return len(u.Offsets) - 1
}

// knots are those of a recording, from up to to.
func (u *Signals) knots(recording int) (from, to int) {
	if u.Offsets == nil {
		return 0, len(u.Times)
	}
	return u.Offsets[recording], u.Offsets[recording+1]
}

// recording is the number of sample i's.
func (u *Signals) recording(i int) int {
	switch {
	case u.Of != nil:
		return u.Of[i]
	case u.recordings() == 1:
		return 0
	}
	return i
}

// check reports everything that is wrong with them for samples over these spans.
func (u *Signals) check(b Batch, n int) error {
	if u.none() {
		return nil
	}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("solver: "+format, args...)) }
	if int(u.Interpolation) >= len(interpolationNames) {
		wrong("the interpolation of signals must be one of %q, got %v", interpolationNames, u.Interpolation)
	}
	if w := u.Width(); w == 0 || len(u.Values) != w*len(u.Times) {
		wrong("signals have %d values, want a positive multiple of their %d knots", len(u.Values), len(u.Times))
		return errors.Join(errs...)
	}
	if err := u.checkRecordings(n); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for r := range u.recordings() {
		errs = append(errs, u.checkKnots(r))
	}
	if err := errors.Join(errs...); err != nil || u.Hold {
		return err
	}
	return u.checkSpans(b, n)
}

// checkRecordings reports offsets that do not share out the knots, and samples that have no recording.
func (u *Signals) checkRecordings(n int) error {
	if u.Offsets != nil {
		if len(u.Offsets) < 2 {
			return fmt.Errorf("solver: %d offsets of signals, want one more than there are recordings", len(u.Offsets))
		}
		if err := checkOffsets("knot", len(u.Times), u.Offsets, len(u.Offsets)-1); err != nil {
			return err
		}
	}
	if u.Of == nil && u.recordings() != 1 && u.recordings() != n {
		return fmt.Errorf("solver: %d recordings for %d samples, want 1 or %d, or the recording of each sample",
			u.recordings(), n, n)
	}
	if u.Of != nil && len(u.Of) != n {
		return fmt.Errorf("solver: the recordings of %d samples for %d samples", len(u.Of), n)
	}
	for i, s := range u.Of {
		if s < 0 || s >= u.recordings() {
			return fmt.Errorf("solver: sample %d has recording %d, want 0 to %d", i, s, u.recordings()-1)
		}
	}
	return nil
}

// checkKnots reports the first fault of a recording's knots.
func (u *Signals) checkKnots(recording int) error {
	from, to := u.knots(recording)
	if from == to {
		return fmt.Errorf("solver: recording %d has no knots", recording)
	}
	for k, t := range u.Times[from:to] {
		switch {
		case math.IsNaN(t) || math.IsInf(t, 0):
			return fmt.Errorf("solver: knot %d of recording %d must be finite, got %v", k, recording, t)
		case k > 0 && t <= u.Times[from+k-1]:
			return fmt.Errorf("solver: knot %d of recording %d is at %v, after %v, want times that rise", k, recording,
				t, u.Times[from+k-1])
		}
	}
	for j := range u.Width() {
		known := false
		for k := from; k < to; k++ {
			v := u.Values[k*u.Width()+j]
			if math.IsInf(v, 0) {
				return fmt.Errorf("solver: signal %d of recording %d must be finite, got %v at %v", j, recording, v,
					u.Times[k])
			}
			known = known || !math.IsNaN(v)
		}
		if !known {
			return fmt.Errorf("solver: signal %d of recording %d is known at no knot", j, recording)
		}
	}
	return nil
}

// checkSpans reports the first span that goes beyond what is known of its sample's signals.
func (u *Signals) checkSpans(b Batch, n int) error {
	known := map[int]Span{}
	for i := range n {
		s := u.recording(i)
		within, ok := known[s]
		if !ok {
			within = u.known(s)
			known[s] = within
		}
		span := b.Span(i)
		for _, t := range []float64{span.T0, span.T1} {
			if rounding := fewRoundings * epsilon * math.Abs(t); t < within.T0-rounding || t > within.T1+rounding {
				return fmt.Errorf("solver: sample %d is solved from %v to %v, its signals are known from %v to %v: "+
					"give them for all of it, or hold them", i, span.T0, span.T1, within.T0, within.T1)
			}
		}
		if u.recordings() == 1 && len(b.Spans) == 1 { // all are alike
			break
		}
	}
	return nil
}

// known is the span over which all signals of a recording are known.
func (u *Signals) known(recording int) Span {
	from, to := u.knots(recording)
	all := Span{math.Inf(-1), math.Inf(1)}
	for j := range u.Width() {
		first, last := from, to-1
		for math.IsNaN(u.Values[first*u.Width()+j]) {
			first++
		}
		for math.IsNaN(u.Values[last*u.Width()+j]) {
			last--
		}
		all = Span{max(all.T0, u.Times[first]), min(all.T1, u.Times[last])}
	}
	return all
}

// pick are the signals of some of the samples, with the recordings of these alone.
func (u *Signals) pick(samples []int) Signals {
	p := *u
	if u.none() || u.Of == nil && u.recordings() == 1 {
		return p
	}
	w, place := u.Width(), map[int]int{}
	p.Times, p.Values, p.Offsets, p.Of = nil, nil, []int{0}, nil
	for _, i := range samples {
		r := u.recording(i)
		if _, ok := place[r]; !ok {
			from, to := u.knots(r)
			place[r] = len(place)
			p.Times, p.Values = append(p.Times, u.Times[from:to]...), append(p.Values, u.Values[from*w:to*w]...)
			p.Offsets = append(p.Offsets, len(p.Times))
		}
		p.Of = append(p.Of, place[r])
	}
	return p
}

// Clone shares nothing with u.
func (u *Signals) Clone() Signals {
	p := *u
	p.Times, p.Values = slices.Clone(u.Times), slices.Clone(u.Values)
	p.Offsets, p.Of = slices.Clone(u.Offsets), slices.Clone(u.Of)
	return p
}

// checkPrecision reports a recording whose knots are too near each other for stops or jumps beside them: the field may
// jump there, so that it is asked at times beside them that the precision tells apart.
func (u *Signals) checkPrecision(b Batch, p Precision) error {
	if p == Float64 || len(b.Stops)+len(b.Jumps) == 0 || u.none() || u.Interpolation != LinearInterpolation {
		return nil
	}
	for r := range u.recordings() {
		from, to := u.knots(r)
		for k := from + 1; k < to; k++ {
			last, t := u.Times[k-1], u.Times[k]
			if gap := p.spacing(maxAbs(last, t)); t-last < 4*gap {
				return fmt.Errorf("solver: recording %d has knots at %v and %v, which %v, that rounds time to multiples "+
					"of %.2g, does not tell apart beside stops: use float64", r, last, t, p, gap)
			}
		}
	}
	return nil
}
