package figure

import "math"

// borders returns the lines between the regions of the cells' highest values, in a fixed order. Interpolation along the
// edges makes the pieces of neighbouring squares meet.
func (r raster) borders() []segment {
	winners := make([]int, r.nx*r.ny)
	for i := range winners {
		winners[i] = argmax(r.at(i%r.nx, i/r.nx))
	}
	var s []segment
	for j := range r.ny - 1 {
		for i := range r.nx - 1 {
			s = append(s, r.meeting(i, j, winners)...)
		}
	}
	return s
}

// meeting returns the pieces within the square of four neighbouring centres, (i, j) the lower left: a line between two
// edges, or, where three or four regions meet, lines from each edge to the middle of the crossings.
func (r raster) meeting(i, j int, winners []int) []segment {
	corners := [5][2]int{{i, j}, {i + 1, j}, {i + 1, j + 1}, {i, j + 1}, {i, j}}
	var crossings []Point
	for k := range 4 {
		a, b := corners[k], corners[k+1]
		p, q := winners[a[1]*r.nx+a[0]], winners[b[1]*r.nx+b[0]]
		if p != q {
			crossings = append(crossings, r.along(a, b, tie(r.at(a[0], a[1]), r.at(b[0], b[1]), p, q)))
		}
	}
	if len(crossings) == 2 {
		return []segment{{crossings[0], crossings[1]}}
	}
	middle := mean(crossings)
	var s []segment
	for _, c := range crossings {
		s = append(s, segment{c, middle})
	}
	return s
}

// tie is how far it is from cell a, where class p wins, to where it is level with class q, which wins in cell b.
func tie(a, b []float64, p, q int) float64 {
	from, to := a[p]-a[q], b[q]-b[p]
	t := from / (from + to)
	if math.IsNaN(t) { // level in both cells, or beyond float64
		return 0.5
	}
	return t
}

func mean(points []Point) Point {
	var m Point
	for _, p := range points {
		m[0] += p[0] / float64(len(points))
		m[1] += p[1] / float64(len(points))
	}
	return m
}

// argmax is the place of the highest value, the first among equals.
func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
