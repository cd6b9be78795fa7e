package live

import (
	"math"
	"testing"

	"neuralode/solver"
)

// TestCurves adds far more points than are kept: means stay means, the largest stays the largest, and the order holds.
func TestCurves(t *testing.T) {
	s := newCurves()
	const n = 50_000
	for i := range n {
		loss := float64(i % 2)
		if i%10 == 9 {
			loss = math.NaN()
		}
		s.add(Point{Iteration: i + 1, Loss: loss, Validation: math.NaN(), NFEMean: float64(i), NFEMax: float64(i % 7)})
	}
	if s.len() > maxPoints || s.len() < maxPoints/2-1 {
		t.Fatalf("%d points", s.len())
	}
	c := s.from(0)
	for i := range s.len() {
		each := float64(s.each)
		if got, want := c[iterationColumn][i], each*float64(i+1); got != want {
			t.Fatalf("point %d ends at iteration %v, want %v", i, got, want)
		}
		if got, want := c[nfeMeanColumn][i], each*float64(i)+(each-1)/2; math.Abs(got-want) > 1e-6*want {
			t.Fatalf("point %d has mean %v, want %v", i, got, want)
		}
		if c[nfeMaxColumn][i] != 6 {
			t.Fatalf("point %d has the largest %v, want 6", i, c[nfeMaxColumn][i])
		}
		if !math.IsNaN(c[validationColumn][i]) || !(c[lossColumn][i] > 0 && c[lossColumn][i] < 1) {
			t.Fatalf("point %d has loss %v and validation %v", i, c[lossColumn][i], c[validationColumn][i])
		}
	}
}

// TestNumbers writes what JSON has no word for as null.
func TestNumbers(t *testing.T) {
	text, err := numbers{1, 0.1234567, math.NaN(), math.Inf(-1), 1e-30}.MarshalJSON()
	if want := "[1,0.123457,null,null,1e-30]"; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}

// TestHistogram counts steps on, between and beyond the ends of the bins.
func TestHistogram(t *testing.T) {
	ends := stepEnds(-2)
	var sizes []float64
	for i := range stepBins {
		sizes = append(sizes, math.Sqrt(ends[i]*ends[i+1]))
	}
	got := histogram(append(sizes, 2, 1e-9), span(-2))
	for i, n := range got {
		want := 1
		if i == 0 || i == stepBins-1 {
			want = 2
		}
		if n != want {
			t.Errorf("%d steps from %v to %v, want %d", n, ends[i], ends[i+1], want)
		}
	}
	if ends[stepBins] != 2 || math.Abs(ends[0]-2e-4) > 1e-12 {
		t.Errorf("sizes from %v to %v", ends[0], ends[stepBins])
	}
}

func span(t1 float64) solver.Span { return solver.Span{T1: t1} }
