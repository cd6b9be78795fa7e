package simd_test

import (
	"fmt"
	"math"
	"testing"

	"neuralode/plan"
	"neuralode/solver/cpu/internal/simd"
)

func TestUnary(t *testing.T) { levels(t, testUnary[float32], testUnary[float64]) }

func testUnary[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(31)
	for _, fn := range functionsOf(1) {
		for range 20 {
			n, width := r.IntN(12), 1+r.IntN(130)
			x, dst := source[T](r, n, width), target[T](r, n, width)
			for i := range n {
				if fn == plan.Log || fn == plan.Log1p || fn == plan.Sqrt {
					kern.Unary(plan.Square, x.base, x.off[i:i+1], x.base, x.off[i:i+1], width)
				}
			}
			kern.Unary(fn, dst.base, dst.off, x.base, x.off, width)
			for i := range n {
				for c, got := range dst.row(i) {
					want := fn.Eval1(float64(x.row(i)[c]))
					near(t, fmt.Sprintf("%v(%v)", fn, x.row(i)[c]), got, want, 4*eps[T]()*math.Abs(want))
				}
			}
			dst.guarded(t)
			kern.Unary(fn, x.base, x.off, x.base, x.off, width)
			for i := range n {
				sameBits(t, fmt.Sprintf("%v in place", fn), x.row(i), dst.row(i))
			}
		}
	}
}

func TestBinary(t *testing.T) { levels(t, testBinary[float32], testBinary[float64]) }

func testBinary[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	for _, fn := range functionsOf(2) {
		for round := range 24 {
			aStep, bStep := min(1, round%4), min(1, (round/2)%2)
			testBinaryCase(t, kern, fn, uint64(round), aStep, bStep)
		}
	}
}

func testBinaryCase[T simd.Float](t *testing.T, kern *simd.Kernels[T], fn plan.Fn, seed uint64, aStep, bStep int) {
	t.Helper()
	r := random(seed)
	n, width := r.IntN(12), 1+r.IntN(130)
	operandOf := func(step int) operand[T] {
		if step == 0 {
			return source[T](r, n, 1)
		}
		return source[T](r, n, width)
	}
	a, b, dst := operandOf(aStep), operandOf(bStep), target[T](r, n, width)
	kern.Binary(fn, dst.base, dst.off, a.base, a.off, aStep, b.base, b.off, bStep, width)
	for i := range n {
		for c, got := range dst.row(i) {
			x, y := float64(a.row(i)[c*aStep]), float64(b.row(i)[c*bStep])
			want := fn.Eval2(x, y)
			near(t, fmt.Sprintf("%v(%v, %v)", fn, x, y), got, want, 4*eps[T]()*(math.Abs(want)+math.Abs(x)*(1+y*y)))
		}
	}
	dst.guarded(t)
}

// TestElementBits proves that an element's bits do not depend on its column, the width or the other rows.
func TestElementBits(t *testing.T) { levels(t, testElementBits[float32], testElementBits[float64]) }

func testElementBits[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(33)
	x := source[T](r, 3, 100)
	for _, fn := range append(functionsOf(1), functionsOf(2)...) {
		all, one := target[T](r, 3, 100), target[T](r, 1, 1)
		apply(kern, fn, all, x)
		for i := range 3 {
			for c := range 100 {
				single := operand[T]{base: x.base, off: []int{x.off[i] + c}, width: 1}
				apply(kern, fn, one, single)
				sameBits(t, fmt.Sprintf("%v of column %d", fn, c), one.row(0), all.row(i)[c:c+1])
			}
		}
	}
}

// functionsOf are the functions of so many numbers.
func functionsOf(arity int) []plan.Fn {
	var list []plan.Fn
	for _, f := range plan.Functions() {
		if f.Arity == arity {
			list = append(list, f.Fn)
		}
	}
	return list
}

// apply does fn of x, and x again for a binary one.
func apply[T simd.Float](kern *simd.Kernels[T], fn plan.Fn, dst, x operand[T]) {
	if fn.IsUnary() {
		kern.Unary(fn, dst.base, dst.off, x.base, x.off, x.width)
	} else {
		kern.Binary(fn, dst.base, dst.off, x.base, x.off, 1, x.base, x.off, 1, x.width)
	}
}
