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

// Tracks returns the picture of tracks, each in a colour of its own, in axes with these names. What lies beyond the
// limits is not drawn; [Frame] has limits for all of it.
//
// It is an error if there is nothing to draw, a number is not finite or limits are not apart.
func Tracks(axes [2]string, tracks []Track, l Limits) (*Figure, error) {
	if err := checkTracks(tracks, l); err != nil {
		return nil, err
	}
	return drawTracks(axes, tracks, l, trackLegend(tracks)), nil
}

// PhasePlane is Tracks over the field that moves them, as arrows on a grid that fills the limits.
func PhasePlane(axes [2]string, tracks []Track, f Field) (*Figure, error) {
	p := problems{checkTracks(tracks, f.Grid.Limits)}
	f.check(&p)
	if err := p.err(); err != nil {
		return nil, err
	}
	legend := append(trackLegend(tracks), arrowEntry("dz/dt, length ~ √speed"))
	return drawTracks(axes, tracks, f.Grid.Limits, legend, f.layer()), nil
}

func checkTracks(tracks []Track, l Limits) error {
	var p problems
	points := 0
	for _, t := range tracks {
		all := slices.Concat(t.Observed, t.Held, t.Curve)
		p.finite("point", len(all), func(i int) []float64 { return all[i][:] })
		points += len(all)
	}
	if points == 0 {
		p.add("no points to draw")
	}
	if !apart(l.XMin, l.XMax) || !apart(l.YMin, l.YMax) {
		p.add("limits must be finite, in order and apart, got %s", l)
	}
	return p.err()
}

// TrackRatio is the height of the picture of tracks over its width.
const TrackRatio = 0.6

func drawTracks(axes [2]string, tracks []Track, l Limits, legend legend, under ...layer) *Figure {
	x := linearAxis(short(axes[0], maxAxisName), l.XMin, l.XMax, niceStep(l.XMax-l.XMin, 8))
	y := linearAxis(short(axes[1], maxAxisName), l.YMin, l.YMax, niceStep(l.YMax-l.YMin, 6))
	points := 0
	for _, t := range tracks {
		points += len(t.Observed) + len(t.Held)
	}
	layers := append([]layer{gridLines(x, y)}, under...)
	for i, t := range tracks {
		layers = append(layers, t.layer(okabeIto[i%len(okabeIto)], points))
	}
	return &Figure{panels: []*plot.Plot{newPlot(x, y, layers...)}, legend: legend, ratio: TrackRatio, dpi: dpi}
}

// TrackColour is the colour of a track by its place, as #rrggbb.
func TrackColour(i int) string { return hex(okabeIto[i%len(okabeIto)]) }

// Frame is limits that hold what was observed in the tracks and the curves, with a margin. Curves that fly off make it
// three times as wide and as high as what was observed takes, and no more: that would be a speck.
func Frame(tracks []Track) Limits {
	var seen, curves []Point
	for _, t := range tracks {
		seen, curves = slices.Concat(seen, t.Observed, t.Held), append(curves, t.Curve...)
	}
	if len(seen) == 0 {
		return padded(Around(curves, 0))
	}
	l, c := Around(seen, 0), Around(slices.Concat(seen, curves), 0)
	w, h := l.XMax-l.XMin, l.YMax-l.YMin
	if apart(l.XMin, l.XMax) {
		l.XMin, l.XMax = max(c.XMin, l.XMin-w), min(c.XMax, l.XMax+w)
	} else {
		l.XMin, l.XMax = c.XMin, c.XMax
	}
	if apart(l.YMin, l.YMax) {
		l.YMin, l.YMax = max(c.YMin, l.YMin-h), min(c.YMax, l.YMax+h)
	} else {
		l.YMin, l.YMax = c.YMin, c.YMax
	}
	return padded(l)
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
	manyDots            = 150
	trackLine vg.Length = 1.4
)

func (t Track) layer(c color.NRGBA, points int) layer {
	r := largeDot
	if points > manyDots {
		r = smallDot
	}
	t.Observed, t.Held, t.Curve = slices.Clone(t.Observed), slices.Clone(t.Held), slices.Clone(t.Curve)
	return func(canvas *draw.Canvas, at func(Point) vg.Point) {
		for _, p := range t.Observed {
			dot(c, r).draw(canvas, at(p))
		}
		for _, p := range t.Held {
			ring(c, r).draw(canvas, at(p))
		}
		for _, part := range parts(t.Curve) {
			canvas.StrokeLines(line(c, trackLine), canvas.ClipLinesXY(project(part, at))...)
		}
	}
}

func dot(c color.NRGBA, r vg.Length) marker {
	return marker{shape: circle, radius: r, fill: mix(c, white, 0.35)}
}

func ring(c color.NRGBA, r vg.Length) marker {
	return marker{shape: circle, radius: r, fill: white, edge: c, line: 0.8}
}

// trackLegend names the tracks and, where there are others than lines, says what dots, rings and lines are.
func trackLegend(tracks []Track) legend {
	var l legend
	held, observed := false, false
	for i, t := range tracks {
		held, observed = held || len(t.Held) > 0, observed || len(t.Observed) > 0
		if t.Name != "" {
			l = append(l, lineEntry(short(t.Name, maxName), line(okabeIto[i%len(okabeIto)], trackLine)))
		}
	}
	if !held && !observed {
		return l
	}
	l = append(l, markerEntry("observed", dot(neutral, largeDot)))
	if held {
		l = append(l, markerEntry("observed, held out", ring(neutral, largeDot)))
	}
	return append(l, lineEntry("model", line(neutral, trackLine)))
}
