package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// marker is how a point is drawn.
type marker struct {
	shape  shape
	radius vg.Length // of a circle; other shapes have about its area
	fill   color.NRGBA
	edge   color.NRGBA
	line   vg.Length // width of the edge
}

// shape is a corner count and a direction; corners 0 is a circle.
type shape struct {
	corners int
	turn    float64 // angle of the first corner
	scale   float64 // distance of the corners for the area of the circle of radius 1
}

var (
	circle  = shape{}
	diamond = shape{4, math.Pi / 2, 1.25}

	// shapes of classes: more than colours would need, so that their period differs from that of the colours.
	shapes = []shape{
		circle,
		{3, math.Pi / 2, 1.45},
		{4, math.Pi / 4, 1.25},
		diamond,
		{3, -math.Pi / 2, 1.45},
	}
)

func classShape(class int) shape { return shapes[class%len(shapes)] }

func (s shape) path(at vg.Point, r vg.Length) vg.Path {
	var p vg.Path
	if s.corners == 0 {
		p.Move(vg.Point{X: at.X + r, Y: at.Y})
		p.Arc(at, r, 0, 2*math.Pi)
		p.Close()
		return p
	}
	for i := range s.corners {
		sin, cos := math.Sincos(s.turn + 2*math.Pi*float64(i)/float64(s.corners))
		corner := at.Add(vg.Point{X: vg.Length(cos), Y: vg.Length(sin)}.Scale(r * vg.Length(s.scale)))
		if i == 0 {
			p.Move(corner)
			continue
		}
		p.Line(corner)
	}
	p.Close()
	return p
}

// draw draws the marker at a point; nothing where the point is off the canvas.
func (m marker) draw(c *draw.Canvas, at vg.Point) {
	if !c.Contains(at) {
		return
	}
	p := m.shape.path(at, m.radius)
	c.SetColor(m.fill)
	c.Fill(p)
	if m.line > 0 {
		c.SetLineStyle(draw.LineStyle{Color: m.edge, Width: m.line})
		c.Stroke(p)
	}
}
