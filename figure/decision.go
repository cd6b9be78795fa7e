package figure

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Map is the output of a trained model on a grid. What Values are depends on the data's number of classes.
type Map struct {
	Grid Grid // its limits are those of the picture; 200 × 200 cells look well

	// Values are at Grid.Points, in that order:
	//   2 classes     [NY·NX], the probability of class 1
	//   3 or more     [NY·NX, classes], scores; the highest wins, so logits and probabilities both do
	//   real labels   [NY·NX], the predicted label
	Values []float64
}

// Decision returns the map of what a trained model answers, with the data on top in the colours of their labels. Two
// classes: the probability, from one class's colour through white at 0.5 to the other's, with a line at 0.5 and a
// colour bar. More classes: the region of each in a light tint. Real labels: the prediction, in the colours of the
// labels, with a colour bar.
//
// Between grid points values are interpolated linearly. Scales are equal on both axes unless one side is more than
// four times the other. It is an error if a length does not match, there are no data points or no labels, a number is
// not finite, a probability is not within [0, 1], or there is a single class.
func Decision(d Data, m Map) (*Figure, error) {
	if err := checkDecision(d, m); err != nil {
		return nil, err
	}
	s := newScale(d.Classes, d.Labels, m.predictions(d))
	r := d.pointRadius()
	x, y, ratio := m.Grid.plane(d.axisNames())
	f := &Figure{legend: d.legend(s, r), bar: d.bar(s), ratio: ratio, dpi: dpi}
	fine := newRaster(m.Grid.NX, m.Grid.NY, m.width(d), m.Values).refined()
	layers := []layer{fine.background(d, s)}
	if d.Classes == 2 {
		layers = append(layers, fine.boundary())
		f.legend = append(f.legend, lineEntry(d.probability()+" = 0.5", boundaryLine))
		f.bar = &colourBar{d.probability(), 0, 1, diverging}
	}
	f.plot = newPlot(x, y, append(layers, d.layer(s, r))...)
	return f, nil
}

func checkDecision(d Data, m Map) error {
	var p problems
	d.check(&p)
	if d.Labels == nil {
		p.add("a decision map needs labels")
	}
	if d.Classes == 1 {
		p.add("a decision map needs two classes or more, or real labels (0 classes), got 1")
	}
	m.Grid.check(&p)
	p.length("map values", len(m.Values), m.Grid.Len()*m.width(d), "grid cells times outputs")
	p.finite("map value", len(m.Values), func(i int) []float64 { return m.Values[i : i+1] })
	if d.Classes == 2 {
		checkProbabilities(&p, m.Values)
	}
	return p.err()
}

func checkProbabilities(p *problems, values []float64) {
	for i, v := range values {
		if v < 0 || v > 1 {
			p.add("map value %d is %v, want a probability", i, v)
			return
		}
	}
}

// width is the number of values per cell.
func (m Map) width(d Data) int {
	if d.Classes > 2 {
		return d.Classes
	}
	return 1
}

// predictions are the values where they are real labels.
func (m Map) predictions(d Data) []float64 {
	if d.Classes > 0 {
		return nil
	}
	return m.Values
}

func (d Data) probability() string { return "P(" + d.name(1) + ")" }

// background draws the map as an image.
func (r raster) background(d Data, s scale) layer {
	img := r.image(func(v []float64) color.NRGBA {
		switch {
		case d.Classes == 0:
			return s.colour(v[0])
		case d.Classes == 2:
			return diverging(v[0])
		}
		return tint(argmax(v))
	})
	return func(c *draw.Canvas, _ func(Point) vg.Point) { c.DrawImage(c.Rectangle, img) }
}

// argmax is the place of the highest value, the first among equals.
func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}

var boundaryLine = draw.LineStyle{Color: ink, Width: 1}

// boundary draws the line where the probability is 0.5.
func (r raster) boundary() layer {
	segments := r.contour(0.5)
	return func(c *draw.Canvas, _ func(Point) vg.Point) {
		var p vg.Path
		for _, s := range segments {
			p.Move(vg.Point{X: c.X(s[0][0]), Y: c.Y(s[0][1])})
			p.Line(vg.Point{X: c.X(s[1][0]), Y: c.Y(s[1][1])})
		}
		c.SetLineStyle(boundaryLine)
		c.Stroke(p)
	}
}
