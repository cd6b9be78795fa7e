package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// signals reads those of the samples in a tile's slots.
type signals struct {
	courses   *solver.Courses // nil: there are none
	recording []int           // by slot
	near      []int           // [slots, width], where they were read last
	u         []float64       // what is read, of one slot
}

// open takes those of a call, for so many slots.
func (s *signals) open(courses *solver.Courses, slots int) {
	if s.courses = courses; courses == nil {
		return
	}
	grow(&s.recording, slots)
	grow(&s.near, slots*courses.Width)
	grow(&s.u, courses.Inputs())
}

// enter begins with a sample in a slot.
func (s *signals) enter(slot int, b *solver.Batch, sample int) {
	if s.courses != nil {
		s.recording[slot] = b.Recording(sample)
	}
}

func (s *signals) nearOf(slot int) []int { return row(s.near, slot, s.courses.Width) }

// readSignals writes those of a slot at time t.
func readSignals[T simd.Float](s *signals, slot int, t float64, dst []T) {
	s.courses.Read(s.recording[slot], t, s.nearOf(slot), s.u)
	convert(dst[:len(s.u)], s.u)
}

// addSignals adds to bar, of the slot's sample, what w·dst, derivatives for its signals at time t, makes for their
// values.
func addSignals[T simd.Float](s *signals, slot int, t float64, w T, dst []T, bar []float64) {
	for k := range s.u {
		s.u[k] = float64(w * dst[k])
	}
	s.courses.Add(s.recording[slot], t, s.nearOf(slot), s.u, bar)
}

// resizeSignals makes room for the derivatives of the values of each sample's signals.
func (c *call[T]) resizeSignals() {
	courses := c.batch.Courses()
	if !c.forSignals || courses == nil {
		return
	}
	c.signalBars = make([][]float64, c.n)
	for i := range c.signalBars {
		c.signalBars[i] = make([]float64, courses.Len(c.batch.Recording(i)))
	}
}
