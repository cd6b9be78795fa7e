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

// Hard is a gradient that is hard for one of the modes: that of the sum of z(T1) for the single parameter of a field.
type Hard struct {
	Name  string
	Field graph.Field
	Theta float64
	Z0    []float64
	T1    float64
	Want  float64 // the gradient for θ
}

// HardGradients are fields that pull trajectories together, whose states cannot be integrated backward, one whose θ
// acts faster than its adjoint moves, and one whose gradient at loose tolerances is far worse than its solution.
func HardGradients() []Hard {
	var all []Hard
	for _, t1 := range []float64{2, 6, 10, 20} {
		all = append(all, Hard{Name: fmt.Sprintf("linear to %v", t1), Field: settling(), Theta: 4.5,
			Z0: []float64{1, 1}, T1: t1, Want: settled(4.5, t1)})
	}
	// By SciPy's DOP853 at 1e-13 on the variational equation.
	return append(all,
		Hard{Name: "forced oscillator", Field: forced(), Theta: 1, Z0: []float64{1, 0}, T1: 10, Want: forcedSlope(10)},
		Hard{Name: "DETEST E4", Field: falling(), Theta: 0.4, Z0: []float64{30, 0}, T1: 20, Want: -19.14655408329206},
		Hard{Name: "van der Pol 2", Field: vanDerPol(), Theta: 2, Z0: []float64{2, 0}, T1: 20, Want: -1.86704588023637},
		Hard{Name: "van der Pol 5", Field: vanDerPol(), Theta: 5, Z0: []float64{2, 0}, T1: 20, Want: -0.68965481677894},
		Hard{Name: "Lotka-Volterra", Field: predation(), Theta: 1.5, Z0: []float64{1, 1}, T1: 10,
			Want: -4.09621299365789})
}

// hardGradients checks that the adjoint and the discrete gradient are right, and that backsolve is right or says that
// it is not.
func (s Suite) hardGradients(t *testing.T) {
	for _, h := range HardGradients() {
		rtol, adjoint, discrete := 1e-3, 0.01, 0.05
		switch h.Name {
		case "linear to 20": // steps at the edge of stability: the discrete gradient, exact for them, is 6 % off
			discrete = 0.07
		case "forced oscillator": // as far off as the solution: both sum up a force that the steps just resolve
			adjoint, discrete = 0.02, 0.07
		case "van der Pol 2":
			rtol, adjoint, discrete = s.choose(1e-6, 1e-9), s.choose(0.01, 1e-6), s.choose(0.01, 1e-6)
		case "van der Pol 5":
			rtol, adjoint = 1e-6, 0.05
		case "Lotka-Volterra": // at 1e-3 the discrete gradient is off by more than its size
			rtol, adjoint, discrete = 1e-5, 0.01, 0.01
		}
		s.hard(t, h, solver.Adjoint, rtol, adjoint)
		s.hard(t, h, solver.Discrete, rtol, discrete)
		s.hard(t, h, solver.Backsolve, rtol, 0.1)
	}
}

// hard compares the gradient within a relative bound. Backsolve may fail instead.
func (s Suite) hard(t *testing.T, h Hard, mode solver.Gradient, rtol, bound float64) {
	spec := s.spec(mode)
	spec.Controller.Rtol, spec.Controller.Atol = rtol, rtol/1000
	d, err := s.compile(t, solver.Model{Field: lower(t, h.Field)}, spec).Differentiate(context.Background(),
		[]float64{h.Theta}, solver.Batch{Z0: h.Z0, Spans: []solver.Span{{T1: h.T1}}},
		solver.Objective{Cotangent: []float64{1, 1}})
	must(t, d, err)
	if err := d.Solution.Err(); err != nil {
		t.Errorf("%s, %v: %v", h.Name, mode, err)
	}
	if mode == solver.Backsolve && d.Err() != nil {
		if !math.IsNaN(d.Theta[0]) {
			t.Errorf("%s: a gradient of %v beside %v", h.Name, d.Theta, d.Err())
		}
		return
	}
	if e := math.Abs(d.Theta[0]/h.Want - 1); d.Err() != nil || !(e <= bound) {
		t.Errorf("%s, %v: %v, want %v within %v; %v", h.Name, mode, d.Theta[0], h.Want, bound, d.Err())
	}
}

// settling is x' = 2 − 5x/2, y' = x − θy.
func settling() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "p"}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
			dx := b.do(gorgonia.Sub(gorgonia.NewConstant(2.0),
				b.do(gorgonia.HadamardProd(x, gorgonia.NewConstant(2.5)))))
			dy := b.do(gorgonia.Sub(x, b.do(gorgonia.HadamardProd(y, theta[0]))))
			return b.do(graph.Concat(1, dx, dy)), b.err
		}}
}

// settled is ∂y/∂p of settling at time t from (1, 1): y = 0.8/p + b·e^(−2.5t) + (1 − 0.8/p − b)·e^(−pt), b = 0.2/(p −
// 2.5).
func settled(p, t float64) float64 {
	b, db := 0.2/(p-2.5), -0.2/((p-2.5)*(p-2.5))
	c, dc := 1-0.8/p-b, 0.8/(p*p)-db
	return -0.8/(p*p) + db*math.Exp(-2.5*t) + (dc-t*c)*math.Exp(-p*t)
}

// forced is x' = v, v' = θ cos 5t − x: ∂f/∂θ swings five times as fast as the adjoint.
func forced() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "force"}},
		Func: func(t, z *node, theta []*node) (*node, error) {
			var b builder
			x, v := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
			swing := b.do(gorgonia.Cos(b.do(gorgonia.HadamardProd(t, gorgonia.NewConstant(5.0)))))
			force := b.do(gorgonia.HadamardProd(swing, theta[0]))
			return b.do(graph.Concat(1, v, b.do(gorgonia.Sub(force, x)))), b.err
		}}
}

// forcedSlope is ∂(x + v)/∂θ of forced at time t: x is linear in θ with the slope (cos t − cos 5t)/24.
func forcedSlope(t float64) float64 {
	return (math.Cos(t) - math.Cos(5*t) - math.Sin(t) + 5*math.Sin(5*t)) / 24
}

// falling is DETEST E4, x' = v, v' = 0.32 − θv².
func falling() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "drag"}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			v := b.do(graph.Slice(z, 1, 1, 2, 1))
			drag := b.do(gorgonia.HadamardProd(b.do(gorgonia.Square(v)), theta[0]))
			return b.do(graph.Concat(1, v, b.do(gorgonia.Sub(gorgonia.NewConstant(0.32), drag)))), b.err
		}}
}

// vanDerPol is x' = y, y' = θ(1 − x²)y − x.
func vanDerPol() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "mu"}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
			damping := b.do(gorgonia.HadamardProd(
				b.do(gorgonia.Sub(gorgonia.NewConstant(1.0), b.do(gorgonia.Square(x)))), theta[0]))
			return b.do(graph.Concat(1, y, b.do(gorgonia.Sub(b.do(gorgonia.HadamardProd(damping, y)), x)))), b.err
		}}
}

// predation is x' = θx − xy, y' = xy − 3y.
func predation() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "growth"}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
			xy := b.do(gorgonia.HadamardProd(x, y))
			dx := b.do(gorgonia.Sub(b.do(gorgonia.HadamardProd(x, theta[0])), xy))
			return b.do(graph.Concat(1, dx, b.do(
				gorgonia.Sub(xy, b.do(gorgonia.HadamardProd(y, gorgonia.NewConstant(3.0))))))), b.err
		}}
}
