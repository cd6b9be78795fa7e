package figure

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// sampled is a map of a function on a grid of n by n over the unit square, refined by the same function.
func sampled(n, classes int, f func(Point) []float64) (Data, Map) {
	d := Data{Points: []Point{{0.2, 0.2}, {0.7, 0.7}}, Labels: []float64{0, 1}, Classes: classes}
	m := Map{Grid: Grid{Limits{0, 1, 0, 1}, n, n}}
	m.At = func(points []Point) ([]float64, error) {
		var values []float64
		for _, p := range points {
			values = append(values, f(p)...)
		}
		return values, nil
	}
	m.Values, _ = m.At(m.Grid.Points())
	return d, m
}

func chosen(is bool) []float64 {
	if is {
		return []float64{1}
	}
	return []float64{0}
}

// TestSteepBorderIsSmooth maps a step whose border is a straight line: no end of the contour is far from it.
func TestSteepBorderIsSmooth(t *testing.T) {
	const slope, height = 0.3, 0.31
	above := func(p Point) bool { return p[1] > height+slope*p[0] }
	d, m := sampled(50, 2, func(p Point) []float64 { return chosen(above(p)) })
	three, scores := sampled(50, 3, func(p Point) []float64 {
		return append(chosen(!above(p)), append(chosen(above(p)), 0)...)
	})
	for name, c := range map[string]struct {
		d      Data
		m      Map
		border func(raster) []segment
	}{
		"two classes":   {d, m, func(r raster) []segment { return r.contour(0.5) }},
		"three classes": {three, scores, raster.borders},
	} {
		fine, err := c.m.refined(c.d)
		if err != nil {
			t.Fatal(err)
		}
		border := c.border(fine)
		if len(border) < fineCells {
			t.Errorf("%s: a border of %d pieces", name, len(border))
		}
		for _, s := range border {
			for _, p := range s {
				off := math.Abs(p[1]-height-slope*p[0]) * fineCells
				if inner := p[0] > 0.01 && p[0] < 0.99; inner && off > 0.35 {
					t.Fatalf("%s: %v is %.2f fine cells off the line", name, p, off)
				}
			}
		}
	}
}

// TestNarrowRegionIsWhole maps a strip that is narrower than a cell of the grid, which a few cells' centres hit.
func TestNarrowRegionIsWhole(t *testing.T) {
	const n, width = 50, 0.009
	middle := func(y float64) float64 { return 0.5 + 0.05*math.Sin(4*y) }
	d, m := sampled(n, 2, func(p Point) []float64 { return chosen(math.Abs(p[0]-middle(p[1])) < width/2) })
	hits := 0.0
	for _, v := range m.Values {
		hits += v
	}
	if hits == 0 || hits > 0.8*n {
		t.Fatalf("%v of %d rows of the grid see the strip", hits, n)
	}
	fine, err := m.refined(d)
	if err != nil {
		t.Fatal(err)
	}
	for j := range fine.ny {
		if i := int(middle((float64(j)+0.5)/float64(fine.ny)) * float64(fine.nx)); fine.at(i, j)[0] < 0.5 {
			t.Fatalf("the strip has a gap in row %d", j)
		}
	}
}

// TestRefinementIsBounded maps noise, which changes everywhere.
func TestRefinementIsBounded(t *testing.T) {
	asked := 0
	d, m := sampled(100, 2, func(p Point) []float64 {
		asked++
		return chosen(math.Mod(1e6*(p[0]+math.Pi*p[1]), 2) > 1)
	})
	asked = 0
	if _, err := m.refined(d); err != nil {
		t.Fatal(err)
	}
	if asked > maxAsked || asked < maxAsked/2 {
		t.Errorf("asked for %d points, want about %d", asked, maxAsked)
	}
}

// TestSmoothMapIsNotRefined maps a slope that lines between the cells of the grid show as well.
func TestSmoothMapIsNotRefined(t *testing.T) {
	d, m := sampled(100, 0, func(p Point) []float64 { return []float64{p[0] + p[1]} })
	at, asked := m.At, 0
	m.At = func(points []Point) ([]float64, error) {
		asked += len(points)
		return at(points)
	}
	if _, err := m.refined(d); err != nil || asked > 0 {
		t.Errorf("asked for %d points (%v)", asked, err)
	}
}

func TestRefinementErrors(t *testing.T) {
	broken := errors.New("no answer")
	for want, at := range map[string]func([]Point) ([]float64, error){
		"no answer":                     func([]Point) ([]float64, error) { return nil, broken },
		"0 refined map values for":      func([]Point) ([]float64, error) { return nil, nil },
		"is NaN, want it finite":        func(p []Point) ([]float64, error) { return append(make([]float64, len(p)-1), math.NaN()), nil },
		"map value 0 is 2, want a prob": func(p []Point) ([]float64, error) { return append([]float64{2}, make([]float64, len(p)-1)...), nil },
	} {
		d, m := sampled(20, 2, func(p Point) []float64 { return chosen(p[0] > 0.5) })
		m.At = at
		if _, err := Decision(d, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
