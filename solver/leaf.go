package solver

import "math/bits"

// LeafSize is how many samples of a batch of n share an accumulator: the leaves of the tree along which ∂L/∂θ and the
// loss are summed. A leaf is long enough that refilled rows stay busy, and short enough that a batch of 256 has work
// for eight; a small batch is cut in two. It depends on n alone, so the sum does not depend on who computes which leaf.
func LeafSize(n int) int {
	const largest, smallest = 32, 8
	return min(largest, max(smallest, (n+1)/2))
}

// SumOverSamples adds a term for each of n samples: within each leaf in order, and then along the tree of the leaves.
// The left part of a tree is the largest power of two of leaves that leaves something for the right part, so who owns a
// run of 2ᵏ leaves that begins at a multiple of 2ᵏ can add them first. The loss of every Differentiate has this order;
// ∂L/∂θ of the CPU backend has the same leaves and tree.
func SumOverSamples(n int, term func(i int) float64) float64 {
	return SumOverLeaves(n, LeafSize(n), term)
}

// SumOverLeaves is SumOverSamples of samples in leaves of that size, which are a subtree of a larger batch.
func SumOverLeaves(n, size int, term func(i int) float64) float64 {
	return sumLeaves(0, (n+size-1)/size, func(leaf int) float64 {
		sum := 0.0
		for i := leaf * size; i < min(n, (leaf+1)*size); i++ {
			sum += term(i)
		}
		return sum
	})
}

func sumLeaves(from, n int, leaf func(int) float64) float64 {
	if n <= 1 {
		return leaf(from)
	}
	left := 1 << (bits.Len(uint(n-1)) - 1)
	return sumLeaves(from, left, leaf) + sumLeaves(from+left, n-left, leaf)
}
