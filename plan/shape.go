package plan

import "fmt"

// shape is the shape of an instruction's result, per sample for a Row, or an error where operands do not fit or rows
// would mix.
func (p *Plan) shape(in Instr, accumulate bool) (rows, cols int, err error) {
	want, ok := arity[in.Op]
	if !ok {
		return 0, 0, fmt.Errorf("unknown operation")
	}
	if len(in.Src) < want.min || len(in.Src) > want.max {
		return 0, 0, fmt.Errorf("%d operands", len(in.Src))
	}
	if in.Axis != 0 && in.Axis != 1 {
		return 0, 0, fmt.Errorf("axis %d, want 0 or 1", in.Axis)
	}
	src := make([]Value, len(in.Src))
	for i, id := range in.Src {
		src[i] = p.Values[id]
	}
	if accumulate {
		return accumulateShape(in, src)
	}
	return resultShape(in, src, p.Values[in.Dst])
}

var arity = map[Op]struct{ min, max int }{
	MatMul: {2, 2}, Affine: {2, 3}, Unary: {1, 1}, Binary: {2, 2}, Reduce: {1, 1}, Transpose: {1, 1}, Slice: {1, 1},
	Scatter: {1, 1}, Concat: {1, 1 << 20}, Broadcast: {1, 1}, Reshape: {1, 1},
}

// accumulateShape allows the two instructions that sum over the samples.
func accumulateShape(in Instr, src []Value) (rows, cols int, err error) {
	switch {
	case in.Op == MatMul && in.TransA && !in.TransB:
		return src[0].Cols, src[1].Cols, nil
	case in.Op == Reduce && in.Fn == Add && in.Axis == 0:
		return 1, src[0].Cols, nil
	}
	return 0, 0, fmt.Errorf("is no sum over the samples")
}

func resultShape(in Instr, src []Value, dst Value) (rows, cols int, err error) {
	a := src[0]
	switch in.Op {
	case MatMul:
		return productShape(in, a, src[1])
	case Affine:
		return affineShape(in, src)
	case Unary:
		return a.Rows, a.Cols, functionOf(in.Fn, true)
	case Binary:
		rows, cols, err = stretch(a, src[1])
		if err == nil {
			err = functionOf(in.Fn, false)
		}
		return rows, cols, err
	case Reduce:
		return reducedShape(in, a)
	case Concat:
		return concatShape(in, src)
	case Broadcast:
		return dst.Rows, dst.Cols, stretches(a, dst)
	}
	return movedShape(in, a, dst)
}

func functionOf(f Fn, unary bool) error {
	if !f.known() {
		return fmt.Errorf("unknown function %v", f)
	}
	if f.IsUnary() != unary {
		return fmt.Errorf("%v has the wrong number of arguments", f)
	}
	return nil
}

func productShape(in Instr, a, b Value) (rows, cols int, err error) {
	if b.Space == Row || (a.Space == Row && in.TransA) {
		return 0, 0, fmt.Errorf("mixes samples")
	}
	if in.TransA {
		a.Rows, a.Cols = a.Cols, a.Rows
	}
	if in.TransB {
		b.Rows, b.Cols = b.Cols, b.Rows
	}
	if a.Cols != b.Rows {
		return 0, 0, fmt.Errorf("[%d,%d] times [%d,%d]", a.Rows, a.Cols, b.Rows, b.Cols)
	}
	return a.Rows, b.Cols, nil
}

func affineShape(in Instr, src []Value) (rows, cols int, err error) {
	if src[0].Space != Row || src[1].Space != Shared || in.TransA {
		return 0, 0, fmt.Errorf("wants a row times a shared matrix")
	}
	rows, cols, err = productShape(in, src[0], src[1])
	if err == nil {
		err = functionOf(in.Fn, true)
	}
	if len(src) == 3 && err == nil && (src[2].Space != Shared || src[2].Rows != 1 || src[2].Cols != cols) {
		err = fmt.Errorf("wants a shared bias [1,%d], got %v", cols, src[2])
	}
	return rows, cols, err
}

// stretch is the common shape of two operands of which each dimension is equal or 1.
func stretch(a, b Value) (rows, cols int, err error) {
	one := func(x, y int) int {
		switch {
		case x == y || y == 1:
			return x
		case x == 1:
			return y
		}
		err = fmt.Errorf("[%d,%d] does not stretch to [%d,%d]", a.Rows, a.Cols, b.Rows, b.Cols)
		return 0
	}
	// Against a row value, a shared operand's rows would run over the samples.
	if (a.Space == Row) != (b.Space == Row) && a.Rows*b.Rows != 1 {
		return 0, 0, fmt.Errorf("combines samples with the rows of a shared matrix")
	}
	rows, cols = one(a.Rows, b.Rows), one(a.Cols, b.Cols)
	return rows, cols, err
}

func stretches(a, dst Value) error {
	if a.Space != Row && dst.Space == Row && a.Rows != 1 {
		return fmt.Errorf("spreads the rows of a shared matrix over samples")
	}
	if (a.Rows != 1 && a.Rows != dst.Rows) || (a.Cols != 1 && a.Cols != dst.Cols) {
		return fmt.Errorf("[%d,%d] does not stretch to [%d,%d]", a.Rows, a.Cols, dst.Rows, dst.Cols)
	}
	return nil
}

func reducedShape(in Instr, a Value) (rows, cols int, err error) {
	switch {
	case in.Fn != Add && in.Fn != Max:
		return 0, 0, fmt.Errorf("reduces by %v", in.Fn)
	case in.Axis == 0 && a.Space == Row:
		return 0, 0, fmt.Errorf("mixes samples")
	case in.Axis == 0:
		return 1, a.Cols, nil
	}
	return a.Rows, 1, nil
}

func concatShape(in Instr, src []Value) (rows, cols int, err error) {
	rows, cols = src[0].Rows, src[0].Cols
	for _, v := range src {
		if v.Space != src[0].Space || (in.Axis == 0 && v.Space == Row) {
			return 0, 0, fmt.Errorf("joins values of different spaces or along the samples")
		}
		if (in.Axis == 0 && v.Cols != cols) || (in.Axis == 1 && v.Rows != rows) {
			return 0, 0, fmt.Errorf("joins [%d,%d] with [%d,%d]", v.Rows, v.Cols, rows, cols)
		}
	}
	for _, v := range src[1:] {
		if in.Axis == 0 {
			rows += v.Rows
		} else {
			cols += v.Cols
		}
	}
	return rows, cols, nil
}

// movedShape is for the instructions that only move numbers.
func movedShape(in Instr, a, dst Value) (rows, cols int, err error) {
	if a.Space == Row && (in.Op == Transpose || in.Op == Reshape || in.Axis == 0) {
		return 0, 0, fmt.Errorf("moves numbers between samples")
	}
	switch in.Op {
	case Transpose:
		return a.Cols, a.Rows, nil
	case Reshape:
		if a.Len() != dst.Len() {
			return 0, 0, fmt.Errorf("reshapes %d numbers to %d", a.Len(), dst.Len())
		}
		return dst.Rows, dst.Cols, nil
	}
	whole, part := a, dst
	if in.Op == Scatter {
		whole, part = dst, a
	}
	return movedSlice(in, whole, part, dst)
}

func movedSlice(in Instr, whole, part, dst Value) (rows, cols int, err error) {
	size, got, other := whole.Cols, part.Cols, whole.Rows == part.Rows
	if in.Axis == 0 {
		size, got, other = whole.Rows, part.Rows, whole.Cols == part.Cols
	}
	if in.Stride < 1 || in.From < 0 || in.To > size || in.From >= in.To || !other {
		return 0, 0, fmt.Errorf("slice %d:%d:%d of %d", in.From, in.To, in.Stride, size)
	}
	if n := (in.To - in.From + in.Stride - 1) / in.Stride; n != got {
		return 0, 0, fmt.Errorf("slice %d:%d:%d has %d elements, not %d", in.From, in.To, in.Stride, n, got)
	}
	return dst.Rows, dst.Cols, nil
}
