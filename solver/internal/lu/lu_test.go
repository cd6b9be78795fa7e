package lu_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuralode/solver/internal/lu"
)

// TestSolve finds the x that the right-hand side was made of: of random matrices, of one whose diagonal is zero, so that
// it must exchange rows, and of one whose first pivot is tiny, which would spoil everything.
func TestSolve(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	all := [][]float64{{0, 1, 0, 0, 0, 2, 3, 0, 0}, {1e-20, 1, 1, 1}, {-4}}
	for n := 1; n < 40; n += 3 {
		a := make([]float64, n*n)
		for i := range a {
			a[i] = rng.NormFloat64()
		}
		all = append(all, a)
	}
	for _, a := range all {
		n := int(math.Sqrt(float64(len(a))))
		x, b := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		for i := range b {
			for c, v := range x {
				b[i] += a[i*n+c] * v
			}
		}
		pivot := make([]int32, n)
		factors := slices.Clone(a)
		lu.Factor(factors, pivot)
		lu.Solve(factors, pivot, b)
		for i, v := range x {
			if math.Abs(b[i]-v) > 1e-11 {
				t.Errorf("dimension %d: x[%d] is %v, want %v", n, i, b[i], v)
			}
		}
	}
}

func TestSingular(t *testing.T) {
	a, pivot, b := []float64{1, 2, 2, 4}, make([]int32, 2), []float64{1, 1}
	lu.Factor(a, pivot)
	lu.Solve(a, pivot, b)
	if x := b[0] - b[0]; x == 0 {
		t.Errorf("a singular matrix gives %v, want numbers that are not finite", b)
	}
}
