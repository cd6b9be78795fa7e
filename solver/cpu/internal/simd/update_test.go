package simd_test

import (
	"fmt"
	"math"
	"testing"

	"neuralode/solver/cpu/internal/simd"
)

func TestAdd(t *testing.T) { levels(t, testAdd[float32], testAdd[float64]) }

func testAdd[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(51)
	for n := range 70 {
		dst, check := guardedSlice[T](n)
		before, src := append([]T(nil), normal(r, dst)...), normal(r, make([]T, n))
		kern.Add(dst, src)
		check(t)
		for i, got := range dst {
			near(t, "sum", got, float64(before[i]+src[i]), 0)
		}
	}
}

func TestSumSquares(t *testing.T) {
	near(t, "Σ x²", simd.SumSquares([]float32{1e30, 3, -2e30}), 5e60, 1e54)
	near(t, "Σ x²", simd.SumSquares([]float64(nil)), 0, 0)
}

func TestAdam(t *testing.T) { levels(t, testAdam[float32], testAdam[float64]) }

func testAdam[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(52)
	const scale, rate, beta1, beta2, epsilon, corrM, corrV = 0.5, 0.01, 0.875, 0.9921875, 1e-6, 1.5, 3
	for n := range 70 {
		theta, check := guardedSlice[T](n)
		m, checkM := guardedSlice[T](n)
		v, checkV := guardedSlice[T](n)
		g := normal(r, make([]T, n))
		normal(r, theta)
		normal(r, m)
		for i := range v {
			v[i] = T(r.Float64())
		}
		old := [3][]T{append([]T(nil), theta...), append([]T(nil), m...), append([]T(nil), v...)}
		kern.Adam(theta, m, v, g, scale, rate, beta1, beta2, epsilon, corrM, corrV)
		for i := range theta {
			x := float64(g[i]) * scale
			wantM := beta1*float64(old[1][i]) + (1-beta1)*x
			wantV := beta2*float64(old[2][i]) + (1-beta2)*x*x
			want := float64(old[0][i]) - rate*corrM*wantM/(math.Sqrt(wantV*corrV)+epsilon)
			near(t, "m", m[i], wantM, 8*eps[T]())
			near(t, "v", v[i], wantV, 8*eps[T]())
			near(t, fmt.Sprintf("parameter %d of %d", i, n), theta[i], want, 8*eps[T]()*(1+math.Abs(want)))
		}
		check(t)
		checkM(t)
		checkV(t)
	}
}

// TestAllocations proves that no kernel allocates.
func TestAllocations(t *testing.T) { levels(t, testAllocations[float32], testAllocations[float64]) }

func testAllocations[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(53)
	const n, k, m = 9, 65, 35
	x, y, dst := source[T](r, n, k), source[T](r, n, m), target[T](r, n, m)
	packed, bias, acc := make([]T, kern.PackLen(k, m)), make([]T, m), make([]T, k*m)
	s, out := newStep[T](r, n, m, 6), make([]float64, n)
	one, two := functionsOf(1), functionsOf(2)
	for name, f := range map[string]func(){
		"Pack":   func() { kern.Pack(packed, acc, k, m, true) },
		"Gemm":   func() { kern.Gemm(dst.base, dst.off, x.base, x.off, packed, bias, k, m) },
		"GemmTN": func() { kern.GemmTN(acc, x.base, x.off, y.base, y.off, k, m) },
		"ColSum": func() { kern.ColSum(acc, x.base, x.off, k) },
		"Unary": func() {
			for _, fn := range one {
				kern.Unary(fn, dst.base, dst.off, y.base, y.off, m)
			}
		},
		"Binary": func() {
			for _, fn := range two {
				kern.Binary(fn, dst.base, dst.off, y.base, y.off, 1, y.base, y.off, 0, m)
			}
		},
		"ScaleRows": func() { kern.ScaleRows(y.base, y.off, s.h, m) },
		"Combine": func() {
			kern.Combine(dst.base, dst.off, s.z.base, s.z.off, s.h, s.k.base, s.k.off, s.gap, s.coef, m)
		},
		"ErrorNorm": func() {
			kern.ErrorNorm(out, s.z.base, s.z.off, s.z1.base, s.z1.off, s.h, s.k.base, s.k.off, s.gap, s.coef, 1, 1, m)
		},
		"Norm": func() { simd.Norm(out, s.z.base, s.z.off, s.z1.base, s.z1.off, 1, 1, m) },
		"Add":  func() { kern.Add(acc, acc) },
		"Adam": func() { kern.Adam(acc, packed[:k*m], acc, acc, 1, 1, 1, 1, 1, 1, 1) },
	} {
		if got := testing.AllocsPerRun(3, f); got != 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}
