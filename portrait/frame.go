package portrait

import (
	"math"

	"neuralode/figure"
)

// limits are those of the data and a margin.
func limits(points []figure.Point) figure.Limits {
	l := figure.Around(points, 0)
	x, y := margin(l.XMin, l.XMax), margin(l.YMin, l.YMax)
	return figure.Limits{XMin: l.XMin - x, XMax: l.XMax + x, YMin: l.YMin - y, YMax: l.YMax + y}
}

// margin is 1 on each side, or a quarter of what the data span where 1 would dwarf them or not be seen.
func margin(lo, hi float64) float64 {
	if span := hi - lo; span > 0 && (span < 1 || span > 20) {
		return span / 4
	}
	return 1
}

// widest is how many times as wide as the frame of the data that of the trajectories may be: beyond, the data would be
// a speck.
const widest = 8

// within are limits around the data's that the trajectories stay within, or as far around as is allowed.
func within(data figure.Limits, ways figure.Trajectories) figure.Limits {
	l := data
	for _, way := range ways.Paths {
		a := figure.Around(way, 0)
		l.XMin, l.XMax = min(l.XMin, a.XMin), max(l.XMax, a.XMax)
		l.YMin, l.YMax = min(l.YMin, a.YMin), max(l.YMax, a.YMax)
	}
	l.XMin, l.XMax = extended(data.XMin, data.XMax, l.XMin, l.XMax)
	l.YMin, l.YMax = extended(data.YMin, data.YMax, l.YMin, l.YMax)
	return l
}

// extended is lo to hi, with a margin where it goes beyond from and to, and within what is allowed around these.
func extended(from, to, lo, hi float64) (float64, float64) {
	margin, most := 0.03*(hi-lo), (widest-1)*(to-from)/2
	if lo < from {
		lo = max(lo-margin, from-most)
	}
	if hi > to {
		hi = min(hi+margin, to+most)
	}
	return lo, hi
}

// Square is a grid of cells about square in the picture, with that many along its longer side. The picture itself is
// square where one side is more than four times the other, see [figure.Dynamics].
func Square(l figure.Limits, n int) figure.Grid {
	w, h := l.XMax-l.XMin, l.YMax-l.YMin
	if max(w, h) > 4*min(w, h) {
		return figure.Grid{Limits: l, NX: n, NY: n}
	}
	along := func(side float64) int { return int(math.Round(float64(n) * side / max(w, h))) }
	return figure.Grid{Limits: l, NX: along(w), NY: along(h)}
}
