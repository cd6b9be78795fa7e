package dataset

import "fmt"

// Beginnings are the series up to that duration after their first rows, two rows at least.
func (s *Series) Beginnings(duration float64) *Series {
	out := s.like()
	for i := range s.Len() {
		from := s.Offsets[i]
		out.take(s, i, from, s.within(i, from, from+2, duration), s.IDs[i])
	}
	return out
}

// within is the row behind the last of series i that is at most that duration later than another; to or behind it.
func (s *Series) within(i, row, to int, duration float64) int {
	end := s.Offsets[i+1]
	for to = min(to, end); to < end && s.Times[to] <= s.Times[row]+duration; to++ {
	}
	return to
}

// Segments are the series cut into parts of about that duration, each of which ends with the row that the next begins
// with: one in which all features were observed. of are the numbers of the series that they are parts of.
func (s *Series) Segments(duration float64) (segments *Series, of []int) {
	segments = s.like()
	for i := range s.Len() {
		last := s.Offsets[i+1] - 1
		for from, next := s.Offsets[i], 0; ; from = next {
			if next = s.nextWindow(from, last, duration); next > last {
				next = last // of a series of one row
			}
			segments.take(s, i, from, next+1, fmt.Sprintf("%s from %v", s.IDs[i], s.Times[from]))
			of = append(of, i)
			if next == last {
				break
			}
		}
	}
	return segments, of
}
