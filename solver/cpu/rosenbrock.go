package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// rosenbrock is a method for stiff fields in the state's precision. Its vectors lie where the stages of an explicit
// method do: the slope where the step begins, the stages, the slope where it ends.
type rosenbrock[T simd.Float] struct {
	*solver.Rosenbrock
	last  int   // of the vectors
	a     [][]T // a[i]: weights of the vectors in the argument of stage i
	b     []T   // in the result
	g     [][]T // g[i]: of the stages in the right-hand side of stage i
	error []T
	dense [][]T       // as method.dense
	poly  [][]float64 // by vector, the polynomial of its weight
	nodes []node[T]
	ends  bool // the last stage asks the field at the result
	delta float64
}

// node is a place in a step at which the adjoint's quadrature looks.
type node[T simd.Float] struct {
	solver.GaussNode
	coef []T        // weights of the vectors in the dense output there
	at   [1]float64 // X, in a list
}

func newRosenbrock[T simd.Float](m *solver.Rosenbrock, p solver.Precision) *rosenbrock[T] {
	r := &rosenbrock[T]{Rosenbrock: m, last: m.Stages() + 1, b: converted[T](m.Vectors(m.B)[:m.Stages()+1]),
		error: converted[T](m.Vectors(m.E)), poly: m.DenseOfVectors(), ends: m.EndsInStage(),
		delta: solver.TimeFraction(p)}
	for i := range m.Stages() {
		r.a = append(r.a, converted[T](m.Vectors(m.A[i])[:i+1]))
		r.g = append(r.g, converted[T](m.G[i]))
	}
	r.dense = byPower[T](r.poly)
	for _, n := range solver.GaussNodes(m.DenseOrder) {
		coef := make([]T, r.last+1)
		for i, p := range r.poly {
			coef[i] = T(solver.Polynomial(p, n.X))
		}
		r.nodes = append(r.nodes, node[T]{n, coef, [1]float64{n.X}})
	}
	return r
}

// stretched is an explicit method with that many stages, of which those before the last do nothing, so that its vectors
// may lie where those of another method do.
func stretched(tab *solver.Tableau, stages int) *solver.Tableau {
	t, last := *tab, tab.Stages()-1
	room := make([]float64, stages-tab.Stages())
	apart := func(x []float64) []float64 {
		return append(append(append([]float64(nil), x[:last]...), room...), x[last])
	}
	t.C, t.B, t.E = apart(tab.C), apart(tab.B), apart(tab.E)
	t.A = append([][]float64(nil), tab.A[:last]...)
	t.Dense = append([][]float64(nil), tab.Dense[:last]...)
	for range room {
		t.A, t.Dense = append(t.A, nil), append(t.Dense, make([]float64, len(tab.Dense[0])))
	}
	t.A, t.Dense = append(t.A, tab.A[last]), append(t.Dense, tab.Dense[last])
	return &t
}
