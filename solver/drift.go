package solver

import "math"

// DriftLimit is the drift beyond which [Backsolve] gives no gradient but the status [AdjointDrifted]: see
// [Derivative.Drift]. Judged by the trained spiral and circle and by DETEST E4: beyond a tenth of the state the
// gradient of a sample may be off by more than its size.
const DriftLimit = 0.1

// Drift is how far z is from the true state want, as a fraction of the largest component of want and of from, the true
// state at the other end of the way; what the tolerances do not resolve, Atol/Rtol, adds to that. It is infinite where
// z is not finite.
func (c *Controller) Drift(z, want, from []float64) float64 {
	far, size := 0.0, 0.0
	for i, w := range want {
		far, size = max(far, math.Abs(z[i]-w)), max(size, maxAbs(w, from[i]))
	}
	switch {
	case math.IsNaN(far):
		return math.Inf(1)
	case far == 0:
		return 0
	case c.Rtol > 0:
		size += c.Atol / c.Rtol
	}
	return far / size
}
