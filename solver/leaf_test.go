package solver_test

import (
	"fmt"
	"testing"

	"neuralode/solver"
)

// TestSumOverSamples looks at the order of the additions, with terms that note it: of 7 leaves of 32 the tree is
// ((01)(23))((45)6).
func TestSumOverSamples(t *testing.T) {
	for n, want := range map[int]float64{0: 0, 1: 1, 7: 28, 100: 5050, 1000: 500500} {
		if got := solver.SumOverSamples(n, func(i int) float64 { return float64(i + 1) }); got != want {
			t.Errorf("the sum of 1 to %d is %v, want %v", n, got, want)
		}
	}
	// 2⁵³ + 1 is 2⁵³, so which ones are lost tells the order: a one alone next to 2⁵³ is lost, two together are not.
	const large = 1 << 53
	for _, x := range []struct {
		leaves []float64
		want   float64
	}{
		{[]float64{large, 1, 1, 0, 0, 0, 0}, large},     // (large + 1) + (1 + 0)
		{[]float64{large, 0, 1, 1, 0, 0, 0}, large + 2}, // (large + 0) + (1 + 1)
		{[]float64{large, 0, 0, 0, 1, 0, 1}, large + 2}, // large + ((1 + 0) + 1)
		{[]float64{large, 0, 0, 1, 0, 0, 1}, large},
	} {
		got := solver.SumOverSamples(7*32, func(i int) float64 {
			if i%32 > 0 {
				return 0
			}
			return x.leaves[i/32]
		})
		if got != x.want {
			t.Errorf("%v: %s, want %s", x.leaves, fmt.Sprintf("%.0f", got), fmt.Sprintf("%.0f", x.want))
		}
	}
}

// TestLeafSize holds the order of sums to that of earlier versions, for batches on both sides of the two bounds.
func TestLeafSize(t *testing.T) {
	for n, want := range map[int]int{1: 8, 16: 8, 17: 9, 18: 9, 19: 10, 62: 31, 63: 32, 64: 32, 65: 32, 5000: 32} {
		if got := solver.LeafSize(n); got != want {
			t.Errorf("a batch of %d has leaves of %d, want %d", n, got, want)
		}
	}
}
