package graph

import (
	"fmt"

	"gorgonia.org/tensor"
)

// form is the matrix form of a node's shape: a scalar is 1 by 1, a vector of n features 1 by n, a vector of one
// number per sample a column.
type form struct {
	dims  [2]int // 1 along the batch axis: lengths are per sample
	batch int    // the axis that runs over the samples, or -1
}

// formOf compares a node's shapes at two batch sizes. An axis of which the length is the batch size at both is the
// batch axis; any other axis must have one length.
func formOf(a, b tensor.Shape, sizes [2]int) (form, error) {
	f := form{dims: [2]int{1, 1}, batch: -1}
	if len(a) != len(b) {
		return f, fmt.Errorf("has shape %v with batch size %d and %v with %d: its rank depends on the batch size",
			a, sizes[0], b, sizes[1])
	}
	if len(a) > 2 {
		return f, fmt.Errorf("has shape %v; use at most two axes, such as [batch, features]", a)
	}
	for i := range a {
		axis := i + 2 - len(a)
		switch {
		case a[i] == b[i]:
			f.dims[axis] = a[i]
		case a[i] != sizes[0] || b[i] != sizes[1]:
			return f, fmt.Errorf("has length %d along axis %d with batch size %d and %d with %d; keep the batch axis as it is",
				a[i], i, sizes[0], b[i], sizes[1])
		case f.batch >= 0:
			return f, fmt.Errorf("has shape [batch, batch], which mixes samples; contract over features instead")
		default:
			f.batch = axis
		}
	}
	if len(a) == 1 && f.batch == 1 {
		f = form{dims: [2]int{1, 1}, batch: 0}
	}
	return f, nil
}

// transposed is the form of the transpose.
func (f form) transposed() form {
	f.dims[0], f.dims[1] = f.dims[1], f.dims[0]
	if f.batch >= 0 {
		f.batch = 1 - f.batch
	}
	return f
}

// line reports whether at most one axis, the batch axis included, is longer than 1. The transpose of such a matrix
// holds the same numbers in the same order.
func (f form) line() bool {
	if f.batch >= 0 {
		return f.dims[0] == 1 && f.dims[1] == 1
	}
	return f.dims[0] == 1 || f.dims[1] == 1
}

// scalar reports whether the form is one number, the same for all samples.
func (f form) scalar() bool { return f.batch < 0 && f.dims == [2]int{1, 1} }

func (f form) String() string {
	show := func(axis int) string {
		if axis == f.batch {
			return "batch"
		}
		return fmt.Sprint(f.dims[axis])
	}
	return "[" + show(0) + ", " + show(1) + "]"
}

// axisOf is the matrix axis that a node of the given rank calls axis.
func (f form) axisOf(rank, axis int) int {
	if rank == 1 && f.batch != 0 {
		return 1
	}
	return axis
}
