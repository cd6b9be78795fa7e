package solver

import "math"

// GaussNode is a place within a step, from 0 to 1, and its weight in an integral over it.
type GaussNode struct{ X, Weight float64 }

// GaussNodes are those of Gauss and Legendre for a polynomial of that degree, 1 to 5, and one more: what is integrated
// along a dense output is about as exact as that (Norcliffe and Deisenroth 2023, "Faster training of neural ODEs using
// Gauß-Legendre quadrature").
func GaussNodes(degree int) []GaussNode {
	if degree < 3 {
		x := math.Sqrt(1./3) / 2
		return []GaussNode{{0.5 - x, 0.5}, {0.5 + x, 0.5}}
	}
	x := math.Sqrt(3./5) / 2
	return []GaussNode{{0.5 - x, 5. / 18}, {0.5, 8. / 18}, {0.5 + x, 5. / 18}}
}
