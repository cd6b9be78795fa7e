package cpu

import (
	"math"

	"neuralode/plan"
)

// move runs the instructions that copy or reduce within a row; they are rare and small, so plain Go serves.
func (e *executor[T]) move(op *rowOp, r *rows[T]) {
	dst, dstOff := e.at(r, op.dst)
	if op.Op == plan.Concat {
		e.concat(op, r, dst, dstOff)
		return
	}
	src, srcOff := e.at(r, op.src[0])
	for i, d := range dstOff {
		moveRow(op, dst[d:d+op.dst.width], src[srcOff[i]:srcOff[i]+op.src[0].width])
	}
}

func (e *executor[T]) concat(op *rowOp, r *rows[T], dst []T, dstOff []int) {
	at := 0
	for _, o := range op.src {
		src, srcOff := e.at(r, o)
		for i, d := range dstOff {
			copy(dst[d+at:d+at+o.width], src[srcOff[i]:])
		}
		at += o.width
	}
}

func moveRow[T float32 | float64](op *rowOp, dst, src []T) {
	switch op.Op {
	case plan.Reduce:
		dst[0] = reduce(op.Fn, src)
	case plan.Slice:
		for c := range dst {
			dst[c] = src[op.From+c*op.Stride]
		}
	case plan.Scatter:
		clear(dst)
		for c := range src {
			dst[op.From+c*op.Stride] = src[c]
		}
	case plan.Broadcast:
		for c := range dst {
			dst[c] = src[min(c, len(src)-1)]
		}
	default:
		panic("cpu: no row operation " + op.Op.String())
	}
}

func reduce[T float32 | float64](f plan.Fn, x []T) T {
	if f == plan.Max {
		m := T(math.Inf(-1))
		for _, v := range x {
			m = max(m, v)
		}
		return m
	}
	var s T
	for _, v := range x {
		s += v
	}
	return s
}
