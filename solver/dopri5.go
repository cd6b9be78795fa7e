package solver

// Dopri5 is the method of order 5 of Dormand and Prince (1980), "A family of embedded Runge-Kutta formulae", with the
// lower-order weights of Shampine (1986), "Some practical Runge-Kutta formulas", which diffrax, torchdiffeq and
// torchode use too (its error estimate is 2/3 of the one in Hairer's DOPRI5 and SciPy), and Shampine's quartic
// dense output.
func Dopri5() *Tableau {
	b := []float64{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0}
	lower := []float64{1951. / 21600, 0, 22642. / 50085, 451. / 720, -12231. / 42400, 649. / 6300, 1. / 60}
	mid := []float64{6025192743. / 30085553152 / 2, 0, 51252292925. / 65400821598 / 2, -2691868925. / 45128329728 / 2,
		187940372067. / 1594534317056 / 2, -1776094331. / 19743644256 / 2, 11237099. / 235043384 / 2}
	return Explicit(Tableau{
		Name:       "dopri5",
		Order:      5,
		ErrorOrder: 4,
		DenseOrder: 4,

		C: []float64{0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1},
		A: [][]float64{
			{},
			{1. / 5},
			{3. / 40, 9. / 40},
			{44. / 45, -56. / 15, 32. / 9},
			{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
			{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
			{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
		},
		B:      b,
		E:      difference(b, lower),
		Dense:  quarticThroughMiddle(b, mid),
		Source: "Dormand and Prince 1980; Shampine 1986",
	})
}
