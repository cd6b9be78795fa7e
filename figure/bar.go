package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// colourBar explains the colours of values, to the right of the axes. A nil bar takes no room and draws nothing.
type colourBar struct {
	name   string
	lo, hi float64
	colour func(float64) color.NRGBA
}

const (
	barGap    vg.Length = 8 // from the axes
	barWidth  vg.Length = 9
	barLength           = 2.6 * vg.Inch // at most
	barSteps            = 128
)

func (b *colourBar) ticks() []plot.Tick {
	return linearTicks(b.lo, b.hi, niceStep(b.hi-b.lo, 5))
}

// width is the room that the bar, its labels and its name take.
func (b *colourBar) width() vg.Length {
	if b == nil {
		return 0
	}
	return barGap + barWidth + 3 + 2 + b.labelWidth() + 4 + textStyle(labelSize).Height(b.name)
}

func (b *colourBar) labelWidth() vg.Length {
	style, w := textStyle(textSize), vg.Length(0)
	for _, t := range b.ticks() {
		w = max(w, style.Width(t.Label))
	}
	return w
}

// draw puts the bar beside the data area.
func (b *colourBar) draw(c draw.Canvas, data vg.Rectangle) {
	if b == nil {
		return
	}
	length := min(data.Size().Y, barLength)
	middle := (data.Min.Y + data.Max.Y) / 2
	c.Min = vg.Point{X: data.Max.X + barGap, Y: middle - length/2}
	c.Max = vg.Point{X: data.Max.X + barGap + barWidth, Y: middle + length/2}
	b.drawColours(c)
	b.drawLabels(c)
}

func (b *colourBar) drawColours(c draw.Canvas) {
	step := (c.Max.Y - c.Min.Y) / barSteps
	for i := range barSteps {
		y := c.Min.Y + vg.Length(i)*step
		// Each strip reaches to the top and the next covers it: abutting edges would show as pale lines.
		strip := vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: y}, Max: c.Max}
		c.SetColor(b.colour(b.lo + (b.hi-b.lo)*(float64(i)+0.5)/barSteps))
		c.Fill(strip.Path())
	}
	c.StrokeLines(frame, outline(c.Rectangle))
}

func (b *colourBar) drawLabels(c draw.Canvas) {
	style := textStyle(textSize)
	style.XAlign = text.XLeft
	for _, t := range b.ticks() {
		y := c.Y((t.Value - b.lo) / (b.hi - b.lo))
		c.StrokeLine2(frame, c.Max.X, y, c.Max.X+3, y)
		c.FillText(style, vg.Point{X: c.Max.X + 5, Y: y - style.Font.Size/3}, t.Label)
	}
	name := textStyle(labelSize)
	name.Rotation = math.Pi / 2
	x := c.Max.X + 5 + b.labelWidth() + 4 + name.Font.Size
	c.FillText(name, vg.Point{X: x, Y: c.Center().Y}, b.name)
}
