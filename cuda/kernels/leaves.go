package kernels

import (
	"math/bits"

	"neuralode/solver"
)

// mostRuns is how many runs of leaves a minibatch is cut into at most: more than blocks run beside each other, few enough
// that their sums take no room.
const mostRuns = 1024

// LeavesPerBlock is Call.perBlock for so many leaves.
func LeavesPerBlock(leaves int) int {
	per := 1
	for (leaves+per-1)/per > mostRuns {
		per *= 2
	}
	return per
}

// PartialSums is Call.depth: how many partial sums a block keeps of so many leaves, one for each subtree that waits for its
// right neighbour, and the next leaf's.
func PartialSums(perBlock int) int { return bits.Len(uint(perBlock)) }

// Cut is how differentiate cuts minibatches.
type Cut struct {
	Blocks  int // enough for one of n samples, and for smaller ones
	Sharing int // the most samples of a block at a time
	Depth   int // Call.depth
}

// CutOf cuts minibatches of up to n samples for blocks with so many samples of a leaf, or 0 for all.
func CutOf(n, part int) Cut {
	leaf := solver.LeafSize(n)
	leaves := (n + leaf - 1) / leaf
	c := Cut{Blocks: min(leaves, mostRuns), Sharing: leaf, Depth: PartialSums(LeavesPerBlock(leaves))}
	if part > 0 {
		c.Blocks, c.Sharing = c.Blocks*((leaf+part-1)/part), part
	}
	return c
}
