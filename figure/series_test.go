package figure

import (
	"strings"
	"testing"
)

// TestFrame: curves that fly off do not make what was observed a speck, and all else is in the frame.
func TestFrame(t *testing.T) {
	observed := []Point{{0, 0}, {10, 1}}
	for name, c := range map[string]struct {
		track Track
		want  Limits
	}{
		"near":       {Track{Observed: observed, Curve: []Point{{0, 0}, {12, 1.5}}}, Limits{-0.48, 12.48, -0.06, 1.56}},
		"far":        {Track{Held: observed, Curve: []Point{{0, 0}, {10, 1e6}, {10, -1e6}}}, Limits{-0.4, 10.4, -1.12, 2.12}},
		"one height": {Track{Observed: []Point{{0, 3}, {1, 3}}, Curve: []Point{{0, 2}, {1, 4}}}, Limits{-0.04, 1.04, 1.92, 4.08}},
		"unobserved": {Track{Curve: []Point{{0, 2}, {1, 4}}}, Limits{-0.04, 1.04, 1.92, 4.08}},
	} {
		got := Frame([]Track{c.track})
		for i, v := range [4]float64{got.XMin, got.XMax, got.YMin, got.YMax} {
			if w := [4]float64{c.want.XMin, c.want.XMax, c.want.YMin, c.want.YMax}[i]; v < w-1e-9 || v > w+1e-9 {
				t.Errorf("%s: %v, want %v", name, got, c.want)
				break
			}
		}
	}
}

// TestParityTellsWhatIsOutside counts predictions that are far from anything observed.
func TestParityTellsWhatIsOutside(t *testing.T) {
	f, err := Parity("x", []Pairs{{"held out", []Point{{0, 0.1}, {1, 0.9}, {0.5, 40}, {0.6, -40}, {0.7, 1.9}}}})
	if err != nil {
		t.Fatal(err)
	}
	if last := f.legend[len(f.legend)-1].text; !strings.HasPrefix(last, "2 of 5 ") {
		t.Errorf("it says %q", last)
	}
}
