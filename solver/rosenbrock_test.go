package solver_test

import (
	"math"
	"testing"

	"neuralode/solver"
)

func rosenbrocks() []*solver.Rosenbrock {
	var all []*solver.Rosenbrock
	for _, m := range solver.Methods() {
		if m, ok := m.(*solver.Rosenbrock); ok {
			all = append(all, m)
		}
	}
	return all
}

// classical are the coefficients of a Rosenbrock method as its order conditions have them (Hairer and Wanner, Solving
// ODEs II, IV.7): α of the arguments, β = α + γ, and what takes weights of its stages to weights there.
type classical struct{ alpha, beta, gamma [][]float64 }

func classicalOf(m *solver.Rosenbrock) classical {
	s := m.Stages()
	c := classical{square(s), square(s), square(s)}
	for col := range s { // Γ is the inverse of diag(1/γ) − C
		for i := range s {
			if i == col {
				c.gamma[i][col] = m.Gamma
			}
			for j, g := range m.G[i] {
				c.gamma[i][col] += m.Gamma * g * c.gamma[j][col]
			}
		}
	}
	for i := range s {
		copy(c.alpha[i], c.weights(m.A[i]))
		for j := range s {
			c.beta[i][j] = c.alpha[i][j] + c.gamma[i][j]
		}
	}
	return c
}

func square(n int) [][]float64 {
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n)
	}
	return a
}

// weights are those of the k in Σ w·v, v = Γk.
func (c classical) weights(w []float64) []float64 {
	b := make([]float64, len(c.gamma))
	for i, x := range w {
		for j, g := range c.gamma[i] {
			b[j] += x * g
		}
	}
	return b
}

// elementary is that of an explicit method but for the branches: a vertex with one takes β, others α.
func (c classical) elementary(tr *tree) []float64 {
	phi := make([]float64, len(c.alpha))
	for i := range phi {
		phi[i] = 1
	}
	by := c.alpha
	if len(tr.subtrees) == 1 {
		by = c.beta
	}
	for _, sub := range tr.subtrees {
		below := c.elementary(sub)
		for i := range phi {
			s := 0.0
			for j, a := range by[i] {
				s += a * below[j]
			}
			phi[i] *= s
		}
	}
	return phi
}

// order is the largest p below the limit for which the weights meet the conditions of all trees with at most p nodes at
// x of the step; worst is by how much they miss them.
func (c classical) order(w []float64, x float64, limit int) (order int, worst float64) {
	b := c.weights(w)
	for n, of := range trees(limit) {
		for _, tr := range of {
			sum := -math.Pow(x, float64(n+1)) / float64(tr.gamma)
			for i, phi := range c.elementary(tr) {
				sum += b[i] * phi
			}
			if math.Abs(sum) > 1e-6 {
				return n, worst
			}
			worst = max(worst, math.Abs(sum))
		}
	}
	return limit, worst
}

// TestRosenbrockOrderConditions checks the conditions of all rooted trees: the method, the embedded one and the dense
// output meet those up to their orders, and not all of the next.
func TestRosenbrockOrderConditions(t *testing.T) {
	const rounding = 3e-14 // of coefficients of up to 165, in 16 digits
	for _, m := range rosenbrocks() {
		if err := m.Check(); err != nil {
			t.Error(err)
		}
		c := classicalOf(m)
		of := func(what string, w []float64, x float64, want int) {
			if got, worst := c.order(w, x, want+1); got != want || worst > rounding {
				t.Errorf("%s of %v has order %d, missed by %.2g, want %d", what, m, got, worst, want)
			}
		}
		of("the result", m.B, 1, m.Order)
		lower, embedded := make([]float64, m.Stages()), m.ErrorOrder
		for i, b := range m.B {
			lower[i] = b - m.E[i]
		}
		if m.Name == "rosenbrock23" {
			embedded = 3 // than which the result is worse
		}
		of("the embedded method", lower, 1, embedded)
		for _, x := range []float64{0.1, 0.4, 0.9} {
			w := make([]float64, m.Stages())
			for i, p := range m.Dense {
				w[i] = solver.Polynomial(p, x)
			}
			of("the dense output", w, x, m.DenseOrder)
		}
	}
}

// TestRosenbrockTimes holds the times of the stages and the weights of fₜ to the sums that make z' = f(t, z) the same as
// (z, t)' = (f, 1).
func TestRosenbrockTimes(t *testing.T) {
	for _, m := range rosenbrocks() {
		c := classicalOf(m)
		for i := range m.Stages() {
			alpha, gamma := 0.0, 0.0
			for j := range m.Stages() {
				alpha, gamma = alpha+c.alpha[i][j], gamma+c.gamma[i][j]
			}
			if math.Abs(alpha-m.C[i]) > 2e-14 || math.Abs(gamma-m.D[i]) > 2e-14 {
				t.Errorf("%v, stage %d: times %v and %v, want the sums %v and %v", m, i, m.C[i], m.D[i], alpha, gamma)
			}
		}
	}
}

// TestRosenbrockIsLStable takes one step of z' = λz for very large −hλ: what is left is nearly nothing, also of the
// embedded method, by which steps are accepted.
func TestRosenbrockIsLStable(t *testing.T) {
	for _, m := range rosenbrocks() {
		s := spec(1e-3, 1e-6)
		s.Method, s.Controller.Step = m, 1
		f := func(_ float64, z, dz []float64) { dz[0] = -1e8 * z[0] }
		got := solver.Integrate(f, []float64{1}, solver.Span{T1: 1}, nil, s, nil)
		if math.Abs(got.Z1[0]) > 1e-6 {
			t.Errorf("%v leaves %v of 1", m, got.Z1[0])
		}
	}
}

// TestShampineReichelt holds Rosenbrock23 to the published formulae of a step of z' = f(t, z), z = 2, t = 1, h = 0.5.
func TestShampineReichelt(t *testing.T) {
	f := func(t, z float64) float64 { return t*t - z*z }
	const h, t0, z0 = 0.5, 1.0, 2.0
	d, e := 1/(2+math.Sqrt2), 6+math.Sqrt2
	w, ft, f0 := 1+h*d*2*z0, 2*t0, f(t0, z0)
	k1 := (f0 + h*d*ft) / w
	f1 := f(t0+h/2, z0+h/2*k1)
	k2 := (f1-k1)/w + k1
	s := spec(1e-3, 1e-6)
	s.Method, s.Controller.Step = solver.Rosenbrock23(), h
	var steps []solver.Step
	got := solver.Integrate(func(t float64, z, dz []float64) { dz[0] = f(t, z[0]) }, []float64{z0},
		solver.Span{T0: t0, T1: t0 + h}, nil, s, func(st solver.Step) { steps = append(steps, st) })
	if want := z0 + h*k2; math.Abs(got.Z1[0]-want) > 1e-9 {
		t.Errorf("z1 is %v, want %v", got.Z1[0], want)
	}
	k3 := (f(t0+h, z0+h*k2) - e*(k2-f1) - 2*(k1-f0) + h*d*ft) / w
	m, estimate := solver.Rosenbrock23(), 0.0
	for i, w := range m.E {
		estimate += h * w * steps[0].K[i+1][0]
	}
	if want := h / 6 * (k1 - 2*k2 + k3); math.Abs(estimate+want) > 1e-9 {
		t.Errorf("the error is estimated as %v, want %v", -estimate, want)
	}
	const x = 0.3
	z := []float64{0}
	steps[0].At(x, z)
	if want := z0 + h/(1-2*d)*(x*(1-x)*k1+x*(x-2*d)*k2); math.Abs(z[0]-want) > 1e-9 {
		t.Errorf("z at %v of the step is %v, want %v", x, z[0], want)
	}
}
