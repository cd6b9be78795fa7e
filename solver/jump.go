package solver

import (
	"fmt"
	"math"
)

// JumpsOf are the times of the jumps of sample i.
func (b Batch) JumpsOf(i int) []float64 { return ofSample(b.Jumps, b.JumpOffsets, i) }

// JumpRows are the rows of the jumps of sample i, from up to to.
func (b Batch) JumpRows(i int) (from, to int) { return rowsOf(b.Jumps, b.JumpOffsets, i) }

// AskedStopsOf are the stops of sample i without those that Resolve adds, StopRows their rows from up to to.
func (b Batch) AskedStopsOf(i int) []float64 {
	if b.resolved {
		return ofSample(b.asked, b.askedAt, i)
	}
	return b.StopsOf(i)
}
func (b Batch) StopRows(i int) (from, to int) {
	if b.resolved {
		return rowsOf(b.asked, b.askedAt, i)
	}
	return rowsOf(b.Stops, b.StopOffsets, i)
}

// rowCount is the number of rows of n samples.
func rowCount(times []float64, offsets []int, n int) int {
	_, to := rowsOf(times, offsets, n-1)
	return to
}

// DueJumps is how many of the jumps that a sample has left take place before it goes on from time t of its span.
func (s Span) DueJumps(left []float64, t float64) int {
	if t == s.T1 {
		return 0
	}
	n := 0
	for n < len(left) && !s.before(t, s.SaveTime(left[n])) {
		n++
	}
	return n
}

// stopAtJumps puts the times of jumps among the stops of n samples.
func (b *Batch) stopAtJumps(n int) {
	switch {
	case len(b.Jumps) == 0:
		return
	case b.StopOffsets == nil && b.JumpOffsets == nil:
		b.Stops = inOrder(b.Stops, b.Jumps)
		return
	}
	stops, offsets := []float64{}, []int{0}
	for i := range n {
		stops = append(stops, inOrder(b.StopsOf(i), b.JumpsOf(i))...)
		offsets = append(offsets, len(stops))
	}
	b.Stops, b.StopOffsets = stops, offsets
}

// pickAmounts are those of some of n samples.
func (b Batch) pickAmounts(samples []int, n int) []float64 {
	rows := rowCount(b.Jumps, b.JumpOffsets, n)
	if rows == 0 || b.Amounts == nil {
		return nil
	}
	width, some := len(b.Amounts)/rows, []float64{}
	for _, i := range samples {
		from, to := b.JumpRows(i)
		some = append(some, b.Amounts[from*width:to*width]...)
	}
	return some
}

// checkAmounts reports amounts that are not one for each jump, and those that are not finite. What is wrong with the
// jumps is reported elsewhere.
func checkAmounts(m Model, b Batch) error {
	n := b.Len(m.Dim())
	if n == 0 || b.JumpOffsets != nil && checkOffsets("jump", len(b.Jumps), b.JumpOffsets, n) != nil {
		return nil
	}
	rows := rowCount(b.Jumps, b.JumpOffsets, n)
	if want := rows * m.AmountWidth(); len(b.Amounts) != want {
		return fmt.Errorf("solver: amounts has %d numbers, want %d for %d jumps of %d", len(b.Amounts), want, rows,
			m.AmountWidth())
	}
	for i, v := range b.Amounts {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("solver: amount %d must be finite, got %v", i, v)
		}
	}
	return nil
}
