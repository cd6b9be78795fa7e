package solver

// RK4 is the classical method of order 4 of Kutta (1901), "Beitrag zur näherungsweisen Integration totaler
// Differentialgleichungen", without an error estimate and with cubic Hermite dense output.
func RK4() *Tableau {
	return Explicit(Tableau{
		Name:  "rk4",
		Order: 4,

		C:      []float64{0, 1. / 2, 1. / 2, 1},
		A:      [][]float64{{}, {1. / 2}, {0, 1. / 2}, {0, 0, 1}},
		B:      []float64{1. / 6, 1. / 3, 1. / 3, 1. / 6},
		Source: "Kutta 1901",
	})
}
