package kernels

import (
	"math/bits"

	"neuralode/solver"
)

// mostRuns is how many runs of leaves a minibatch is cut into at most: more than blocks run beside each other, few
// enough that their sums take no room.
const mostRuns = 1024

// LeavesPerBlock is Call.perBlock for so many leaves.
func LeavesPerBlock(leaves int) int {
	per := 1
	for (leaves+per-1)/per > mostRuns {
		per *= 2
	}
	return per
}

// PartialSums is Call.depth: how many partial sums a block keeps of so many leaves, one for each subtree that waits for
// its right neighbour, and the next leaf's.
func PartialSums(perBlock int) int { return bits.Len(uint(perBlock)) }

// Cut is how differentiate cuts samples into blocks.
type Cut struct {
	Leaf     int // Call.leaf
	PerBlock int // Call.perBlock
	Depth    int // Call.depth
}

// CutOf cuts a minibatch of n samples.
func CutOf(n int) Cut {
	leaf := solver.LeafSize(n)
	per := LeavesPerBlock((n + leaf - 1) / leaf)
	return Cut{Leaf: leaf, PerBlock: per, Depth: PartialSums(per)}
}

// CutPart cuts the leaves from up to to of a minibatch of n samples, so that every subtree of them is one of runs of
// leaves.
func CutPart(n, from, to int) Cut {
	leaf := solver.LeafSize(n)
	per := LeavesPerBlock(to - from)
	for from%per != 0 || to%per != 0 && to*leaf < n {
		per /= 2
	}
	return Cut{Leaf: leaf, PerBlock: per, Depth: PartialSums(per)}
}

// Blocks is how many blocks n samples take, and smaller minibatches, where a block has so many samples of a leaf, or,
// for 0, whole leaves.
func (c Cut) Blocks(n, part int) int {
	leaves := (n + c.Leaf - 1) / c.Leaf
	runs := max((leaves+c.PerBlock-1)/c.PerBlock, min(leaves, mostRuns))
	if part > 0 {
		return runs * ((c.Leaf + part - 1) / part)
	}
	return runs
}

// Subtrees cuts the leaves from up to to, of so many, into subtrees of the tree of all, the largest that there are.
func Subtrees(from, to, leaves int) [][2]int {
	var all [][2]int
	for from < to {
		size := 1
		for from%(2*size) == 0 && size < leaves && min(from+2*size, leaves) <= to {
			size *= 2
		}
		all = append(all, [2]int{from, min(from+size, leaves)})
		from += size
	}
	return all
}
