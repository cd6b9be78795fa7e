// Package lu solves small dense systems of linear equations in place, without allocating.
package lu

// Float is the type of a matrix.
type Float interface{ ~float32 | ~float64 }

// Factor replaces a, n by n and row-major, by the factors of PA = LU with partial pivoting: U on and above the
// diagonal, L below it with ones on its own. pivot[k] is the row that was exchanged with row k; n is its length. It
// never fails: what Solve makes of a singular matrix is not finite.
func Factor[T Float](a []T, pivot []int32) {
	n := len(pivot)
	for k := range n {
		p := largest(a, k, n)
		pivot[k] = int32(p)
		top := a[k*n : (k+1)*n]
		if p != k {
			for c, v := range a[p*n : (p+1)*n] {
				top[c], a[p*n+c] = v, top[c]
			}
		}
		for r := k + 1; r < n; r++ {
			row := a[r*n : (r+1)*n]
			if row[k] == 0 {
				continue
			}
			row[k] /= top[k]
			subtract(row[k+1:], row[k], top[k+1:])
		}
	}
}

// largest is the row at or below k with the largest number in column k.
func largest[T Float](a []T, k, n int) int {
	best := k
	for r := k + 1; r < n; r++ {
		if abs(a[r*n+k]) > abs(a[best*n+k]) {
			best = r
		}
	}
	return best
}

// Solve replaces b by the solution x of Ax = b, with what Factor made of A.
func Solve[T Float](a []T, pivot []int32, b []T) {
	n := len(pivot)
	for k, p := range pivot {
		b[k], b[p] = b[p], b[k]
	}
	for r := 1; r < n; r++ {
		b[r] -= dot(a[r*n:r*n+r], b)
	}
	for r := n - 1; r >= 0; r-- {
		b[r] = (b[r] - dot(a[r*n+r+1:(r+1)*n], b[r+1:])) / a[r*n+r]
	}
}

func subtract[T Float](dst []T, w T, x []T) {
	for c, v := range x {
		dst[c] -= w * v
	}
}

func dot[T Float](x, y []T) T {
	s := T(0)
	for c, v := range x {
		s += v * y[c]
	}
	return s
}

func abs[T Float](x T) T {
	if x < 0 {
		return -x
	}
	return x
}
