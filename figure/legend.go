package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend is a row of entries above the axes, or several rows where they need more: never over the data.
type legend []entry

// entry is a text after a thumbnail. draw gets the thumbnail's place, thumbWidth by rowHeight; nil: no thumbnail.
type entry struct {
	text string
	wide bool
	draw func(c *draw.Canvas)
	room vg.Length // that it takes at least
}

const (
	rowHeight   vg.Length = 14
	legendGap   vg.Length = 4  // between legend and axes, and between thumbnail and text
	entryGap    vg.Length = 11 // between entries
	narrowThumb vg.Length = 8
	wideThumb   vg.Length = 24
)

func (e entry) thumb() vg.Length {
	switch {
	case e.draw == nil:
		return 0
	case e.wide:
		return wideThumb + legendGap
	}
	return narrowThumb + legendGap
}

func (e entry) width() vg.Length { return max(e.room, e.thumb()+textStyle(textSize).Width(e.text)) }

// place calls visit with the upper left corner of each entry, relative to that of the legend, and returns the height.
func (l legend) place(width vg.Length, visit func(entry, vg.Point)) vg.Length {
	if len(l) == 0 {
		return 0
	}
	var at vg.Point
	for _, e := range l {
		w := e.width()
		if at.X > 0 && at.X+w > width {
			at = vg.Point{Y: at.Y - rowHeight}
		}
		visit(e, at)
		at.X += w + entryGap
	}
	return rowHeight - at.Y + legendGap
}

func (l legend) height(width vg.Length) vg.Length {
	return l.place(width, func(entry, vg.Point) {})
}

func (l legend) draw(c draw.Canvas, corner vg.Point, width vg.Length) {
	l.place(width, func(e entry, at vg.Point) { e.drawAt(c, corner.Add(at)) })
}

func (e entry) drawAt(c draw.Canvas, corner vg.Point) {
	style := textStyle(textSize)
	style.XAlign = text.XLeft
	middle := corner.Y - rowHeight/2
	if e.draw != nil {
		thumb := c
		thumb.Min = vg.Point{X: corner.X, Y: corner.Y - rowHeight}
		thumb.Max = vg.Point{X: corner.X + e.thumb() - legendGap, Y: corner.Y}
		e.draw(&thumb)
	}
	c.FillText(style, vg.Point{X: corner.X + e.thumb(), Y: middle - style.Font.Size/3}, e.text)
}

func markerEntry(text string, m marker) entry {
	return entry{text: text, wide: false, draw: func(c *draw.Canvas) { m.draw(c, c.Center()) }}
}

func lineEntry(text string, s draw.LineStyle, more ...func(*draw.Canvas)) entry {
	return entry{text: text, wide: true, draw: func(c *draw.Canvas) {
		c.StrokeLine2(s, c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
		for _, m := range more {
			m(c)
		}
	}}
}

func line(c color.Color, w vg.Length) draw.LineStyle { return draw.LineStyle{Color: c, Width: w} }

// legend lists the classes; a real label is explained by a colour bar instead.
func (d Data) legend(s scale, r vg.Length) legend {
	if d.Classes == 0 {
		return legend{markerEntry("data", s.marker(d.middle(s), max(r, 2)))}
	}
	var l legend
	for class := range d.Classes {
		l = append(l, markerEntry(d.name(class), s.marker(float64(class), max(r, 2))))
	}
	return l
}

// middle is a label to show real labels by; NaN where there are none.
func (d Data) middle(s scale) float64 {
	if d.Labels == nil {
		return math.NaN()
	}
	return (s.lo + s.hi) / 2
}

// bar explains real labels; classes and no labels need none.
func (d Data) bar(s scale) *colourBar {
	if d.Classes > 0 || d.Labels == nil {
		return nil
	}
	return &colourBar{d.name(0), s.lo, s.hi, s.colour}
}
