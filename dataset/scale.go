package dataset

import (
	"fmt"
	"math"
	"slices"
)

// Scale maps each of some columns to (x − Mean) / Std, where Std is as it says, or 1 for a column that does not vary.
// The zero Scale maps every number to itself. It is plain data: safe to read from several goroutines.
type Scale struct {
	Mean []float64 // [columns], finite
	Std  []float64 // [columns], finite and positive
}

// Standardise is the Scale that gives each column of x, [n, columns], mean 0 and standard deviation 1 over the rows, or
// over all n where rows is nil. The deviation is that of the population, as of scikit-learn's StandardScaler, and so is
// the bound below which a column counts as constant: what rounding alone makes of the same number.
func Standardise(x []float64, columns int, rows []int) Scale {
	s := Scale{Mean: make([]float64, columns), Std: make([]float64, columns)}
	for j := range columns {
		s.Mean[j], s.Std[j] = moments(column(x, columns, j, rows))
	}
	return s
}

// Standardise is the Scale that gives each feature mean 0 and deviation 1 over all that was observed of it, and that of
// the times: from the earliest one on, in units in which the scaled features move by one on average, so that an
// equation between them has numbers near one in it.
func (s *Series) Standardise() (features, time Scale) {
	features = Scale{Mean: make([]float64, s.Dim), Std: make([]float64, s.Dim)}
	variation, duration := 0.0, 0.0
	for j := range s.Dim {
		var observed []float64
		for r := range s.Rows() {
			if v := s.X[r*s.Dim+j]; !math.IsNaN(v) {
				observed = append(observed, v)
			}
		}
		features.Mean[j], features.Std[j] = moments(observed)
		v, d := s.totalVariation(j)
		variation, duration = variation+v/features.Std[j], duration+d
	}
	unit := duration / variation
	if !(unit > 0) || math.IsInf(unit, 0) { // nothing moves
		unit = 1
	}
	return features, Scale{Mean: []float64{slices.Min(s.Times)}, Std: []float64{unit}}
}

// totalVariation is how far feature j moves in all, up and down, and over how long.
func (s *Series) totalVariation(j int) (variation, duration float64) {
	for i := range s.Len() {
		last := -1
		for r := s.Offsets[i]; r < s.Offsets[i+1]; r++ {
			v := s.X[r*s.Dim+j]
			if math.IsNaN(v) {
				continue
			}
			if last >= 0 {
				variation += math.Abs(v - s.X[last*s.Dim+j])
				duration += s.Times[r] - s.Times[last]
			}
			last = r
		}
	}
	return variation, duration
}

// column is column j of x, [n, columns], in these rows, or in all where rows is nil.
func column(x []float64, columns, j int, rows []int) []float64 {
	var values []float64
	if rows == nil {
		for i := j; i < len(x); i += columns {
			values = append(values, x[i])
		}
	}
	for _, i := range rows {
		values = append(values, x[i*columns+j])
	}
	return values
}

// moments are mean and standard deviation, 1 where the values do not vary. They are taken of the values over a power of
// two near the largest magnitude: squares of numbers that float64 holds need not be. A second pass takes off what
// rounding left in the mean, which may be much beside a small deviation.
func moments(values []float64) (mean, std float64) {
	largest := 0.0
	for _, v := range values {
		largest = math.Max(largest, math.Abs(v))
	}
	if largest == 0 {
		return 0, 1
	}
	_, exponent := math.Frexp(largest)
	n, variance := float64(len(values)), 0.0
	for range 2 {
		rest := 0.0
		for _, v := range values {
			rest += math.Ldexp(v, -exponent) - mean
		}
		mean += rest / n
	}
	for _, v := range values {
		d := math.Ldexp(v, -exponent) - mean
		variance += d * d / n
	}
	const eps = 0x1p-52
	std = math.Ldexp(math.Sqrt(variance), exponent)
	if noise := n * mean * eps; variance <= n*eps*variance+noise*noise || std < smallestStd {
		std = 1
	}
	return math.Ldexp(mean, exponent), std
}

// smallestStd is what numbers can be divided by.
const smallestStd = 0x1p-1021

// Apply maps x, [n, columns], to new memory.
func (s Scale) Apply(x []float64) []float64 {
	return s.each(x, len(s.Mean), func(v float64, j int) float64 { return (v - s.Mean[j]) / s.Std[j] })
}

// Undo maps back, to new memory, what Apply gave. Rows are width numbers, of which those beyond the columns stay.
func (s Scale) Undo(x []float64, width int) []float64 {
	return s.each(x, width, func(v float64, j int) float64 { return s.Mean[j] + s.Std[j]*v })
}

// UndoRates is Undo for differences and rates of change, to which means do not matter.
func (s Scale) UndoRates(x []float64, width int) []float64 {
	return s.each(x, width, func(v float64, j int) float64 { return s.Std[j] * v })
}

// Rates are differences or rates of change x, [n, width], in scaled units: UndoRates makes x of them again.
func (s Scale) Rates(x []float64, width int) []float64 {
	return s.each(x, width, func(v float64, j int) float64 { return v / s.Std[j] })
}

func (s Scale) each(x []float64, width int, f func(v float64, column int) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		if y[i] = v; len(s.Mean) > 0 && i%width < len(s.Mean) {
			y[i] = f(v, i%width)
		}
	}
	return y
}

// Check reports a Scale that is none of so many columns, nor the zero Scale.
func (s Scale) Check(columns int) error {
	if len(s.Mean) != len(s.Std) || len(s.Mean) != 0 && len(s.Mean) != columns {
		return fmt.Errorf("dataset: a scale of %d means and %d standard deviations, want %d of each or none",
			len(s.Mean), len(s.Std), columns)
	}
	for j, std := range s.Std {
		if !(std > 0) || math.IsInf(std, 0) || math.IsNaN(s.Mean[j]) || math.IsInf(s.Mean[j], 0) {
			return fmt.Errorf("dataset: column %d has mean %v and standard deviation %v, want a finite and a positive number",
				j, s.Mean[j], std)
		}
	}
	return nil
}
