package cpu

import "neuralode/solver/cpu/internal/simd"

// frames is the memory in which a tile evaluates a plan: for each row and each stage kept apart, one frame of each
// memory.
type frames[T simd.Float] struct {
	mem      [2][]T
	capacity int
	rows     rows[T] // the list made last
}

func newFrames[T simd.Float](e *executor[T], capacity, stages int) frames[T] {
	f := frames[T]{capacity: capacity}
	for m := range f.mem {
		f.mem[m] = make([]T, capacity*stages*e.layout.size[m])
	}
	f.rows = newRows(f.mem, capacity*stages)
	return f
}

func newRows[T simd.Float](mem [2][]T, n int) rows[T] {
	return rows[T]{mem: mem, off: [2][]int{make([]int, 0, n), make([]int, 0, n)}, zero: make([]int, n)}
}

// list is the frames of the slots at a stage. It is valid until the next list.
func (f *frames[T]) list(e *executor[T], stage int, slots []int) *rows[T] {
	f.reset()
	f.add(e, stage, slots)
	return &f.rows
}

func (f *frames[T]) reset() {
	for m := range f.rows.off {
		f.rows.off[m] = f.rows.off[m][:0]
	}
}

func (f *frames[T]) add(e *executor[T], stage int, slots []int) {
	for m := range f.rows.off {
		size := e.layout.size[m]
		for _, s := range slots {
			f.rows.off[m] = append(f.rows.off[m], (stage*f.capacity+s)*size)
		}
	}
}

// copyStage copies the slots' frames from one stage to another.
func (f *frames[T]) copyStage(e *executor[T], from, to int, slots []int) {
	for m := range f.mem {
		size := e.layout.size[m]
		for _, s := range slots {
			src := f.mem[m][(from*f.capacity+s)*size:][:size]
			copy(f.mem[m][(to*f.capacity+s)*size:][:size], src)
		}
	}
}
