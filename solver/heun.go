package solver

// Heun is Heun's method of order 2, the explicit trapezoidal rule, with Euler's as the embedded one (Hairer, Nørsett
// and Wanner, Solving ODEs I, II.1) and cubic Hermite dense output, as diffrax has it.
func Heun() *Tableau {
	return Explicit(Tableau{
		Name:       "heun",
		Order:      2,
		ErrorOrder: 1,

		C:      []float64{0, 1},
		A:      [][]float64{{}, {1}},
		B:      []float64{1. / 2, 1. / 2},
		E:      []float64{-1. / 2, 1. / 2},
		Source: "Heun 1900",
	})
}
