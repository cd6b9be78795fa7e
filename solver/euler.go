package solver

// Euler is Euler's method of order 1, without an error estimate and with cubic Hermite dense output.
func Euler() *Tableau {
	return Explicit(Tableau{
		Name:  "euler",
		Order: 1,

		C:      []float64{0},
		A:      [][]float64{{}},
		B:      []float64{1},
		Source: "Euler 1768",
	})
}
