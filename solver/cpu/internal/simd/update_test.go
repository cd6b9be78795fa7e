package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"neuralode/solver"
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

func TestUpdate(t *testing.T) { levels(t, testUpdate[float32], testUpdate[float64]) }

// testUpdate compares with the rules as papers write them, in float64.
func testUpdate[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(52)
	u := solver.Update[T]{Scale: 0.5, Rate: 0.01, Beta1: 0.875, Beta2: 0.9921875, Epsilon: 1e-6, CorrectM: 1.5,
		CorrectV: 3}
	adamw, sgd := u, solver.Update[T]{Rule: solver.SGD, Scale: 0.5, Rate: 0.01, Momentum: 0.75, WeightDecay: 0.25}
	adamw.Rule, adamw.WeightDecay = solver.AdamW, 2
	nesterov := sgd
	nesterov.Nesterov = true
	for _, u := range []solver.Update[T]{u, adamw, sgd, nesterov} {
		for n := range 70 {
			testUpdateOf(t, kern, r, u, n)
		}
	}
}

func testUpdateOf[T simd.Float](t *testing.T, kern *simd.Kernels[T], r *rand.Rand, u solver.Update[T], n int) {
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
	kern.Update(u, theta, m, v, g)
	for i := range theta {
		want, wantM, wantV := float64(old[0][i]), float64(old[1][i]), float64(old[2][i])
		rate, x := float64(u.Rate), float64(g[i])*float64(u.Scale)
		if u.Rule == solver.SGD {
			x += float64(u.WeightDecay) * want
			wantM = float64(u.Momentum)*wantM + x
			step := wantM
			if u.Nesterov {
				step = float64(u.Momentum)*wantM + x
			}
			want -= rate * step
		} else {
			want *= 1 - rate*float64(u.WeightDecay)
			wantM = float64(u.Beta1)*wantM + (1-float64(u.Beta1))*x
			wantV = float64(u.Beta2)*wantV + (1-float64(u.Beta2))*x*x
			want -= rate * float64(u.CorrectM) * wantM / (math.Sqrt(wantV*float64(u.CorrectV)) + float64(u.Epsilon))
		}
		near(t, "m", m[i], wantM, 8*eps[T]())
		near(t, "v", v[i], wantV, 8*eps[T]())
		near(t, fmt.Sprintf("%v: parameter %d of %d", u.Rule, i, n), theta[i], want, 8*eps[T]()*(1+math.Abs(want)))
	}
	check(t)
	checkM(t)
	checkV(t)
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
		"Update": func() {
			for _, rule := range solver.Rules() {
				kern.Update(solver.Update[T]{Rule: rule}, acc, packed[:k*m], acc, acc)
			}
		},
	} {
		if got := testing.AllocsPerRun(3, f); got != 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}
