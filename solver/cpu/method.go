package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// method is a tableau in the state's precision, with what the passes derive from it.
type method[T simd.Float] struct {
	tab    *solver.Tableau
	spec   solver.Spec
	con    solver.Controller
	stages int
	a      [][]T // a[i]: weights of the earlier stages in the argument of stage i
	e      []T   // weights of the error estimate
	// columns[i][j] for j > i: weight of stage i in the argument of stage j; the last stage's is the result
	columns [][]T
	used    []int // stages with a weight in the result
	dense   [][]T // dense[p]: weights of the stages in the coefficient of x^(p+1) of the dense output
	one     []T   // the weight of a plain Euler step
	atol    T
	rtol    T
}

func newMethod[T simd.Float](spec solver.Spec) *method[T] {
	tab := spec.Tableau()
	m := &method[T]{tab: tab, spec: spec, con: spec.Controller, stages: tab.Stages(), e: converted[T](tab.E),
		one: []T{1}, atol: T(spec.Controller.Atol), rtol: T(spec.Controller.Rtol)}
	for i := range tab.Stages() {
		m.a = append(m.a, converted[T](tab.A[i]))
		if tab.B[i] != 0 {
			m.used = append(m.used, i)
		}
		column := make([]T, tab.Stages())
		for j := i + 1; j < tab.Stages(); j++ {
			column[j] = T(tab.A[j][i])
		}
		m.columns = append(m.columns, column)
		for p, w := range tab.Dense[i] {
			if p == len(m.dense) {
				m.dense = append(m.dense, make([]T, tab.Stages()))
			}
			m.dense[p][i] = T(w)
		}
	}
	return m
}

func converted[T simd.Float](x []float64) []T {
	y := make([]T, len(x))
	convert(y, x)
	return y
}
