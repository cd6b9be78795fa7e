package figure

import (
	"fmt"
	"math"
)

// Point is a place in the plane of a picture, or a vector there: first and second component.
type Point = [2]float64

// Limits are the ends of the two axes.
type Limits struct{ XMin, XMax, YMin, YMax float64 }

// Around returns the smallest limits that hold all the points, moved outward by margin on each side. Points that are
// not finite are left out; with no other points the limits are those around the origin.
func Around(points []Point, margin float64) Limits {
	l := Limits{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for _, p := range points {
		if finite(p[:]...) {
			l.XMin, l.XMax = math.Min(l.XMin, p[0]), math.Max(l.XMax, p[0])
			l.YMin, l.YMax = math.Min(l.YMin, p[1]), math.Max(l.YMax, p[1])
		}
	}
	if l.XMin > l.XMax {
		l = Limits{}
	}
	return Limits{l.XMin - margin, l.XMax + margin, l.YMin - margin, l.YMax + margin}
}

// Grid is NX columns and NY rows of equal cells that fill the limits.
type Grid struct {
	Limits
	NX, NY int
}

// Len returns the number of cells.
func (g Grid) Len() int { return g.NX * g.NY }

// Points returns the centres of the cells, [NY·NX]: the lowest row first, each row from left to right. The centres
// stay half a cell within the limits, so that what is drawn at them stays within too.
func (g Grid) Points() []Point {
	points := make([]Point, 0, g.Len())
	w, h := g.cell()
	for j := range g.NY {
		for i := range g.NX {
			points = append(points, Point{g.XMin + (float64(i)+0.5)*w, g.YMin + (float64(j)+0.5)*h})
		}
	}
	return points
}

// cell is the size of one.
func (g Grid) cell() (w, h float64) {
	return (g.XMax - g.XMin) / float64(g.NX), (g.YMax - g.YMin) / float64(g.NY)
}

func (g Grid) check(p *problems) {
	if g.NX < 1 || g.NY < 1 || g.NX > maxGrid || g.NY > maxGrid {
		p.add("grid must have 1 to %d columns and rows, got %d × %d", maxGrid, g.NX, g.NY)
	}
	if !apart(g.XMin, g.XMax) || !apart(g.YMin, g.YMax) {
		p.add("limits must be finite, in order and apart, got %s", g.Limits)
	}
}

// apart reports whether lo and hi bound an axis on which float64 can still tell pixels apart.
func apart(lo, hi float64) bool {
	return finite(hi-lo) && hi-lo > 1e-10*math.Max(math.Abs(lo), math.Abs(hi))
}

// maxGrid keeps pictures and time bounded; a picture has no more pixels to show.
const maxGrid = 2000

func (l Limits) contain(p Point) bool {
	return l.XMin <= p[0] && p[0] <= l.XMax && l.YMin <= p[1] && p[1] <= l.YMax
}

// String writes the limits for messages.
func (l Limits) String() string {
	return fmt.Sprintf("[%v, %v] × [%v, %v]", l.XMin, l.XMax, l.YMin, l.YMax)
}

// ratio is height over width.
func (l Limits) ratio() float64 { return (l.YMax - l.YMin) / (l.XMax - l.XMin) }

const maxRatio = 4 // of one side to the other, up to which a picture has equal scales

// equalScales reports whether a picture of these limits has them.
func (l Limits) equalScales() bool { return l.ratio() <= maxRatio && l.ratio()*maxRatio >= 1 }

// plane returns the axes of a picture of the plane with about six labels on the longer one and the same steps on
// both, and the ratio of the picture.
func (l Limits) plane(names [2]string) (x, y axis, ratio float64) {
	w, h := l.XMax-l.XMin, l.YMax-l.YMin
	stepX, stepY := niceStep(max(w, h), 7), niceStep(max(w, h), 7)
	ratio = l.ratio()
	if !l.equalScales() {
		stepX, stepY, ratio = niceStep(w, 7), niceStep(h, 7), 1
	}
	return linearAxis(names[0], l.XMin, l.XMax, stepX), linearAxis(names[1], l.YMin, l.YMax, stepY), ratio
}
