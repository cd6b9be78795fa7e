package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"neuralode/plan"
	"neuralode/solver/cpu/internal/simd"
)

// guard is what lies around the rows of a test.
const guard = -8191.5

// operand is a list of rows at scattered places of one slice.
type operand[T simd.Float] struct {
	base  []T
	off   []int
	width int
}

// scatter makes n rows in an order of its own, with gaps between them filled by fill.
func scatter[T simd.Float](r *rand.Rand, n, width int, fill T) operand[T] {
	o := operand[T]{off: make([]int, n), width: width}
	at := 0
	for _, i := range r.Perm(n) {
		at += 1 + r.IntN(20)
		o.off[i] = at
		at += width
	}
	o.base = make([]T, at+1+r.IntN(20))
	for i := range o.base {
		o.base[i] = fill
	}
	return o
}

// source is a list of random rows among NaNs, which a kernel that reads too far would spread.
func source[T simd.Float](r *rand.Rand, n, width int) operand[T] {
	o := scatter(r, n, width, T(math.NaN()))
	for i := range n {
		normal(r, o.row(i))
	}
	return o
}

// target is a list of rows to write, among guards.
func target[T simd.Float](r *rand.Rand, n, width int) operand[T] {
	return scatter(r, n, width, T(guard))
}

func (o operand[T]) row(i int) []T { return o.base[o.off[i] : o.off[i]+o.width] }

// pick is the list of those rows.
func (o operand[T]) pick(rows ...int) operand[T] {
	p := operand[T]{base: o.base, width: o.width}
	for _, i := range rows {
		p.off = append(p.off, o.off[i])
	}
	return p
}

// guarded fails the test where something outside the rows is not a guard any more.
func (o operand[T]) guarded(t testing.TB) {
	t.Helper()
	inside := make([]bool, len(o.base))
	for i := range o.off {
		for c := range o.width {
			inside[o.off[i]+c] = true
		}
	}
	for i, v := range o.base {
		if !inside[i] && v != guard {
			t.Fatalf("element %d lies outside the rows and was overwritten with %v", i, v)
		}
	}
}

func normal[T simd.Float](r *rand.Rand, x []T) []T {
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

// guardedSlice is n numbers between guards; the function checks them.
func guardedSlice[T simd.Float](n int) ([]T, func(testing.TB)) {
	o := operand[T]{base: make([]T, n+34), off: []int{17}, width: n}
	for i := range o.base {
		o.base[i] = guard
	}
	return o.row(0), o.guarded
}

// eps is the distance from 1 to the next number.
func eps[T simd.Float]() float64 {
	if _, ok := any(T(0)).(float32); ok {
		return 0x1p-23
	}
	return 0x1p-52
}

// near fails the test unless |got − want| ≤ bound; NaN is near NaN only.
func near[T simd.Float](t testing.TB, what string, got T, want, bound float64) {
	t.Helper()
	switch g := float64(got); {
	case g == want, math.IsNaN(g) && math.IsNaN(want):
	case math.Abs(g-want) <= bound:
	default:
		t.Fatalf("%s = %v, want %v ± %.2g", what, got, want, bound)
	}
}

// sameBits fails the test where two rows differ.
func sameBits[T simd.Float](t testing.TB, what string, got, want []T) {
	t.Helper()
	for c := range want {
		if math.Float64bits(float64(got[c])) != math.Float64bits(float64(want[c])) {
			t.Fatalf("%s: column %d is %v, was %v", what, c, got[c], want[c])
		}
	}
}

// levels runs a test at every level for both types of numbers.
func levels(t *testing.T, single func(*testing.T, *simd.Kernels[float32]), double func(*testing.T, *simd.Kernels[float64])) {
	for _, l := range simd.Levels() {
		t.Run(fmt.Sprintf("%v/float32", l), func(t *testing.T) { single(t, simd.For[float32](l)) })
		t.Run(fmt.Sprintf("%v/float64", l), func(t *testing.T) { double(t, simd.For[float64](l)) })
	}
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 20260101)) }

// eval is fn of one or two numbers in float64.
func eval(fn plan.Fn, a, b float64) float64 {
	if fn.IsUnary() {
		return fn.Eval1(a)
	}
	return fn.Eval2(a, b)
}
