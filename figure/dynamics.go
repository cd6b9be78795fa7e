package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Field is the right-hand side on a grid, at one time.
type Field struct {
	Grid    Grid    // its limits are those of the picture; 20 × 20 cells look well, best where they are about square
	Vectors []Point // [NY·NX], dz/dt at Grid.Points, in that order
	Time    float64 // t, for the legend

	// Dim is the number of components of a state, of which the picture shows the first two: with more than two the
	// legend says so, and Vectors are the field where the other components are 0. Up to 2: all are shown.
	Dim int
}

// Trajectories are solutions in the plane.
type Trajectories struct {
	Paths  [][]Point // [trajectories][times], from start to end; about 50 paths stay apart
	Labels []float64 // [trajectories], of the kind of the data's; nil: none
}

// Dynamics returns the picture of the learned dynamics: the field as arrows, trajectories with their starts (rings) and
// ends (diamonds), and the data behind them. Colours are those of the labels.
//
// An arrow is centred on its grid point. The longest fits into a cell; the others are as long as the square root of
// their speed says, so that slow regions still show a direction. Trajectories may leave the limits and are cut there;
// the legend says how many end outside. Data points outside are not drawn. Scales are equal on both axes unless one
// side is more than four times the other.
//
// It is an error if a length does not match, there are no data points, or a number is not finite; there may be no
// trajectories.
func Dynamics(d Data, f Field, t Trajectories) (*Figure, error) {
	if err := checkDynamics(d, f, t); err != nil {
		return nil, err
	}
	s := newScale(d, t.Labels)
	size := d.share(f.Grid.Limits)
	r := d.pointRadius() * size
	x, y, ratio := f.Grid.plane(d.axisNames())
	layers := []layer{gridLines(x, y), d.layer(s.pale(), r), f.layer(), t.layer(s, size)}
	return &Figure{
		panels: []*plot.Plot{newPlot(x, y, layers...)},
		legend: append(d.legend(s, r), dynamicsLegend(f, t)...),
		bar:    d.bar(s),
		ratio:  ratio,
		dpi:    dpi,
	}, nil
}

func checkDynamics(d Data, f Field, t Trajectories) error {
	var p problems
	d.check(&p)
	f.check(&p)
	t.check(&p, d)
	return p.err()
}

func (f Field) check(p *problems) {
	f.Grid.check(p)
	p.length("vectors", len(f.Vectors), f.Grid.Len(), "grid cells")
	p.finite("vector", len(f.Vectors), func(i int) []float64 { return f.Vectors[i][:] })
	if !finite(f.Time) {
		p.add("time must be finite, got %v", f.Time)
	}
}

func (t Trajectories) check(p *problems, d Data) {
	if t.Labels != nil {
		p.length("trajectory labels", len(t.Labels), len(t.Paths), "trajectories")
		d.checkLabels(p, "trajectory label", t.Labels)
	}
	for i, path := range t.Paths {
		if len(path) == 0 {
			p.add("trajectory %d has no points", i)
		}
		p.finite(fmt.Sprintf("trajectory %d, point", i), len(path), func(j int) []float64 { return path[j][:] })
	}
}

func dynamicsLegend(f Field, t Trajectories) legend {
	var l legend
	if len(t.Paths) > 0 {
		l = append(l, entry{text: "trajectory, start to end", wide: true, draw: drawTrajectoryThumb})
	}
	if n := t.endOutside(f.Grid.Limits); n > 0 {
		l = append(l, entry{text: fmt.Sprintf("%d of %d end outside the frame", n, len(t.Paths))})
	}
	text := fmt.Sprintf("dz/dt at t = %s, length ~ √speed", minus(fmt.Sprintf("%.4g", f.Time)))
	l = append(l, arrowEntry(text))
	if f.Dim > 2 {
		l = append(l, entry{text: f.projection()})
	}
	return l
}

func arrowEntry(text string) entry {
	return entry{text: text, wide: true, draw: func(c *draw.Canvas) {
		drawArrows(c, []arrow{{c.Center(), vg.Point{X: 22}}})
	}}
}

// projection tells what the picture leaves out.
func (f Field) projection() string {
	others := "z₃"
	if f.Dim > 3 {
		others += ", …, z" + lowered(f.Dim)
	}
	return fmt.Sprintf("projection onto 2 of %d components, field at %s = 0", f.Dim, others)
}

func drawTrajectoryThumb(c *draw.Canvas) {
	from, to := vg.Point{X: c.Min.X + 3, Y: c.Center().Y}, vg.Point{X: c.Max.X - 3, Y: c.Center().Y}
	c.StrokeLine2(line(neutral, pathWidth), from.X, from.Y, to.X, to.Y)
	startMarker(neutral, 1).draw(c, from)
	endMarker(neutral).draw(c, to)
}

// endOutside is how many trajectories end where the picture does not reach.
func (t Trajectories) endOutside(l Limits) int {
	n := 0
	for _, path := range t.Paths {
		if !l.contain(path[len(path)-1]) {
			n++
		}
	}
	return n
}

const pathWidth vg.Length = 0.7

func startMarker(c color.NRGBA, size vg.Length) marker {
	return marker{circle, 1.8 * size, white, c, 0.8 * size}
}

func endMarker(c color.NRGBA) marker { return marker{diamond, 2, c, ink, 0.5} }

// layer draws all lines first: markers lie on top, those of the starts of that size.
func (t Trajectories) layer(s scale, size vg.Length) layer {
	paths, colours := make([][]Point, len(t.Paths)), make([]color.NRGBA, len(t.Paths))
	for i, path := range t.Paths {
		paths[i], colours[i] = slices.Clone(path), mix(s.colour(t.label(i)), ink, 0.15)
	}
	return func(c *draw.Canvas, at func(Point) vg.Point) {
		for i, path := range paths {
			c.StrokeLines(line(colours[i], pathWidth*(1+size)/2), c.ClipLinesXY(project(path, at))...)
		}
		for i, path := range paths {
			startMarker(colours[i], size).draw(c, at(path[0]))
			endMarker(colours[i]).draw(c, at(path[len(path)-1]))
		}
	}
}

// label of trajectory i; NaN without labels.
func (t Trajectories) label(i int) float64 {
	if t.Labels == nil {
		return math.NaN()
	}
	return t.Labels[i]
}
