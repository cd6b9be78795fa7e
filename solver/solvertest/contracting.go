package solvertest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// contracting checks gradients of fields that pull trajectories together, whose states cannot be integrated backward: the
// adjoint and the discrete gradient are right, backsolve is right or says that it is not.
func (s Suite) contracting(t *testing.T) {
	for _, t1 := range []float64{2, 6, 10, 20} {
		// At t1 = 20 the steps at default tolerance lie at the edge of the method's stability, and the discrete gradient,
		// exact for them, is 6 % off.
		h := hard{name: fmt.Sprintf("linear to %v", t1), field: settling(), theta: 4.5, z0: []float64{1, 1}, t1: t1,
			rtol: 1e-3, want: settled(4.5, t1), adjoint: 0.01, discrete: 0.07}
		s.hard(t, h)
	}
	// The others by SciPy's DOP853 at 1e-13 on the variational equation.
	s.hard(t, hard{name: "DETEST E4", field: falling(), theta: 0.4, z0: []float64{30, 0}, t1: 20, rtol: 1e-3,
		want: -19.14655408329206, adjoint: 0.01, discrete: 0.05})
	s.hard(t, hard{name: "van der Pol 2", field: vanDerPol(), theta: 2, z0: []float64{2, 0}, t1: 20, rtol: s.choose(1e-6, 1e-9),
		want: -1.86704588023637, adjoint: s.choose(0.01, 1e-6), discrete: s.choose(0.01, 1e-6)})
	s.hard(t, hard{name: "van der Pol 5", field: vanDerPol(), theta: 5, z0: []float64{2, 0}, t1: 20, rtol: 1e-6,
		want: -0.68965481677894, adjoint: 0.05, discrete: 0.05})
}

// hard is a gradient that backsolve gets wrong: that of the sum of z(t1) for a single parameter.
type hard struct {
	name              string
	field             graph.Field
	theta             float64
	z0                []float64
	t1, rtol          float64
	want              float64
	adjoint, discrete float64 // relative errors allowed
}

func (s Suite) hard(t *testing.T, h hard) {
	for mode, bound := range map[solver.Gradient]float64{solver.Adjoint: h.adjoint, solver.Discrete: h.discrete, solver.Backsolve: 0.1} {
		spec := s.spec(mode)
		spec.Controller.Rtol, spec.Controller.Atol = h.rtol, h.rtol/1000
		d, err := s.compile(t, solver.Model{Field: lower(t, h.field)}, spec).Differentiate(context.Background(), []float64{h.theta},
			solver.Batch{Z0: h.z0, Spans: []solver.Span{{T1: h.t1}}}, solver.Objective{Cotangent: []float64{1, 1}})
		must(t, d, err)
		if err := d.Solution.Err(); err != nil {
			t.Errorf("%s, %v: %v", h.name, mode, err)
		}
		if mode == solver.Backsolve && d.Err() != nil {
			if !math.IsNaN(d.Theta[0]) {
				t.Errorf("%s: a gradient of %v beside %v", h.name, d.Theta, d.Err())
			}
			continue
		}
		if e := math.Abs(d.Theta[0]/h.want - 1); d.Err() != nil || !(e <= bound) {
			t.Errorf("%s, %v: %v, want %v within %v; %v", h.name, mode, d.Theta[0], h.want, bound, d.Err())
		}
	}
}

// settling is x' = 2 − 5x/2, y' = x − θy.
func settling() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "p"}}, Func: func(_, z *node, theta []*node) (*node, error) {
		var b builder
		x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
		dx := b.do(gorgonia.Sub(gorgonia.NewConstant(2.0), b.do(gorgonia.HadamardProd(x, gorgonia.NewConstant(2.5)))))
		dy := b.do(gorgonia.Sub(x, b.do(gorgonia.HadamardProd(y, theta[0]))))
		return b.do(graph.Concat(1, dx, dy)), b.err
	}}
}

// settled is ∂y/∂p of settling at time t from (1, 1): y = 0.8/p + b·e^(−2.5t) + (1 − 0.8/p − b)·e^(−pt), b = 0.2/(p − 2.5).
func settled(p, t float64) float64 {
	b, db := 0.2/(p-2.5), -0.2/((p-2.5)*(p-2.5))
	c, dc := 1-0.8/p-b, 0.8/(p*p)-db
	return -0.8/(p*p) + db*math.Exp(-2.5*t) + (dc-t*c)*math.Exp(-p*t)
}

// falling is DETEST E4, x' = v, v' = 0.32 − θv².
func falling() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "drag"}}, Func: func(_, z *node, theta []*node) (*node, error) {
		var b builder
		v := b.do(graph.Slice(z, 1, 1, 2, 1))
		drag := b.do(gorgonia.HadamardProd(b.do(gorgonia.Square(v)), theta[0]))
		return b.do(graph.Concat(1, v, b.do(gorgonia.Sub(gorgonia.NewConstant(0.32), drag)))), b.err
	}}
}

// vanDerPol is x' = y, y' = θ(1 − x²)y − x.
func vanDerPol() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "mu"}}, Func: func(_, z *node, theta []*node) (*node, error) {
		var b builder
		x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
		damping := b.do(gorgonia.HadamardProd(b.do(gorgonia.Sub(gorgonia.NewConstant(1.0), b.do(gorgonia.Square(x)))), theta[0]))
		return b.do(graph.Concat(1, y, b.do(gorgonia.Sub(b.do(gorgonia.HadamardProd(damping, y)), x)))), b.err
	}}
}
