package cpu

import "neuralode/solver/cpu/internal/simd"

// record keeps the accepted steps of a chunk's samples: each step knows the one before it.
type record[T simd.Float] struct {
	dim   int
	first int
	last  []int32 // by sample of the chunk: its latest step, −1 without one
	steps []recordedStep
	z     []T // [steps, dim], the states the steps started from
}

type recordedStep struct {
	t, h     float64
	previous int32
	frames   int // where the stored frames of its stages begin, if they were recorded
}

func (r *record[T]) reset(from, to int) {
	r.first = from
	grow(&r.last, to-from)
	for i := range r.last {
		r.last[i] = -1
	}
	r.steps, r.z = r.steps[:0], r.z[:0]
}

func (r *record[T]) add(sample int, t, h float64, z []T, frames int) {
	i := sample - r.first
	r.steps = append(r.steps, recordedStep{t, h, r.last[i], frames})
	r.z = append(r.z, z...)
	r.last[i] = int32(len(r.steps) - 1)
}

func (r *record[T]) state(step int32) []T { return row(r.z, int(step), r.dim) }
