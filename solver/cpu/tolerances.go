package cpu

import (
	"math"

	"neuralode/solver/cpu/internal/simd"
)

// tolerance is that of a component.
type tolerance[T simd.Float] struct{ rtol, atol T }

// setTolerances takes those that components of z have each.
func (m *method[T]) setTolerances() {
	m.resting = m.atol == 0
	for i := range max(len(m.con.Rtols), len(m.con.Atols)) {
		rtol, atol := m.con.Tolerances(i)
		m.each = append(m.each, tolerance[T]{T(rtol), T(atol)})
		m.resting = m.resting || T(atol) == 0
	}
}

// tolerance is that of component c of the tile's state.
func (tl *tile[T]) tolerance(c int) tolerance[T] {
	if c < len(tl.m.each) && tl.form != adjointAlone {
		return tl.m.each[c]
	}
	return tolerance[T]{tl.m.rtol, tl.m.atol}
}

// eachError is ErrorNorm for a part whose components have tolerances of their own.
func (tl *tile[T]) eachError(out []float64, p part, z1 []T, off []int, e []T) {
	clear(out)
	one := tl.list.norm[2][:len(out)]
	for c := range p.size {
		t := tl.tolerance(p.at + c)
		simd.ErrorNorm(one, tl.z[p.at+c:], tl.list.z, z1[c:], off, tl.list.h, tl.k[p.at+c:], tl.list.k, tl.width, e,
			t.atol, t.rtol, 1)
		for i, v := range one {
			out[i] += v
		}
	}
}

// eachNorm is Norm for a state whose components have tolerances of their own.
func (tl *tile[T]) eachNorm(out []float64, x []T, off []int) {
	clear(out)
	one := tl.list.norm[2][:len(out)]
	for c := range tl.width {
		t := tl.tolerance(c)
		simd.Norm(one, x[c:], off, tl.z[c:], tl.list.z, t.atol, t.rtol, 1)
		for i, v := range one {
			out[i] += v
		}
	}
}

// withoutResting takes out of the rows' sums what makes them no number though it is none: components that rest at zero,
// where the absolute tolerance is zero too, have no error and no scale.
func (tl *tile[T]) withoutResting(totals []float64, slots []int, e []T) {
	for i, s := range slots {
		if !math.IsNaN(totals[i]) {
			continue
		}
		totals[i] = 0
		for _, p := range tl.parts {
			totals[i] += tl.movingError(i, s, p, e)
		}
	}
}

// movingError is the sum of squares of a part of row i, slot s, without components at rest.
func (tl *tile[T]) movingError(i, s int, p part, e []T) float64 {
	sum := 0.0
	z1 := tl.result(s, p)
	for c, z := range row(tl.z, s, tl.width)[p.at : p.at+p.size] {
		at := p.at + c
		square := func(t tolerance[T]) float64 {
			var out [1]float64
			simd.ErrorNorm(out[:], tl.z[at:], tl.list.z[i:i+1], z1[c:], []int{0}, tl.list.h[i:i+1], tl.k[at:],
				tl.list.k[i:i+1], tl.width, e, t.atol, t.rtol, 1)
			return out[0]
		}
		t := tl.tolerance(at)
		if z == 0 && z1[c] == 0 && t.atol == 0 && square(tolerance[T]{atol: 1}) == 0 {
			continue
		}
		sum += square(t)
	}
	return sum
}
