package figure

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Ends are the data where the flow has carried them.
type Ends struct {
	Points []Point // [samples], as Data.Points
	Time   float64 // when they are there, for the axes
	// of the panel; where scales are equal in that of the dynamics, the shorter side is made longer for it
	Limits Limits

	// ReadOut is what the read-out says of states, in the form of a decision map; its line where two classes are level,
	// or its borders between more, stand in the panel. Nil, or for real labels: none.
	ReadOut *Map
}

// DynamicsWithEnds is Dynamics with a second panel, of the data at the end of the flow: there a classifier has its
// classes apart. Points that end outside of the panel are not drawn, and the legend says how many.
func DynamicsWithEnds(d Data, f Field, t Trajectories, e Ends) (*Figure, error) {
	if err := checkEnds(d, f, t, e); err != nil {
		return nil, err
	}
	figure, err := Dynamics(d, f, t)
	if err != nil {
		return nil, err
	}
	s := newScale(d, t.Labels)
	if f.Grid.equalScales() {
		e.Limits = e.Limits.withRatio(figure.ratio)
	}
	x, y, _ := e.Limits.plane(e.axisNames(d))
	ended := Data{Points: e.Points, Labels: d.Labels, Classes: d.Classes, Names: d.Names}
	layers := []layer{gridLines(x, y), e.line(d), ended.layer(s, d.pointRadius()*max(0.75, ended.share(e.Limits)))}
	figure.panels = append(figure.panels, newPlot(x, y, layers...))
	figure.legend = append(figure.legend, e.legend(d)...)
	return figure, nil
}

func checkEnds(d Data, f Field, t Trajectories, e Ends) error {
	var p problems
	if err := checkDynamics(d, f, t); err != nil {
		p = append(p, err)
	}
	p.length("ends", len(e.Points), len(d.Points), "data points")
	p.finite("end", len(e.Points), func(i int) []float64 { return e.Points[i][:] })
	if !apart(e.Limits.XMin, e.Limits.XMax) || !apart(e.Limits.YMin, e.Limits.YMax) {
		p.add("limits of the ends must be finite, in order and apart, got %s", e.Limits)
	}
	if m := e.ReadOut; m != nil {
		m.Grid.check(&p)
		p.length("read-out values", len(m.Values), m.Grid.Len()*m.width(d), "grid cells times outputs")
		checkValues(&p, m.Values, d.Classes)
	}
	return p.err()
}

// withRatio are limits whose shorter side is made longer on both ends so that the picture has that ratio, where scales
// are equal.
func (l Limits) withRatio(ratio float64) Limits {
	w, h := l.XMax-l.XMin, l.YMax-l.YMin
	if more := (h/ratio - w) / 2; more > 0 {
		return Limits{l.XMin - more, l.XMax + more, l.YMin, l.YMax}
	}
	more := (w*ratio - h) / 2
	return Limits{l.XMin, l.XMax, l.YMin - more, l.YMax + more}
}

// axisNames are those of the data at the time of the ends.
func (e Ends) axisNames(d Data) [2]string {
	names := d.axisNames()
	for i := range names {
		names[i] += " at t = " + minus(fmt.Sprintf("%.4g", e.Time))
	}
	return names
}

// line draws where the read-out changes its mind.
func (e Ends) line(d Data) layer {
	if e.ReadOut == nil || d.Classes < 2 {
		return func(*draw.Canvas, func(Point) vg.Point) {}
	}
	m := *e.ReadOut
	values := newRaster(m.Grid.NX, m.Grid.NY, m.width(d), slices.Clone(m.Values))
	segments, style := values.contour(0.5), boundaryLine
	if d.Classes > 2 {
		segments, style = values.borders(), borderLine
	}
	limits := m.Grid.Limits
	return func(c *draw.Canvas, at func(Point) vg.Point) {
		for _, s := range segments {
			ends := []vg.Point{at(limits.within(s[0])), at(limits.within(s[1]))}
			c.StrokeLines(style, c.ClipLinesXY(ends)...)
		}
	}
}

// within is the place of a fraction of the sides.
func (l Limits) within(p Point) Point {
	return Point{lerp(l.XMin, l.XMax, p[0]), lerp(l.YMin, l.YMax, p[1])}
}

func (e Ends) legend(d Data) legend {
	var l legend
	if e.ReadOut != nil && d.Classes == 2 {
		l = append(l, lineEntry(e.ReadOut.name(d)+" = 0.5", boundaryLine))
	}
	if out := outside(e.Points, e.Limits); out > 0 {
		l = append(l, entry{text: fmt.Sprintf("%d of %d end outside the right frame", out, len(e.Points))})
	}
	return l
}
