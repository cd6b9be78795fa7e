package solvertest

import (
	"fmt"
	"math"
	"testing"

	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// Stiff is an initial value problem from t = 0 whose field is stiff, with its state at T1.
type Stiff struct {
	Name  string
	Field graph.Field
	Theta []float64
	Z0    []float64
	T1    float64
	Want  []float64
	Atol  float64 // beside an rtol of 1: of which size components still matter
}

// StiffProblems are van der Pol's oscillator for μ from 1 to 10⁶, Robertson's reactions to 10¹¹, the Oregonator and
// HIRES (Hairer and Wanner, Solving ODEs II, IV.10; Mazzia and Magherini 2008, "Test set for initial value problem
// solvers"). The states are those of SciPy's Radau at an rtol of 1e-11 and 1e-13, which agree to 10 digits or more, van
// der Pol's for 10⁶ in Liénard's coordinates; of the test set at T1 to the digits it has; and of the first, of
// extrapolation in 32 digits.
func StiffProblems() []Stiff {
	return []Stiff{
		relaxation(1, 20, 2.0081497621749486, -0.042508875273202147),
		relaxation(10, 20, 1.9393585327826839, -0.07008150573580567),
		relaxation(100, 200, 1.7185872080192583, -0.008796821912416541),
		relaxation(1e3, 2e3, 1.706167732170483, -0.0008928097010247975),
		relaxation(1e4, 2e4, 1.7055751811824038, -8.934452884303787e-05),
		relaxation(1e6, 0.5e6, 1.5967683944579334, -1.0303929933630335e-06),
		relaxation(1e6, 1.2e6, -1.6994006674731192, 9.001241029468984e-07),
		reactions(40, 0.7158270687194048, 9.185534764557783e-06, 0.28416374574582953),
		reactions(1e5, 0.01786592114209978, 7.274751468436483e-08, 0.982134006110381),
		reactions(1e11, 0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050),
		{Name: "Oregonator to 360", Field: oregonator(), Z0: []float64{1, 2, 3}, T1: 360, Atol: 1e-3,
			Want: []float64{1.000814870318523, 1228.178521549917, 132.0554942846706}},
		{Name: "HIRES to 321.8122", Field: hires(), Z0: []float64{1, 0, 0, 0, 0, 0, 0, 0.0057}, T1: 321.8122, Atol: 1e-4,
			Want: []float64{0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
				0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2}},
	}
}

// relaxation is van der Pol's oscillator from (2, 0).
func relaxation(mu, t1, x, y float64) Stiff {
	return Stiff{Name: fmt.Sprintf("van der Pol %g to %g", mu, t1), Field: vanDerPol(), Theta: []float64{mu},
		Z0: []float64{2, 0}, T1: t1, Want: []float64{x, y}, Atol: min(1e-3, 1/mu)}
}

// reactions are Robertson's: x' = −0.04x + 10⁴yz, z' = 3·10⁷y², and x + y + z stays.
func reactions(t1, x, y, z float64) Stiff {
	rates := []graph.Param{{Name: "slow"}, {Name: "fast"}, {Name: "back"}}
	field := graph.Field{Dim: 3, Params: rates, Func: func(_, s *node, k []*node) (*node, error) {
		x, y, z := expr.Col(s, 0), expr.Col(s, 1), expr.Col(s, 2)
		slow, fast, back := expr.Mul(x, k[0]), expr.Mul(expr.Square(y), k[1]), expr.Mul(expr.Mul(y, z), k[2])
		return expr.Columns(expr.Sub(back, slow), expr.Sub(expr.Sub(slow, back), fast), fast), nil
	}}
	return Stiff{Name: fmt.Sprintf("Robertson to %g", t1), Field: field, Theta: []float64{0.04, 3e7, 1e4}, Z0: []float64{1, 0, 0}, T1: t1,
		Want: []float64{x, y, z}, Atol: min(1e-4, math.Abs(y)/10)}
}

// oregonator is the reaction of Belousov and Zhabotinskii.
func oregonator() graph.Field {
	return graph.Field{Dim: 3, Func: func(_, s *node, _ []*node) (*node, error) {
		x, y, z := expr.Col(s, 0), expr.Col(s, 1), expr.Col(s, 2)
		grow := expr.Mul(x, expr.Sub(expr.Shift(1, expr.Scale(-8.375e-6, x)), y))
		return expr.Columns(
			expr.Scale(77.27, expr.Add(y, grow)),
			expr.Scale(1/77.27, expr.Sub(z, expr.Mul(expr.Shift(1, x), y))),
			expr.Scale(0.161, expr.Sub(x, z))), nil
	}}
}

// hires is the High Irradiance Responses of photomorphogenesis: eight reactants.
func hires() graph.Field {
	return graph.Field{Dim: 8, Func: func(_, s *node, _ []*node) (*node, error) {
		sum := func(weights ...float64) *node { // of components 0, 1, …
			var total *node
			for j, w := range weights {
				switch {
				case w == 0:
				case total == nil:
					total = expr.Scale(w, expr.Col(s, j))
				default:
					total = expr.Add(total, expr.Scale(w, expr.Col(s, j)))
				}
			}
			return total
		}
		meet := expr.Scale(280, expr.Mul(expr.Col(s, 5), expr.Col(s, 7)))
		gone := expr.Sub(meet, sum(0, 0, 0, 0, 0, 0, 1.81))
		return expr.Columns(
			expr.Shift(0.0007, sum(-1.71, 0.43, 8.32)),
			sum(1.71, -8.75),
			sum(0, 0, -10.03, 0.43, 0.035),
			sum(0, 8.32, 1.71, -1.12),
			sum(0, 0, 0, 0, -1.745, 0.43, 0.43),
			expr.Sub(sum(0, 0, 0, 0.69, 1.71, -0.43, 0.69), meet),
			gone,
			expr.Neg(gone)), nil
	}}
}

// Spec solves the problem by a method at that rtol, in float64.
func (p *Stiff) Spec(method solver.Method, rtol float64) solver.Spec {
	spec := solver.DefaultSpec()
	spec.Method, spec.Gradient, spec.Precision = method, solver.NoGradient, solver.Float64
	spec.Controller.Rtol, spec.Controller.Atol, spec.Controller.MaxSteps = rtol, rtol*p.Atol, 100000
	return spec
}

// Error is the largest relative error of a component.
func (p *Stiff) Error(got []float64) float64 {
	worst := 0.0
	for i, w := range p.Want {
		if e := math.Abs(got[i]/w - 1); !(e <= worst) {
			worst = e
		}
	}
	return worst
}

// stiffProblems solves them all, each component to its own relative error.
func (s Suite) stiffProblems(t *testing.T) {
	if s.Precision != solver.Float64 {
		t.Skip("components differ by more than float32 resolves")
	}
	problems := StiffProblems()
	if s.Samples > 0 {
		problems = problems[len(problems)-2:] // each is a run of a compiler
	}
	for _, p := range problems {
		for method, bound := range map[solver.Method]float64{solver.Rodas5P(): 3e-6, solver.AutoTsit5(): 3e-6,
			solver.Rosenbrock23(): 3e-2} {
			if !s.supportsMethod(t, s.spec(solver.NoGradient), method) {
				continue
			}
			rtol := 1e-8
			if bound > 1e-5 {
				rtol = 1e-5
			}
			got := s.solve(t, solver.Model{Field: lower(t, p.Field)}, p.Spec(method, rtol), p.Theta,
				solver.Batch{Z0: p.Z0, Spans: []solver.Span{{T1: p.T1}}})
			if e := p.Error(got.Z1); !(e <= bound) {
				t.Errorf("%s by %v: %.2g off, want %.2g: %v, want %v", p.Name, method, e, bound, got.Z1, p.Want)
			}
		}
	}
}
