package kernels

import (
	"fmt"
	"strings"

	"neuralode/solver"
)

// tableauOf is the spec's method as the kernels see one: the explicit one, or of a Rosenbrock method a table of the
// vectors of a step: the slope where it begins, the stages, the slope where it ends. Row i + 1 of A has the weights in the
// argument of stage i, the last row those of the argument at which the last slope is taken.
func tableauOf(spec solver.Spec) *solver.Tableau {
	m := spec.Rosenbrock()
	if m == nil {
		return spec.Tableau()
	}
	t := &solver.Tableau{Name: m.Name, Order: m.Order, ErrorOrder: m.ErrorOrder, DenseOrder: m.DenseOrder,
		C: append(append([]float64{0}, m.C...), 1), A: [][]float64{nil}, B: m.Vectors(m.B), E: m.Vectors(m.E),
		Dense: m.DenseOfVectors(), Source: m.Source}
	for _, a := range m.A {
		t.A = append(t.A, append([]float64{0}, a...))
	}
	t.A = append(t.A, append([]float64{0}, m.B...))
	return t
}

// printRosenbrock prints what a Rosenbrock method has beside a tableau.
func printRosenbrock(b *strings.Builder, spec solver.Spec) {
	m := spec.Rosenbrock()
	fmt.Fprintf(b, "#define ROSENBROCK %d\n", btoi(m != nil))
	if m == nil {
		return
	}
	s := m.Stages()
	fmt.Fprintf(b, "constexpr int SYSTEMS = %d, NODES = %d;\nconstexpr bool ENDS_IN_STAGE = %t;\n", s,
		len(solver.GaussNodes(m.DenseOrder)), m.EndsInStage())
	fmt.Fprintf(b, "constexpr double GAMMA = %s, TIME_FRACTION = %s;\n", double(m.Gamma),
		double(solver.TimeFraction(spec.Precision)))
	fmt.Fprintf(b, "__constant__ double D[SYSTEMS] = {%s};\n", numbers(m.D, 0))
	fmt.Fprintf(b, "__constant__ double G[SYSTEMS][SYSTEMS] = {%s};\n", rows(m.G, s))
	var at, weight []float64
	var coef [][]float64
	for _, n := range solver.GaussNodes(m.DenseOrder) {
		at, weight = append(at, n.X), append(weight, n.Weight)
		w := make([]float64, s+2)
		for i, p := range m.DenseOfVectors() {
			w[i] = solver.Polynomial(p, n.X)
		}
		coef = append(coef, w)
	}
	fmt.Fprintf(b, "__constant__ double NODE_AT[NODES] = {%s}, NODE_WEIGHT[NODES] = {%s};\n", numbers(at, 0),
		numbers(weight, 0))
	fmt.Fprintf(b, "__constant__ double NODE[NODES][STAGES] = {%s};\n", rows(coef, s+2))
}
