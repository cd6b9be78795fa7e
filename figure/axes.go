package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	labelSize = 10 // points: axis labels
	textSize  = 9  // points: tick labels, legend
)

var (
	ink      = color.NRGBA{0x22, 0x22, 0x22, 0xff} // text and markers
	gridLine = draw.LineStyle{Color: color.NRGBA{0xe6, 0xe6, 0xe6, 0xff}, Width: 0.5}
	frame    = draw.LineStyle{Color: color.NRGBA{0x55, 0x55, 0x55, 0xff}, Width: 0.6}
)

// axis is what a figure says about one axis.
type axis struct {
	name     string
	min, max float64
	ticks    []plot.Tick
}

// layer draws one part of the data. at puts a point of the data on the canvas, which is the data area.
type layer func(c *draw.Canvas, at func(Point) vg.Point)

// Plot implements plot.Plotter.
func (l layer) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	l(&c, func(q Point) vg.Point { return vg.Point{X: x(q[0]), Y: y(q[1])} })
}

// newPlot is a plot of the layers, in that order, in a frame.
func newPlot(x, y axis, layers ...layer) *plot.Plot {
	p := plot.New()
	x.dress(&p.X)
	y.dress(&p.Y)
	for _, l := range layers {
		p.Add(l)
	}
	p.Add(layer(func(c *draw.Canvas, _ func(Point) vg.Point) { c.StrokeLines(frame, outline(c.Rectangle)) }))
	return p
}

func (a axis) dress(p *plot.Axis) {
	p.Min, p.Max = a.min, a.max
	p.Label.Text = a.name
	p.Label.Padding = 3
	p.Label.TextStyle = withText(p.Label.TextStyle, labelSize)
	p.Padding = 0 // the data area ends at the limits
	p.Tick.Marker = plot.ConstantTicks(a.ticks)
	p.Tick.Label = withText(p.Tick.Label, textSize)
	p.Tick.Length = 3
	p.LineStyle.Width = 0 // newPlot draws the frame; the axes' own lines lie beside it
	p.Tick.LineStyle = frame
}

// textStyle is the style of all text: centred, on the baseline.
func textStyle(size vg.Length) text.Style {
	return withText(text.Style{XAlign: text.XCenter}, size)
}

func withText(s text.Style, size vg.Length) text.Style {
	s.Color = ink
	s.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	s.Handler = scripts{text.Plain{Fonts: font.DefaultCache}}
	return s
}

// gridLines draws a line at each labelled tick, below the data.
func gridLines(x, y axis) layer {
	return func(c *draw.Canvas, at func(Point) vg.Point) {
		for _, t := range x.labelled() {
			u := at(Point{t, y.min}).X
			c.StrokeLine2(gridLine, u, c.Min.Y, u, c.Max.Y)
		}
		for _, t := range y.labelled() {
			v := at(Point{x.min, t}).Y
			c.StrokeLine2(gridLine, c.Min.X, v, c.Max.X, v)
		}
	}
}

func (a axis) labelled() []float64 {
	var at []float64
	for _, t := range a.ticks {
		if !t.IsMinor() {
			at = append(at, t.Value)
		}
	}
	return at
}

// outline is the closed line around a rectangle.
func outline(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}, r.Min}
}

func linearAxis(name string, lo, hi, step float64) axis {
	return axis{name, lo, hi, linearTicks(lo, hi, step)}
}

// logAxis is an axis of decimal logarithms, labelled with the numbers.
func logAxis(name string, lo, hi float64) axis {
	return axis{name, lo, hi, logTicks(lo, hi)}
}
