package solver

// Midpoint is the explicit midpoint rule of order 2 (Runge 1895; Hairer, Nørsett and Wanner, Solving ODEs I, II.1),
// with Euler's as the embedded method and cubic Hermite dense output, as diffrax has it.
func Midpoint() *Tableau {
	return Explicit(Tableau{
		Name:       "midpoint",
		Order:      2,
		ErrorOrder: 1,

		C:      []float64{0, 1. / 2},
		A:      [][]float64{{}, {1. / 2}},
		B:      []float64{0, 1},
		E:      []float64{-1, 1},
		Source: "Runge 1895",
	})
}
