package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
)

// everyFigure is one of each, small.
func everyFigure(t *testing.T) map[string]*Figure {
	t.Helper()
	d := spiral(100)
	figures := map[string]*Figure{}
	keep := func(name string, f *Figure, err error) {
		if err != nil {
			t.Fatal(err)
		}
		f.dpi = goldenDPI
		figures[name] = f
	}
	f, err := Loss(training(1000, 0.02))
	keep("loss", f, err)
	f, err = Dynamics(d, fieldOver(d, 20), flow(d, 20, 50))
	keep("dynamics", f, err)
	f, err = Decision(d, tilted(d, 40))
	keep("decision", f, err)
	return figures
}

// tilted is a probability that is cheap to compute: its boundary is the line x + y = 0.
func tilted(d Data, n int) Map {
	m := Map{Grid: Grid{Around(d.Points, 1), n, n}}
	for _, p := range m.Grid.Points() {
		m.Values = append(m.Values, 1/(1+math.Exp(-3*(p[0]+p[1]))))
	}
	return m
}

func TestSize(t *testing.T) {
	f, err := Loss(training(10, 0.02))
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, pngOf(t, f)).Bounds().Dx(); got != 1800 {
		t.Errorf("%d pixels wide, want 1800", got)
	}
}

func BenchmarkFigures(b *testing.B) {
	d := spiral(1000)
	field, paths, m := fieldOver(d, 20), flow(d, 50, 50), tilted(d, 200)
	iterations, loss := training(100_000, 0.02)
	for name, make := range map[string]func() (*Figure, error){
		"loss":     func() (*Figure, error) { return Loss(iterations, loss) },
		"dynamics": func() (*Figure, error) { return Dynamics(d, field, paths) },
		"decision": func() (*Figure, error) { return Decision(d, m) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f, err := make()
				if err != nil {
					b.Fatal(err)
				}
				if err := f.WritePNG(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestSameInputSameBytes(t *testing.T) {
	a, b := everyFigure(t), everyFigure(t)
	var wg sync.WaitGroup
	for name := range a {
		wg.Go(func() {
			if !bytes.Equal(pngOf(t, a[name]), pngOf(t, b[name])) {
				t.Errorf("%s: PNG differs", name)
			}
			if !bytes.Equal(svgOf(t, a[name]), svgOf(t, b[name])) {
				t.Errorf("%s: SVG differs", name)
			}
		})
	}
	wg.Wait()
}

func TestWriteAgain(t *testing.T) {
	f := everyFigure(t)["loss"]
	if !bytes.Equal(pngOf(t, f), pngOf(t, f)) {
		t.Error("the second PNG differs from the first")
	}
}

func TestKeepsNothingOfTheInput(t *testing.T) {
	d := spiral(100)
	field, paths := fieldOver(d, 5), flow(d, 5, 10)
	f, err := Dynamics(d, field, paths)
	if err != nil {
		t.Fatal(err)
	}
	f.dpi = goldenDPI
	before := pngOf(t, f)
	clear(d.Points)
	clear(field.Vectors)
	clear(d.Labels)
	for _, p := range paths.Paths {
		clear(p)
	}
	if !bytes.Equal(before, pngOf(t, f)) {
		t.Error("a figure changes with its input")
	}
}

func svgOf(t *testing.T, f *Figure) []byte {
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}

func TestSVGIsXML(t *testing.T) {
	for name, f := range everyFigure(t) {
		d := xml.NewDecoder(bytes.NewReader(svgOf(t, f)))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrors(t *testing.T) {
	f := everyFigure(t)["loss"]
	for _, err := range []error{f.WritePNG(full{}), f.WriteSVG(full{})} {
		if err == nil || err.Error() != "figure: disk full" {
			t.Errorf("got %v", err)
		}
	}
}

// TestEqualScales measures the data area: its sides are to each other as those of the limits.
func TestEqualScales(t *testing.T) {
	for _, l := range []Limits{{-1, 1, -1, 1}, {0, 3, 0, 1}, {0, 1, 0, 3}, {-5, -2, 10, 11.5}} {
		f := onePoint(t, l)
		size := f.layout().panels[0].data.Size()
		got, want := float64(size.Y/size.X), (l.YMax-l.YMin)/(l.XMax-l.XMin)
		if math.Abs(got/want-1) > 0.002 {
			t.Errorf("%v: data area has ratio %v, want %v", l, got, want)
		}
	}
}

func TestUnequalScales(t *testing.T) {
	size := onePoint(t, Limits{0, 1000, 0, 1}).layout().panels[0].data.Size()
	if got := float64(size.Y / size.X); math.Abs(got-1) > 0.002 {
		t.Errorf("data area of 1000 to 1 has ratio %v, want a square", got)
	}
}

// onePoint is a picture of one point in the middle of limits.
func onePoint(t *testing.T, l Limits) *Figure {
	t.Helper()
	middle := Point{(l.XMin + l.XMax) / 2, (l.YMin + l.YMax) / 2}
	f, err := Dynamics(Data{Points: []Point{middle}}, Field{Grid: Grid{l, 1, 1}, Vectors: make([]Point, 1)},
		Trajectories{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLegendStaysOffData looks for ink above the data area and for none in its upper half, which a field of zeros
// leaves white.
func TestLegendStaysOffData(t *testing.T) {
	f := onePoint(t, Limits{-1, 1, -1, 1})
	f.dpi = goldenDPI
	l := f.layout()
	img := decode(t, pngOf(t, f))
	pixel := func(y float64) int { return int((float64(l.height) - y) / 72 * goldenDPI) }
	top, bottom := pixel(float64(l.panels[0].data.Max.Y)), pixel(float64(l.panels[0].data.Min.Y))
	left, right := int(float64(l.panels[0].data.Min.X)/72*goldenDPI), int(float64(l.panels[0].data.Max.X)/72*goldenDPI)
	if n := darkPixels(img, image.Rect(0, 0, right, top-2)); n == 0 {
		t.Error("no legend above the data area")
	}
	if n := darkPixels(img, image.Rect(left+2, top+2, right-2, (top+bottom)/2-4)); n != 0 {
		t.Errorf("%d dark pixels in the empty upper half", n)
	}
}

func darkPixels(img image.Image, r image.Rectangle) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if distance(img.At(x, y), white) > 100 {
				n++
			}
		}
	}
	return n
}

func TestProblemsAllAtOnce(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"loss": {errorOf(Loss([]int{1, 1, 2}, []float64{0, nan})), []string{
			"figure: 3 iterations for 2 loss values",
			"figure: no positive, finite value among 2 loss values",
			"figure: iterations must increase, got 1 after 1",
		}},
		"held": {errorOf(LossWithHeld([]int{1}, []float64{1}, Held{Iterations: []int{2, 1}, Loss: []float64{1}})), []string{
			"figure: 2 iterations of rows held out for 1 loss values",
			"figure: iterations must increase, got 1 after 2",
		}},
		"no loss": {errorOf(Loss(nil, nil)), []string{"figure: no positive, finite value among 0 loss values"}},
		"dynamics": {errorOf(Dynamics(
			Data{Points: []Point{{nan, 0}, {0, nan}}, Labels: []float64{0, 2, 1.5}, Classes: 2, Names: []string{"a"}},
			Field{Grid: Grid{Limits{0, 0, 0, 1}, 2, 1}, Vectors: []Point{{math.Inf(1), 0}}, Time: nan},
			Trajectories{Paths: [][]Point{{}, {{nan, 0}}}, Labels: []float64{-1}},
		)), []string{
			"figure: data point 0 is [NaN 0], want it finite (and 1 more)",
			"figure: 3 labels for 2 data points",
			"figure: label 1 is 2, want a class 0 to 1",
			"figure: 1 names for 2 classes or labels",
			"figure: limits must be finite, in order and apart, got [0, 0] × [0, 1]",
			"figure: 1 vectors for 2 grid cells",
			"figure: vector 0 is [+Inf 0], want it finite",
			"figure: time must be finite, got NaN",
			"figure: 1 trajectory labels for 2 trajectories",
			"figure: trajectory label 0 is -1, want a class 0 to 1",
			"figure: trajectory 0 has no points",
			"figure: trajectory 1, point 0 is [NaN 0], want it finite",
		}},
		"decision": {errorOf(Decision(
			Data{Classes: 2},
			Map{Grid: Grid{Limits{0, 1, 0, 1}, 0, 3}, Values: []float64{nan, 2}},
		)), []string{
			"figure: no data points",
			"figure: a decision map needs labels",
			"figure: grid must have 1 to 2000 columns and rows, got 0 × 3",
			"figure: 2 map values for 0 grid cells times outputs",
			"figure: map value 0 is NaN, want it finite",
			"figure: map value 1 is 2, want a probability",
		}},
		"one class": {errorOf(Decision(
			Data{Points: make([]Point, 1), Labels: []float64{0}, Classes: 1},
			Map{Grid: Grid{Limits{0, 1, 0, 1}, 1, 1}, Values: []float64{1}},
		)), []string{"figure: a decision map needs two classes or more, or real labels (0 classes), got 1"}},
		"many classes": {errorOf(Decision(
			Data{Points: make([]Point, 1), Labels: []float64{24}, Classes: 25},
			Map{Grid: Grid{Limits{0, 1, 0, 1}, 1, 1}, Values: make([]float64, 25)},
		)), []string{"figure: 25 classes, of which a picture shows at most 24: more cannot be told apart"}},
		"classes": {errorOf(Dynamics(
			Data{Points: make([]Point, 1), Labels: []float64{nan}, Classes: -1},
			Field{Grid: Grid{Limits{1e17, 1e17 + 64, 0, 1}, 1, 1}, Vectors: make([]Point, 1)}, Trajectories{},
		)), []string{
			"figure: label 0 is NaN, want it finite",
			"figure: the number of classes must not be negative, got -1",
			"figure: limits must be finite, in order and apart, got [1e+17, 1.0000000000000006e+17] × [0, 1]",
		}},
		"tracks": {errorOf(Tracks([2]string{}, []Track{{Curve: []Point{{nan, 0}, {0, nan}}}}, Limits{})), []string{
			"figure: point 0 is [NaN 0], want it finite (and 1 more)",
			"figure: limits must be finite, in order and apart, got [0, 0] × [0, 0]",
		}},
		"no tracks": {errorOf(PhasePlane([2]string{}, nil, Field{Grid: Grid{Limits{0, 1, 0, 1}, 1, 1}})), []string{
			"figure: no points to draw",
			"figure: 0 vectors for 1 grid cells",
		}},
		"parity": {errorOf(Parity("x", []Pairs{{"a", []Point{{0, nan}}}, {"b", nil}})), []string{
			"figure: \"a\", pair 0 is [0 NaN], want it finite",
		}},
		"no pairs": {errorOf(Parity("x", nil)), []string{"figure: no pairs to draw"}},
	} {
		if got, want := message(c.err), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func errorOf(_ *Figure, err error) error { return err }

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestExtremes draws what is unusual but right.
func TestExtremes(t *testing.T) {
	d := Data{Points: []Point{{0, 0}, {1, 1}}, Labels: []float64{math.MaxFloat64, -math.MaxFloat64},
		Names: []string{"mass"}}
	g := Grid{Around(d.Points, 1), 2, 2}
	huge := Field{Grid: g, Vectors: []Point{{math.MaxFloat64, -math.MaxFloat64}, {}, {1e-300, 0}, {0, 1}}, Time: -1e9}
	away := Trajectories{Paths: [][]Point{{{0, 0}, {1e38, -1e38}, {0.5, 0.5}}, {{0.2, 0.3}}}}
	unlabelled := Data{Points: d.Points, Axes: [2]string{"h₃", "h₁₂"}}
	many := Data{Points: d.Points, Labels: []float64{23, 0}, Classes: 24}
	still := []Track{{Observed: []Point{{1, 1}}}}
	far := []Track{{Observed: []Point{{0, 0}, {1, 1}}, Curve: []Point{{0, 0}, {0.5, math.MaxFloat64}, {1, -1e300}}}}
	for name, err := range map[string]error{
		"huge":       draws(Dynamics(d, huge, away)),
		"unlabelled": draws(Dynamics(unlabelled, Field{Grid: g, Vectors: make([]Point, 4)}, Trajectories{})),
		"classes":    draws(Decision(many, Map{Grid: g, Values: make([]float64, 4*24)})),
		"real":       draws(Decision(d, Map{Grid: g, Values: []float64{math.MaxFloat64, 0, 0, 0}})),
		"one value":  draws(Decision(Data{Points: d.Points, Labels: []float64{3, 3}}, Map{Grid: g, Values: []float64{3, 3, 3, 3}})),
		"loss 1":     draws(Loss([]int{0}, []float64{0.69})),
		"loss range": draws(Loss([]int{math.MinInt, math.MaxInt}, []float64{math.SmallestNonzeroFloat64, math.MaxFloat64})),
		"loss late":  draws(Loss([]int{math.MaxInt}, []float64{1e-300})),
		"one track":  draws(Tracks([2]string{}, still, Frame(still))),
		"far tracks": draws(Tracks([2]string{}, far, Frame(far))),
		"one pair":   draws(Parity("x", []Pairs{{"", []Point{{1, 1}}}})),
		"far pairs":  draws(Parity("x", []Pairs{{"", []Point{{0, math.MaxFloat64}, {1, -1e300}}}})),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func draws(f *Figure, err error) error {
	if err != nil {
		return err
	}
	f.dpi = goldenDPI
	return errors.Join(f.WritePNG(io.Discard), f.WriteSVG(io.Discard))
}
