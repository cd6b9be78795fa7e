package simd_test

import (
	"fmt"
	"math"
	"testing"

	"neuralode/solver/cpu/internal/simd"
)

func TestGemmTN(t *testing.T) { levels(t, testGemmTN[float32], testGemmTN[float64]) }

func testGemmTN[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(5)
	widths := []int{1, 2, 3, 5, 6, 7, 8, 12, 16, 17, 31, 33, 64, 65, 100, 130}
	for range 150 {
		n, i, j := r.IntN(130), widths[r.IntN(len(widths))], widths[r.IntN(len(widths))]
		checkGemmTN(t, kern, r.Uint64(), n, i, j)
	}
	checkGemmTN(t, kern, 1, 0, 3, 3)
	checkGemmTN(t, kern, 2, 1500, 2, 70)
}

func checkGemmTN[T simd.Float](t testing.TB, kern *simd.Kernels[T], seed uint64, n, i, j int) {
	t.Helper()
	r := random(seed)
	x, y := source[T](r, n, i), source[T](r, n, j)
	acc, check := guardedSlice[T](i * j)
	before := append([]T(nil), normal(r, acc)...)
	kern.GemmTN(acc, x.base, x.off, y.base, y.off, i, j)
	check(t)
	for a := range i {
		for b := range j {
			want := float64(before[a*j+b])
			size := math.Abs(want)
			for row := range n {
				v := float64(x.row(row)[a]) * float64(y.row(row)[b])
				want += v
				size += math.Abs(v)
			}
			near(t, fmt.Sprintf("xᵀ·y of %d rows, element [%d %d] of [%d %d]", n, a, b, i, j), acc[a*j+b], want,
				size*eps[T]()*float64(n+2))
		}
	}
}

// TestGemmTNChain proves that rows given in two calls sum to the same bits as in one.
func TestGemmTNChain(t *testing.T) { levels(t, testGemmTNChain[float32], testGemmTNChain[float64]) }

func testGemmTNChain[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(6)
	const n, i, j = 50, 13, 70
	x, y := source[T](r, n, i), source[T](r, n, j)
	once, twice := make([]T, i*j), make([]T, i*j)
	sum, sums := make([]T, j), make([]T, j)
	kern.GemmTN(once, x.base, x.off, y.base, y.off, i, j)
	kern.ColSum(sum, y.base, y.off, j)
	for _, cut := range [][2]int{{0, 7}, {7, 20}, {20, 20}, {20, n}} {
		kern.GemmTN(twice, x.base, x.off[cut[0]:cut[1]], y.base, y.off[cut[0]:cut[1]], i, j)
		kern.ColSum(sums, y.base, y.off[cut[0]:cut[1]], j)
	}
	sameBits(t, "xᵀ·y", twice, once)
	sameBits(t, "sum of rows", sums, sum)
}

func TestColSum(t *testing.T) { levels(t, testColSum[float32], testColSum[float64]) }

func testColSum[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(7)
	for round := range 60 {
		n, j := r.IntN(200), 1+r.IntN(130)
		if round == 0 {
			n = 2500
		}
		y := source[T](r, n, j)
		acc, check := guardedSlice[T](j)
		before := append([]T(nil), normal(r, acc)...)
		kern.ColSum(acc, y.base, y.off, j)
		check(t)
		for c, got := range acc {
			want := float64(before[c])
			for row := range n {
				want += float64(y.row(row)[c])
			}
			near(t, fmt.Sprintf("sum of %d rows, column %d of %d", n, c, j), got, want, eps[T]()*float64(n+4)*float64(n+4))
		}
	}
}

func FuzzGemmTN(f *testing.F) {
	f.Add(uint64(1), uint16(108), uint16(64), uint16(64))
	f.Add(uint64(2), uint16(9), uint16(2), uint16(65))
	f.Fuzz(func(t *testing.T, seed uint64, n, i, j uint16) {
		for _, l := range simd.Levels() {
			checkGemmTN(t, simd.For[float32](l), seed, int(n)%300, 1+int(i)%100, 1+int(j)%200)
		}
	})
}
