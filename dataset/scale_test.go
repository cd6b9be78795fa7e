package dataset

import (
	"math"
	"slices"
	"testing"
)

// TestStandardise compares with scikit-learn 1.8: StandardScaler().fit(x).mean_ and .scale_.
func TestStandardise(t *testing.T) {
	x := []float64{
		1, 100000.5, 7, 0.1, -2e-5,
		2, 100001.5, 7, 0.1, 3e-5,
		4, 100003.5, 7, 0.1, 1e-5,
		9, 100000.0, 7, 0.1, 8e-5,
	}
	s := Standardise(x, 5, nil)
	mean := []float64{4, 100001.375, 7, 0.1, 2.5e-05}
	std := []float64{3.082207001484488, 1.3404756618454509, 1, 1, 3.640054944640259e-05}
	for j := range mean {
		if !near(s.Mean[j], mean[j]) || !near(s.Std[j], std[j]) {
			t.Errorf("column %d: mean %v and deviation %v, want %v and %v", j, s.Mean[j], s.Std[j], mean[j], std[j])
		}
	}
	some := Standardise(x, 5, []int{0, 3})
	if !near(some.Mean[0], 5) || !near(some.Std[0], 4) {
		t.Errorf("of two rows: %v", some)
	}
	back := s.Undo(s.Apply(x), 5)
	for i := range x {
		if !near(back[i], x[i]) {
			t.Errorf("%v comes back as %v", x[i], back[i])
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }

// TestStandardiseExtremes gives columns whose squares float64 does not hold, single rows, and one that rounding alone
// makes vary.
func TestStandardiseExtremes(t *testing.T) {
	for _, c := range []struct{ x, mean, std []float64 }{
		{[]float64{1e300, 3e300}, []float64{2e300}, []float64{1e300}},
		{[]float64{1e-300, 3e-300}, []float64{2e-300}, []float64{1e-300}},
		{[]float64{5}, []float64{5}, []float64{1}},
		{[]float64{0, 0, 0}, []float64{0}, []float64{1}},
		{[]float64{1e9, math.Nextafter(1e9, 2e9), 1e9}, []float64{1e9}, []float64{1}},
		{[]float64{5e-324, 0}, []float64{0}, []float64{1}},
	} {
		s := Standardise(c.x, 1, nil)
		if !near(s.Mean[0], c.mean[0]) && math.Abs(s.Mean[0]-c.mean[0]) > 1e-320 || !near(s.Std[0], c.std[0]) {
			t.Errorf("%v: %v", c.x, s)
		}
		for _, v := range s.Apply(c.x) {
			if !(math.Abs(v) <= 10) {
				t.Errorf("%v becomes %v", c.x, v)
			}
		}
	}
}

// TestScaleOfPart leaves what is beyond the scaled columns as it is, as the added zeros of a state.
func TestScaleOfPart(t *testing.T) {
	s := Scale{Mean: []float64{1, 2}, Std: []float64{10, 100}}
	if got := s.Undo([]float64{1, 1, 5, 0, -1, 6}, 3); !slices.Equal(got, []float64{11, 102, 5, 1, -98, 6}) {
		t.Errorf("states are %v", got)
	}
	if got := s.UndoRates([]float64{1, 1, 5}, 3); !slices.Equal(got, []float64{10, 100, 5}) {
		t.Errorf("rates are %v", got)
	}
	if got := (Scale{}).Undo([]float64{1, 2}, 2); !slices.Equal(got, []float64{1, 2}) {
		t.Errorf("without a scale: %v", got)
	}
	for _, wrong := range []Scale{{Mean: []float64{1}}, {Mean: []float64{1}, Std: []float64{0}},
		{Mean: []float64{math.NaN()}, Std: []float64{1}}, {Mean: []float64{1}, Std: []float64{math.Inf(1)}}} {
		if wrong.Check(1) == nil {
			t.Errorf("%v is good", wrong)
		}
	}
	if err := s.Check(3); err == nil {
		t.Error("two columns are three")
	}
}
