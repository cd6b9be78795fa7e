package kernels_test

import (
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// TestSubtrees cuts minibatches in parts: the subtrees of all parts join to one, and each is a run of whole blocks.
func TestSubtrees(t *testing.T) {
	for _, n := range []int{1, 9, 40, 137, 600, 32*2049 - 3, 32 * 5000} {
		leaves := solver.LeafCount(n, solver.ControlSample)
		for _, parts := range []int{1, 2, 3, 5, 8} {
			sum := &solver.PartialSum{Samples: n, Leaves: leaves}
			for k := range parts {
				from, to := k*leaves/parts, (k+1)*leaves/parts
				if from == to {
					continue
				}
				cut := kernels.CutPart(n, from, to)
				if blocks := cut.Blocks(n, 0); blocks*cut.PerBlock < to-from {
					t.Errorf("%d blocks of %d leaves for %d", blocks, cut.PerBlock, to-from)
				}
				for _, s := range kernels.Subtrees(from, to, leaves) {
					if (s[0]-from)%cut.PerBlock != 0 || (s[1]-from)%cut.PerBlock != 0 && s[1] != leaves {
						t.Errorf("%d leaves: subtree %v of %d to %d does not end where a block of %d does", leaves, s,
							from, to, cut.PerBlock)
					}
					sum.Add(solver.Subtree{From: s[0], To: s[1], Loss: float64(s[1] - s[0])})
				}
			}
			if len(sum.Subtrees) != 1 || sum.Subtrees[0].From != 0 || sum.Subtrees[0].To != leaves ||
				sum.Subtrees[0].Loss != float64(leaves) {
				t.Errorf("%d leaves in %d parts come to %+v", leaves, parts, sum.Subtrees)
			}
		}
	}
}
