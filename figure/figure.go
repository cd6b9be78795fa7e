package figure

import (
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	width     = 6 * vg.Inch
	maxHeight = 6 * vg.Inch // of the data area
	margin    = 6           // points, around everything
	dpi       = 300         // of PNG
)

// Figure is a picture ready to be written, any number of times. It is not for concurrent use.
type Figure struct {
	plot   *plot.Plot
	legend legend
	bar    *colourBar // nil: none
	ratio  float64    // height of the data area over its width
	dpi    int
}

// WritePNG writes the figure as a PNG image 1800 pixels wide; the height depends on the data.
func (f *Figure) WritePNG(w io.Writer) error {
	l := f.layout()
	c := vgimg.NewWith(vgimg.UseWH(width, l.height), vgimg.UseDPI(f.dpi))
	f.draw(draw.New(c), l)
	return written(vgimg.PngCanvas{Canvas: c}.WriteTo(w))
}

// WriteSVG writes the figure as an SVG document 6 inches wide. Its text is text in Liberation Sans, or the viewer's
// nearest font.
func (f *Figure) WriteSVG(w io.Writer) error {
	l := f.layout()
	c := vgsvg.New(width, l.height)
	f.draw(draw.New(c), l)
	return written(c.WriteTo(w))
}

func written(_ int64, err error) error {
	if err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}

// layout is where the parts of a figure lie, in points from the lower left corner.
type layout struct {
	height vg.Length
	plot   vg.Rectangle // axes included
	data   vg.Rectangle // inside the axes
	legend vg.Point     // upper left corner
}

// layout finds the height at which the data area gets its ratio: the axes take from the width what their labels need,
// which is known only once the plot is laid out.
func (f *Figure) layout() layout {
	l := layout{height: width}
	l.plot.Min = vg.Point{X: margin, Y: margin}
	l.plot.Max = vg.Point{X: width - margin - f.bar.width(), Y: width}
	for range 3 { // the labels' overhang depends on the size: it settles at the second round
		l.data = f.plot.DataCanvas(draw.Canvas{Rectangle: l.plot}).Rectangle
		size := l.data.Size()
		if narrower := size.X - maxHeight/vg.Length(f.ratio); narrower > 0 {
			l.plot.Min.X += narrower / 2
			l.plot.Max.X -= narrower / 2
			size.X -= narrower
		}
		l.plot.Max.Y += size.X*vg.Length(f.ratio) - size.Y
	}
	l.data = f.plot.DataCanvas(draw.Canvas{Rectangle: l.plot}).Rectangle
	legend := f.legend.height(l.legendWidth())
	l.legend = vg.Point{X: l.legendLeft(), Y: l.plot.Max.Y + legend}
	l.height = wholePixels(l.legend.Y+margin, f.dpi)
	return l
}

// legendLeft lines the legend up with the axes where these are wide, and takes the whole figure where they are not.
func (l layout) legendLeft() vg.Length {
	return min(l.data.Min.X, width/5)
}

func (l layout) legendWidth() vg.Length { return width - margin - l.legendLeft() }

func wholePixels(x vg.Length, dpi int) vg.Length {
	pixel := vg.Inch / vg.Length(dpi)
	return vg.Length(math.Ceil(float64(x/pixel))) * pixel
}

func (f *Figure) draw(c draw.Canvas, l layout) {
	f.plot.Draw(draw.Canvas{Canvas: c.Canvas, Rectangle: l.plot})
	f.legend.draw(c, l.legend, l.legendWidth())
	f.bar.draw(c, l.data)
}
