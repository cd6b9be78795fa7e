package dataset

import (
	"math"
	"strconv"
)

// Rounding says which digits of a number are written: the first Digits where that is positive, else those down to the
// first that its error, Atol + Rtol·|x − Mean|, reaches. The zero value writes all: the shortest text that gives the
// same float64.
type Rounding struct {
	Rtol, Atol float64
	Mean       float64
	Digits     int
}

// Append adds x as text to b. What is lost is at most half the error; a number that is less than its error is 0.
func (r Rounding) Append(b []byte, x float64) []byte {
	if r.Digits > 0 {
		return strconv.AppendFloat(b, x, 'g', r.Digits, 64)
	}
	off := r.Atol + r.Rtol*math.Abs(x-r.Mean)
	if !(off > 0) || math.IsInf(off, 0) { // nothing is lost, or there is no number
		return strconv.AppendFloat(b, x, 'g', -1, 64)
	}
	last := int(math.Floor(math.Log10(off)))
	leading := int(math.Floor(math.Log10(math.Abs(x)))) // far below any place for 0
	if digits := leading - last + 1; digits >= 17 {
		return strconv.AppendFloat(b, x, 'g', -1, 64)
	} else if x != 0 && digits >= 1 {
		return strconv.AppendFloat(b, x, 'g', digits, 64)
	}
	if unit := math.Pow(10, float64(last)); math.Abs(x) >= unit/2 { // it rounds up to the first digit that is off
		return strconv.AppendFloat(b, math.Copysign(unit, x), 'g', 1, 64)
	}
	return append(b, '0')
}
