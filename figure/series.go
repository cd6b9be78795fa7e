package figure

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Track is what was observed of one thing and what a model makes of it, both in the plane: a feature over time, or one
// over another.
type Track struct {
	Name     string  // in the legend; tracks of one name share a line there
	Observed []Point // dots
	Held     []Point // rings: observations that the model was not trained on
	Curve    []Point // from start to end
}

// Tracks returns the picture of tracks, each in a colour of its own, in axes with these names.
//
// It is an error if there is nothing to draw or a number is not finite.
func Tracks(axes [2]string, tracks []Track) (*Figure, error) {
	var p problems
	var all []Point
	for _, t := range tracks {
		all = slices.Concat(all, t.Observed, t.Held, t.Curve)
	}
	p.finite("point", len(all), func(i int) []float64 { return all[i][:] })
	if len(all) == 0 {
		p.add("no points to draw")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	l := padded(Around(all, 0))
	x := linearAxis(axes[0], l.XMin, l.XMax, niceStep(l.XMax-l.XMin, 8))
	y := linearAxis(axes[1], l.YMin, l.YMax, niceStep(l.YMax-l.YMin, 6))
	layers, legend := []layer{gridLines(x, y)}, trackLegend(tracks)
	for i, t := range tracks {
		layers = append(layers, t.layer(okabeIto[i%len(okabeIto)], len(all)))
	}
	return &Figure{panels: []*plot.Plot{newPlot(x, y, layers...)}, legend: legend, ratio: 0.6, dpi: dpi}, nil
}

// padded leaves room around the points.
func padded(l Limits) Limits {
	pad := func(lo, hi *float64) {
		d := 0.04 * (*hi - *lo)
		if !apart(*lo, *hi) {
			d = math.Max(0.5, 1e-9*math.Abs(*lo))
		}
		*lo, *hi = *lo-d, *hi+d
	}
	pad(&l.XMin, &l.XMax)
	pad(&l.YMin, &l.YMax)
	return l
}

// The sizes of dots and rings among few points and many.
const (
	largeDot  vg.Length = 2.4
	smallDot  vg.Length = 1.3
	manyDots            = 600
	trackLine vg.Length = 1.4
)

func (t Track) layer(c color.NRGBA, points int) layer {
	r := largeDot
	if points > manyDots {
		r = smallDot
	}
	return func(canvas *draw.Canvas, at func(Point) vg.Point) {
		for _, p := range t.Observed {
			dot(c, r).draw(canvas, at(p))
		}
		for _, p := range t.Held {
			ring(c, r).draw(canvas, at(p))
		}
		for _, part := range parts(t.Curve) {
			canvas.StrokeLines(draw.LineStyle{Color: c, Width: trackLine}, project(part, at))
		}
	}
}

func dot(c color.NRGBA, r vg.Length) marker {
	return marker{shape: circle, radius: r, fill: mix(c, white, 0.35)}
}

func ring(c color.NRGBA, r vg.Length) marker {
	return marker{shape: circle, radius: r, fill: white, edge: c, line: 0.8}
}

// trackLegend names the tracks and says what dots, rings and lines are.
func trackLegend(tracks []Track) legend {
	var l legend
	held := false
	for i, t := range tracks {
		held = held || len(t.Held) > 0
		if t.Name != "" {
			l = append(l, lineEntry(t.Name, draw.LineStyle{Color: okabeIto[i%len(okabeIto)], Width: trackLine}))
		}
	}
	thumb := func(m marker) func(*draw.Canvas) { return func(c *draw.Canvas) { m.draw(c, c.Center()) } }
	l = append(l, entry{"observed", false, thumb(dot(neutral, largeDot))})
	if held {
		l = append(l, entry{"observed, held out", false, thumb(ring(neutral, largeDot))})
	}
	return append(l, lineEntry("model", draw.LineStyle{Color: neutral, Width: trackLine}))
}
