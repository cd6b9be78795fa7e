package cpu

import "neuralode/solver"

// segment is the part of sample i's span from t up to its next stop, or to the end.
func (c *call[T]) segment(i int, t float64) solver.Segment {
	return c.batch.Span(i).Segment(t, c.batch.StopsOf(i), c.precision)
}

// timesLeft are the times of a sample, with cotangents, that the way back has yet to pass, from the last to the first.
type timesLeft struct {
	times []float64
	first int // the row of the first
}

// timesBack are the times of sample i as its way back begins; none where they have no cotangents.
func (c *call[T]) timesBack(i int) timesLeft {
	if c.savedBar == nil {
		return timesLeft{}
	}
	times := c.batch.TimesOf(i)
	for span := c.batch.Span(i); len(times) > 0 && after(span, span.SaveTime(times[len(times)-1]), c.end[i].T); {
		times = times[:len(times)-1] // beyond a terminal event
	}
	first, _ := c.batch.Rows(i)
	return timesLeft{times: times, first: first}
}

func (l *timesLeft) n() int { return len(l.times) }

// next is the time to pass next, as a solve over that span takes it.
func (l *timesLeft) next(s solver.Span) float64 { return s.SaveTime(l.times[len(l.times)-1]) }

// row is that of the time to pass next.
func (l *timesLeft) row() int { return l.first + len(l.times) - 1 }

// pass passes it and returns its row.
func (l *timesLeft) pass() int {
	row := l.row()
	l.times = l.times[:len(l.times)-1]
	return row
}
