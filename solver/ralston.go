package solver

// Ralston is the method of order 2 with the least bound of the local error, Ralston (1962), "Runge-Kutta methods with
// minimum error bounds", with Euler's as the embedded method and cubic Hermite dense output, as diffrax has it.
func Ralston() *Tableau {
	return Explicit(Tableau{
		Name:       "ralston",
		Order:      2,
		ErrorOrder: 1,

		C:      []float64{0, 2. / 3},
		A:      [][]float64{{}, {2. / 3}},
		B:      []float64{1. / 4, 3. / 4},
		E:      []float64{-3. / 4, 3. / 4},
		Source: "Ralston 1962",
	})
}
