package cpu

import "neuralode/solver/cpu/internal/simd"

// frames is the memory in which a tile evaluates a plan: for each row, one frame of each memory, or one for each stage
// where stages must be kept apart. The last stage is evaluated at a step's result, so an accepted step's last frame
// becomes the next step's first, by exchanging places rather than by copying.
type frames[T simd.Float] struct {
	mem    [2][]T
	size   [2]int // of a frame
	stages [2]int // kept apart: 1 or all

	// Where a slot's frames are: of the first stage, of stage s at inner + s·size, and of the last stage.
	first, inner, last [2][]int

	record *record[T] // when not nil, the place of the accepted steps' store frames
	own    []T        // the store when nothing is recorded
	rows   rows[T]
}

// newFrames makes room for that many rows with that many stages kept apart in each memory.
func newFrames[T simd.Float](e *executor[T], capacity int, stages [2]int) frames[T] {
	f := frames[T]{size: e.layout.size, stages: stages}
	for m := range f.mem {
		f.mem[m] = make([]T, capacity*stages[m]*f.size[m])
		f.first[m], f.inner[m], f.last[m] = make([]int, capacity), make([]int, capacity), make([]int, capacity)
	}
	f.own = f.mem[store]
	n := capacity * max(stages[local], stages[store])
	f.rows = rows[T]{off: [2][]int{make([]int, 0, n), make([]int, 0, n)}, zero: make([]int, n)}
	f.place()
	return f
}

// place gives every slot frames of its own; where steps are recorded, in the places of its current and next step.
func (f *frames[T]) place() {
	f.mem[store] = f.own
	for m := range f.mem {
		n := f.stages[m] * f.size[m]
		for s := range f.first[m] {
			f.first[m][s], f.inner[m][s], f.last[m][s] = s*n, s*n, (s+1)*n-f.size[m]
		}
	}
	if f.record == nil || !f.record.keeping {
		return
	}
	f.mem[store] = f.record.frames
	for s := range f.first[store] {
		f.recorded(s)
	}
}

// recorded puts the slot's store frames where the record has its current and next step.
func (f *frames[T]) recorded(s int) {
	at := int(f.record.current[s]) * f.record.block
	f.first[store][s], f.inner[store][s] = at, at
	f.last[store][s] = int(f.record.next[s]) * f.record.block
}

// next makes the slot's last frames its first ones, after an accepted step.
func (f *frames[T]) next(slot int) {
	f.swap(local, slot)
	if f.record == nil {
		f.swap(store, slot)
		return
	}
	f.record.advance(slot)
	if f.record.keeping {
		f.mem[store] = f.record.frames
		f.recorded(slot)
	} else {
		f.swap(store, slot) // also right when the record has just run full: its places stay with the slot
	}
}

func (f *frames[T]) swap(m memory, slot int) {
	if f.stages[m] > 1 {
		f.first[m][slot], f.last[m][slot] = f.last[m][slot], f.first[m][slot]
	}
}

// at is where a slot's frame of a stage begins.
func (f *frames[T]) at(m memory, slot, stage int) int {
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
		f.rows.off[m] = f.append(f.rows.off[m], memory(m), stage, slots)
	}
}

func (f *frames[T]) append(off []int, m memory, stage int, slots []int) []int {
	places, shift := f.inner[m], stage*f.size[m]
	switch {
	case stage == 0 || f.stages[m] == 1:
		places, shift = f.first[m], 0
	case stage == f.stages[m]-1:
		places, shift = f.last[m], 0
	}
	for _, s := range slots {
		off = append(off, places[s]+shift)
	}
	return off
}
