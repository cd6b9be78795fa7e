package figure

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Pairs are numbers that were observed, each with what a model says of it: x observed, y predicted.
type Pairs struct {
	Name   string // in the legend
	Points []Point
}

// Parity returns the picture of what a model predicts over what was observed, in one scale on both axes, with the line
// where the two are the same; what names the number. The last pairs lie on top. Notes stand in the legend. Predictions
// farther away than the observed numbers are from each other are not drawn, and the legend says how many.
//
// It is an error if there are no pairs or a number is not finite.
func Parity(what string, pairs []Pairs, notes ...string) (*Figure, error) {
	var p problems
	var all []Point
	for _, s := range pairs {
		p.finite(fmt.Sprintf("%q, pair", s.Name), len(s.Points), func(i int) []float64 { return s.Points[i][:] })
		all = slices.Concat(all, s.Points)
	}
	if len(all) == 0 {
		p.add("no pairs to draw")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	l := parityLimits(all)
	what = short(what, maxName)
	axis := func(kind string) axis {
		return linearAxis(what+", "+kind, l.XMin, l.XMax, niceStep(l.XMax-l.XMin, 6))
	}
	x, y := axis("observed"), axis("predicted")
	layers := []layer{gridLines(x, y), func(c *draw.Canvas, at func(Point) vg.Point) {
		c.StrokeLines(baseLine, []vg.Point{at(Point{l.XMin, l.XMin}), at(Point{l.XMax, l.XMax})})
	}}
	var names legend
	for i, s := range pairs {
		m := pairMarker(i, len(pairs), len(all))
		layers = append(layers, s.layer(m))
		m.radius = largeDot
		names = append(names, markerEntry(short(s.Name, maxName), m))
	}
	names = append(names, lineEntry("the same", baseLine))
	if n := outside(all, l); n > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d outside the frame", n, len(all)))
	}
	for _, note := range notes {
		names = append(names, entry{text: note})
	}
	return &Figure{panels: []*plot.Plot{newPlot(x, y, layers...)}, legend: names, ratio: 1, dpi: dpi}, nil
}

// parityLimits are the same on both axes: those of what was observed, and of what is predicted as far as that is near.
func parityLimits(pairs []Point) Limits {
	l := Around(pairs, 0)
	lo, hi := l.XMin, l.XMax
	if far := hi - lo; apart(lo, hi) {
		lo, hi = min(lo, max(l.YMin, lo-far)), max(hi, min(l.YMax, hi+far))
	} else {
		lo, hi = min(lo, l.YMin), max(hi, l.YMax)
	}
	return padded(Limits{lo, hi, lo, hi})
}

func outside(points []Point, l Limits) (n int) {
	for _, p := range points {
		if !l.contain(p) {
			n++
		}
	}
	return n
}

// pairMarker is that of set i of n: the last in blue, those before pale.
func pairMarker(i, n, points int) marker {
	r := largeDot
	if points > manyDots {
		r = smallDot
	}
	if i < n-1 {
		return marker{shape: circle, radius: r, fill: mix(neutral, white, 0.55)}
	}
	return dot(okabeIto[0], r)
}

func (s Pairs) layer(m marker) layer {
	points := slices.Clone(s.Points)
	return func(c *draw.Canvas, at func(Point) vg.Point) {
		for _, p := range points {
			m.draw(c, at(p))
		}
	}
}
