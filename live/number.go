package live

import (
	"math"
	"strconv"
)

// number is written with six digits, or as null where JSON has no word for it.
type number float64

// MarshalJSON implements json.Marshaler.
func (x number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(x)), nil }

// numbers are written as a list of such.
type numbers []float64

// MarshalJSON implements json.Marshaler.
func (xs numbers) MarshalJSON() ([]byte, error) {
	text := []byte{'['}
	for i, x := range xs {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendNumber(text, x)
	}
	return append(text, ']'), nil
}

func appendNumber(text []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(text, "null"...)
	}
	return strconv.AppendFloat(text, x, 'g', 6, 64)
}
