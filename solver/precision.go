package solver

import "math"

// tiny is the smallest positive number of the precision.
func (p Precision) tiny() float64 {
	if p == Float64 {
		return math.SmallestNonzeroFloat64
	}
	return math.SmallestNonzeroFloat32
}

// Relative is the spacing of the precision at 1: a smaller rtol asks for what no number can show.
func (p Precision) Relative() float64 {
	if p == Float64 {
		return epsilon
	}
	return 0x1p-23
}

// spacing is how far apart the numbers near x ≥ 0 are that a field sees in a precision below float64. TF32 rounds the
// factors of products to 10 bits, t among them.
func (p Precision) spacing(x float64) float64 {
	y := float32(x)
	gap := float64(math.Nextafter32(y, float32(math.Inf(1)))) - float64(y)
	if p == TF32 {
		gap *= 1 << 13
	}
	return gap
}
