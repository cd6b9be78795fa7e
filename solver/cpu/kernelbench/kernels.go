// Package kernelbench times the kernels of package cpu on this processor, beside the peak of its arithmetic units.
package kernelbench

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"neuralode/plan"
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// Run times the kernels of the best level as sub-benchmarks of b: GFLOP/s and the part of one core's measured peak for
// products, nanoseconds an element for the others.
func Run(b *testing.B) {
	products[float32](b, "float32", 4)
	products[float64](b, "float64", 8)
	functions[float32](b, "float32")
	functions[float64](b, "float64")
	derivatives(b)
	steps(b)
	update(b)
}

// operand is n rows of one width, one after the other.
type operand[T simd.Float] struct {
	base []T
	off  []int
}

func dense[T simd.Float](n, width int) operand[T] {
	o := operand[T]{base: normal[T](n * width)}
	for i := range n {
		o.off = append(o.off, i*width)
	}
	return o
}

func normal[T simd.Float](n int) []T {
	rng, x := rand.New(rand.NewPCG(11, 0)), make([]T, n)
	for i := range x {
		x[i] = T(rng.NormFloat64())
	}
	return x
}

// gemmShapes are rows, inner and outer width; gemmTNShapes the same of sums over rows.
var (
	gemmShapes = [][3]int{{96, 64, 64}, {12, 64, 64}, {1, 64, 64}, {12, 2, 64}, {12, 64, 2}, {1, 64, 2}, {96, 512, 512},
		{96, 64, 512}, {96, 4096, 4096}}
	gemmTNShapes = [][3]int{{72, 64, 64}, {72, 2, 64}, {72, 1, 64}, {288, 512, 512}}
)

func products[T simd.Float](b *testing.B, name string, size int) {
	kern, peak := simd.For[T](simd.Best()), simd.Peak(simd.Best(), size)
	for _, s := range gemmShapes {
		n, k, m := s[0], s[1], s[2]
		x, dst := dense[T](n, k), dense[T](n, m)
		packed, bias := make([]T, kern.PackLen(k, m)), make([]T, m)
		kern.Pack(packed, normal[T](k*m), k, m, false)
		rate(b, fmt.Sprintf("gemm/%s/%dx%dx%d", name, n, k, m), 2*n*k*m, peak, func() {
			kern.Gemm(dst.base, dst.off, x.base, x.off, packed, bias, k, m)
		})
	}
	for _, s := range gemmTNShapes {
		n, i, j := s[0], s[1], s[2]
		x, y, acc := dense[T](n, i), dense[T](n, j), make([]T, i*j)
		rate(b, fmt.Sprintf("gemmTN/%s/%dx%dx%d", name, n, i, j), 2*n*i*j, peak, func() {
			kern.GemmTN(acc, x.base, x.off, y.base, y.off, i, j)
		})
	}
}

// rate runs f and reports the speed of its operations.
func rate(b *testing.B, name string, operations int, peak float64, f func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			f()
		}
		speed := float64(operations) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
		b.ReportMetric(speed, "GFLOP/s")
		if simd.Best() != simd.Plain && peak > 0 {
			b.ReportMetric(100*speed/peak, "%peak")
		}
	})
}

// perElement runs f and reports nanoseconds an element.
func perElement(b *testing.B, name string, elements int, f func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(elements), "ns/elem")
	})
}

// rows and width are those of a tile of a net with hidden layers of 64.
const rows, width = 12, 64

func functions[T simd.Float](b *testing.B, name string) {
	kern, x, dst := simd.For[T](simd.Best()), dense[T](rows, width), dense[T](rows, width)
	for _, fn := range []plan.Fn{plan.Tanh, plan.Exp, plan.Sigmoid, plan.Softplus, plan.Relu, plan.Sin} {
		perElement(b, fmt.Sprintf("unary/%s/%v", name, fn), rows*width, func() {
			kern.Unary(fn, dst.base, dst.off, x.base, x.off, width)
		})
	}
}

func derivatives(b *testing.B) {
	kern := simd.For[float32](simd.Best())
	x, y, dst := dense[float32](rows, width), dense[float32](rows, width), dense[float32](rows, width)
	for _, fn := range []plan.Fn{plan.Add, plan.Mul, plan.TanhVJP, plan.SigmoidVJP, plan.SoftplusVJP, plan.ReluVJP} {
		perElement(b, fmt.Sprintf("binary/float32/%v", fn), rows*width, func() {
			kern.Binary(fn, dst.base, dst.off, x.base, x.off, 1, y.base, y.off, 1, width)
		})
	}
}

// steps times what a Runge-Kutta step does beside the field.
func steps(b *testing.B) {
	kern := simd.For[float32](simd.Best())
	for _, dim := range []int{2, 64, 512} {
		z, dst, k := dense[float32](rows, dim), dense[float32](rows, dim), dense[float32](rows, 7*dim)
		h, coef, out := make([]float32, rows), normal[float32](6), make([]float64, rows)
		perElement(b, fmt.Sprintf("combine/float32/%d", dim), rows*dim, func() {
			kern.Combine(dst.base, dst.off, z.base, z.off, h, k.base, k.off, dim, coef, dim)
		})
		perElement(b, fmt.Sprintf("errornorm/float32/%d", dim), rows*dim, func() {
			kern.ErrorNorm(out, z.base, z.off, dst.base, dst.off, h, k.base, k.off, dim, coef, 1e-6, 1e-3, dim)
		})
	}
}

// update times what comes after the samples.
func update(b *testing.B) {
	kern := simd.For[float32](simd.Best())
	const n = 4482
	adam := solver.UpdateOf[float32](solver.DefaultOptimizer(1e-3), 1, 1, 1e-3)
	theta, m, v, g := make([]float32, n), make([]float32, n), make([]float32, n), normal[float32](n)
	perElement(b, "adam/float32", n, func() { kern.Update(adam, theta, m, v, g) })
	perElement(b, "sumsquares/float32", n, func() { simd.SumSquares(g) })
	y, acc := dense[float32](6*rows, width), make([]float32, width)
	perElement(b, "colsum/float32", 6*rows*width, func() { kern.ColSum(acc, y.base, y.off, width) })
}
