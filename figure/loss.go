package figure

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	rawLine    = draw.LineStyle{Color: color.NRGBA{0x9c, 0xc3, 0xdd, 0xff}, Width: 0.6}
	smoothLine = draw.LineStyle{Color: okabeIto[0], Width: 1.6}
	heldLine   = draw.LineStyle{Color: okabeIto[1], Width: 1.6}
	baseLine   = draw.LineStyle{Color: color.NRGBA{0x77, 0x77, 0x77, 0xff}, Width: 1, Dashes: []vg.Length{4, 3}}
)

// Held is the losses of rows held out of a training. The zero value is that of a training without.
type Held struct {
	Iterations []int     // [n], increasing: after these the rows were looked at
	Loss       []float64 // [n]; what has no place on the axis leaves a gap
	Baseline   float64   // the loss of the best answer that is the same for all; not drawn unless positive and finite
}

// Loss returns the curve of the training loss over the iterations, on a logarithmic axis: each value, thin, and on top
// the centred moving geometric mean, bold. Its window is about a twentieth of the values, odd, at most 501, and at the
// ends the part that there is; below 40 values the curve is drawn as it is. Where a value is negative, as logarithms of
// likelihoods are, the axis is linear and the mean is that of the values.
//
// iterations [n] increase, loss [n] has the value at each. Values that are not finite, or not positive on a logarithmic
// axis, have no place: they leave a gap in the thin line, do not enter the mean, and the legend says how many there
// are. It is an error if no value is left.
func Loss(iterations []int, loss []float64) (*Figure, error) {
	return LossWithHeld(iterations, loss, Held{})
}

// LossWithHeld is Loss with the curve of rows held out beside, and a dashed line for the baseline.
func LossWithHeld(iterations []int, loss []float64, held Held) (*Figure, error) {
	scale := scaleOf(loss, held.Loss)
	if err := errors.Join(scale.check(iterations, loss), held.check()); err != nil {
		return nil, err
	}
	c, h := scale.curve(iterations, loss), scale.curve(held.Iterations, held.Loss)
	base := held.baseline(c, scale)
	x, y := axes(c, slices.Concat(c, h, base), scale)
	window := smoothingWindow(len(loss))
	layers := []layer{gridLines(x, y)}
	if window > 1 {
		layers = append(layers, c.layer(rawLine), c.smoothed(window).layer(smoothLine))
	} else {
		layers = append(layers, c.layer(smoothLine))
	}
	layers = append(layers, base.layer(baseLine), h.layer(heldLine))
	return &Figure{
		panels: []*plot.Plot{newPlot(x, y, layers...)},
		legend: append(scale.legend(window, len(loss)-c.count(), len(loss)), held.legend(h.count(), base)...),
		ratio:  0.55,
		dpi:    dpi,
	}, nil
}

// lossScale is how losses lie on their axis.
type lossScale struct{ linear bool }

// scaleOf is logarithmic unless a loss is negative.
func scaleOf(losses ...[]float64) lossScale {
	return lossScale{slices.ContainsFunc(slices.Concat(losses...), func(l float64) bool { return l < 0 && finite(l) })}
}

// at is the place of a loss, NaN where it has none.
func (s lossScale) at(loss float64) float64 {
	switch {
	case s.linear && finite(loss):
		return loss
	case loss > 0 && finite(loss):
		return math.Log10(loss)
	}
	return math.NaN()
}

func (s lossScale) check(iterations []int, loss []float64) error {
	var p problems
	p.length("iterations", len(iterations), len(loss), "loss values")
	if s.curve(nil, loss).count() == 0 {
		p.add("no positive, finite value among %d loss values", len(loss))
	}
	p.increase(iterations)
	return p.err()
}

// check reports iterations that are not those of the losses.
func (h Held) check() error {
	var p problems
	p.length("iterations of rows held out", len(h.Iterations), len(h.Loss), "loss values")
	p.increase(h.Iterations)
	return p.err()
}

// increase demands that iterations do.
func (p *problems) increase(iterations []int) {
	for i := 1; i < len(iterations); i++ {
		if iterations[i] <= iterations[i-1] {
			p.add("iterations must increase, got %d after %d", iterations[i], iterations[i-1])
			break
		}
	}
}

// baseline is a line from one end of the curve to the other, or nothing.
func (h Held) baseline(c curve, scale lossScale) curve {
	if !(h.Baseline > 0) || !finite(h.Baseline) {
		return nil
	}
	y := scale.at(h.Baseline)
	return curve{{c[0][0], y}, {c[len(c)-1][0], y}}
}

// legend has a line for each that is drawn.
func (h Held) legend(drawn int, baseline curve) (l legend) {
	if drawn > 0 {
		l = append(l, lineEntry("rows held out", heldLine))
	}
	if baseline != nil {
		l = append(l, lineEntry("baseline, of rows held out", baseLine))
	}
	return l
}

// smoothingWindow is odd; 1: no smoothing.
func smoothingWindow(n int) int { return min(2*(n/40)+1, 501) }

func (s lossScale) legend(window, skipped, n int) legend {
	mean, why := "geometric mean", "not positive or not finite"
	if s.linear {
		mean, why = "mean", "not finite"
	}
	l := legend{lineEntry("loss", smoothLine)}
	if window > 1 {
		l = legend{
			lineEntry("loss", rawLine),
			lineEntry(fmt.Sprintf("%s of %d values", mean, window), smoothLine),
		}
	}
	if skipped > 0 {
		l = append(l, entry{text: fmt.Sprintf("%d of %d not drawn: %s", skipped, n, why)})
	}
	return l
}

// curve is points by increasing iteration: x is the iteration, y the place of the loss, NaN where there is nothing to
// draw.
type curve []Point

// curve with nil iterations has x = 0.
func (s lossScale) curve(iterations []int, loss []float64) curve {
	c := make(curve, len(loss))
	for i, l := range loss {
		if iterations != nil {
			c[i][0] = float64(iterations[i])
		}
		c[i][1] = s.at(l)
	}
	return c
}

// count is how many points there are to draw.
func (c curve) count() int {
	n := 0
	for _, p := range c {
		if finite(p[1]) {
			n++
		}
	}
	return n
}

// smoothed takes the mean over at most window points around each, from running sums. Gaps are bridged where at least
// half of the window has values: the mean of a few at the rim would jump.
func (c curve) smoothed(window int) curve {
	sum, n := make([]float64, len(c)+1), make([]int, len(c)+1)
	for i, p := range c {
		sum[i+1], n[i+1] = sum[i], n[i]
		if finite(p[1]) {
			sum[i+1] += p[1]
			n[i+1]++
		}
	}
	s := make(curve, len(c))
	for i, p := range c {
		from, to := max(0, i-window/2), min(len(c), i+window/2+1)
		s[i] = Point{p[0], math.NaN()}
		if m := n[to] - n[from]; 2*m >= to-from {
			s[i][1] = (sum[to] - sum[from]) / float64(m)
		}
	}
	return s
}

// axes are as wide as the curve and as high as all that is drawn. They leave some room above and below, and at least a
// factor of 1.5 in all. An axis of iterations has whole ticks.
func axes(c, all curve, scale lossScale) (x, y axis) {
	from, to := c[0][0], c[len(c)-1][0]
	if !apart(from, to) {
		pad := math.Max(1, 1e-9*math.Abs(from))
		from, to = from-pad, to+pad
	}
	l := Around(all, 0)
	pad := math.Max(0.04*(l.YMax-l.YMin), (math.Log10(1.5)-(l.YMax-l.YMin))/2)
	x = linearAxis("iteration", from, to, math.Max(1, niceStep(to-from, 8)))
	if lo, hi := l.YMin-pad, l.YMax+pad; scale.linear {
		return x, linearAxis("loss", lo, hi, niceStep(hi-lo, 6))
	}
	return x, logAxis("loss", l.YMin-pad, l.YMax+pad)
}

// maxVertices is above what the width of a figure can show.
const maxVertices = 6000

// thinned keeps the lowest and the highest point of each of equal pieces when there are too many to draw.
func (c curve) thinned() curve {
	if len(c) <= maxVertices {
		return c
	}
	var t curve
	piece := (2*len(c) + maxVertices - 1) / maxVertices
	for from := 0; from < len(c); from += piece {
		lo, hi := extremes(c[from:min(from+piece, len(c))])
		t = append(t, c[from+min(lo, hi)])
		if lo != hi {
			t = append(t, c[from+max(lo, hi)])
		}
	}
	return t
}

// extremes are the places of the lowest and highest value; 0 where there is none.
func extremes(c curve) (lo, hi int) {
	for i, p := range c {
		if p[1] < c[lo][1] || math.IsNaN(c[lo][1]) {
			lo = i
		}
		if p[1] > c[hi][1] || math.IsNaN(c[hi][1]) {
			hi = i
		}
	}
	return lo, hi
}

// pieces are the stretches between gaps.
func (c curve) pieces() []curve {
	var ps []curve
	from := 0
	for i := range len(c) + 1 {
		if i < len(c) && finite(c[i][1]) {
			continue
		}
		if i > from {
			ps = append(ps, c[from:i])
		}
		from = i + 1
	}
	return ps
}

// layer draws the curve; a value between two gaps is a dot.
func (c curve) layer(s draw.LineStyle) layer {
	c = c.thinned()
	return func(canvas *draw.Canvas, at func(Point) vg.Point) {
		for _, piece := range c.pieces() {
			if len(piece) == 1 {
				dot := marker{shape: circle, radius: 1.5 * s.Width, fill: s.Color.(color.NRGBA)}
				dot.draw(canvas, at(piece[0]))
				continue
			}
			for _, part := range parts(piece) {
				canvas.StrokeLines(s, project(part, at))
			}
		}
	}
}

// parts cuts a long line: the time to paint one grows with the square of its vertices. Cuts share their point.
func parts(c curve) []curve {
	const vertices = 100
	var ps []curve
	for from := 0; from < len(c)-1; from += vertices {
		ps = append(ps, c[from:min(from+vertices+1, len(c))])
	}
	return ps
}

func project(points []Point, at func(Point) vg.Point) []vg.Point {
	ps := make([]vg.Point, len(points))
	for i, p := range points {
		ps[i] = at(p)
	}
	return ps
}
