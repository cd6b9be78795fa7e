package figure

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

func labels(ticks []plot.Tick) string {
	var s []string
	for _, t := range ticks {
		if !t.IsMinor() {
			s = append(s, t.Label)
		}
	}
	return fmt.Sprint(s)
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{0.01, 1, "[0.01 0.02 0.05 0.1 0.2 0.5 1]"},
		{0.15, 3, "[0.2 0.5 1 2]"},
		{0.63, 0.69, "[0.64 0.66 0.68]"},
		{0.2, 0.8, "[0.2 0.4 0.6 0.8]"},
		{8e-4, 900, "[0.001 0.01 0.1 1 10 100]"},
		{1e-7, 1, "[10⁻⁷ 10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 10⁰]"},
		{1e-6, 1e-5, "[10⁻⁶ 2·10⁻⁶ 5·10⁻⁶ 10⁻⁵]"},
		{1e-16, 1, "[10⁻¹⁶ 10⁻¹⁴ 10⁻¹² 10⁻¹⁰ 10⁻⁸ 10⁻⁶ 10⁻⁴ 10⁻² 10⁰]"},
	} {
		if got := labels(logTicks(math.Log10(c.lo), math.Log10(c.hi))); got != c.want {
			t.Errorf("[%v, %v]: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

func TestLinearTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		n      int
		want   string
	}{
		{-1.2, 1.2, 5, "[−1.0 −0.5 0.0 0.5 1.0]"},
		{0, 1000, 5, "[0 200 400 600 800 1000]"},
		{0.001, 0.0012, 2, "[0.0010 0.0011 0.0012]"},
		{0, 3e7, 3, "[0 10⁷ 2·10⁷ 3·10⁷]"},
		{0, 1e6, 2, "[0 500000 1000000]"},
		{-2e-6, 1e-6, 3, "[−2·10⁻⁶ −10⁻⁶ 0 10⁻⁶]"},
	} {
		if got := labels(linearTicks(c.lo, c.hi, niceStep(c.hi-c.lo, c.n))); got != c.want {
			t.Errorf("[%v, %v]: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

func TestNiceStep(t *testing.T) {
	for span, want := range map[float64]float64{1: 0.2, 0.9: 0.2, 10: 2, 11: 5, 30: 10, 26: 10, 0.05: 0.01} {
		if got := niceStep(span, 5); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("span %v: step %v, want %v", span, got, want)
		}
	}
}

// TestSmoothed knows the answer: a geometric sequence stays one, away from the ends.
func TestSmoothed(t *testing.T) {
	var loss []float64
	for i := range 100 {
		loss = append(loss, math.Pow(0.9, float64(i)))
	}
	s := lossScale{}.curve(nil, loss).smoothed(11)
	for i := 5; i < 95; i++ {
		if want := math.Log10(loss[i]); math.Abs(s[i][1]-want) > 1e-12 {
			t.Fatalf("at %d: %v, want %v", i, s[i][1], want)
		}
	}
	if want := 2.5 * math.Log10(0.9); math.Abs(s[0][1]-want) > 1e-12 {
		t.Errorf("first: %v, want the mean of the six there are, %v", s[0][1], want)
	}
}

func TestSmoothedLeavesWideGaps(t *testing.T) {
	loss := slices.Repeat([]float64{1}, 60)
	for i := 20; i < 40; i++ {
		loss[i] = 0
	}
	loss[50] = math.NaN()
	s := lossScale{}.curve(nil, loss).smoothed(5)
	for i, want := range map[int]bool{19: true, 30: false, 40: true, 50: true} {
		if got := finite(s[i][1]); got != want {
			t.Errorf("at %d: drawn %v, want %v", i, got, want)
		}
	}
}

func TestThinnedKeepsExtremes(t *testing.T) {
	loss := slices.Repeat([]float64{1}, 100_000)
	loss[77_777], loss[33_333], loss[5] = 9, 0.1, math.NaN()
	c := lossScale{}.curve(nil, loss).thinned()
	if len(c) > maxVertices {
		t.Errorf("%d points left of %d", len(c), len(loss))
	}
	if l := Around(c, 0); l.YMin != math.Log10(0.1) || l.YMax != math.Log10(9) {
		t.Errorf("logarithms from %v to %v, want those of 0.1 and 9", l.YMin, l.YMax)
	}
}

func TestPieces(t *testing.T) {
	nan := math.NaN()
	got := ""
	for _, p := range (lossScale{}).curve(nil, []float64{nan, 1, 2, 0, 3, math.Inf(1), nan, 4, 5}).pieces() {
		got += fmt.Sprint(len(p))
	}
	if got != "212" {
		t.Errorf("pieces of lengths %s, want 2, 1, 2", got)
	}
}

func TestAround(t *testing.T) {
	points := []Point{{1, 5}, {-2, 3}, {math.NaN(), 100}, {0, math.Inf(1)}}
	if got, want := Around(points, 1), (Limits{-3, 2, 2, 6}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := Around(nil, 1), (Limits{-1, 1, -1, 1}); got != want {
		t.Errorf("no points: got %v, want %v", got, want)
	}
}

func TestGridPoints(t *testing.T) {
	got := Grid{Limits{0, 4, 10, 12}, 2, 2}.Points()
	want := []Point{{1, 10.5}, {3, 10.5}, {1, 11.5}, {3, 11.5}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRefinedIsLinear: a plane is its own interpolation, within the outermost centres.
func TestRefinedIsLinear(t *testing.T) {
	g := Grid{Limits{0, 1, 0, 1}, 5, 4}
	var values []float64
	for _, p := range g.Points() {
		values = append(values, 3*p[0]-2*p[1], 1)
	}
	fine := newRaster(g.NX, g.NY, 2, values).refined()
	for i, p := range (Grid{g.Limits, fine.nx, fine.ny}).Points() {
		x, y := math.Min(math.Max(p[0], 0.1), 0.9), math.Min(math.Max(p[1], 0.125), 0.875)
		v := fine.values[2*i : 2*i+2]
		if math.Abs(v[0]-(3*x-2*y)) > 1e-12 || v[1] != 1 {
			t.Fatalf("at %v: %v, want %v and 1", p, v, 3*x-2*y)
		}
	}
}

// TestContour finds a circle: every end of a segment is on it, and the lengths add up to its own.
func TestContour(t *testing.T) {
	const n = 200
	var values []float64
	for _, p := range (Grid{Limits{-1, 1, -1, 1}, n, n}).Points() {
		values = append(values, math.Hypot(p[0], p[1]))
	}
	length := 0.0
	for _, s := range newRaster(n, n, 1, values).contour(0.7) {
		for _, p := range s {
			if r := math.Hypot(2*p[0]-1, 2*p[1]-1); math.Abs(r-0.7) > 1e-3 {
				t.Fatalf("%v is at radius %v", p, r)
			}
		}
		length += 2 * math.Hypot(s[0][0]-s[1][0], s[0][1]-s[1][1])
	}
	if want := 2 * math.Pi * 0.7; math.Abs(length-want) > 1e-3 {
		t.Errorf("length %v, want %v", length, want)
	}
}

func TestContourSaddleAndNone(t *testing.T) {
	if got := len(newRaster(2, 2, 1, []float64{0, 1, 1, 0}).contour(0.5)); got == 1 {
		t.Errorf("saddle: %d segments", got)
	}
	if got := newRaster(2, 2, 1, []float64{1, 1, 1, 1}).contour(0.5); got != nil {
		t.Errorf("no crossing: %v", got)
	}
}

// TestBorders has regions with known borders: the plane's sectors around a point, nearest to one of the sites each.
func TestBorders(t *testing.T) {
	sites := []Point{{0.2, 0.2}, {0.9, 0.3}, {0.4, 0.8}}
	distance2 := func(p, q Point) float64 { return (p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) }
	g := Grid{Limits{0, 1, 0, 1}, 60, 50}
	var scores []float64
	for _, p := range g.Points() {
		for _, s := range sites {
			scores = append(scores, -distance2(p, s))
		}
	}
	length, junctions := 0.0, 0
	for _, s := range newRaster(60, 50, 3, scores).borders() {
		length += math.Sqrt(distance2(s[0], s[1]))
		for _, p := range s {
			d := []float64{distance2(p, sites[0]), distance2(p, sites[1]), distance2(p, sites[2])}
			slices.Sort(d)
			if d[2]-d[0] < 0.02 {
				junctions++
				continue // crossings on other edges have a middle that lies beside the junction by part of a cell
			}
			if d[1]-d[0] > 1e-9 {
				t.Errorf("%v is no place between two sites: %v", p, d)
			}
		}
	}
	if junctions == 0 {
		t.Error("no place where three regions meet")
	}
	// The bisectors' rays from the circumcentre (0.525, 0.425) to the outermost centres: 0.419 + 0.660 + 0.545.
	if want := 1.624; math.Abs(length-want) > 0.01 {
		t.Errorf("borders are %v long, want %v", length, want)
	}
	if got := newRaster(2, 2, 3, slices.Repeat([]float64{1, 1, 1}, 4)).borders(); got != nil {
		t.Errorf("borders %v between equal scores", got)
	}
}

// TestArrowsStayInCells also at the corner cells, and for the fastest.
func TestArrowsStayInCells(t *testing.T) {
	at := []vg.Point{{X: 5, Y: 5}, {X: 15, Y: 5}, {X: 25, Y: 5}}
	as := arrows(at, []Point{{3, 4}, {0, 0}, {0.3, -0.4}}, vg.Point{X: 10, Y: 12})
	if got := as[0].length(); math.Abs(got-9) > 1e-9 {
		t.Errorf("the fastest is %v long, want 9", got)
	}
	if as[1].length() != 0 {
		t.Error("an arrow for no motion")
	}
	if got, want := as[2].length(), 9/math.Sqrt(10); math.Abs(got-want) > 1e-9 {
		t.Errorf("a tenth of the speed is %v long, want %v", got, want)
	}
}

func TestMarkersOfClassesDiffer(t *testing.T) {
	s, seen := newScale(Data{Classes: maxClasses}, nil), map[marker]int{}
	for class := range maxClasses {
		m := s.marker(float64(class), 1)
		if other, ok := seen[m]; ok {
			t.Errorf("classes %d and %d look alike", other, class)
		}
		seen[m] = class
	}
}

func TestColours(t *testing.T) {
	if got := newPalette(2, nil).diverging(0.5); got != white {
		t.Errorf("0.5 is %v, want white", got)
	}
	if got := sequential(1); got != viridis[len(viridis)-1] {
		t.Errorf("the end of the scale is %v", got)
	}
	if got := sequential(math.NaN()); got != viridis[0] {
		t.Errorf("NaN is %v", got)
	}
}

func TestScripts(t *testing.T) {
	if got, want := fmt.Sprint(runs("10⁻¹²z₁")), "[{10 0} {−12 0.36} {z 0} {1 -0.18}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	h := scripts{text.Plain{Fonts: font.DefaultCache}}
	f := textStyle(10).Font
	small, _, _ := h.Box("z₁", f)
	large, _, _ := h.Box("z1", f)
	if small >= large {
		t.Errorf("z₁ is %v wide, z1 %v", small, large)
	}
}

func TestLongNames(t *testing.T) {
	d := Data{Names: []string{strings.Repeat("é", 33), "two\nlines", strings.Repeat("é", 32)}}
	for class, want := range []string{strings.Repeat("é", 31) + "…", "two lines", strings.Repeat("é", 32)} {
		if got := d.name(class); got != want {
			t.Errorf("%q is shown as %q, want %q", d.Names[class], got, want)
		}
	}
	d.Axes[1] = strings.Repeat("x", 61)
	if got := d.axisNames()[1]; got != strings.Repeat("x", 59)+"…" {
		t.Errorf("the axis is named %q", got)
	}
}

func TestLegendWraps(t *testing.T) {
	l := legend{{text: "first"}, {text: "second"}, {text: "third"}}
	one, three := l.height(10_000), l.height(1)
	if three-one != 2*rowHeight {
		t.Errorf("height %v on one row, %v on three", one, three)
	}
	if legend(nil).height(100) != 0 {
		t.Error("an empty legend takes room")
	}
}

func TestProjection(t *testing.T) {
	for dim, want := range map[int]string{
		3:  "projection onto 2 of 3 components, field at z₃ = 0",
		12: "projection onto 2 of 12 components, field at z₃, …, z₁₂ = 0",
	} {
		l := dynamicsLegend(Field{Dim: dim}, Trajectories{})
		if got := l[len(l)-1].text; got != want {
			t.Errorf("%d components: %q, want %q", dim, got, want)
		}
	}
	if l := dynamicsLegend(Field{Dim: 2}, Trajectories{}); len(l) != 1 {
		t.Errorf("%d entries for two components, want that of the arrows alone", len(l))
	}
}

// TestScalesOfUnlikeSides gives a picture whose sides are too unlike for equal scales a square frame, wide or tall.
func TestScalesOfUnlikeSides(t *testing.T) {
	for _, c := range []struct {
		l    Limits
		want float64
	}{
		{Limits{0, 4, 0, 1}, 0.25}, {Limits{0, 1, 0, 4}, 4},
		{Limits{0, 4.1, 0, 1}, 1}, {Limits{0, 1, 0, 4.1}, 1}, {Limits{20000, 90000, 10, 70}, 1}, {Limits{10, 70, 20000, 90000}, 1},
	} {
		x, y, ratio := c.l.plane([2]string{"x", "y"})
		if ratio != c.want || ratio == 1 && (len(x.labelled()) < 3 || len(y.labelled()) < 3) {
			t.Errorf("%v: ratio %v, want %v, ticks at %v and %v", c.l, ratio, c.want, x.labelled(), y.labelled())
		}
	}
}

// TestNegativeLosses: the logarithm of a likelihood may have any sign, and every value its place.
func TestNegativeLosses(t *testing.T) {
	s := scaleOf([]float64{1, math.NaN(), 0}, []float64{-2, math.Inf(-1)})
	for loss, want := range map[float64]float64{-2: -2, 0: 0, 3: 3} {
		if got := s.at(loss); got != want {
			t.Errorf("%v is at %v", loss, got)
		}
	}
	if !math.IsNaN(s.at(math.Inf(-1))) || !math.IsNaN(scaleOf([]float64{1, 0}).at(0)) || scaleOf([]float64{100}).at(100) != 2 {
		t.Error("what is not finite has a place, or zero a logarithm")
	}
	f, err := LossWithHeld([]int{1, 2, 3}, []float64{-1, -2, -3}, Held{[]int{2}, []float64{-1}, 1.4})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WritePNG(io.Discard); err != nil {
		t.Fatal(err)
	}
}
