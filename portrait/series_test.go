package portrait

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/solver/cpu"
	"neuralode/train"
)

// seriesRun is a run of series in this text, not trained.
func seriesRun(t *testing.T, text string, change func(*train.Config)) (*train.Run, *train.Predictor) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "series.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := train.SeriesDefaults(path)
	c.Hidden = []int{8}
	change(&c)
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	p, err := r.Predictor(backend)
	if err != nil {
		t.Fatal(err)
	}
	return r, p
}

// waves are n series of x = sin(t + i), y = cos(t + i), of which y is missing in every third row.
func waves(n int) string {
	text := strings.Builder{}
	text.WriteString("id,t,x,y\n")
	for i := range n {
		for k := range 10 {
			at := 0.3*float64(k) + float64(i)
			y := fmt.Sprint(math.Cos(at))
			if k%3 == 2 {
				y = ""
			}
			fmt.Fprintf(&text, "s%d,%v,%v,%s\n", i, 0.3*float64(k), math.Sin(at), y)
		}
	}
	return text.String()
}

// TestParityIsOfAllThatIsJudged: the pairs are those by which the model is judged, so that R² of the pairs is that of the
// evaluation, of held series and of held ends.
func TestParityIsOfAllThatIsJudged(t *testing.T) {
	for _, n := range []int{3, 10} {
		r, p := seriesRun(t, waves(n), func(c *train.Config) { c.Validation = 0.3 })
		w, err := NewParity(t.Context(), r, p)
		if err != nil {
			t.Fatal(err)
		}
		if r.EndsHeld() != (n == 3) {
			t.Fatalf("of %d series the ends are held: %t", n, r.EndsHeld())
		}
		held, err := p.Evaluate(t.Context(), r.Held())
		if err != nil {
			t.Fatal(err)
		}
		for j, f := range held.Features {
			mean, miss, spread := 0.0, 0.0, 0.0
			for _, pair := range w.held[j] {
				mean += pair[0] / float64(len(w.held[j]))
			}
			for _, pair := range w.held[j] {
				miss, spread = miss+(pair[0]-pair[1])*(pair[0]-pair[1]), spread+(pair[0]-mean)*(pair[0]-mean)
			}
			if r2 := 1 - miss/spread; math.Abs(r2-f.R2) > 1e-9 || w.scores[j] != f {
				t.Errorf("%d series, %s: R² of the pairs is %v, of the evaluation %v", n, f.Name, r2, f.R2)
			}
		}
		if len(w.held[0])+len(w.seen[0]) != 9*n || len(w.held[1])+len(w.seen[1]) != 6*n {
			t.Errorf("%d series: %d and %d pairs of x, %d and %d of y", n, len(w.seen[0]), len(w.held[0]), len(w.seen[1]),
				len(w.held[1]))
		}
		if _, err := w.Of(1); err != nil {
			t.Error(err)
		}
	}
	r, p := seriesRun(t, waves(3), func(c *train.Config) { c.Validation, c.Patience = 0, 0 })
	if w, err := NewParity(t.Context(), r, p); err != nil || w.held != nil || len(w.seen[0]) != 27 {
		t.Errorf("nothing held out: %+v, %v", w, err)
	}
}

// TestHeldSeriesAreDrawnAsJudged: the curve of a series that was held out begins where the model is judged from, a start
// that is fitted to the first half of it; its first row alone would not say it.
func TestHeldSeriesAreDrawnAsJudged(t *testing.T) {
	r, p := seriesRun(t, waves(6), func(c *train.Config) { c.Start, c.SecondOrder = "learnt", true })
	s := NewSeries(r, p)
	fits, err := s.Fits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := r.Held().Series
	starts, _, err := p.Scored(t.Context(), held)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Observed(t.Context(), starts)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.Index(s.curves.IDs, held.IDs[0])
	at := s.curves.Offsets[i] * s.curves.Dim
	got := fits.states[at : at+2] // in float32
	if math.Abs(got[0]-want[0]) > 1e-6 || math.Abs(got[1]-want[1]) > 1e-6 {
		t.Errorf("series %s is drawn from %v, judged from %v", held.IDs[0], got, want[:2])
	}
}
