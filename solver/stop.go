package solver

import (
	"math"
	"sort"
)

// Segment is a part of a span between stops, on the way there or back. The field, which may jump at a stop, is asked at
// times Within it: at its ends where these are none, and else at the next time inside that the precision has.
type Segment struct {
	Span   Span
	Within Span
}

// Segment is the part of the span from t up to the next stop, or to its end. Stops are in order, either way; those
// outside of the span are none.
func (s Span) Segment(t float64, stops []float64, p Precision) Segment {
	at := Span{T0: t, T1: s.T1}
	if len(stops) == 0 {
		return Segment{at, at}
	}
	if next, ok := at.nextStop(stops); ok {
		at.T1 = next
	}
	within := at
	if isStop(at.T0, stops) {
		within.T0 = p.beside(at.T0, at.T1)
	}
	if isStop(at.T1, stops) {
		within.T1 = p.beside(at.T1, at.T0)
	}
	return Segment{at, within}
}

// nextStop is the first stop inside the span, its ends apart.
func (s Span) nextStop(stops []float64) (float64, bool) {
	k := sort.Search(len(stops), func(k int) bool { return s.before(s.T0, s.inOrder(stops, k)) })
	if k == len(stops) || !s.before(s.inOrder(stops, k), s.T1) {
		return 0, false
	}
	return s.inOrder(stops, k), true
}

// inOrder is stop k in the direction of the span.
func (s Span) inOrder(stops []float64, k int) float64 {
	if last := len(stops) - 1; s.before(stops[last], stops[0]) {
		return stops[last-k]
	}
	return stops[k]
}

func isStop(t float64, stops []float64) bool {
	up := Span{T1: 1}
	k := sort.Search(len(stops), func(k int) bool { return up.inOrder(stops, k) >= t })
	return k < len(stops) && up.inOrder(stops, k) == t
}

// beside is the next time from t towards another that is not t in the precision.
func (p Precision) beside(t, towards float64) float64 {
	if p == Float64 {
		return math.Nextafter(t, towards)
	}
	return float64(math.Nextafter32(float32(t), float32(math.Copysign(math.Inf(1), towards-t))))
}

// clamp is t, or the end of the span beyond which it lies.
func (s Span) clamp(t float64) float64 {
	switch {
	case s.before(t, s.T0):
		return s.T0
	case s.before(s.T1, t):
		return s.T1
	}
	return t
}
