package solver

import "math"

// point is a condition at x of a step.
type point struct{ x, y float64 }

// bracket looks for the root of condition k in a step, between where it has been and a point on the other side.
type bracket struct {
	c         Conditions
	k         int
	from      float64
	tolerance float64 // of x
}

// root is where the condition leaves a side of zero before a point that is on the other, by ITP (Oliveira and Takahashi
// 2020, "An Enhancement of the Bisection Method Average Performance Preserving Minmax Optimality", ACM Trans. Math.
// Softw. 47(1), with κ1 = 0.2/(b − a), κ2 = 2, n0 = 1), which takes one evaluation more than bisection at most. It is
// the end of the last bracket that is still on the side; noise is how far from zero the condition is at its ends.
// Where the condition is not on the side even at the beginning, as after a reset, bisection first looks for a place
// where it is; where there is none the root is as near to the beginning as the tolerance lets it be.
func (k *bracket) root(to point, side float64) (x, noise float64) {
	at := func(x float64) float64 { return side * k.c.At(k.k, x) }
	if to.y == 0 {
		return to.x, 0
	}
	a, b := point{k.from, at(k.from)}, point{to.x, side * to.y}
	for !(a.y > 0) {
		if b.x-a.x <= k.tolerance {
			return b.x, math.Abs(b.y)
		}
		if m := (a.x + b.x) / 2; at(m) > 0 {
			a = point{m, at(m)}
		} else {
			b = point{m, at(m)}
		}
	}
	a, b = itp(at, a, b, k.tolerance)
	if x = a.x; x == 0 {
		x = b.x
	}
	return x, max(math.Abs(a.y), math.Abs(b.y))
}

// itp narrows a bracket, positive at a and not at b, to the tolerance.
func itp(f func(float64) float64, a, b point, tolerance float64) (point, point) {
	k1, epsilon := 0.2/(b.x-a.x), tolerance/2
	radius := epsilon * math.Exp2(math.Ceil(math.Log2((b.x-a.x)/tolerance))+1)
	for ; b.x-a.x > tolerance; radius /= 2 {
		half := (a.x + b.x) / 2
		r, delta := radius-(b.x-a.x)/2, k1*(b.x-a.x)*(b.x-a.x)
		x := (b.y*a.x - a.y*b.x) / (b.y - a.y) // regula falsi, truncated towards the middle
		to := math.Copysign(1, half-x)
		if delta <= math.Abs(half-x) {
			x += to * delta
		} else {
			x = half
		}
		if !(math.Abs(x-half) <= r) { // projected; also where x is NaN
			x = half - to*r
		}
		if !(x > a.x && x < b.x) {
			x = half
		}
		switch y := f(x); {
		case y == 0:
			return point{x, 0}, point{x, 0}
		case y > 0:
			a = point{x, y}
		default:
			b = point{x, y}
		}
	}
	return a, b
}

// parabola is given by three points in order of x, all above zero.
type parabola [3]point

// tries is how often a minimum is approached by parabolas before it is given up.
const tries = 4

// sink looks for an x between from and to where f is below zero, by successive parabolic interpolation (Brent 1973,
// "Algorithms for Minimization Without Derivatives", chapter 5), as long as the parabola comes near zero.
func (p parabola) sink(from, to float64, f func(float64) float64) (x float64, found bool) {
	if !(p[0].y > 0 && p[1].y > 0 && p[2].y > 0) {
		return 0, false
	}
	for range tries {
		x, y, ok := p.lowest()
		if !ok || x <= from || x >= to || y > p.height() || x == p[1].x {
			return 0, false
		}
		at := point{x, f(x)}
		if at.y < 0 {
			return x, true
		}
		p = p.with(at)
	}
	return 0, false
}

// lowest is where the parabola is least, if it opens upward.
func (p parabola) lowest() (x, y float64, ok bool) {
	d0, d1 := (p[1].y-p[0].y)/(p[1].x-p[0].x), (p[2].y-p[1].y)/(p[2].x-p[1].x)
	c := (d1 - d0) / (p[2].x - p[0].x)
	if !(c > 0) {
		return 0, 0, false
	}
	slope := d0 + c*(p[1].x-p[0].x) // at the middle point
	x = p[1].x - slope/(2*c)
	return x, p[1].y - slope*slope/(4*c), true
}

// height is how far the points differ.
func (p parabola) height() float64 {
	return max(p[0].y, p[1].y, p[2].y) - min(p[0].y, p[1].y, p[2].y)
}

// with is a parabola about the lowest of the points and one more.
func (p parabola) with(q point) parabola {
	four := [4]point{p[0], p[1], p[2], q}
	for j := 3; j > 0 && four[j].x < four[j-1].x; j-- {
		four[j], four[j-1] = four[j-1], four[j]
	}
	first := 0
	if lower(four[2], four[1]) || lower(four[3], four[1]) {
		first = 1
	}
	return parabola(four[first : first+3])
}

func lower(a, b point) bool { return a.y < b.y }
