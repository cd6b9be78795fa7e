package cpu

import (
	"slices"

	"neuralode/solver/cpu/internal/simd"
)

// frames is the memory in which a tile evaluates a plan: for each row, one frame of each memory, or one for each stage
// where stages must be kept apart. The last stage is evaluated at a step's result, so an accepted step's last frame
// becomes the next step's first, by exchanging places rather than by copying.
type frames[T simd.Float] struct {
	mem    [2][]T
	size   [2]int // of a frame
	stages [2]int // kept apart: 1 or all

	// Where a slot's frames are: of the first stage, of stage s at inner + s·size, and of the last stage.
	first, inner, last [2][]int

	recording bool // the store keeps the frames of every accepted step
	rows      rows[T]
}

// maxRecorded is how many numbers a worker's recorded frames may take, 64 MiB of float32: beyond it a chunk's stages
// are evaluated again on the way back.
const maxRecorded = 16 << 20

// newFrames makes room for that many rows with that many stages kept apart in each memory.
func newFrames[T simd.Float](e *executor[T], capacity int, stages [2]int) frames[T] {
	f := frames[T]{size: e.layout.size, stages: stages}
	for m := range f.mem {
		f.mem[m] = make([]T, capacity*stages[m]*f.size[m])
		f.first[m], f.inner[m], f.last[m] = make([]int, capacity), make([]int, capacity), make([]int, capacity)
	}
	n := capacity * max(stages[local], stages[store])
	f.rows = rows[T]{off: [2][]int{make([]int, 0, n), make([]int, 0, n)}, zero: make([]int, n)}
	f.place()
	return f
}

// place gives every slot frames of its own.
func (f *frames[T]) place() {
	for m := range f.mem {
		n := f.stages[m] * f.size[m]
		for s := range f.first[m] {
			f.first[m][s], f.inner[m][s], f.last[m][s] = s*n, s*n, (s+1)*n-f.size[m]
		}
	}
}

// record starts to keep the store's frames of accepted steps, forgetting those kept before. It needs all stages apart.
func (f *frames[T]) record() {
	f.recording = true
	f.mem[store] = f.mem[store][:0]
	for s := range f.first[store] {
		f.first[store][s] = f.extend()
		f.inner[store][s] = f.first[store][s]
		f.last[store][s] = f.extend()
	}
}

// extend makes room for the frames of one more step, which has its last frame in the step after.
func (f *frames[T]) extend() int {
	at, n := len(f.mem[store]), (f.stages[store]-1)*f.size[store]
	f.mem[store] = slices.Grow(f.mem[store], n)[:at+n]
	return at
}

// next makes the slot's last frames its first ones, after an accepted step.
func (f *frames[T]) next(slot int) {
	for m := range f.mem {
		first, last := f.first[m], f.last[m]
		if memory(m) == store && f.recording {
			if len(f.mem[store]) <= maxRecorded {
				first[slot], f.inner[m][slot] = last[slot], last[slot]
				last[slot] = f.extend()
				continue
			}
			f.recording = false
		}
		if f.stages[m] > 1 {
			first[slot], last[slot] = last[slot], first[slot]
		}
	}
}

// at is where a slot's frame of a stage begins.
func (f *frames[T]) at(m, slot, stage int) int {
	switch {
	case stage == 0 || f.stages[m] == 1:
		return f.first[m][slot]
	case stage == f.stages[m]-1:
		return f.last[m][slot]
	}
	return f.inner[m][slot] + stage*f.size[m]
}

// list is the frames of the slots at a stage. It is valid until the next list.
func (f *frames[T]) list(stage int, slots []int) *rows[T] {
	f.reset()
	f.add(stage, slots)
	return &f.rows
}

func (f *frames[T]) reset() {
	f.rows.mem = f.mem
	for m := range f.rows.off {
		f.rows.off[m] = f.rows.off[m][:0]
	}
}

func (f *frames[T]) add(stage int, slots []int) {
	for m := range f.rows.off {
		for _, s := range slots {
			f.rows.off[m] = append(f.rows.off[m], f.at(m, s, stage))
		}
	}
}
