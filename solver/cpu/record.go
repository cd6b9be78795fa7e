package cpu

import (
	"slices"
	"unsafe"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// record keeps the accepted steps of samples between their forward solve and their way back: the state each step
// started from and, while memory allows, the store's frames of its stages. Steps that were taken back make room for
// new ones, so what is in use stays small and warm.
type record[T simd.Float] struct {
	dim     int
	block   int  // numbers in the frames of a step
	keeping bool // frames are kept; otherwise stages are evaluated again
	limit   int64
	full    bool            // it takes more bytes than that
	paging  *checkpoints[T] // not nil: only steps that are soon taken back are in it
	first   int             // of the leaf's samples
	last    []int32
	steps   []recordedStep
	z       []T // [steps, dim]
	frames  []T // [steps, block]
	free    []int32

	current, next []int32 // by slot: the step being tried, and the one whose first frame it fills
}

type recordedStep struct {
	t, h     float64
	previous int32 // none for a sample's first, absent where it is not in the record
}

// stepSize is the size of a recordedStep.
const stepSize = int64(unsafe.Sizeof(recordedStep{}))

// maxRecorded is how many numbers a worker's recorded frames may take, 64 MiB of float32: beyond it a leaf's stages
// are evaluated again on the way back.
const maxRecorded = 16 << 20

// reset forgets everything, for samples from up to to and a tile of that many rows.
func (r *record[T]) reset(from, to, capacity int, keep bool, paging *checkpoints[T]) {
	r.first, r.keeping, r.full, r.paging = from, keep && paging == nil, false, paging
	grow(&r.last, to-from)
	for i := range r.last {
		r.last[i] = none
	}
	r.steps, r.z, r.frames, r.free = r.steps[:0], r.z[:0], r.frames[:0], r.free[:0]
	if paging != nil {
		return
	}
	r.current, r.next = r.current[:0], r.next[:0]
	for range capacity {
		r.current = append(r.current, r.alloc())
		r.next = append(r.next, r.alloc())
	}
}

// alloc finds a place for a step.
func (r *record[T]) alloc() int32 {
	if n := len(r.free); n > 0 {
		step := r.free[n-1]
		r.free = r.free[:n-1]
		return step
	}
	r.steps = append(r.steps, recordedStep{})
	r.z = slices.Grow(r.z, r.dim)[:len(r.z)+r.dim]
	if r.keeping && len(r.frames)+r.block > maxRecorded {
		r.keeping = false
	}
	if r.keeping {
		r.frames = slices.Grow(r.frames, r.block)[:len(r.frames)+r.block]
	}
	r.full = int64(len(r.steps))*stepSize+int64(len(r.z)+len(r.frames))*int64(unsafe.Sizeof(T(0))) > r.limit
	return int32(len(r.steps) - 1)
}

// add records the step the slot has just taken.
func (r *record[T]) add(slot, sample int, t, h float64, z []T) {
	step := r.current[slot]
	r.steps[step] = recordedStep{t, h, r.last[sample-r.first]}
	copy(r.state(step), z)
	r.last[sample-r.first] = step
}

// advance begins the slot's next step.
func (r *record[T]) advance(slot int) {
	r.current[slot] = r.next[slot]
	r.next[slot] = r.alloc()
}

// before is the step of a sample before the given one; none before its first. Where that is not in the record, it is
// put there.
func (r *record[T]) before(sample int, previous int32) int32 {
	if previous == absent {
		return r.load(sample)
	}
	return previous
}

// load puts the last of a sample's steps that are not in the record there, and is the last of them.
func (r *record[T]) load(sample int) int32 {
	last := absent
	r.paging.load(sample, func(before int32, row *solver.Row, z []T) {
		if last != absent {
			before = last
		}
		last = r.alloc()
		r.steps[last] = recordedStep{row.T, row.Step, before}
		copy(r.state(last), z)
	})
	return last
}

// release gives up a step that was taken back.
func (r *record[T]) release(step int32) { r.free = append(r.free, step) }

// stepBytes is what a step takes without its stages.
func (r *record[T]) stepBytes() int64 { return stepSize + int64(r.dim)*int64(unsafe.Sizeof(T(0))) }

func (r *record[T]) state(step int32) []T { return row(r.z, int(step), r.dim) }
