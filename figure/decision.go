package figure

import (
	"image/color"

	"gonum.org/v1/plot"
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

	// At is what the model answers at any points, in the form of Values; nil: the grid is all there is. With it, the
	// map is computed again on a finer grid where the answer changes, up to 400000 points.
	At func(points []Point) ([]float64, error)

	Name string // of the values, with 2 classes; empty: P(the name of class 1)
}

// Decision returns the map of what a trained model answers, with the data on top in the colours of their labels. Two
// classes: the probability, from one class's colour through white at 0.5 to the other's, with a line at 0.5 and a
// colour bar. More classes: the region of each in a light tint, with lines between regions. Real labels: the
// prediction, in the colours of the labels, with a colour bar.
//
// Between grid points values are interpolated linearly. Scales are equal on both axes unless one side is more than
// four times the other. It is an error if a length does not match, there are no data points or no labels, a number is
// not finite, a probability is not within [0, 1], or there is a single class.
func Decision(d Data, m Map) (*Figure, error) {
	if err := checkDecision(d, m); err != nil {
		return nil, err
	}
	s := newScale(d, m.predictions(d))
	r := d.pointRadius()
	x, y, ratio := m.Grid.plane(d.axisNames())
	f := &Figure{legend: d.legend(s, r), bar: d.bar(s), ratio: ratio, dpi: dpi}
	fine, err := m.refined(d)
	if err != nil {
		return nil, err
	}
	layers := []layer{fine.background(d, s)}
	switch {
	case d.Classes == 2:
		layers = append(layers, boundary(fine.contour(0.5), boundaryLine))
		f.legend = append(f.legend, lineEntry(m.name(d)+" = 0.5", boundaryLine))
		f.bar = &colourBar{m.name(d), 0, 1, s.classes.diverging}
	case d.Classes > 2:
		layers = append(layers, boundary(fine.borders(), borderLine))
	default:
		f.legend = append(f.legend, entry{text: "background: prediction"})
	}
	f.panels = []*plot.Plot{newPlot(x, y, append(layers, d.layer(s, r))...)}
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
	checkValues(&p, m.Values, d.Classes)
	return p.err()
}

// checkValues reports values that are not finite or, with two classes, no probability.
func checkValues(p *problems, values []float64, classes int) {
	p.finite("map value", len(values), func(i int) []float64 { return values[i : i+1] })
	if classes != 2 {
		return
	}
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

// name is what the values are with two classes.
func (m Map) name(d Data) string {
	if m.Name != "" {
		return m.Name
	}
	return "P(" + d.name(1) + ")"
}

// background draws the map as an image.
func (r raster) background(d Data, s scale) layer {
	img := r.image(func(v []float64) color.NRGBA {
		switch {
		case d.Classes == 0:
			return s.colour(v[0])
		case d.Classes == 2:
			return s.classes.diverging(v[0])
		}
		return s.classes.tint(argmax(v))
	})
	return func(c *draw.Canvas, _ func(Point) vg.Point) { c.DrawImage(c.Rectangle, img) }
}

var (
	boundaryLine = draw.LineStyle{Color: ink, Width: 1}
	borderLine   = draw.LineStyle{Color: mix(ink, white, 0.3), Width: 0.6} // with many classes there are many
)

// boundary draws a line in pieces.
func boundary(segments []segment, style draw.LineStyle) layer {
	return func(c *draw.Canvas, _ func(Point) vg.Point) {
		var p vg.Path
		for _, s := range segments {
			p.Move(vg.Point{X: c.X(s[0][0]), Y: c.Y(s[0][1])})
			p.Line(vg.Point{X: c.X(s[1][0]), Y: c.Y(s[1][1])})
		}
		c.SetLineStyle(style)
		c.Stroke(p)
	}
}
