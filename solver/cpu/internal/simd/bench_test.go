package simd

import (
	"fmt"
	"testing"

	"neuralode/plan"
)

// spread lists rows a stride apart.
func spread(rows, stride int) []int {
	off := make([]int, rows)
	for i := range off {
		off[i] = i * stride
	}
	return off
}

func filled[T Float](n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(i%17)/16 - 0.5
	}
	return x
}

// report gives the speed and, where the peak is known, how much of it that is.
func report(b *testing.B, l Level, flop float64, size int) {
	speed := flop * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.ReportMetric(speed, "GFLOP/s")
	if peak := Peak(max(l, AVX2), size); peak > 0 {
		b.ReportMetric(100*speed/peak, "%peak")
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, l := range Levels() {
		for _, c := range []struct{ rows, k, m int }{{18, 64, 64}, {18, 2, 64}, {18, 64, 2}, {1, 64, 64}, {96, 512, 512}, {96, 64, 512}, {96, 4096, 4096}} {
			b.Run(fmt.Sprintf("%v/%dx%dx%d", l, c.rows, c.k, c.m), func(b *testing.B) {
				k := For[float32](l)
				packed := make([]float32, k.PackLen(c.k, c.m))
				k.Pack(packed, filled[float32](c.k*c.m), c.k, c.m, false)
				x, dst := filled[float32](c.rows*c.k), make([]float32, c.rows*c.m)
				xOff, dstOff := spread(c.rows, c.k), spread(c.rows, c.m)
				for b.Loop() {
					k.Gemm(dst, dstOff, x, xOff, packed, nil, c.k, c.m, Epilogue[float32]{})
				}
				report(b, l, 2*float64(c.rows*c.k*c.m), 4)
			})
		}
	}
}

func BenchmarkGemmTN(b *testing.B) {
	for _, l := range Levels() {
		for _, c := range []struct{ rows, i, j int }{{108, 64, 64}, {108, 64, 2}, {108, 2, 64}, {108, 1, 64}, {288, 512, 512}} {
			b.Run(fmt.Sprintf("%v/%dx%dx%d", l, c.rows, c.i, c.j), func(b *testing.B) {
				k := For[float32](l)
				x, y, acc := filled[float32](c.rows*c.i), filled[float32](c.rows*c.j), make([]float32, c.i*c.j)
				xOff, yOff := spread(c.rows, c.i), spread(c.rows, c.j)
				for b.Loop() {
					k.GemmTN(acc, x, xOff, y, yOff, c.i, c.j)
				}
				report(b, l, 2*float64(c.rows*c.i*c.j), 4)
			})
		}
	}
}

func BenchmarkElementwise(b *testing.B) {
	const rows, width = 18, 64
	for _, l := range Levels() {
		for _, fn := range []plan.Fn{plan.Tanh, plan.Exp, plan.Sigmoid, plan.Softplus, plan.Sin, plan.TanhVJP} {
			b.Run(fmt.Sprintf("%v/%v", l, fn), func(b *testing.B) {
				k := For[float32](l)
				x, y, off := filled[float32](rows*width), make([]float32, rows*width), spread(rows, width)
				for b.Loop() {
					if fn.IsUnary() {
						k.Unary(fn, y, off, x, off, width)
					} else {
						k.Binary(fn, y, off, x, off, 1, x, off, 1, width)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows*width), "ns/element")
			})
		}
	}
}
