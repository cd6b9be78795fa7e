package figure

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"math/rand/v2"
	"strings"
	"testing"
)

// flowing is a flow of n points through the swirl.
func flowing(n, times int) (Data, Flow) {
	d := spiral(n)
	field := fieldOver(d, 8)
	fl := Flow{Fields: []Field{field}}
	paths := flow(d, n, times).Paths
	for k := range times {
		var states []Point
		for i := range n {
			states = append(states, paths[i][k])
		}
		fl.Times, fl.States = append(fl.Times, float64(k)/10), append(fl.States, states)
	}
	return d, fl
}

// TestAnimation puts the pictures of a GIF on each other as a viewer does, and compares with those that were painted.
func TestAnimation(t *testing.T) {
	d, fl := flowing(60, 6)
	m := probabilityOver(d, 20)
	fl.ReadOut = &m
	a, err := fl.Animate(d)
	if err != nil {
		t.Fatal(err)
	}
	a.dpi = goldenDPI
	var b bytes.Buffer
	if err := a.WriteGIF(&b); err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	painted, err := a.paint()
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 6 || g.LoopCount != 0 || g.Delay[0] != 60 || g.Delay[3] != 8 || g.Delay[5] != 250 {
		t.Errorf("%d pictures, loop %d, delays %v", len(g.Image), g.LoopCount, g.Delay)
	}
	seen := image.NewRGBA(painted[0].Bounds())
	for k, part := range g.Image {
		draw.Draw(seen, part.Bounds(), part, part.Bounds().Min, draw.Over)
		far, white := 0, 0
		for y := range seen.Bounds().Dy() {
			for x := range seen.Bounds().Dx() {
				far = max(far, distance(seen.At(x, y), painted[k].At(x, y)))
				if painted[k].RGBAAt(x, y) == (color.RGBA{255, 255, 255, 255}) &&
					seen.RGBAAt(x, y) != painted[k].RGBAAt(x, y) {
					white++
				}
			}
		}
		if far > 12 || white > 0 {
			t.Errorf("picture %d: colours are up to %d steps off, and %d white pixels are not white", k, far, white)
		}
		if area := part.Bounds().Dx() * part.Bounds().Dy(); k > 0 && area >= seen.Bounds().Dx()*seen.Bounds().Dy() {
			t.Errorf("picture %d is as large as the first", k)
		}
	}
	var again bytes.Buffer
	if err := a.WriteGIF(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("written twice it differs: %v", err)
	}
}

// TestPalette gives far more colours than fit: the most frequent stays exact, and none goes far.
func TestPalette(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, 100, 100))
	for i := range 10_000 {
		c := color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		if i%4 == 0 {
			c = color.RGBA{1, 2, 3, 255}
		}
		img.SetRGBA(i%100, i/100, c)
	}
	p := commonPalette([]*image.RGBA{img})
	if n := len(p.colours); n > 256 || n < 100 {
		t.Errorf("%d colours", n)
	}
	if p.colours[transparent] != (color.RGBA{}) ||
		p.colours[p.index[color.RGBA{1, 2, 3, 255}]] != (color.RGBA{1, 2, 3, 255}) {
		t.Errorf("the palette begins with %v", p.colours[:2])
	}
	q := p.quantized(img)
	for i := range 10_000 {
		if d := distance(q.At(i%100, i/100), img.At(i%100, i/100)); d > 60 {
			t.Fatalf("a colour is %d steps off", d)
		}
	}
	few := image.NewRGBA(image.Rect(0, 0, 200, 1))
	for x := range 200 {
		few.SetRGBA(x, 0, color.RGBA{uint8(x), uint8(x), 0, 255})
	}
	p = commonPalette([]*image.RGBA{few})
	for x := range 200 {
		if got := p.colours[p.index[few.RGBAAt(x, 0)]]; got != few.RGBAAt(x, 0) {
			t.Errorf("of 200 colours, %v has become %v", few.RGBAAt(x, 0), got)
		}
	}
}

// TestAnimationProblems reports what does not fit.
func TestAnimationProblems(t *testing.T) {
	d, fl := flowing(10, 3)
	fl.States[1] = fl.States[1][:9]
	fl.Times = fl.Times[:2]
	fl.Fields = append(fl.Fields, fl.Fields[0], fl.Fields[0])
	_, err := fl.Animate(d)
	for _, want := range []string{"3 pictures' states for 2 times", "9 states at time 1 for 10 data points",
		"3 fields for 2 times"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := (Flow{}).Animate(Data{Points: []Point{{}}}); err == nil {
		t.Error("an animation of nothing")
	}
	if _, err := Animate(nil, nil); err == nil {
		t.Error("an animation of no pictures")
	}
}

// TestMarksStay draws two pictures whose legends differ in words: the animation has those of neither.
func TestMarksStay(t *testing.T) {
	d := spiral(20)
	one, err := Dynamics(d, fieldOver(d, 5), Trajectories{})
	if err != nil {
		t.Fatal(err)
	}
	away := *one
	away.legend = append(away.legend, entry{text: "1 of 2 end outside the frame"})
	a, err := Animate([]*Figure{&away, one}, []string{"iteration 0", "iteration 16"})
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range a.frames {
		var words []string
		for _, e := range f.legend {
			if e.draw == nil {
				words = append(words, e.text)
			}
		}
		if len(words) != 1 || !strings.HasPrefix(words[0], "iteration ") || len(f.legend) != len(one.legend)+1 {
			t.Errorf("picture %d has the words %q in %d entries", k, words, len(f.legend))
		}
	}
}

// TestPanels measures the two panels: data areas of one size on one line, and the second frame around all it shall
// hold.
func TestPanels(t *testing.T) {
	d := spiral(40)
	wide := Limits{-30, 10, -1, 2}
	f, err := DynamicsWithEnds(d, fieldOver(d, 5), Trajectories{}, Ends{Points: d.Points, Time: 1, Limits: wide})
	if err != nil {
		t.Fatal(err)
	}
	l := f.layout()
	a, b := l.panels[0].data, l.panels[1].data
	if size := b.Size(); (size.X-a.Size().X).Points() > 0.1 || (a.Min.Y-b.Min.Y).Points() > 0.1 || b.Min.X < a.Max.X ||
		l.width != double {
		t.Errorf("panels %v and %v", a, b)
	}
	got := wide.withRatio(f.ratio)
	if w, h := got.XMax-got.XMin, got.YMax-got.YMin; got.XMin > -30 || got.XMax < 10 || got.YMin > -1 || got.YMax < 2 ||
		h/w/f.ratio-1 > 1e-9 {
		t.Errorf("%v has become %v for the ratio %v", wide, got, f.ratio)
	}
	if tall := (Limits{0, 1, 0, 100}).withRatio(2); tall != (Limits{-24.5, 25.5, 0, 100}) {
		t.Errorf("a tall frame becomes %v", tall)
	}
	flat := Field{Grid: Grid{Limits{0, 100, 0, 1}, 2, 2}, Vectors: make([]Point, 4)}
	if f, err = DynamicsWithEnds(d, flat, Trajectories{}, Ends{Points: d.Points, Limits: wide}); err != nil {
		t.Fatal(err)
	}
	if x := f.panels[1].X; x.Min != wide.XMin || x.Max != wide.XMax || f.panels[1].Y.Max != wide.YMax {
		t.Errorf("where scales are not equal, the second frame goes from %v to %v", x.Min, x.Max)
	}
	_, err = DynamicsWithEnds(d, fieldOver(d, 5), Trajectories{},
		Ends{Points: d.Points[:3], Limits: Limits{1, 0, 0, 1}, ReadOut: &Map{}})
	for _, want := range []string{"3 ends for 40 data points", "limits of the ends", "grid must have"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestCaptionsStay: a picture with a caption that has no room in the row of the marks is laid out as the others.
func TestCaptionsStay(t *testing.T) {
	tracks := oscillations(0)
	for i := range tracks {
		tracks[i].Name += strings.Repeat(" long", 4)
	}
	f, err := Tracks([2]string{"t", "x"}, tracks, Frame(tracks))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < 40; n += 4 {
		a, err := Animate([]*Figure{f, f}, []string{strings.Repeat("i", n), strings.Repeat("i", n+20)})
		if err != nil {
			t.Fatal(err)
		}
		if first, last := a.frames[0].layout(), a.frames[1].layout(); first.height != last.height {
			t.Fatalf("captions of %d and %d letters: %v and %v high", n, n+20, first.height, last.height)
		}
	}
}
