package driver

import "math"

// Dim is a size in up to three directions; 0 counts as 1.
type Dim struct{ X, Y, Z int }

// Launch puts a run of the kernel on the stream: grid blocks of block threads, each block with that many bytes of dynamic
// shared memory beside the kernel's own. arguments are the kernel's parameters, in order and of their sizes: *Buffer or
// Pointer for a pointer; int32, uint32 or float32 for int, unsigned or float; int64, uint64 or float64 for long long,
// unsigned long long or double. Other types are an error, as is the wrong sort of size: int among them. The types cannot
// be checked against the kernel's. Values are copied before Launch returns.
func (s *Stream) Launch(f *Function, grid, block Dim, shared int, arguments ...any) error {
	grid, block = grid.filled(), block.filled()
	if f.module.closed.Load() {
		return misuse("Launch", "the module of %s is closed", f.name)
	}
	if !grid.isPositive() || !block.isPositive() || shared < 0 {
		return misuse("Launch", "%s: grid %v, block %v, shared memory %d", f.name, grid, block, shared)
	}
	slots, err := slotsOf(f.name, arguments)
	if err != nil {
		return err
	}
	err = s.do("cuLaunchKernel", func() int {
		return api.launch(f.handle, grid, block, shared, s.handle, slots)
	})
	if err != nil {
		return named(err, f.name)
	}
	return nil
}

func (d Dim) filled() Dim {
	fill := func(n int) int {
		if n == 0 {
			return 1
		}
		return n
	}
	return Dim{fill(d.X), fill(d.Y), fill(d.Z)}
}

func (d Dim) isPositive() bool {
	fits := func(n int) bool { return n > 0 && n <= math.MaxInt32 }
	return fits(d.X) && fits(d.Y) && fits(d.Z)
}

// slotsOf gives each argument eight bytes: gorgonia.org/cu copies that many whatever the parameter's size, and the driver
// takes the first of them.
func slotsOf(function string, arguments []any) ([]uint64, error) {
	slots := make([]uint64, len(arguments))
	for i, a := range arguments {
		switch a := a.(type) {
		case *Buffer:
			if a.closed.Load() {
				return nil, misuse("Launch", "argument %d of %s is a closed buffer", i, function)
			}
			slots[i] = uint64(a.pointer)
		case Pointer:
			slots[i] = uint64(a)
		case int32:
			slots[i] = uint64(uint32(a))
		case uint32:
			slots[i] = uint64(a)
		case int64:
			slots[i] = uint64(a)
		case uint64:
			slots[i] = a
		case float32:
			slots[i] = uint64(math.Float32bits(a))
		case float64:
			slots[i] = math.Float64bits(a)
		default:
			return nil, misuse("Launch", "argument %d of %s is a %T: want *Buffer, Pointer, or a number of 32 or 64 bits", i, function, a)
		}
	}
	return slots, nil
}
