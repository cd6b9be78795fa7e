package figure

import "math"

// refinement computes a map again on the fine cells around its changes: between the cells of the grid a border would be
// a staircase, and a region narrower than a cell a chain of islands.
type refinement struct {
	m       Map
	classes int
	fine    raster
	kx, ky  int    // fine cells to a cell of the grid, along each axis
	exact   []bool // [NY·NX], the cells whose fine cells hold what the model answers there; the others are interpolated
	left    int    // points that may still be asked for
	jump    float64
}

// perSide is how many points along each side of a fine cell are asked for: a region narrower than that shows by the
// part of the cell that it takes.
const perSide = 2

// maxAsked bounds the work to ten times that of a usual grid of 200 by 200. A map that changes everywhere stays
// interpolated where it was not reached.
const maxAsked = 400_000

// maxJump is the change from one cell of the grid to the next, of all that the values span, up to which a line between
// them is as good.
const maxJump = 0.2

// refined is the map on a grid of about fineCells on each side.
func (m Map) refined(d Data) (raster, error) {
	coarse := newRaster(m.Grid.NX, m.Grid.NY, m.width(d), m.Values)
	if m.At == nil {
		return coarse.refined(), nil
	}
	r := refinement{m: m, classes: d.Classes, fine: coarse.refined(), left: maxAsked, exact: make([]bool, m.Grid.Len()),
		kx: finer(m.Grid.NX), ky: finer(m.Grid.NY)}
	if r.classes > 2 {
		r.fine = r.fine.winners()
	}
	r.jump = maxJump * r.spanned() / float64(max(r.kx, r.ky))
	for cells := r.changing(); len(cells) > 0; cells = r.changing() {
		if err := r.compute(cells); err != nil {
			return raster{}, err
		}
	}
	return r.fine.smoothed(), nil
}

// spanned is how far apart values may lie.
func (r *refinement) spanned() float64 {
	if r.classes > 0 {
		return 1
	}
	s := newScale(Data{Labels: r.m.Values}, nil)
	return s.hi - s.lo
}

// changing are the cells that are not exact and lie at a change between two fine cells, as many as may be computed.
func (r *refinement) changing() []int {
	var cells []int
	chosen := map[int]bool{}
	choose := func(i, j int) {
		cell := j/r.ky*r.m.Grid.NX + i/r.kx
		if !r.exact[cell] && !chosen[cell] && r.left >= (len(cells)+1)*r.kx*r.ky*perSide*perSide {
			chosen[cell] = true
			cells = append(cells, cell)
		}
	}
	around := func(i, j int) {
		for _, y := range []int{max(j-r.ky/2, 0), min(j+r.ky/2, r.fine.ny-1)} {
			for _, x := range []int{max(i-r.kx/2, 0), min(i+r.kx/2, r.fine.nx-1)} {
				choose(x, y)
			}
		}
	}
	for j := range r.fine.ny {
		for i := range r.fine.nx {
			v := r.fine.at(i, j)
			if i+1 < r.fine.nx && r.differ(v, r.fine.at(i+1, j)) || j+1 < r.fine.ny && r.differ(v, r.fine.at(i, j+1)) {
				around(i, j)
			}
		}
	}
	return cells
}

// differ reports a change between two fine cells.
func (r *refinement) differ(a, b []float64) bool {
	if r.classes > 2 {
		return argmax(a) != argmax(b)
	}
	return math.Abs(a[0]-b[0]) > r.jump || r.classes == 2 && (a[0] > 0.5) != (b[0] > 0.5)
}

// compute asks for the answers in the cells' fine cells.
func (r *refinement) compute(cells []int) error {
	var places []int
	for _, cell := range cells {
		r.exact[cell] = true
		i0, j0 := cell%r.m.Grid.NX*r.kx, cell/r.m.Grid.NX*r.ky
		for j := j0; j < j0+r.ky; j++ {
			for i := i0; i < i0+r.kx; i++ {
				places = append(places, j*r.fine.nx+i)
			}
		}
	}
	points := r.pointsIn(places)
	r.left -= len(points)
	values, err := r.m.At(points)
	if err != nil {
		return err
	}
	if err := r.check(values, len(points)); err != nil {
		return err
	}
	r.take(places, values)
	return nil
}

// pointsIn are those in fine cells that are asked for.
func (r *refinement) pointsIn(places []int) []Point {
	g := Grid{r.m.Grid.Limits, r.fine.nx, r.fine.ny}
	w, h := g.cell()
	var points []Point
	for _, place := range places {
		i, j := float64(place%g.NX), float64(place/g.NX)
		for s := range perSide * perSide {
			x, y := (float64(s%perSide)+0.5)/perSide, (float64(s/perSide)+0.5)/perSide
			points = append(points, Point{g.XMin + (i+x)*w, g.YMin + (j+y)*h})
		}
	}
	return points
}

// take gives each fine cell the mean of the answers at its points.
func (r *refinement) take(places []int, values []float64) {
	answers := newRaster(perSide*perSide, len(places), r.fine.width, values)
	if r.classes > 2 {
		answers = answers.winners()
	}
	for k, place := range places {
		dst := r.fine.at(place%r.fine.nx, place/r.fine.nx)
		clear(dst)
		for s := range perSide * perSide {
			for c, v := range answers.at(s, k) {
				dst[c] += v / (perSide * perSide)
			}
		}
	}
}

func (r *refinement) check(values []float64, points int) error {
	var p problems
	p.length("refined map values", len(values), points*r.fine.width, "points times outputs")
	checkValues(&p, values, r.classes)
	return p.err()
}
