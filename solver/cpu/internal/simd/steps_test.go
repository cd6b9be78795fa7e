package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"neuralode/solver/cpu/internal/simd"
)

// step is a Runge-Kutta step of n rows.
type step[T simd.Float] struct {
	z, z1, k  operand[T] // a row of k has all stages, one after the other
	h, coef   []T
	dim, gap  int // gap is between the beginnings of the stages
	tolerance [2]T
}

func newStep[T simd.Float](r *rand.Rand, n, dim, stages int) step[T] {
	gap := dim + r.IntN(5)
	s := step[T]{z: source[T](r, n, dim), z1: source[T](r, n, dim), k: source[T](r, n, gap*stages), dim: dim, gap: gap,
		h: normal(r, make([]T, n)), coef: normal(r, make([]T, stages)), tolerance: [2]T{1e-3, 1e-2}}
	if stages > 1 {
		s.coef[1] = 0
	}
	return s
}

// sum is Σ_j coef[j]·k_j[c] of a row, and the sum of the sizes.
func (s step[T]) sum(i, c int) (v, size float64) {
	for j, w := range s.coef {
		p := float64(w) * float64(s.k.row(i)[j*s.gap+c])
		v += p
		size += math.Abs(p)
	}
	return v, size
}

func TestCombine(t *testing.T) { levels(t, testCombine[float32], testCombine[float64]) }

func testCombine[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(41)
	for range 200 {
		n, dim, stages := r.IntN(12), 1+r.IntN(80), r.IntN(8)
		s, dst := newStep[T](r, n, dim, stages), target[T](r, n, dim)
		kern.Combine(dst.base, dst.off, s.z.base, s.z.off, s.h, s.k.base, s.k.off, s.gap, s.coef, dim)
		for i := range n {
			for c, got := range dst.row(i) {
				v, size := s.sum(i, c)
				z, h := float64(s.z.row(i)[c]), float64(s.h[i])
				near(t, fmt.Sprintf("z + h·Σ of %d stages, column %d of %d", stages, c, dim), got, z+h*v,
					10*eps[T]()*(math.Abs(z)+math.Abs(h)*size))
			}
		}
		dst.guarded(t)
		kern.Combine(s.z.base, s.z.off, s.z.base, s.z.off, s.h, s.k.base, s.k.off, s.gap, s.coef, dim)
		for i := range n {
			sameBits(t, "combine in place", s.z.row(i), dst.row(i))
		}
	}
}

func (s step[T]) errorNorm(kern *simd.Kernels[T], rows ...int) []float64 {
	out, z, z1, k := make([]float64, len(rows)), s.z.pick(rows...), s.z1.pick(rows...), s.k.pick(rows...)
	h := make([]T, len(rows))
	for i, row := range rows {
		h[i] = s.h[row]
	}
	kern.ErrorNorm(out, z.base, z.off, z1.base, z1.off, h, k.base, k.off, s.gap, s.coef, s.tolerance[0], s.tolerance[1], s.dim)
	return out
}

func TestErrorNorm(t *testing.T) { levels(t, testErrorNorm[float32], testErrorNorm[float64]) }

func testErrorNorm[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(42)
	for range 200 {
		n, dim, stages := 1+r.IntN(12), 1+r.IntN(80), 1+r.IntN(8)
		s := newStep[T](r, n, dim, stages)
		got := s.errorNorm(kern, order(n)...)
		for i := range n {
			want, bound := 0.0, 0.0
			for c := range dim {
				v, size := s.sum(i, c)
				scale := float64(s.tolerance[0]) + float64(s.tolerance[1])*math.Max(math.Abs(float64(s.z.row(i)[c])), math.Abs(float64(s.z1.row(i)[c])))
				e, worst := float64(s.h[i])*v/scale, float64(s.h[i])*size/scale
				want += e * e
				bound += 40 * eps[T]() * worst * worst
			}
			near(t, fmt.Sprintf("error of row %d, %d stages of %d", i, stages, dim), got[i], want, bound)
		}
		rows := r.Perm(n)
		for i, v := range s.errorNorm(kern, rows...) {
			near(t, "error of a row elsewhere", v, got[rows[i]], 0)
		}
	}
}

// TestErrorNormBroken demands that nothing hides a state or a slope that is not finite, and that no tolerance at all
// is the caller's affair in the columns there are.
func TestErrorNormBroken(t *testing.T) {
	levels(t, testErrorNormBroken[float32], testErrorNormBroken[float64])
}

func testErrorNormBroken[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(43)
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, dim := range []int{1, 2, 15, 40} {
			for place := range 3 {
				s := newStep[T](r, 3, dim, 3)
				row := []operand[T]{s.z, s.z1, s.k}[place].row(1)
				row[r.IntN(dim)] = T(bad)
				got := s.errorNorm(kern, 0, 1, 2)
				if got[1] <= math.MaxFloat64 {
					t.Fatalf("%v in operand %d of width %d: error %v", bad, place, dim, got[1])
				}
				if !(got[0] <= math.MaxFloat64 && got[2] <= math.MaxFloat64) {
					t.Fatalf("%v spread to other rows: %v", bad, got)
				}
			}
		}
	}
	s := newStep[T](r, 2, 3, 2)
	s.tolerance[0] = 0
	for _, v := range s.errorNorm(kern, 0, 1) {
		if !(v <= math.MaxFloat64) {
			t.Fatalf("error %v without an absolute tolerance", v)
		}
	}
}

func TestScaleRows(t *testing.T) { levels(t, testScaleRows[float32], testScaleRows[float64]) }

func testScaleRows[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(44)
	for range 50 {
		n, width := r.IntN(12), 1+r.IntN(130)
		x, s := target[T](r, n, width), normal(r, make([]T, n))
		before := append([]T(nil), x.base...)
		for i := range n {
			copy(before[x.off[i]:], normal(r, x.row(i)))
		}
		kern.ScaleRows(x.base, x.off, s, width)
		for i := range n {
			for c, got := range x.row(i) {
				near(t, "scaled", got, float64(before[x.off[i]+c]*s[i]), 0)
			}
		}
		x.guarded(t)
	}
}

func TestNorm(t *testing.T) {
	out := make([]float64, 2)
	simd.Norm(out, []float32{1, 2, 3, 4}, []int{2, 0}, []float32{-1, 2, 0, 1}, []int{0, 2}, 0.5, 1, 2)
	near(t, "first", out[0], 4+2.56, 1e-6)
	near(t, "second", out[1], 4+4./2.25, 1e-6)
}
