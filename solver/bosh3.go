package solver

// Bosh3 is the method of order 3 of Bogacki and Shampine (1989), "A 3(2) pair of Runge-Kutta formulas", with cubic
// Hermite dense output.
func Bosh3() *Tableau {
	b := []float64{2. / 9, 1. / 3, 4. / 9, 0}
	return Explicit(Tableau{
		Name:       "bosh3",
		Order:      3,
		ErrorOrder: 2,

		C:      []float64{0, 1. / 2, 3. / 4, 1},
		A:      [][]float64{{}, {1. / 2}, {0, 3. / 4}, {2. / 9, 1. / 3, 4. / 9}},
		B:      b,
		E:      difference(b, []float64{7. / 24, 1. / 4, 1. / 3, 1. / 8}),
		Source: "Bogacki and Shampine 1989",
	})
}
