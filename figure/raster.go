package figure

import (
	"image"
	"image/color"
	"math"
)

// raster is values at the centres of the cells of a grid: [ny, nx, width], the lowest row first.
type raster struct {
	nx, ny, width int
	values        []float64
}

func newRaster(nx, ny, width int, values []float64) raster { return raster{nx, ny, width, values} }

// at is the values of a cell.
func (r raster) at(i, j int) []float64 {
	from := (j*r.nx + i) * r.width
	return r.values[from : from+r.width]
}

const fineCells = 800 // on a side, at least: about two pixels each

// refined interpolates linearly between the centres on a grid some whole number of times as fine; beyond the outermost
// centres values stay.
func (r raster) refined() raster {
	kx, ky := finer(r.nx), finer(r.ny)
	fine := raster{r.nx * kx, r.ny * ky, r.width, make([]float64, r.nx*kx*r.ny*ky*r.width)}
	for j := range fine.ny {
		j0, j1, v := between(j, ky, r.ny)
		for i := range fine.nx {
			i0, i1, u := between(i, kx, r.nx)
			dst, a, b, c, d := fine.at(i, j), r.at(i0, j0), r.at(i1, j0), r.at(i0, j1), r.at(i1, j1)
			for k := range dst {
				dst[k] = lerp(lerp(a[k], b[k], u), lerp(c[k], d[k], u), v)
			}
		}
	}
	return fine
}

// finer is how many fine cells one of n becomes.
func finer(n int) int { return (fineCells + n - 1) / n }

// between returns the two cells of n whose centres enclose that of fine cell i, k to a cell, and how far it lies from
// the first to the second.
func between(i, k, n int) (lower, upper int, t float64) {
	x := (float64(i)+0.5)/float64(k) - 0.5
	x = math.Min(math.Max(x, 0), float64(n-1))
	lower = int(x)
	return lower, min(lower+1, n-1), x - float64(lower)
}

// lerp stays within a and b, which a + t(b−a) does not to the last bit.
func lerp(a, b, t float64) float64 { return (1-t)*a + t*b }

// winners is 1 for the class of each cell's highest score and 0 for the others.
func (r raster) winners() raster {
	w := raster{r.nx, r.ny, r.width, make([]float64, len(r.values))}
	for i := range r.nx * r.ny {
		from := i * r.width
		w.values[from+argmax(r.values[from:from+r.width])] = 1
	}
	return w
}

// binomial weights take from a grid what is finer than it can show: the steps of a steep border, and the chain of
// islands that a region narrower than a cell leaves where a centre happens to lie in it.
var binomial = [...]float64{1. / 16, 4. / 16, 6. / 16, 4. / 16, 1. / 16}

// smoothed is the mean over the cells around each, by [binomial] weights along both axes; what lies outside is as the
// rim.
func (r raster) smoothed() raster {
	inside := func(i, n int) int { return min(max(i, 0), n-1) }
	rows := r.averaged(func(i, j, k int) []float64 { return r.at(inside(i+k, r.nx), j) })
	return rows.averaged(func(i, j, k int) []float64 { return rows.at(i, inside(j+k, r.ny)) })
}

// averaged gives each cell the weighted mean of its neighbours −2 to 2.
func (r raster) averaged(neighbour func(i, j, k int) []float64) raster {
	mean := raster{r.nx, r.ny, r.width, make([]float64, len(r.values))}
	for j := range r.ny {
		for i := range r.nx {
			dst := mean.at(i, j)
			for k, weight := range binomial {
				for c, v := range neighbour(i, j, k-len(binomial)/2) {
					dst[c] += weight * v
				}
			}
		}
	}
	return mean
}

// image paints each cell as one pixel, the lowest row at the bottom.
func (r raster) image(colour func([]float64) color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, r.nx, r.ny))
	for j := range r.ny {
		for i := range r.nx {
			img.SetNRGBA(i, r.ny-1-j, colour(r.at(i, j)))
		}
	}
	return img
}

// segment is a piece of a contour, in fractions of the grid's sides.
type segment [2]Point

// contour returns the line where the first value is at the level, in a fixed order, by marching squares. Linear
// interpolation along the edges makes the pieces of neighbouring squares meet.
func (r raster) contour(level float64) []segment {
	var s []segment
	for j := range r.ny - 1 {
		for i := range r.nx - 1 {
			s = append(s, r.square(i, j, level)...)
		}
	}
	return s
}

// square returns the pieces within the square of four neighbouring centres, (i, j) the lower left. In a saddle, where
// all four edges are crossed, either pairing is right to a fraction of a pixel.
func (r raster) square(i, j int, level float64) []segment {
	corners := [5][2]int{{i, j}, {i + 1, j}, {i + 1, j + 1}, {i, j + 1}, {i, j}}
	var crossings [4]Point
	n := 0
	for k := range 4 {
		a, b := corners[k], corners[k+1]
		va, vb := r.at(a[0], a[1])[0]-level, r.at(b[0], b[1])[0]-level
		if (va < 0) != (vb < 0) {
			crossings[n] = r.along(a, b, va/(va-vb))
			n++
		}
	}
	switch n {
	case 2:
		return []segment{{crossings[0], crossings[1]}}
	case 4:
		return []segment{{crossings[0], crossings[1]}, {crossings[2], crossings[3]}}
	}
	return nil
}

// along is the place a fraction t of the way from centre a to centre b.
func (r raster) along(a, b [2]int, t float64) Point {
	x := lerp(float64(a[0]), float64(b[0]), t) + 0.5
	y := lerp(float64(a[1]), float64(b[1]), t) + 0.5
	return Point{x / float64(r.nx), y / float64(r.ny)}
}
