package cpu

import (
	"slices"
	"unsafe"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// trajectory keeps the forward solutions of a leaf's samples as functions of time: of each accepted step the polynomial
// of its dense output, z(t + x·h) = c0 + c1·x + c2·x² + … for x from 0 to 1.
type trajectory[T simd.Float] struct {
	m     *method[T]
	dim   int
	first int     // of the leaf's samples
	last  []int32 // by sample: its last step, or none, absent, gone
	steps []recordedStep
	coef  []T // [steps, degree + 1, dim]
	free  []int32

	limit  int64
	full   bool            // it takes more bytes than that
	paging *checkpoints[T] // not nil: only steps near the times of the way back are kept

	zero    []T // a row of zeros, and its offsets
	zeroOff []int
	off     []int   // of the coefficients being written
	at      []int32 // by slot of the way back: the step that holds the slot's time
	sample  []int   // by slot
}

func newTrajectory[T simd.Float](m *method[T], dim, capacity int) *trajectory[T] {
	return &trajectory[T]{m: m, dim: dim, zero: make([]T, dim), zeroOff: make([]int, capacity),
		off: make([]int, 0, capacity), at: make([]int32, capacity), sample: make([]int, capacity)}
}

// reset forgets everything, for the samples from up to to.
func (tr *trajectory[T]) reset(from, to int, paging *checkpoints[T]) {
	tr.first, tr.full, tr.paging = from, false, paging
	grow(&tr.last, to-from)
	for i := range tr.last {
		tr.last[i] = none
	}
	tr.steps, tr.coef, tr.free = tr.steps[:0], tr.coef[:0], tr.free[:0]
}

// block is how many numbers belong to a step.
func (tr *trajectory[T]) block() int { return (tr.m.degree + 1) * tr.dim }

// add keeps the step the sample has just taken from z.
func (tr *trajectory[T]) add(sample int, t, h float64, z []T) {
	step := tr.alloc()
	tr.put(step, recordedStep{t, h, tr.last[sample-tr.first]}, z)
	tr.last[sample-tr.first] = step
}

// put keeps a step from z, whose polynomial is to be fitted.
func (tr *trajectory[T]) put(step int32, s recordedStep, z []T) {
	tr.steps[step] = s
	at := int(step) * tr.block()
	tr.off = append(tr.off, at)
	copy(tr.coef[at:], z)
}

// alloc finds a place for a step.
func (tr *trajectory[T]) alloc() int32 {
	if n := len(tr.free); n > 0 {
		step := tr.free[n-1]
		tr.free = tr.free[:n-1]
		return step
	}
	tr.steps = append(tr.steps, recordedStep{})
	tr.coef = slices.Grow(tr.coef, tr.block())[:len(tr.coef)+tr.block()]
	tr.full = int64(len(tr.steps))*tr.stepBytes() > tr.limit
	return int32(len(tr.steps) - 1)
}

// stepBytes is what a step takes.
func (tr *trajectory[T]) stepBytes() int64 {
	return stepSize + int64(tr.block())*int64(unsafe.Sizeof(T(0)))
}

// before is the step of a sample before the given one, or its last, where previous is what is known of it; none before
// the first. Where it is not in the record it is put there.
func (tr *trajectory[T]) before(sample int, previous int32) int32 {
	if previous == absent {
		return tr.load(sample)
	}
	return previous
}

// load puts the last of a sample's steps that are not in the record there, and is the last of them.
func (tr *trajectory[T]) load(sample int) int32 {
	last, tl := absent, tr.paging.tile
	tr.paging.load(sample, func(before int32, r *solver.Row, z []T) {
		if last != absent {
			before = last
		}
		last = tr.alloc()
		tr.put(last, recordedStep{r.T, r.Step, before}, z)
		tr.fit(tl, tl.moved)
	})
	return last
}

// previous is the step of a sample before one that is in the record.
func (tr *trajectory[T]) previous(sample int, step int32) int32 {
	before := tr.steps[step].previous
	if before == absent {
		before = tr.load(sample) // which may move the steps
		tr.steps[step].previous = before
	}
	return before
}

// fit writes the polynomials of the steps added since the last call, those of the tile's slots, from their stages.
func (tr *trajectory[T]) fit(tl *tile[T], slots []int) {
	tl.prepare(slots)
	dense := tl.denseOf(slots[0]) // of all: see forwardPass.keep
	for p := range tr.m.degree {
		dst := tr.coef[(p+1)*tr.dim:]
		if p >= len(dense) {
			for _, at := range tr.off {
				clear(dst[at : at+tr.dim])
			}
			continue
		}
		tl.exec.kern.Combine(dst, tr.off, tr.zero, tr.zeroOff[:len(tr.off)], tl.list.h, tl.k, tl.list.k, tr.dim, dense[p],
			tr.dim)
	}
	tr.off = tr.off[:0]
}

// open begins the sample's way back in a slot, at its end.
func (tr *trajectory[T]) open(slot, sample int) {
	last := &tr.last[sample-tr.first]
	*last = tr.before(sample, *last)
	tr.at[slot], tr.sample[slot] = *last, sample
}

// close ends it.
func (tr *trajectory[T]) close(slot int) {
	if tr.paging == nil {
		return
	}
	for step := tr.at[slot]; step >= 0; step = tr.steps[step].previous {
		tr.free = append(tr.free, step)
	}
}

// firstStepBack is the larger of the sample's last two steps: the last may have been cut at t1.
func (tr *trajectory[T]) firstStepBack(sample int) float64 {
	last := tr.last[sample-tr.first]
	if last < 0 {
		return 0
	}
	h := abs(tr.steps[last].h)
	if before := tr.previous(sample, last); before >= 0 {
		h = max(h, abs(tr.steps[before].h))
	}
	return h
}

// longestBack is the longest step back of the sample in a slot from time t, where the slot is; 0, no limit, for a span
// without steps.
func (tr *trajectory[T]) longestBack(slot, sample int, t float64) float64 {
	at := tr.at[slot]
	if at < 0 {
		return 0
	}
	before := 0.0
	if previous := tr.previous(sample, at); previous >= 0 {
		before = abs(tr.steps[previous].h)
	}
	s := &tr.steps[at]
	step := abs(s.h)
	if at == tr.last[sample-tr.first] {
		step = max(step, before)
	}
	return solver.LongestBack(abs(t-s.t), step, before)
}

// passed moves the slot's time back to t.
func (tr *trajectory[T]) passed(slot int, t float64) {
	if tr.at[slot] < 0 {
		return
	}
	from := tr.at[slot]
	tr.at[slot] = tr.find(slot, t)
	if tr.paging == nil {
		return
	}
	for step := from; step != tr.at[slot]; step = tr.steps[step].previous {
		tr.release(slot, step)
	}
}

// leave moves the slot back from the first step after a jump of the state at time t to the last before it.
func (tr *trajectory[T]) leave(slot int, t float64) {
	from := tr.at[slot]
	if from < 0 || tr.steps[from].t != t {
		return
	}
	tr.at[slot] = tr.previous(tr.sample[slot], from)
	if tr.paging != nil {
		tr.release(slot, from)
	}
}

// release gives up a step that the slot has left.
func (tr *trajectory[T]) release(slot int, step int32) {
	if last := &tr.last[tr.sample[slot]-tr.first]; *last == step {
		*last = gone
	}
	tr.free = append(tr.free, step)
}

// find is the step that holds time t, which is no later than the slot's; before the first step it is the first.
func (tr *trajectory[T]) find(slot int, t float64) int32 {
	step := tr.at[slot]
	for !tr.steps[step].holds(t) {
		before := tr.previous(tr.sample[slot], step)
		if before == none {
			break
		}
		step = before
	}
	return step
}

// holds reports whether time t, which the step after it does not hold, is not before the step.
func (s *recordedStep) holds(t float64) bool { return t == s.t || (t > s.t) == (s.h > 0) }

// state writes z(t) of the slot's sample.
func (tr *trajectory[T]) state(slot int, t float64, dst []T) {
	step := tr.at[slot]
	if !tr.steps[step].holds(t) {
		step = tr.find(slot, t)
	}
	s := &tr.steps[step]
	x := T((t - s.t) / s.h)
	coef := row(tr.coef, int(step), tr.block())
	for c := range dst {
		z := T(0)
		for p := tr.m.degree; p > 0; p-- {
			z = (z + coef[p*tr.dim+c]) * x
		}
		dst[c] = coef[c] + z
	}
}
