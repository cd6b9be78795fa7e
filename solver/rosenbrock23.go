package solver

import "math"

// Rosenbrock23 is the method of order 2 of Shampine and Reichelt (1997), "The MATLAB ODE suite": ode23s, and
// Rosenbrock23 of OrdinaryDiffEq.jl, L-stable. Its last stage, which estimates the error by a method of order 3, asks
// the field at the step's result; the order of the estimate is 2 all the same, as the result's is. Here are the
// coefficients that its formulae have in the form of [Rosenbrock]: with d = 1/(2 + √2) and e = 6 + √2,
//
//	W k1 = f0 + hd·fₜ,  W (k2 − k1) = f1 − k1,  W k3 = f2 − e(k2 − f1) − 2(k1 − f0) + hd·fₜ,  z1 = z + h·k2
//
// are those stages with Γ = ((d, 0, 0), (−d, d, 0), (d(e − 2), −de, d)) and v = Γk.
func Rosenbrock23() *Rosenbrock {
	d, e := 1/(2+math.Sqrt2), 6+math.Sqrt2
	x := 1 - 2*d // the dense output is x(1 − x)/(1 − 2d)·k1 + x(x − 2d)/(1 − 2d)·k2
	return &Rosenbrock{
		Name:       "rosenbrock23",
		Order:      2,
		ErrorOrder: 2,
		DenseOrder: 2,

		Gamma: d,
		C:     []float64{0, 1. / 2, 1},
		D:     []float64{d, 0, -d},
		A:     [][]float64{{}, {1 / (2 * d)}, {1 / d, 1 / d}},
		G:     [][]float64{{}, {-1 / d}, {-2 / d, -e / d}},
		B:     []float64{1 / d, 1 / d, 0},
		E:     []float64{-1 / (6 * d), (2 - e) / (6 * d), -1 / (6 * d)},
		Dense: [][]float64{{1 / d, 0}, {-2 / x, 1 / (d * x)}, {0, 0}},

		Source: "Shampine and Reichelt 1997",
	}
}
