package solver

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Rosenbrock is a Rosenbrock-Wanner method as data, for stiff fields: each stage solves a linear system with the field's
// Jacobian J where the step begins, so that the step may be long where the field pulls hard. With fₜ the field's
// derivative for t there, stage i is the v_i of
//
//	(I − h·Gamma·J) v_i = Gamma·(f(t + C[i]·h, z + h·Σ A[i][j]·v_j) + Σ G[i][j]·v_j + h·D[i]·fₜ)
//
// the step's result is z + h·Σ B[i]·v_i and its error estimate h·Σ E[i]·v_i. These are the coefficients of Hairer and
// Wanner, Solving ODEs II, IV.7 (7.25), with v = u/h. Within a step, at x in [0, 1], the solution is z + h·Σ
// v_i·(Dense[i][0]·x + Dense[i][1]·x² + …).
type Rosenbrock struct {
	Name       string
	Order      int // of the result
	ErrorOrder int // of the embedded method
	DenseOrder int // of the dense output
	Gamma      float64
	C, D       []float64
	A, G       [][]float64 // A[i] and G[i] have i numbers
	B, E       []float64
	Dense      [][]float64
	Source     string
}

func (m *Rosenbrock) isMethod() {}

// String is the method's name.
func (m *Rosenbrock) String() string { return m.Name }

// Orders are the orders of the result, the embedded method and the dense output.
func (m *Rosenbrock) Orders() Orders {
	return Orders{Result: m.Order, Estimate: m.ErrorOrder, Dense: m.DenseOrder}
}

// Stages is the number of linear systems of a step.
func (m *Rosenbrock) Stages() int { return len(m.B) }

// EndsInStage reports whether the last stage asks the field at the step's result, so that it is the next step's first
// slope; else that is one evaluation more.
func (m *Rosenbrock) EndsInStage() bool {
	last := m.Stages() - 1
	return m.C[last] == 1 && m.B[last] == 0 && slices.Equal(m.A[last], m.B[:last])
}

// Vectors lists, for weights of the stages, those of the vectors of a step: the slope where it begins, the stages, the
// slope where it ends. The slopes have none.
func (m *Rosenbrock) Vectors(weights []float64) []float64 {
	return append(append([]float64{0}, weights...), 0)
}

// DenseOfVectors is Dense for the vectors of a step.
func (m *Rosenbrock) DenseOfVectors() [][]float64 {
	none := make([]float64, len(m.Dense[0]))
	return append(append([][]float64{none}, m.Dense...), none)
}

// Check reports everything that is wrong with the method: shapes, orders, a Gamma that is not positive, and a dense
// output that does not end in the step's result.
func (m *Rosenbrock) Check() error {
	if m == nil {
		m = &Rosenbrock{}
	}
	s := m.Stages()
	if s < 1 || len(m.A) != s || len(m.G) != s || len(m.C) != s || len(m.D) != s || len(m.E) != s || len(m.Dense) != s {
		return fmt.Errorf("solver: Rosenbrock method %q is incomplete", m.Name)
	}
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("solver: Rosenbrock method %q: "+format, append([]any{m.Name}, args...)...))
	}
	if m.Order < 1 || m.DenseOrder < 1 || m.ErrorOrder < 1 {
		bad("order %d, dense order %d and error order %d, want at least 1 each", m.Order, m.DenseOrder, m.ErrorOrder)
	}
	if !(m.Gamma > 0) {
		bad("gamma is %v, want it positive", m.Gamma)
	}
	for i := range s {
		if len(m.A[i]) != i || len(m.G[i]) != i {
			bad("rows %d of A and G have %d and %d numbers, want %d", i, len(m.A[i]), len(m.G[i]), i)
		}
		if end := sum(m.Dense[i]); !(math.Abs(end-m.B[i]) <= 1e-12*max(1, math.Abs(m.B[i]))) {
			bad("the dense output of stage %d at the end is %v, want %v", i, end, m.B[i])
		}
	}
	return errors.Join(errs...)
}
