//go:build !noasm

package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"neuralode/plan"
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// TestLevelsGiveTheSameBits runs every kernel by AVX2 and by AVX-512, for shapes on both sides of the edges of their
// vectors: whoever computes, the bits are the same.
func TestLevelsGiveTheSameBits(t *testing.T) {
	if levels := simd.Levels(); levels[len(levels)-1] != simd.AVX512 {
		t.Skip("needs AVX-512")
	}
	t.Run("float32", levelsAgree[float32])
	t.Run("float64", levelsAgree[float64])
}

func levelsAgree[T simd.Float](t *testing.T) {
	narrow, wide := simd.For[T](simd.AVX2), simd.For[T](simd.AVX512)
	both := func(what string, run func(k *simd.Kernels[T]) []T) {
		a, b := run(narrow), run(wide)
		for i := range a {
			if math.Float64bits(float64(a[i])) != math.Float64bits(float64(b[i])) {
				t.Errorf("%s: number %d is %v by AVX2, %v by AVX-512", what, i, a[i], b[i])
				return
			}
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for _, k := range []int{1, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 33, 64, 100, 700} {
		for _, m := range []int{1, 2, 3, 4, 5, 8, 13, 16, 31, 64, 70} {
			p := newProduct[T](r, 11, k, m, plan.Identity)
			both(fmt.Sprintf("gemm %d·%d", k, m), func(kern *simd.Kernels[T]) []T {
				dst := operandOf[T](11, m)
				p.run(kern, dst, p.pack(t, kern), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
				return dst.base
			})
		}
	}
	for _, n := range []int{1, 2, 5, 7, 8, 9, 12, 15, 16, 17, 23, 40, 129} {
		levelsAgreeOnRows(r, n, both)
	}
}

// operandOf is rows of zeros.
func operandOf[T simd.Float](rows, width int) operand[T] {
	o := operand[T]{base: make([]T, rows*width)}
	for i := range rows {
		o.off = append(o.off, i*width)
	}
	return o
}

// drawn is rows of normal numbers, of which a few are large.
func drawn[T simd.Float](r *rand.Rand, rows, width int) operand[T] {
	o := operandOf[T](rows, width)
	for i := range o.base {
		o.base[i] = T(r.NormFloat64() * math.Exp(2*r.NormFloat64()))
	}
	return o
}

func levelsAgreeOnRows[T simd.Float](r *rand.Rand, n int, both func(string, func(*simd.Kernels[T]) []T)) {
	const rows, stages = 5, 7
	x, y, k := drawn[T](r, rows, n), drawn[T](r, rows, n), drawn[T](r, rows, n*stages)
	h, coef := drawn[T](r, 1, rows).base, drawn[T](r, 1, stages).base
	for fn := plan.Fn(0); fn < 200; fn++ {
		if fn.IsUnary() {
			both(fmt.Sprint(fn, " of ", n), func(kern *simd.Kernels[T]) []T {
				dst := operandOf[T](rows, n)
				kern.Unary(fn, dst.base, dst.off, x.base, x.off, n)
				return dst.base
			})
		}
	}
	for _, fn := range []plan.Fn{plan.TanhVJP, plan.SigmoidVJP, plan.SoftplusVJP, plan.ReluVJP} {
		both(fmt.Sprint(fn, " of ", n), func(kern *simd.Kernels[T]) []T {
			dst := operandOf[T](rows, n)
			kern.Binary(fn, dst.base, dst.off, x.base, x.off, 1, y.base, y.off, 1, n)
			return dst.base
		})
	}
	both(fmt.Sprint("combine ", n), func(kern *simd.Kernels[T]) []T {
		dst := operandOf[T](rows, n)
		kern.Combine(dst.base, dst.off, x.base, x.off, h, k.base, k.off, n, coef, n)
		return dst.base
	})
	both(fmt.Sprint("error norm ", n), func(kern *simd.Kernels[T]) []T {
		out, bits := make([]float64, rows), make([]T, 0, 2*rows)
		kern.ErrorNorm(out, x.base, x.off, y.base, y.off, h, k.base, k.off, n, coef, 1e-6, 1e-3, n)
		for _, v := range out { // float64 in parts that float32 holds
			b := math.Float64bits(v)
			bits = append(bits, T(b>>42), T(b>>20&(1<<22-1)), T(b&(1<<20-1)))
		}
		return bits
	})
	both(fmt.Sprint("outer ", n), func(kern *simd.Kernels[T]) []T {
		acc := make([]T, n*n)
		kern.GemmTN(acc, x.base, x.off, y.base, y.off, n, n)
		kern.ColSum(acc, y.base, y.off, n)
		kern.ScaleRows(acc, []int{0}, h[:1], n)
		kern.Add(acc[:n], y.base[:n])
		return acc
	})
	for _, rule := range solver.Rules() {
		both(fmt.Sprint(rule, " ", n), func(kern *simd.Kernels[T]) []T {
			theta, m, v := append([]T{}, x.base...), append([]T{}, y.base...), make([]T, len(x.base))
			u := solver.Update[T]{Rule: rule, Scale: 0.9, Rate: 0.01, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, CorrectM: 1.5,
				CorrectV: 1.25}
			kern.Update(u, theta, m, v, k.base[:len(theta)])
			return append(append(theta, m...), v...)
		})
	}
}
