package solver

import "math"

// CotangentUnit is the power of two by which the way back of a continuous adjoint divides the cotangents of a sample,
// of which largest is the largest magnitude, and multiplies what comes out. The equation is linear, so nothing changes
// but what atol counts for: a is measured by the sample's largest cotangent, and gradients are linear in the
// cotangents. It is 1 for none, and where they are not finite; and it and its inverse are no smaller than the normal
// numbers of the precision.
func CotangentUnit(largest float64, p Precision) float64 {
	if !(largest > 0 && largest <= math.MaxFloat64) {
		return 1
	}
	limit := 126
	if p == Float64 {
		limit = 1022
	}
	return math.Ldexp(1, min(limit, max(-limit, math.Ilogb(largest))))
}

// units are the units of a group's samples, for each component of its state; saved are its cotangents at the times.
func (r *reference) units(cotangent []float64, saved [][]float64) []float64 {
	units := make([]float64, len(cotangent))
	for at := 0; at < len(units); at += r.dim {
		largest := 0.0
		for _, bar := range append([][]float64{cotangent}, saved...) {
			for _, v := range bar[at : at+r.dim] {
				largest = math.Max(largest, math.Abs(v))
			}
		}
		for c := range r.dim {
			units[at+c] = CotangentUnit(largest, Float64)
		}
	}
	return units
}

// over is x divided by units.
func over(x, units []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v / units[i]
	}
	return y
}
