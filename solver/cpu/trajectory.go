package cpu

import (
	"slices"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// trajectory keeps the forward solutions of a leaf's samples as functions of time: of each accepted step the polynomial
// of its dense output, z(t + x·h) = c0 + c1·x + c2·x² + … for x from 0 to 1.
type trajectory[T simd.Float] struct {
	m     *method[T]
	dim   int
	first int     // of the leaf's samples
	last  []int32 // by sample: its last step, −1 for none
	steps []recordedStep
	coef  []T // [steps, degree + 1, dim]

	zero    []T // a row of zeros, and its offsets
	zeroOff []int
	off     []int   // of the coefficients being written
	at      []int32 // by slot of the way back: the step that holds the slot's time
}

func newTrajectory[T simd.Float](m *method[T], dim, capacity int) *trajectory[T] {
	return &trajectory[T]{m: m, dim: dim, zero: make([]T, dim), zeroOff: make([]int, capacity),
		off: make([]int, 0, capacity), at: make([]int32, capacity)}
}

// reset forgets everything, for the samples from up to to.
func (tr *trajectory[T]) reset(from, to int) {
	tr.first = from
	grow(&tr.last, to-from)
	for i := range tr.last {
		tr.last[i] = -1
	}
	tr.steps, tr.coef = tr.steps[:0], tr.coef[:0]
}

// block is how many numbers belong to a step.
func (tr *trajectory[T]) block() int { return (len(tr.m.dense) + 1) * tr.dim }

// add keeps the step the sample has just taken from z.
func (tr *trajectory[T]) add(sample int, t, h float64, z []T) {
	step := int32(len(tr.steps))
	tr.steps = append(tr.steps, recordedStep{t, h, tr.last[sample-tr.first]})
	tr.last[sample-tr.first] = step
	tr.off = append(tr.off, len(tr.coef))
	tr.coef = slices.Grow(tr.coef, tr.block())[:len(tr.coef)+tr.block()]
	copy(tr.coef[len(tr.coef)-tr.block():], z)
}

// fit writes the polynomials of the steps added since the last call, from their stages.
func (tr *trajectory[T]) fit(kern *simd.Kernels[T], h, k []T, kOff []int) {
	for p, weights := range tr.m.dense {
		kern.Combine(tr.coef[(p+1)*tr.dim:], tr.off, tr.zero, tr.zeroOff[:len(tr.off)], h, k, kOff, tr.dim, weights, tr.dim)
	}
	tr.off = tr.off[:0]
}

// open begins the sample's way back in a slot, at its end.
func (tr *trajectory[T]) open(slot, sample int) { tr.at[slot] = tr.last[sample-tr.first] }

// firstStepBack is the larger of the sample's last two steps: the last may have been cut at t1.
func (tr *trajectory[T]) firstStepBack(sample int) float64 {
	last := tr.last[sample-tr.first]
	if last < 0 {
		return 0
	}
	h := abs(tr.steps[last].h)
	if before := tr.steps[last].previous; before >= 0 {
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
	s := &tr.steps[at]
	step, before := abs(s.h), 0.0
	if s.previous >= 0 {
		before = abs(tr.steps[s.previous].h)
	}
	if at == tr.last[sample-tr.first] {
		step = max(step, before)
	}
	return solver.LongestBack(abs(t-s.t), step, before)
}

// passed moves the slot's time back to t.
func (tr *trajectory[T]) passed(slot int, t float64) {
	if tr.at[slot] >= 0 {
		tr.at[slot] = tr.find(tr.at[slot], t)
	}
}

// find is the step that holds time t, which is no later than the given one; before the first step it is the first.
func (tr *trajectory[T]) find(step int32, t float64) int32 {
	for {
		s := &tr.steps[step]
		if s.previous < 0 || t == s.t || (t > s.t) == (s.h > 0) {
			return step
		}
		step = s.previous
	}
}

// state writes z(t) of the slot's sample.
func (tr *trajectory[T]) state(slot int, t float64, dst []T) {
	step := tr.find(tr.at[slot], t)
	s := &tr.steps[step]
	x := T((t - s.t) / s.h)
	coef := row(tr.coef, int(step), tr.block())
	for c := range dst {
		z := T(0)
		for p := len(tr.m.dense); p > 0; p-- {
			z = (z + coef[p*tr.dim+c]) * x
		}
		dst[c] = coef[c] + z
	}
}
