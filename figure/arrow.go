package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// arrow is centred on a place.
type arrow struct{ at, by vg.Point }

const (
	arrowFill            = 0.9 // of a cell, the longest arrow
	arrowWidth vg.Length = 0.6
	headLength vg.Length = 3.2 // at most
	headShare            = 0.4 // of a short arrow
	headAspect           = 0.7 // width over length
)

var arrowColour = color.NRGBA{0x80, 0x80, 0x80, 0xff}

// layer draws the field as arrows. Directions are those on the canvas, where scales may differ.
func (f Field) layer() layer {
	points, ends := f.Grid.Points(), make([]Point, len(f.Vectors))
	w, h := f.Grid.cell()
	largest := f.largest()
	for i, v := range f.Vectors {
		ends[i] = Point{v[0] / largest / w, v[1] / largest / h}
	}
	return func(c *draw.Canvas, at func(Point) vg.Point) {
		cell := at(Point{f.Grid.XMin + w, f.Grid.YMin + h}).Sub(at(Point{f.Grid.XMin, f.Grid.YMin}))
		drawArrows(c, arrows(project(points, at), ends, cell))
	}
}

// largest is that of all components; 1 for a field of zeros.
func (f Field) largest() float64 {
	m := 0.0
	for _, v := range f.Vectors {
		m = math.Max(m, math.Max(math.Abs(v[0]), math.Abs(v[1])))
	}
	if m == 0 {
		return 1
	}
	return m
}

// arrows scales vectors, given in cells up to a factor, to fit into cells.
func arrows(at []vg.Point, vectors []Point, cell vg.Point) []arrow {
	longest := arrowFill * float64(min(cell.X, cell.Y))
	as := make([]arrow, len(at))
	fastest := 0.0
	for i, v := range vectors {
		as[i] = arrow{at[i], vg.Point{X: vg.Length(v[0]) * cell.X, Y: vg.Length(v[1]) * cell.Y}}
		fastest = math.Max(fastest, as[i].length())
	}
	for i, a := range as {
		if l := a.length(); l > 0 {
			as[i].by = a.by.Scale(vg.Length(longest * math.Sqrt(l/fastest) / l))
		}
	}
	return as
}

func (a arrow) length() float64 { return math.Hypot(float64(a.by.X), float64(a.by.Y)) }

// drawArrows draws all shafts as one path and all heads as another: a field is a few strokes, not thousands.
func drawArrows(c *draw.Canvas, as []arrow) {
	var shafts, heads vg.Path
	for _, a := range as {
		if a.length() < 0.1 { // points: nothing to see
			continue
		}
		tail, tip := a.at.Sub(a.by.Scale(0.5)), a.at.Add(a.by.Scale(0.5))
		l := vg.Length(a.length())
		head := min(headLength, headShare*l)
		along := a.by.Scale(head / l)
		across := vg.Point{X: -along.Y, Y: along.X}.Scale(headAspect / 2)
		neck := tip.Sub(along)
		shafts.Move(tail)
		shafts.Line(neck)
		heads.Move(tip)
		heads.Line(neck.Add(across))
		heads.Line(neck.Sub(across))
		heads.Close()
	}
	c.SetLineStyle(line(arrowColour, arrowWidth))
	c.Stroke(shafts)
	c.SetColor(arrowColour)
	c.Fill(heads)
}
