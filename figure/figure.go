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
	single    = 6 * vg.Inch   // the width of a figure
	double    = 9.6 * vg.Inch // of one with two panels
	maxHeight = 6 * vg.Inch   // of the data area
	margin    = 6             // points, around everything
	panelGap  = 10            // points, between two panels
	dpi       = 300           // of PNG
)

// Figure is a picture ready to be written, any number of times. It is not for concurrent use.
type Figure struct {
	panels []*plot.Plot // side by side
	legend legend
	bar    *colourBar // nil: none
	ratio  float64    // height of a data area over its width
	dpi    int
}

// WritePNG writes the figure as a PNG image 1800 pixels wide, or 2880 with two panels; the height depends on the data.
func (f *Figure) WritePNG(w io.Writer) error {
	return written(vgimg.PngCanvas{Canvas: f.paint(f.layout(), f.dpi)}.WriteTo(w))
}

// paint draws the figure as an image with that many pixels an inch.
func (f *Figure) paint(l layout, dpi int) *vgimg.Canvas {
	c := vgimg.NewWith(vgimg.UseWH(f.width(), l.height), vgimg.UseDPI(dpi))
	f.draw(draw.New(c), l)
	return c
}

// WriteSVG writes the figure as an SVG document 6 inches wide, or 9.6 with two panels. Its text is text in Liberation
// Sans, or the viewer's nearest font.
func (f *Figure) WriteSVG(w io.Writer) error {
	l := f.layout()
	c := vgsvg.New(f.width(), l.height)
	f.draw(draw.New(c), l)
	return written(c.WriteTo(w))
}

func (f *Figure) width() vg.Length {
	if len(f.panels) > 1 {
		return double
	}
	return single
}

func written(_ int64, err error) error {
	if err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}

// layout is where the parts of a figure lie, in points from the lower left corner.
type layout struct {
	width, height vg.Length
	panels        []panel
	legend        vg.Point // upper left corner
}

// panel is where a plot lies.
type panel struct {
	plot vg.Rectangle // axes included
	data vg.Rectangle // inside the axes
}

// layout finds the height at which the data areas get their ratio: the axes take from the width what their labels need,
// which is known only once the plots are laid out. All data areas are of one size.
func (f *Figure) layout() layout {
	l := layout{width: f.width(), panels: make([]panel, len(f.panels))}
	n := vg.Length(len(f.panels))
	column := (l.width - 2*margin - f.bar.width() - (n-1)*panelGap) / n
	for i := range l.panels {
		left := margin + vg.Length(i)*(column+panelGap)
		l.panels[i].plot = vg.Rectangle{Min: vg.Point{X: left, Y: margin}, Max: vg.Point{X: left + column, Y: l.width}}
	}
	for range 3 { // the labels' overhang depends on the size: it settles at the second round
		f.measure(&l)
		widest := maxHeight / vg.Length(f.ratio)
		for _, p := range l.panels {
			widest = min(widest, p.data.Size().X)
		}
		for i := range l.panels {
			p := &l.panels[i]
			size := p.data.Size()
			narrower := size.X - widest
			p.plot.Min.X += narrower / 2
			p.plot.Max.X -= narrower / 2
			p.plot.Max.Y += widest*vg.Length(f.ratio) - size.Y
		}
	}
	f.measure(&l)
	legend := f.legend.height(l.legendWidth())
	l.legend = vg.Point{X: l.legendLeft(), Y: l.panels[0].plot.Max.Y + legend}
	l.height = wholePixels(l.legend.Y+margin, f.dpi)
	return l
}

// measure finds the data areas.
func (f *Figure) measure(l *layout) {
	for i, p := range f.panels {
		l.panels[i].data = p.DataCanvas(draw.Canvas{Rectangle: l.panels[i].plot}).Rectangle
	}
}

// legendLeft lines the legend up with the axes where these are wide, and takes the whole figure where they are not.
func (l layout) legendLeft() vg.Length {
	return min(l.panels[0].data.Min.X, l.width/5)
}

func (l layout) legendWidth() vg.Length { return l.width - margin - l.legendLeft() }

func wholePixels(x vg.Length, dpi int) vg.Length {
	pixel := vg.Inch / vg.Length(dpi)
	return vg.Length(math.Ceil(float64(x/pixel))) * pixel
}

func (f *Figure) draw(c draw.Canvas, l layout) {
	for i, p := range f.panels {
		p.Draw(draw.Canvas{Canvas: c.Canvas, Rectangle: l.panels[i].plot})
	}
	f.legend.draw(c, l.legend, l.legendWidth())
	f.bar.draw(c, l.panels[len(l.panels)-1].data)
}
