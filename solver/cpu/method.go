package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// method is a method in the state's precision, with what the passes derive from it.
type method[T simd.Float] struct {
	tab    *solver.Tableau // of explicit steps; nil where all are the other's
	stiff  *rosenbrock[T]  // nil where all steps are explicit
	spec   solver.Spec
	con    solver.Controller
	stages int   // of a step, or vectors of one of the other kind
	inner  []int // stages that are evaluated, the first and the last apart
	a      [][]T // a[i]: weights of the earlier stages in the argument of stage i
	e      []T   // weights of the error estimate
	// columns[i][j] for j > i: weight of stage i in the argument of stage j; the last stage's is the result
	columns [][]T
	used    []int     // stages with a weight in the result
	usedAt  []float64 // where they are in the step
	dense   [][]T     // dense[p]: weights of the stages in the coefficient of x^(p+1) of the dense output
	degree  int       // of that, and of the other kind's
	one     []T       // the weight of a plain Euler step
	atol    T
	rtol    T
	each    []tolerance[T] // of the components of z, where they are not all these
	resting bool           // an absolute tolerance is zero: what rests at zero has no scale

	stability solver.Stability // of explicit steps
}

func newMethod[T simd.Float](spec solver.Spec) *method[T] {
	m := &method[T]{spec: spec, con: spec.Controller, one: []T{1}, atol: T(spec.Controller.Atol),
		rtol: T(spec.Controller.Rtol)}
	m.setTolerances()
	tab := spec.Explicit()
	if r := spec.Rosenbrock(); r != nil {
		m.stiff = newRosenbrock[T](r, spec.Precision)
		m.stages, m.degree = m.stiff.last+1, len(m.stiff.dense)
	}
	if tab != nil {
		m.setTableau(tab)
	}
	return m
}

// setTableau takes the explicit method.
func (m *method[T]) setTableau(tab *solver.Tableau) {
	m.stability = tab.Stability()
	for i := 1; i < tab.Stages()-1; i++ {
		m.inner = append(m.inner, i)
	}
	if m.stages > tab.Stages() {
		tab = stretched(tab, m.stages)
	}
	m.tab, m.stages, m.e = tab, tab.Stages(), converted[T](tab.E)
	for i := range tab.Stages() {
		m.a = append(m.a, converted[T](tab.A[i]))
		if tab.B[i] != 0 {
			m.used, m.usedAt = append(m.used, i), append(m.usedAt, tab.C[i])
		}
		column := make([]T, tab.Stages())
		for j := i + 1; j < tab.Stages(); j++ {
			if i < len(tab.A[j]) {
				column[j] = T(tab.A[j][i])
			}
		}
		m.columns = append(m.columns, column)
	}
	m.dense = byPower[T](tab.Dense)
	m.degree = max(m.degree, len(m.dense))
}

// byPower turns the polynomials of stages into weights of the stages for each power.
func byPower[T simd.Float](polynomials [][]float64) [][]T {
	var dense [][]T
	for i, weights := range polynomials {
		for p, w := range weights {
			if p == len(dense) {
				dense = append(dense, make([]T, len(polynomials)))
			}
			dense[p][i] = T(w)
		}
	}
	return dense
}

func converted[T simd.Float](x []float64) []T {
	y := make([]T, len(x))
	convert(y, x)
	return y
}
