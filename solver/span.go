package solver

import (
	"fmt"
	"math"
)

// Span is the interval of integration from T0 to T1; T1 < T0 integrates backward, T1 == T0 returns the start.
type Span struct{ T0, T1 float64 }

// epsilon times |t| is the spacing of float64 at t, or up to twice that.
const epsilon = 0x1p-52

// fewRoundings is how many spacings of float64 a sum or product of a few times may be away from what was meant.
const fewRoundings = 8

// SaveTime is the save time t as a solve takes it: the end of the span that it misses by rounding alone. A time within
// 8 spacings of float64 of T1 is T1, and so is, at either end, one that lies beyond it by 8 spacings of the span's
// larger time; any other is itself.
func (s Span) SaveTime(t float64) float64 {
	within := min(fewRoundings*epsilon*math.Abs(s.T1), math.Abs(s.T1-s.T0)/2)
	beyond := fewRoundings * epsilon * maxAbs(s.T0, s.T1)
	switch {
	case math.Abs(t-s.T1) <= within, s.before(s.T1, t) && math.Abs(t-s.T1) <= beyond:
		return s.T1
	case s.before(t, s.T0) && math.Abs(t-s.T0) <= beyond:
		return s.T0
	}
	return t
}

// saveTimes are save times as a solve takes them.
func (s Span) saveTimes(times []float64) []float64 {
	taken := make([]float64, len(times))
	for i, t := range times {
		taken[i] = s.SaveTime(t)
	}
	return taken
}

func (s Span) check(i int) error {
	if d := s.T1 - s.T0; math.IsNaN(d) || math.IsInf(d, 0) {
		return fmt.Errorf("solver: time span %d must be finite, got %v to %v", i, s.T0, s.T1)
	}
	return nil
}

// checkTimes reports the first of the times, which are called so, that is not in order within the span.
func (s Span) checkTimes(what string, times []float64) error {
	previous := s.T0
	for j, t := range times {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return fmt.Errorf("solver: %s %d must be finite, got %v", what, j, t)
		}
		if t = s.SaveTime(t); s.before(t, previous) || s.before(s.T1, t) {
			return fmt.Errorf("solver: %s %d is %v, want times in order within %v to %v", what, j, t, s.T0, s.T1)
		}
		previous = t
	}
	return nil
}

// checkPrecision reports a span too fine for the precision: a thousandth of it must not be lost where a step is
// rounded, nor, where the field reads t, where time is.
func (s Span) checkPrecision(i int, p Precision, timed bool) error {
	length := math.Abs(s.T1 - s.T0)
	if p == Float64 || !(length > 0 && length <= math.MaxFloat64) {
		return nil
	}
	if length < 1000*p.tiny() {
		return fmt.Errorf("solver: time span %d, %v to %v, is shorter than 1000 times %.2g, the smallest number of %v: use float64",
			i, s.T0, s.T1, p.tiny(), p)
	}
	if gap := p.spacing(maxAbs(s.T0, s.T1)); timed && !(gap <= length/1000) {
		return fmt.Errorf("solver: the model reads t, which %v rounds to multiples of %.2g over time span %d, %v to %v, more than a "+
			"thousandth of its length: use float64, or count time from the start of the span", p, gap, i, s.T0, s.T1)
	}
	return nil
}

// ends are the stops and the end of the span, in its direction.
func (s Span) ends(stops []float64) []float64 {
	var ends []float64
	for k := range stops {
		ends = append(ends, s.inOrder(stops, k))
	}
	return append(ends, s.T1)
}

// before reports whether a comes strictly before b in the direction of integration.
func (s Span) before(a, b float64) bool {
	if s.T1 >= s.T0 {
		return a < b
	}
	return a > b
}

// StageTime is the time at which the stage at fraction c in [0, 1] of a step of size h from t asks the field: t + c·h,
// but within what the segment allows, beyond which a stop or rounding may put it.
func (g Segment) StageTime(t, h, c float64) float64 { return g.Within.clamp(t + c*h) }

// ClipStep makes of a size h the step from t: one that is at least [SmallestStep] and does not pass t1. It reports
// whether the step is the last.
func ClipStep(t, h, t1 float64, p Precision) (clipped float64, last bool) {
	if least := SmallestStep(t, p); math.Abs(h) < least {
		h = math.Copysign(least, h)
	}
	rest := t1 - t
	if math.Abs(h) >= math.Abs(rest)*(1-1e-12) || t+h == t1 {
		return rest, true
	}
	return h, false
}

// SmallestStep is the step size at time t below which neither time nor a state of that precision moves reliably: four
// times the spacing of float64 at t, or four times the smallest number of the precision where that is more. An
// integration that would need a smaller one fails with StepUnderflow.
func SmallestStep(t float64, p Precision) float64 { return 4 * max(epsilon*math.Abs(t), p.tiny()) }
