package figure

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// linearTicks are labelled ticks at multiples of step within [lo, hi].
func linearTicks(lo, hi, step float64) []plot.Tick {
	var ticks []plot.Tick
	values := multiples(lo, hi, step)
	label := linearLabels(values, step)
	for _, v := range values {
		ticks = append(ticks, plot.Tick{Value: v, Label: label(v)})
	}
	return ticks
}

// multiples counts in steps, so that rounding does not pile up and zero is zero.
func multiples(lo, hi, step float64) []float64 {
	const slack = 1e-9 // a tick on the limit stays
	var values []float64
	first := math.Ceil(lo/step - slack)
	for i := range maxTicks { // where the limits cannot be told apart, counting up would never reach hi
		if n := first + float64(i); n <= hi/step+slack {
			values = append(values, n*step+0) // + 0: no negative zero
		}
	}
	return values
}

const maxTicks = 50

// niceStep is the smallest 1, 2 or 5 times a power of ten that divides the span into n parts or fewer.
func niceStep(span float64, n int) float64 {
	raw := span / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// maxFullDecades is the span up to which a logarithmic axis has labels at 1, 2 and 5; above, at powers of ten alone.
const maxFullDecades = 3

// logTicks are ticks for an axis of decimal logarithms: labels at 1, 2 and 5, or at powers of ten, or, where the limits
// hold too few of them, at equal steps.
func logTicks(lo, hi float64) []plot.Tick {
	if hi-lo > maxFullDecades {
		return powerTicks(lo, hi)
	}
	values := mantissas(lo, hi, 1, 2, 5)
	if len(values) >= 3 {
		return append(atLogs(values, logLabels(values)), minorTicks(lo, hi)...)
	}
	from, to := math.Pow(10, lo), math.Pow(10, hi)
	step := niceStep(to-from, 5)
	values = multiples(from, to, step)
	return atLogs(values, linearLabels(values, step))
}

// powerTicks are about eight powers of ten.
func powerTicks(lo, hi float64) []plot.Tick {
	stride := int(math.Ceil((hi - lo) / 8))
	var values []float64
	for _, v := range mantissas(lo, hi, 1) {
		if exponent(v)%stride == 0 {
			values = append(values, v)
		}
	}
	ticks := atLogs(values, logLabels(values))
	if stride > 1 {
		return ticks
	}
	return append(ticks, minorTicks(lo, hi)...)
}

func atLogs(values []float64, label func(float64) string) []plot.Tick {
	var ticks []plot.Tick
	for _, v := range values {
		ticks = append(ticks, plot.Tick{Value: math.Log10(v), Label: label(v)})
	}
	return ticks
}

// minorTicks have no labels; beneath a labelled one they are not seen.
func minorTicks(lo, hi float64) []plot.Tick {
	return atLogs(mantissas(lo, hi, 1, 2, 3, 4, 5, 6, 7, 8, 9), func(float64) string { return "" })
}

// mantissas are the given multiples of powers of ten whose logarithms lie within the limits.
func mantissas(lo, hi float64, ms ...int) []float64 {
	const slack = 1e-9
	var values []float64
	for e := int(math.Floor(lo)); e <= int(math.Ceil(hi)); e++ {
		for _, m := range ms {
			v := power(m, e)
			if l := math.Log10(v); lo-slack <= l && l <= hi+slack && finite(l) {
				values = append(values, v)
			}
		}
	}
	return values
}

// power is the float64 nearest to m·10^e; math.Pow is off by a bit for some.
func power(m, e int) float64 {
	v, _ := strconv.ParseFloat(strconv.Itoa(m)+"e"+strconv.Itoa(e), 64)
	return v
}

// linearLabels writes multiples of step with the digits that step asks for.
func linearLabels(values []float64, step float64) func(float64) string {
	if largest(values) >= 1e7 || step < 1e-4*(1-1e-9) {
		return func(v float64) string { return scientific(v, max(0, exponent(v)-exponent(step))) }
	}
	return func(v float64) string { return plain(v, max(0, -exponent(step))) }
}

// logLabels writes few-digit numbers: plainly, unless one of them would be long.
func logLabels(values []float64) func(float64) string {
	if largest(values) >= 1e6 || slices.Min(values) < 1e-4 {
		return func(v float64) string { return scientific(v, -1) }
	}
	return func(v float64) string { return plain(v, -1) }
}

func largest(values []float64) float64 {
	m := 0.0
	for _, v := range values {
		m = math.Max(m, math.Abs(v))
	}
	return m
}

// plain writes v with so many decimals; -1: as many as it has.
func plain(v float64, decimals int) string {
	return minus(strconv.FormatFloat(v, 'f', decimals, 64))
}

// scientific writes v as m·10ᵉ with so many decimals in m; -1: as many as it has.
func scientific(v float64, decimals int) string {
	if v == 0 {
		return "0"
	}
	m, e, _ := strings.Cut(strconv.FormatFloat(v, 'e', decimals, 64), "e")
	n, _ := strconv.Atoi(e)
	power := "10" + raised(n)
	switch m {
	case "1":
		return power
	case "-1":
		return "−" + power
	}
	return minus(m) + "·" + power
}

func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// exponent is the power of ten of the first digit of v.
func exponent(v float64) int {
	if v == 0 {
		return 0
	}
	return int(math.Floor(math.Log10(math.Abs(v)) + 1e-9))
}

// raised writes e in superscript digits.
func raised(e int) string {
	var b strings.Builder
	for _, r := range strconv.Itoa(e) {
		if r == '-' {
			b.WriteString("⁻")
			continue
		}
		b.WriteRune([]rune(superscripts)[r-'0'])
	}
	return b.String()
}
