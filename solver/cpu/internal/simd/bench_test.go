package simd_test

import (
	"fmt"
	"testing"

	"neuralode/plan"
	"neuralode/solver/cpu/internal/simd"
)

// dense is n rows of that width, one after the other.
func dense[T simd.Float](n, width int) operand[T] {
	o := operand[T]{base: normal(random(11), make([]T, n*width)), width: width}
	for i := range n {
		o.off = append(o.off, i*width)
	}
	return o
}

// reportRate reports the speed of operations beside the arithmetic peak of the level.
func reportRate[T simd.Float](b *testing.B, l simd.Level, operations int) {
	rate := float64(operations) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.ReportMetric(rate, "GFLOP/s")
	size := 4
	if eps[T]() < 0x1p-40 {
		size = 8
	}
	if peak := simd.Peak(l, size); l != simd.Plain && peak > 0 {
		b.ReportMetric(100*rate/peak, "%peak")
	}
}

var gemmShapes = [][3]int{{96, 64, 64}, {12, 64, 64}, {1, 64, 64}, {12, 2, 64}, {12, 64, 2}, {1, 64, 2}, {96, 512, 512}, {18, 512, 512},
	{96, 64, 512}, {96, 4096, 4096}}

func BenchmarkGemm(b *testing.B) {
	for _, l := range simd.Levels() {
		benchmarkGemm[float32](b, l)
		benchmarkGemm[float64](b, l)
	}
}

func benchmarkGemm[T simd.Float](b *testing.B, l simd.Level) {
	kern := simd.For[T](l)
	for _, s := range gemmShapes {
		n, k, m := s[0], s[1], s[2]
		x, dst := dense[T](n, k), dense[T](n, m)
		packed, bias := make([]T, kern.PackLen(k, m)), make([]T, m)
		w := normal(random(12), make([]T, k*m))
		kern.Pack(packed, w, k, m, false)
		b.Run(fmt.Sprintf("%v/%T/%dx%dx%d", l, T(0), n, k, m), func(b *testing.B) {
			for b.Loop() {
				kern.Gemm(dst.base, dst.off, x.base, x.off, packed, bias, k, m)
			}
			reportRate[T](b, l, 2*n*k*m)
		})
	}
}

func BenchmarkGemmTN(b *testing.B) {
	for _, l := range simd.Levels() {
		benchmarkGemmTN[float32](b, l)
		benchmarkGemmTN[float64](b, l)
	}
}

func benchmarkGemmTN[T simd.Float](b *testing.B, l simd.Level) {
	kern := simd.For[T](l)
	for _, s := range [][3]int{{108, 64, 64}, {108, 2, 64}, {108, 64, 2}, {108, 1, 64}, {288, 512, 512}} {
		x, y, acc := dense[T](s[0], s[1]), dense[T](s[0], s[2]), make([]T, s[1]*s[2])
		b.Run(fmt.Sprintf("%v/%T/%dx%dx%d", l, T(0), s[0], s[1], s[2]), func(b *testing.B) {
			for b.Loop() {
				kern.GemmTN(acc, x.base, x.off, y.base, y.off, s[1], s[2])
			}
			reportRate[T](b, l, 2*s[0]*s[1]*s[2])
		})
	}
}

// perElement runs f and reports nanoseconds per element.
func perElement(b *testing.B, name string, elements int, f func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(elements), "ns/elem")
	})
}

func BenchmarkUnary(b *testing.B) {
	for _, l := range simd.Levels() {
		benchmarkUnary[float32](b, l)
		benchmarkUnary[float64](b, l)
	}
}

func benchmarkUnary[T simd.Float](b *testing.B, l simd.Level) {
	kern := simd.For[T](l)
	x, dst := dense[T](18, 64), dense[T](18, 64)
	for _, fn := range []plan.Fn{plan.Tanh, plan.Exp, plan.Sigmoid, plan.Softplus, plan.Relu, plan.Sin} {
		perElement(b, fmt.Sprintf("%v/%T/%v", l, T(0), fn), 18*64, func() {
			kern.Unary(fn, dst.base, dst.off, x.base, x.off, 64)
		})
	}
}

func BenchmarkBinary(b *testing.B) {
	for _, l := range simd.Levels() {
		kern := simd.For[float32](l)
		x, y, dst := dense[float32](18, 64), dense[float32](18, 64), dense[float32](18, 64)
		for _, fn := range []plan.Fn{plan.Add, plan.Mul, plan.TanhVJP, plan.SigmoidVJP, plan.SoftplusVJP, plan.ReluVJP} {
			perElement(b, fmt.Sprintf("%v/%v", l, fn), 18*64, func() {
				kern.Binary(fn, dst.base, dst.off, x.base, x.off, 1, y.base, y.off, 1, 64)
			})
		}
	}
}

func BenchmarkColSum(b *testing.B) {
	for _, l := range simd.Levels() {
		kern := simd.For[float32](l)
		y, acc := dense[float32](108, 64), make([]float32, 64)
		perElement(b, l.String(), 108*64, func() { kern.ColSum(acc, y.base, y.off, 64) })
	}
}

func BenchmarkCombine(b *testing.B) {
	for _, l := range simd.Levels() {
		kern := simd.For[float32](l)
		for _, dim := range []int{2, 64, 512} {
			z, dst, k := dense[float32](18, dim), dense[float32](18, dim), dense[float32](18, 7*dim)
			h, coef, out := make([]float32, 18), normal(random(13), make([]float32, 6)), make([]float64, 18)
			perElement(b, fmt.Sprintf("%v/combine/%d", l, dim), 18*dim, func() {
				kern.Combine(dst.base, dst.off, z.base, z.off, h, k.base, k.off, dim, coef, dim)
			})
			perElement(b, fmt.Sprintf("%v/errornorm/%d", l, dim), 18*dim, func() {
				kern.ErrorNorm(out, z.base, z.off, dst.base, dst.off, h, k.base, k.off, dim, coef, 1e-6, 1e-3, dim)
			})
			perElement(b, fmt.Sprintf("%v/scalerows/%d", l, dim), 18*dim, func() { kern.ScaleRows(z.base, z.off, h, dim) })
		}
	}
}

func BenchmarkAdam(b *testing.B) {
	for _, l := range simd.Levels() {
		kern := simd.For[float32](l)
		const n = 4482
		theta, m, v, g := make([]float32, n), make([]float32, n), make([]float32, n), normal(random(14), make([]float32, n))
		perElement(b, l.String(), n, func() { kern.Adam(theta, m, v, g, 1, 1e-3, 0.9, 0.999, 1e-8, 1, 1) })
		perElement(b, "sumsquares", n, func() { simd.SumSquares(g) })
	}
}
