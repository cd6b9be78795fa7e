package gradcheck

import (
	"math"
	"slices"

	"neuralode/solver"
)

// timeParts are t0, t1 and the save times, where the objective asks for their derivatives. What lies on another time of
// its samples, an end of the span, a save time or a stop, cannot be moved both ways without passing it, and is in no
// part: but for save times at the end of a span when nothing else is asked of the state there, which is then longer.
func timeParts(p Problem) (parts []part) {
	if !p.Goal.ForTimes {
		return nil
	}
	b := p.Batch
	at := newMoments(p)
	for _, end := range []struct {
		name string
		of   func(*solver.Span) *float64
	}{{"t0", func(s *solver.Span) *float64 { return &s.T0 }}, {"t1", func(s *solver.Span) *float64 { return &s.T1 }}} {
		var which []int
		var value []float64
		reach := math.Inf(1)
		for k := range b.Spans {
			if room := at.roomOfEnd(k, *end.of(&b.Spans[k])); room > 0 {
				which, value, reach = append(which, k), append(value, *end.of(&b.Spans[k])), min(reach, room)
			}
		}
		parts = append(parts, part{name: end.name, shape: []int{len(value)}, value: value, reach: reach,
			of: func(d *solver.Derivative) []float64 { return spansOf(d, which, len(b.Spans) == 1, end.of) },
			shift: func(p Problem, moved []float64) Problem {
				p.Batch.Spans = slices.Clone(p.Batch.Spans)
				for j, k := range which {
					*end.of(&p.Batch.Spans[k]) = moved[j]
				}
				return p
			}})
	}
	parts = append(parts, at.times())
	return slices.DeleteFunc(parts, func(q part) bool { return len(q.value) == 0 })
}

// spansOf are the derivatives for one end of some of the spans, or, of a span that all samples have in common, of its.
func spansOf(d *solver.Derivative, which []int, shared bool, end func(*solver.Span) *float64) []float64 {
	g := make([]float64, len(which))
	for j, k := range which {
		g[j] = *end(&d.Spans[k])
	}
	if shared && len(which) == 1 {
		for i := range d.Spans[1:] {
			g[0] += *end(&d.Spans[i+1])
		}
	}
	return g
}

// moments are the times of a batch.
type moments struct {
	p Problem
	n int
}

func newMoments(p Problem) moments {
	n := len(p.Batch.Z0) / p.Model.Dim()
	if len(p.Batch.Features) > 0 {
		n = len(p.Batch.Features) / p.Model.Features()
	}
	return moments{p, n}
}

// marks are all times of a sample, and those at which signals have kinks or end.
func (m moments) marks(i int) []float64 {
	b := m.p.Batch
	span := b.Span(i)
	return slices.Concat([]float64{span.T0, span.T1}, b.TimesOf(i), b.StopsOf(i), b.JumpsOf(i), b.Signals.Times)
}

// room is how far a time, which is one of the marks, is from the nearest other one.
func room(t float64, marks []float64) float64 {
	least, itself := math.Inf(1), 0
	for _, other := range marks {
		if d := math.Abs(t - other); d > 0 {
			least = min(least, d)
		} else {
			itself++
		}
	}
	if itself > 1 {
		return 0
	}
	return least
}

// roomOfEnd is that of an end of span k.
func (m moments) roomOfEnd(k int, t float64) float64 {
	if len(m.p.Batch.Spans) > 1 {
		return room(t, m.marks(k))
	}
	least := math.Inf(1)
	for i := range m.n {
		least = min(least, room(t, m.marks(i)))
	}
	return least
}

// times is the part of the save times.
func (m moments) times() part {
	b := m.p.Batch
	var which []int // places among the batch's times
	var value []float64
	reach := math.Inf(1)
	for k, t := range b.Times {
		least := math.Inf(1)
		for i := range m.n {
			if b.Offsets == nil || b.Offsets[i] <= k && k < b.Offsets[i+1] {
				least = min(least, m.roomOfTime(i, t))
			}
		}
		if least > 0 {
			which, value, reach = append(which, k), append(value, t), min(reach, least)
		}
	}
	return part{name: "times", shape: []int{len(value)}, value: value, reach: reach,
		of: func(d *solver.Derivative) []float64 {
			g := make([]float64, len(which))
			for j, k := range which {
				for row := k; row < len(d.Times); row += len(b.Times) { // shared times have a row in each sample
					g[j] += d.Times[row]
				}
			}
			return g
		},
		shift: func(p Problem, moved []float64) Problem {
			p.Batch.Times = slices.Clone(p.Batch.Times)
			for j, k := range which {
				p.Batch.Times[k] = moved[j]
			}
			p.Batch.Spans = reaching(p.Batch, m.n)
			return p
		}}
}

// roomOfTime is that of a save time of sample i.
func (m moments) roomOfTime(i int, t float64) float64 {
	marks := m.marks(i)
	if m.p.Goal.AtTimes && t == marks[1] && len(m.p.Batch.Signals.Times) == 0 {
		marks = append(marks[:1:1], marks[2:]...)
	}
	return room(t, marks)
}

// reaching are the spans of a batch, made longer where a save time is beyond.
func reaching(b solver.Batch, n int) []solver.Span {
	spans := slices.Clone(b.Spans)
	for i := range n {
		k := min(i, len(spans)-1)
		s := &spans[k]
		for _, t := range b.TimesOf(i) {
			if s.T1 >= s.T0 && t > s.T1 || s.T1 < s.T0 && t < s.T1 {
				s.T1 = t
			}
		}
	}
	return spans
}
