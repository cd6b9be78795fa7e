package dataset

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestRounding(t *testing.T) {
	for _, c := range []struct {
		r    Rounding
		x    float64
		want string
	}{
		{Rounding{}, 0.1234567890123, "0.1234567890123"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, 1.23456789, "1.235"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, -0.5, "-0.5"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, 0.123456, "0.1235"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, 123456, "1.235e+05"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, 4e-7, "0"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, -7e-7, "-1e-06"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, 0, "0"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, math.NaN(), "NaN"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6}, math.Inf(-1), "-Inf"},
		{Rounding{Rtol: 1e-9, Atol: 1e-12}, 1.0 / 3, "0.3333333333"},
		{Rounding{Rtol: 1e-3, Atol: 1e-6, Mean: 1000}, 1000.123456, "1000.1235"},
		{Rounding{Digits: 3, Rtol: 1e-9}, 1.0 / 3, "0.333"},
		{Rounding{Rtol: 1e-20}, 1.0 / 3, "0.3333333333333333"},
	} {
		if got := string(c.r.Append(nil, c.x)); got != c.want {
			t.Errorf("%v of %v is %s, want %s", c.r, c.x, got, c.want)
		}
	}
}

// TestRoundingLosesLittle holds what is lost to half of the error, by exact arithmetic.
func TestRoundingLosesLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rounding{Rtol: math.Pow(10, -rapid.Float64Range(1, 14).Draw(t, "rtol")),
			Atol: math.Pow(10, -rapid.Float64Range(1, 20).Draw(t, "atol"))}
		x := rapid.Float64Range(-1e12, 1e12).Draw(t, "x") * math.Pow(10, rapid.Float64Range(-20, 0).Draw(t, "power"))
		text := string(r.Append(nil, x))
		got, ok := new(big.Float).SetPrec(200).SetString(text)
		if !ok {
			t.Fatalf("%q is no number", text)
		}
		apart, _ := new(big.Float).Sub(got, new(big.Float).SetPrec(200).SetFloat64(x)).Float64()
		if off := r.Atol + r.Rtol*math.Abs(x); math.Abs(apart) > off*0.5000001 {
			t.Errorf("%v is written %s, %v apart, with the error %v", x, text, apart, off)
		}
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			t.Error(err)
		}
	})
}
