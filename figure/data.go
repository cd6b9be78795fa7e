package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Data is the labelled points that a picture shows: two components of each sample.
type Data struct {
	Points []Point // [samples]

	// Labels are the classes 0, 1, ... Classes-1 of the samples, or real numbers where Classes is 0. Nil: no labels.
	Labels  []float64 // [samples]
	Classes int       // at most 24; colours repeat after 8, darker, and after 16, lighter

	// Names are cut where they are longer than a picture has room for. A class whose name has the word for a colour in
	// it, as "red" or "Green apple", has that colour.
	Names []string  // of the classes, or one for what a real label is; nil: "class 0", ..., or "label"
	Axes  [2]string // names of the two components; empty: z₁ and z₂
}

const maxClasses = 24 // three shades of each colour; more would be hard to tell apart

func (d Data) check(p *problems) {
	if len(d.Points) == 0 {
		p.add("no data points")
	}
	p.finite("data point", len(d.Points), func(i int) []float64 { return d.Points[i][:] })
	if d.Labels != nil {
		p.length("labels", len(d.Labels), len(d.Points), "data points")
	}
	d.checkLabels(p, "label", d.Labels)
	if d.Classes < 0 {
		p.add("the number of classes must not be negative, got %d", d.Classes)
	}
	if d.Classes > maxClasses {
		p.add("%d classes, of which a picture shows at most %d: more cannot be told apart", d.Classes, maxClasses)
	}
	if d.Names != nil {
		p.length("names", len(d.Names), max(1, d.Classes), "classes or labels")
	}
}

func (d Data) checkLabels(p *problems, what string, labels []float64) {
	if d.Classes <= 0 {
		p.finite(what, len(labels), func(i int) []float64 { return labels[i : i+1] })
		return
	}
	wrong := func(l float64) bool { return l != math.Trunc(l) || l < 0 || l >= float64(d.Classes) }
	if i := slices.IndexFunc(labels, wrong); i >= 0 {
		p.add("%s %d is %v, want a class 0 to %d", what, i, labels[i], d.Classes-1)
	}
}

func (d Data) axisNames() [2]string {
	names := d.Axes
	for i, fallback := range []string{"z₁", "z₂"} {
		if names[i] == "" {
			names[i] = fallback
		}
		names[i] = short(names[i], maxAxisName)
	}
	return names
}

// name is that of a class, or of the real label (class 0).
func (d Data) name(class int) string {
	switch {
	case d.Names != nil:
		return short(d.Names[class], maxName)
	case d.Classes > 0:
		return fmt.Sprintf("class %d", class)
	case d.Labels == nil:
		return "data"
	}
	return "label"
}

// layer draws the points in their order, so that no class lies on top of the others.
func (d Data) layer(s scale, r vg.Length) layer {
	points, markers := slices.Clone(d.Points), make([]marker, len(d.Points))
	for i := range points {
		markers[i] = s.marker(d.label(i), r)
	}
	return func(c *draw.Canvas, at func(Point) vg.Point) {
		for i, p := range points {
			markers[i].draw(c, at(p))
		}
	}
}

// label of sample i; NaN without labels.
func (d Data) label(i int) float64 {
	if d.Labels == nil {
		return math.NaN()
	}
	return d.Labels[i]
}

// pointRadius shrinks with the number of points.
func (d Data) pointRadius() vg.Length {
	return vg.Length(math.Min(2.2, math.Max(0.8, 2.2*math.Pow(300/float64(len(d.Points)), 0.35))))
}

// share is how large markers at the points are to be, up to 1: smaller where the points take less than half of the
// limits, so that they stay apart there too.
func (d Data) share(l Limits) vg.Length {
	a := Around(d.Points, 0)
	taken := max((a.XMax-a.XMin)/(l.XMax-l.XMin), (a.YMax-a.YMin)/(l.YMax-l.YMin))
	return vg.Length(min(1, max(0.5, 2*taken)))
}
