package figure

import (
	"errors"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Flow is the data carried by a field.
type Flow struct {
	Times  []float64 // in the order of the pictures
	States [][]Point // [times][samples], where the data's points are
	Fields []Field   // [times], on one grid, or a single one for all

	// ReadOut is what the read-out says of the states at the end: see Ends.
	ReadOut *Map
}

// Animate returns the animation of the flow: at each time the field as arrows, and the data where they are, with a
// trail of where they were. It is an error if a length does not match, there are no data points, or a number is not
// finite.
func (fl Flow) Animate(d Data) (*Animation, error) {
	if err := fl.check(d); err != nil {
		return nil, err
	}
	a := &Animation{dpi: animationDPI}
	s := newScale(d, nil)
	for k := range fl.Times {
		a.frames = append(a.frames, fl.frame(d, s, k))
	}
	return a, nil
}

func (fl Flow) check(d Data) error {
	var p problems
	d.check(&p)
	p.length("pictures' states", len(fl.States), len(fl.Times), "times")
	if len(fl.Fields) != 1 {
		p.length("fields", len(fl.Fields), len(fl.Times), "times")
	}
	for _, f := range fl.Fields {
		f.check(&p)
	}
	for k, points := range fl.States {
		p.length(fmt.Sprintf("states at time %d", k), len(points), len(d.Points), "data points")
		p.finite(fmt.Sprintf("time %d, state", k), len(points), func(i int) []float64 { return points[i][:] })
	}
	if len(fl.Times) == 0 {
		p = append(p, errors.New("figure: no times for an animation"))
	}
	return p.err()
}

// frame is the picture at one of the times.
func (fl Flow) frame(d Data, s scale, k int) *Figure {
	f := fl.Fields[min(k, len(fl.Fields)-1)]
	x, y, ratio := f.Grid.plane(d.axisNames())
	now := Data{Points: fl.States[k], Labels: d.Labels, Classes: d.Classes, Names: d.Names}
	r := d.pointRadius()
	line := Ends{ReadOut: fl.ReadOut}.line(d)
	layers := []layer{gridLines(x, y), f.layer(), line, fl.trails(d, s, k), now.layer(s, r)}
	l := d.legend(s, r)
	if fl.ReadOut != nil && d.Classes == 2 {
		l = append(l, lineEntry(fl.ReadOut.name(d)+" = 0.5 at the end", boundaryLine))
	}
	// last: what changes moves nothing else
	l = append(l, captions(fl.captions())[k])
	return &Figure{panels: []*plot.Plot{newPlot(x, y, layers...)}, legend: l, bar: d.bar(s), ratio: ratio, dpi: dpi}
}

// captions say when a picture is.
func (fl Flow) captions() []string {
	texts := make([]string, len(fl.Times))
	for k, t := range fl.Times {
		texts[k] = "t = " + minus(fmt.Sprintf("%.2f", t))
	}
	return texts
}

// captions are entries of a legend of which each picture has one: all take the same room, so that none moves anything.
func captions(texts []string) legend {
	all := make(legend, len(texts))
	var room vg.Length
	for i, text := range texts {
		all[i].text = text
		room = max(room, all[i].width())
	}
	for i := range all {
		all[i].room = room
	}
	return all
}

// trailed is how many pictures back a trail goes.
const trailed = 5

// trails draws where the data were just before, paler than they are.
func (fl Flow) trails(d Data, s scale, k int) layer {
	from := max(0, k-trailed)
	paths, colours := make([][]Point, len(d.Points)), make([]color.NRGBA, len(d.Points))
	for i := range d.Points {
		for _, states := range fl.States[from : k+1] {
			paths[i] = append(paths[i], states[i])
		}
		colours[i] = mix(s.full(d.label(i)), white, 0.55)
	}
	return func(c *draw.Canvas, at func(Point) vg.Point) {
		for i, path := range paths {
			c.StrokeLines(line(colours[i], 0.8), c.ClipLinesXY(project(slices.Clone(path), at))...)
		}
	}
}

// Animate returns the animation of pictures of one training, each with what it is of, such as "iteration 32". They
// should have the same limits; the legend is the marks of the first, and what each is of.
func Animate(pictures []*Figure, of []string) (*Animation, error) {
	if len(of) != len(pictures) || len(pictures) == 0 {
		return nil, fmt.Errorf("figure: %d pictures with %d captions, want as many, and one at least", len(pictures),
			len(of))
	}
	a := &Animation{dpi: animationDPI}
	unmarked := func(e entry) bool { return e.draw == nil } // says something of one picture
	marks := slices.DeleteFunc(slices.Clone(pictures[0].legend), unmarked)
	for i, caption := range captions(of) {
		now := *pictures[i]
		now.legend = append(slices.Clip(marks), caption)
		a.frames = append(a.frames, &now)
	}
	return a, nil
}

// Beside is two pictures side by side, of which the first gives the legend. Both must be of the same proportions.
func Beside(left, right *Figure) *Figure {
	both := *left
	both.panels = slices.Concat(left.panels, right.panels)
	return &both
}
