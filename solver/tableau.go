package solver

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Tableau is an explicit Runge-Kutta method as data. Stage i is k_i = f(t + C[i]·h, z + h·Σ A[i][j]·k_j); the step's
// result is z + h·Σ B[i]·k_i and its error estimate h·Σ E[i]·k_i, the difference to the embedded method. Within a step,
// at x in [0, 1], the solution is z + h·Σ k_i·(Dense[i][0]·x + Dense[i][1]·x² + …). [Explicit] makes one of a
// textbook's table.
type Tableau struct {
	Name       string
	Order      int // of the result
	ErrorOrder int // of the embedded method: the estimate falls with h to the power of one more; 0 where there is none
	DenseOrder int // of the dense output
	C          []float64
	A          [][]float64 // A[i] has i numbers
	B          []float64
	E          []float64 // zeros without an embedded method: such a method takes constant steps alone
	Dense      [][]float64
	Source     string
}

// Explicit is the method of a textbook's table, with what backends need and textbooks leave out: a last stage that is
// evaluated at the step's result, which costs nothing since it is the next step's first; a cubic Hermite polynomial
// where there is no dense output; and zeros for E where there is no embedded method. Dense output that is there does
// not read the stage that is added.
func Explicit(textbook Tableau) *Tableau {
	t := textbook
	if t.E == nil {
		t.E = make([]float64, len(t.B))
	}
	if !t.FSAL() {
		t.C = append(slices.Clone(t.C), 1)
		t.A = append(slices.Clone(t.A), slices.Clone(t.B))
		t.B = append(slices.Clone(t.B), 0)
		t.E = append(slices.Clone(t.E), 0)
		if t.Dense != nil {
			t.Dense = append(slices.Clone(t.Dense), make([]float64, len(t.Dense[0])))
		}
	}
	if t.Dense == nil {
		t.Dense, t.DenseOrder = cubicHermite(t.B), min(t.Order, 3)
	}
	return &t
}

func (t *Tableau) isMethod() {}

// String is the method's name.
func (t *Tableau) String() string { return t.Name }

// Orders are the orders of the result, the embedded method and the dense output.
func (t *Tableau) Orders() Orders {
	return Orders{Result: t.Order, Estimate: t.ErrorOrder, Dense: t.DenseOrder}
}

// Stages is the number of stages, the last one included when it only serves as the next step's first.
func (t *Tableau) Stages() int { return len(t.C) }

// FSAL reports whether the last stage is evaluated at the step's result, so that it is the next step's first.
func (t *Tableau) FSAL() bool {
	s := t.Stages()
	if s == 0 || len(t.A) != s || len(t.B) != s || len(t.A[s-1]) != s-1 || t.C[s-1] != 1 || t.B[s-1] != 0 {
		return false
	}
	for j, a := range t.A[s-1] {
		if a != t.B[j] {
			return false
		}
	}
	return true
}

// Check reports everything that is wrong with the tableau: shapes, orders, C[i] = Σ A[i][j], Σ B = 1, Σ E = 0, an error
// estimate without an order or the other way round, a dense output that does not end in the step's result, and a last
// stage that does not start the next step.
func (t *Tableau) Check() error {
	if t == nil {
		t = &Tableau{}
	}
	s := t.Stages()
	if s < 2 || len(t.A) != s || len(t.B) != s || len(t.E) != s || len(t.Dense) != s {
		return fmt.Errorf("solver: tableau %q is incomplete", t.Name)
	}
	var errs []error
	if t.Order < 1 || t.DenseOrder < 1 || t.ErrorOrder < 0 {
		errs = append(errs, fmt.Errorf("solver: tableau %q has order %d, dense order %d and error order %d, want at least 1, 1 and 0",
			t.Name, t.Order, t.DenseOrder, t.ErrorOrder))
	}
	if estimates := slices.ContainsFunc(t.E, func(e float64) bool { return e != 0 }); estimates != (t.ErrorOrder > 0) {
		errs = append(errs, fmt.Errorf("solver: tableau %q has error order %d and the error weights %v", t.Name,
			t.ErrorOrder, t.E))
	}
	near := func(what string, got, want float64) {
		if !(math.Abs(got-want) <= 1e-13) {
			errs = append(errs, fmt.Errorf("solver: tableau %q: %s is %v, want %v", t.Name, what, got, want))
		}
	}
	for i := range s {
		if len(t.A[i]) != i {
			return fmt.Errorf("solver: tableau %q: row %d of A has %d numbers, want %d", t.Name, i, len(t.A[i]), i)
		}
		near(fmt.Sprintf("the sum of row %d of A", i), sum(t.A[i]), t.C[i])
		near(fmt.Sprintf("the dense output of stage %d at the end", i), sum(t.Dense[i]), t.B[i])
	}
	near("the sum of B", sum(t.B), 1)
	near("the sum of E", sum(t.E), 0)
	if !t.FSAL() {
		errs = append(errs, fmt.Errorf("solver: tableau %q must end in the stage that starts the next step (see Explicit)", t.Name))
	}
	return errors.Join(errs...)
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func difference(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

// quarticThroughMiddle is the quartic through both ends and the middle of a step with the field's slope at both ends,
// written as weights of the stages (the last stage is the slope at the end).
func quarticThroughMiddle(b, mid []float64) [][]float64 {
	last := len(b) - 1
	dense := make([][]float64, len(b))
	for i := range b {
		dense[i] = []float64{0, -5*b[i] + 16*mid[i], 14*b[i] - 32*mid[i], -8*b[i] + 16*mid[i]}
	}
	addTo(dense[0], 1, -4, 5, -2)
	addTo(dense[last], 0, 1, -3, 2)
	return dense
}

// cubicHermite is the cubic through both ends of a step with the field's slope there, as weights of the stages.
func cubicHermite(b []float64) [][]float64 {
	dense := make([][]float64, len(b))
	for i := range b {
		dense[i] = []float64{0, 3 * b[i], -2 * b[i]}
	}
	addTo(dense[0], 1, -2, 1)
	addTo(dense[len(b)-1], 0, -1, 1)
	return dense
}

func addTo(dst []float64, x ...float64) {
	for i := range x {
		dst[i] += x[i]
	}
}
