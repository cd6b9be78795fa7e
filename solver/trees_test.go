package solver_test

import (
	"math"
	"math/big"

	"neuralode/solver"
)

// tree is a rooted tree: its root's subtrees (Hairer, Nørsett and Wanner, Solving ODEs I, II.2). Each is the condition
// Σ b_i Φ_i = 1/γ of a method, of the order of its nodes.
type tree struct {
	subtrees []*tree
	nodes    int
	gamma    int64
}

// trees are those of up to so many nodes: trees[n−1] of n.
func trees(most int) [][]*tree {
	all := make([][]*tree, most)
	// adds subtrees that do not come before the last one's, of left nodes in all
	var grow func(t tree, left, size, index int)
	grow = func(t tree, left, size, index int) {
		if left == 0 {
			t.gamma *= int64(t.nodes)
			all[t.nodes-1] = append(all[t.nodes-1], &t)
			return
		}
		for ; size <= left; size, index = size+1, 0 {
			for ; index < len(all[size-1]); index++ {
				sub := all[size-1][index]
				bigger := tree{append(append([]*tree(nil), t.subtrees...), sub), t.nodes, t.gamma * sub.gamma}
				grow(bigger, left-size, size, index)
			}
		}
	}
	for n := 1; n <= most; n++ {
		grow(tree{nil, n, 1}, n-1, 1, 0)
	}
	return all
}

// rounded are the numbers to 40 decimals, so that their products stay short; as they are where they have fewer.
func rounded(x []*big.Rat) []*big.Rat {
	for i, v := range x {
		if v.Denom().BitLen() > 24 {
			x[i].SetString(v.FloatString(40))
		}
	}
	return x
}

// weights are those of a method's stages, with what its conditions may miss.
type weights struct {
	a        [][]*big.Rat
	rounding *big.Rat
	phi      map[*tree][]*big.Rat
}

// order is the largest p below the limit for which b meets the conditions of all trees with at most p nodes; 0 without
// b.
func (w *weights) order(b []*big.Rat, limit int) int {
	w.phi = map[*tree][]*big.Rat{}
	for n, of := range trees(limit) {
		for _, tr := range of {
			sum := new(big.Rat)
			for i, phi := range w.elementary(tr) {
				if i < len(b) {
					sum.Add(sum, new(big.Rat).Mul(b[i], phi))
				}
			}
			if sum.Sub(sum, big.NewRat(1, tr.gamma)); sum.Abs(sum).Cmp(w.rounding) > 0 {
				return n
			}
		}
	}
	return limit
}

// elementary are the weights Φ_i of a tree: products over its subtrees of Σ a_ij Φ_j.
func (w *weights) elementary(tr *tree) []*big.Rat {
	if phi := w.phi[tr]; phi != nil {
		return phi
	}
	phi := make([]*big.Rat, len(w.a))
	for i := range phi {
		phi[i] = big.NewRat(1, 1)
		for _, sub := range tr.subtrees {
			sum := new(big.Rat)
			for j, a := range w.a[i] {
				if a.Sign() != 0 {
					sum.Add(sum, new(big.Rat).Mul(a, w.elementary(sub)[j]))
				}
			}
			phi[i].Mul(phi[i], sum)
		}
	}
	w.phi[tr] = rounded(phi)
	return phi
}

// denseOrder is the largest p below the limit for which b meets the conditions of dense output at x of all trees with
// at most p nodes.
func denseOrder(tab *solver.Tableau, b []float64, x float64, limit int) int {
	for n, of := range trees(limit) {
		for _, tr := range of {
			sum := -math.Pow(x, float64(n+1)) / float64(tr.gamma)
			for i, phi := range elementary(tab, tr) {
				sum += b[i] * phi
			}
			if math.Abs(sum) > 3e-12 { // the decimals of dopri8 are not better
				return n
			}
		}
	}
	return limit
}

// elementary is weights.elementary in float64.
func elementary(tab *solver.Tableau, tr *tree) []float64 {
	phi := make([]float64, tab.Stages())
	for i := range phi {
		phi[i] = 1
	}
	for _, sub := range tr.subtrees {
		below := elementary(tab, sub)
		for i := range phi {
			sum := 0.0
			for j, a := range tab.A[i] {
				sum += a * below[j]
			}
			phi[i] *= sum
		}
	}
	return phi
}
