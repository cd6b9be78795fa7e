package solvertest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// Stiff holds the methods for stiff fields to closed forms, to the reference, and to the promises that hold for others.
func (s Suite) Stiff(t *testing.T) {
	s.StiffGradients(t)
	t.Run("rows", s.stiffRows)
	t.Run("one step for all", s.stiffTogether)
	t.Run("refused", s.stiffRefused)
	t.Run("problems", s.stiffProblems)
}

// StiffGradients is the part of Stiff that is about single solves and their gradients.
func (s Suite) StiffGradients(t *testing.T) {
	if spec := s.spec(solver.Adjoint); !s.supportsMethod(t, spec, solver.Rodas5P()) {
		t.Skip("explicit methods alone")
	}
	t.Run("closed forms", s.stiffClosedForms)
	t.Run("gradients", s.stiffGradients)
	t.Run("differences", s.stiffDifferences)
	t.Run("oracle", s.stiffOracle)
}

func (s Suite) supportsMethod(t *testing.T, spec solver.Spec, m solver.Method) bool {
	spec.Method = m
	return s.supports(t, solver.Model{Field: lower(t, rate())}, spec)
}

// stiffMethods are those for stiff fields that the backend has, with a tolerance that each reaches in a reasonable number
// of steps.
func (s Suite) stiffMethods(t *testing.T) map[solver.Method]float64 {
	methods := map[solver.Method]float64{solver.Rodas5P(): s.choose(1e-5, 1e-8), solver.AutoTsit5(): s.choose(1e-5, 1e-8),
		solver.Rosenbrock23(): 1e-5}
	for method := range methods {
		if !s.supportsMethod(t, s.spec(solver.Adjoint), method) {
			delete(methods, method)
		}
	}
	return methods
}

// followed is z' = λ(z − cos t) − sin t, which is drawn to cos t, of Prothero and Robinson (1974), for two λ.
func followed(fast float64) graph.Field {
	return graph.Field{Dim: 2, Func: func(t, z *node, _ []*node) (*node, error) {
		var b builder
		cos, sin := b.do(gorgonia.Cos(t)), b.do(gorgonia.Sin(t))
		part := func(at int, lambda float64) *node {
			pull := b.do(gorgonia.Sub(b.do(graph.Slice(z, 1, at, at+1, 1)), cos))
			return b.do(gorgonia.Sub(b.do(gorgonia.HadamardProd(gorgonia.NewConstant(lambda), pull)), sin))
		}
		return b.do(graph.Concat(1, part(0, -1), part(1, -fast))), b.err
	}}
}

// stiffClosedForms follows a curve from beside it, there and in backward time, and looks at it between steps. It would
// take an explicit method 10⁵ steps, or 10⁸.
func (s Suite) stiffClosedForms(t *testing.T) {
	fast := s.choose(1e5, 1e8)
	for method, tol := range s.stiffMethods(t) {
		spec := s.spec(solver.NoGradient)
		spec.Method, spec.Controller.Rtol, spec.Controller.Atol, spec.Controller.MaxSteps = method, tol, tol, 4096
		b := solver.Batch{Z0: []float64{1.5, 0.5}, Spans: []solver.Span{{T1: 3}}, Times: []float64{1, 2.2}}
		got := s.solve(t, solver.Model{Field: lower(t, followed(fast))}, spec, nil, b)
		at := func(t float64) []float64 { return []float64{math.Cos(t) + 0.5*math.Exp(-t), math.Cos(t)} }
		near(t, fmt.Sprintf("%v: z1", method), got.Z1, at(3), 100*tol)
		near(t, fmt.Sprintf("%v: between", method), got.Saved, append(at(1), at(2.2)...), 200*tol)
		if got.Stats[0].Jacobians == 0 {
			t.Errorf("%v took no Jacobian: %+v", method, got.Stats[0])
		}
	}
}

// drawn is x' = −x·rate, y' = −K(y − x·x): for large K y follows x²(1 + 2·rate/K + …).
func drawn(k float64) graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "rate"}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
			dx := b.do(gorgonia.Neg(b.do(gorgonia.HadamardProd(x, theta[0]))))
			pull := b.do(gorgonia.Sub(b.do(gorgonia.Square(x)), y))
			return b.do(graph.Concat(1, dx, b.do(gorgonia.HadamardProd(gorgonia.NewConstant(k), pull)))), b.err
		}}
}

// stiffGradients is that of x(1) + 2y(1) + y(½) for x0, y0 and the rate: y = K/(K − 2r)·x² + (y0 − K/(K − 2r)·x0²)·e^(−Kt).
func (s Suite) stiffGradients(t *testing.T) {
	k, r, x0 := s.choose(1e4, 1e6), 0.7, 1.5
	for method, tol := range s.stiffMethods(t) {
		spec := s.spec(solver.Adjoint)
		spec.Method, spec.Controller.Rtol, spec.Controller.Atol, spec.Controller.MaxSteps = method, tol, tol, 4096
		d := s.differentiate(t, solver.Model{Field: lower(t, drawn(k))}, spec, []float64{r},
			solver.Batch{Z0: []float64{x0, 0.3}, Spans: []solver.Span{{T1: 1}}, Times: []float64{0.5}},
			solver.Objective{Cotangent: []float64{1, 2}, Saved: []float64{0, 1}})
		c, dc := k/(k-2*r), 2*k/((k-2*r)*(k-2*r))
		e := math.Exp(-r)
		near(t, fmt.Sprintf("%v: ∂L/∂z0", method), d.Z0, []float64{e + 2*x0*c*(2*e*e+e), 0}, 300*tol)
		near(t, fmt.Sprintf("%v: ∂L/∂rate", method), d.Theta,
			[]float64{-x0*e + x0*x0*(dc*(2*e*e+e)-c*(4*e*e+e))}, 300*tol)
	}
}

// stiffOracle compares gradients of Robertson's reactions to 40 and of van der Pol's oscillator to 70 with those of
// diffrax's Kvaerno5 at an rtol of 1e-10 and 1e-9, of which its own at ten times as much differ by less than 1e-10.
func (s Suite) stiffOracle(t *testing.T) {
	if s.Precision != solver.Float64 {
		t.Skip("parameters differ by more than float32 resolves")
	}
	for method := range s.stiffMethods(t) {
		if method.Orders().Result < 5 {
			continue // at its order that takes long
		}
		for _, x := range []struct {
			problem       Stiff
			cotangent     []float64
			z0Bar, perOne []float64 // ∂L/∂z0, and θ·∂L/∂θ
		}{
			{reactions(40, 0, 0, 0), []float64{1, 1e4, 0},
				[]float64{0.8186261370133067, 0.7307549837491949, 0.7307639717477277},
				[]float64{-3.788439146780266 * 0.04, -3.4264145982539034e-9 * 3e7, 1.1373615859603367e-5 * 1e4}},
			{relaxation(100, 70, 0, 0), []float64{1, 1}, []float64{2.6134046903581307, 0.00871144576421156},
				[]float64{1.2359420151730477}},
		} {
			spec := x.problem.Spec(method, 1e-9)
			spec.Gradient, spec.Controller.Atol = solver.Adjoint, 1e-14
			d := s.differentiate(t, solver.Model{Field: lower(t, x.problem.Field)}, spec, x.problem.Theta,
				solver.Batch{Z0: x.problem.Z0, Spans: []solver.Span{{T1: x.problem.T1}}},
				solver.Objective{Cotangent: x.cotangent})
			for i, theta := range x.problem.Theta {
				d.Theta[i] *= theta
			}
			near(t, fmt.Sprintf("%v, %s: ∂L/∂z0", method, x.problem.Name), d.Z0, x.z0Bar, 1e-7)
			near(t, fmt.Sprintf("%v, %s: θ·∂L/∂θ", method, x.problem.Name), d.Theta, x.perOne, 1e-7)
		}
	}
}

// mixed is van der Pol's x' = y, y' = μ(1 − x²)y − x + θ·sin t, whose μ is the sample's input: of a batch some are
// stiff.
func mixed() graph.Field {
	return graph.Field{Dim: 2, Inputs: 1, Params: []graph.Param{{Name: "force"}},
		InputFunc: func(t, z, mu *node, theta []*node) (*node, error) {
			var b builder
			x, y := b.do(graph.Slice(z, 1, 0, 1, 1)), b.do(graph.Slice(z, 1, 1, 2, 1))
			damping := b.do(gorgonia.Sub(gorgonia.NewConstant(1.0), b.do(gorgonia.Square(x))))
			pull := b.do(gorgonia.HadamardProd(b.do(gorgonia.HadamardProd(damping, mu)), y))
			force := b.do(gorgonia.HadamardProd(b.do(gorgonia.Sin(t)), theta[0]))
			return b.do(graph.Concat(1, y, b.do(gorgonia.Add(b.do(gorgonia.Sub(pull, x)), force)))), b.err
		}}
}

// mixedBatch is of n samples, of which every third is stiff.
func mixedBatch(n int) (solver.Batch, solver.Objective) {
	b, o := solver.Batch{Times: []float64{0.4, 1.1}}, solver.Objective{}
	for i := range n {
		mu := 1 + 0.1*float64(i)
		if i%3 == 0 {
			mu = 300 + 100*float64(i)
		}
		b.Z0, b.Inputs = append(b.Z0, 2-0.05*float64(i), 0), append(b.Inputs, mu)
		b.Spans = append(b.Spans, solver.Span{T1: 2 + 0.1*float64(i%4)})
		o.Cotangent, o.Saved = append(o.Cotangent, 1, 1e-3), append(o.Saved, 1, 0, 0.5, 0)
	}
	return b, o
}

// stiffDifferences compares the gradient of a batch, some of it stiff, with the reference and with central differences.
func (s Suite) stiffDifferences(t *testing.T) {
	b, o := mixedBatch(7)
	m := solver.Model{Field: lower(t, mixed())}
	for method, tol := range s.stiffMethods(t) {
		spec := s.spec(solver.Adjoint)
		spec.Method, spec.Controller.Rtol, spec.Controller.Atol = method, tol, tol
		d := s.differentiate(t, m, spec, []float64{0.5}, b, o)
		want := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, m, spec, []float64{0.5}, b, o)
		bound := s.choose(200*tol, 1e-2*tol)
		near(t, fmt.Sprintf("%v: z1", method), d.Z1, want.Z1, bound)
		near(t, fmt.Sprintf("%v: saved", method), d.Saved, want.Saved, bound)
		near(t, fmt.Sprintf("%v: ∂L/∂z0", method), d.Z0, want.Z0, bound)
		near(t, fmt.Sprintf("%v: ∂L/∂inputs", method), d.Inputs, want.Inputs, bound)
		near(t, fmt.Sprintf("%v: ∂L/∂θ", method), d.Theta, want.Theta, bound)
		if s.Precision == solver.Float64 {
			for i := range d.Stats {
				if d.Stats[i] != want.Stats[i] || d.BackStats[i] != want.BackStats[i] {
					t.Errorf("%v, sample %d: cost %+v there and %+v back, want %+v and %+v", method, i, d.Stats[i],
						d.BackStats[i], want.Stats[i], want.BackStats[i])
				}
			}
			s.alongTheta(t, m, spec, b, o, d.Theta[0], 1000*tol)
		}
	}
}

// alongTheta compares ∂L/∂θ with central differences.
func (s Suite) alongTheta(t *testing.T, m solver.Model, spec solver.Spec, b solver.Batch, o solver.Objective,
	got, bound float64) {
	t.Helper()
	const e = 1e-3
	spec.Gradient = solver.NoGradient
	objective := func(theta float64) float64 {
		sol, sum := s.solve(t, m, spec, []float64{theta}, b), 0.0
		for i, v := range o.Cotangent {
			sum += v * sol.Z1[i]
		}
		for i, v := range o.Saved {
			sum += v * sol.Saved[i]
		}
		return sum
	}
	near(t, fmt.Sprintf("%v: ∂L/∂θ as a difference", spec.Method), []float64{got},
		[]float64{(objective(0.5+e) - objective(0.5-e)) / (2 * e)}, bound)
}

// stiffRows solves a batch, some of it stiff, whole, in parts and sample by sample, and with hardly any room for records:
// no bit may change. Of a method that chooses, those that are not stiff take no Jacobian.
func (s Suite) stiffRows(t *testing.T) {
	const n = 20
	b, o := mixedBatch(n)
	m := solver.Model{Field: lower(t, mixed())}
	for method := range s.stiffMethods(t) {
		spec := s.defaults(solver.Adjoint)
		spec.Method = method
		program := s.compile(t, m, spec)
		run := func(program solver.Program, b solver.Batch, o solver.Objective) *solver.Derivative {
			d, err := program.Differentiate(context.Background(), []float64{0.5}, b, o)
			return must(t, d, err)
		}
		whole := run(program, b, o)
		must(t, whole, whole.Err())
		for i := range n {
			one := run(program, solver.Batch{Z0: b.Z0[2*i : 2*i+2], Spans: b.Spans[i : i+1], Times: b.Times,
				Inputs: b.Inputs[i : i+1]},
				solver.Objective{Cotangent: o.Cotangent[2*i : 2*i+2], Saved: o.Saved[4*i : 4*i+4]})
			what := fmt.Sprintf("%v, sample %d: ", method, i)
			same(t, what+"z1", whole.Z1[2*i:2*i+2], one.Z1)
			same(t, what+"∂L/∂z0", whole.Z0[2*i:2*i+2], one.Z0)
			same(t, what+"∂L/∂inputs", whole.Inputs[i:i+1], one.Inputs)
			if whole.Stats[i] != one.Stats[0] || whole.BackStats[i] != one.BackStats[0] {
				t.Errorf("%scost %+v and %+v, alone %+v and %+v", what, whole.Stats[i], whole.BackStats[i], one.Stats[0],
					one.BackStats[0])
			}
			if chooses := method.String() == "auto"; chooses && (whole.Stats[i].Jacobians > 0) != (i%3 == 0) {
				t.Errorf("%sμ = %v took %d Jacobians", what, b.Inputs[i], whole.Stats[i].Jacobians)
			}
		}
		for _, limit := range limits() {
			spec.RecordLimit = limit
			limited, err := s.compile(t, m, spec).Differentiate(context.Background(), []float64{0.5}, b, o)
			sameDerivative(t, supported(t, limited, err), whole)
		}
	}
}

// stiffTogether gives a batch, some of it stiff, one step for all, and compares with the reference.
func (s Suite) stiffTogether(t *testing.T) {
	b, o := mixedBatch(5)
	b.Spans = []solver.Span{{T1: 2}}
	m := solver.Model{Field: lower(t, mixed())}
	for method, tol := range s.stiffMethods(t) {
		spec := s.spec(solver.Adjoint)
		spec.Method, spec.Controller.Control = method, solver.ControlBatch
		spec.Controller.Rtol, spec.Controller.Atol = tol, tol
		if !s.supports(t, m, spec) {
			continue
		}
		d := s.differentiate(t, m, spec, []float64{0.5}, b, o)
		want := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, m, spec, []float64{0.5}, b, o)
		bound := s.choose(1000*tol, tol)
		near(t, fmt.Sprintf("%v: z1", method), d.Z1, want.Z1, bound)
		near(t, fmt.Sprintf("%v: ∂L/∂z0", method), d.Z0, want.Z0, bound)
		near(t, fmt.Sprintf("%v: ∂L/∂θ", method), d.Theta, want.Theta, bound)
	}
}

// stiffRefused asks for gradients that the methods have not, and for steps that are not theirs to choose.
func (s Suite) stiffRefused(t *testing.T) {
	m := solver.Model{Field: lower(t, rate())}
	for what, spoil := range map[string]func(*solver.Spec){
		"second derivatives": func(spec *solver.Spec) { spec.Gradient = solver.Discrete },
		"backsolve":          func(spec *solver.Spec) { spec.Gradient = solver.Backsolve },
		"no constant":        func(spec *solver.Spec) { spec.Method, spec.Controller.Step = solver.AutoTsit5(), 0.1 },
		"dopri8": func(spec *solver.Spec) {
			spec.Method = &solver.Auto{Name: "auto", Explicit: solver.Dopri8(), Stiff: solver.Rosenbrock23()}
		},
	} {
		spec := s.spec(solver.Adjoint)
		spec.Method = solver.Rodas5P()
		spoil(&spec)
		if _, err := s.Backend.Compile(m, spec); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("want an error with %q, got %v", what, err)
		}
	}
}

// detected solves stiff fields by explicit methods: they fail early, and say how stiff. Where the steps that there may
// be are enough, or the field is not stiff, they do not.
func (s Suite) detected(t *testing.T) {
	spec := s.defaults(solver.NoGradient)
	if !s.supportsMethod(t, spec, solver.AutoTsit5()) {
		t.Skip("steps are weighed where a method chooses by that")
	}
	solve := func(f graph.Field, theta []float64, z0 []float64, t1 float64, steps int) *solver.Solution {
		spec.Controller.MaxSteps = steps
		got, err := s.compile(t, solver.Model{Field: lower(t, f)}, spec).Solve(t.Context(), theta,
			solver.Batch{Z0: z0, Spans: []solver.Span{{T1: t1}}})
		return must(t, got, err)
	}
	for _, method := range tableaus() {
		if method.Order == 1 || method.ErrorOrder == 0 || s.Samples > 0 && method.Name != "dopri5" {
			continue
		}
		spec.Method = method
		got := solve(vanDerPol(), []float64{1e4}, []float64{2, 0}, 2e4, 4096)
		if end := got.End[0]; end.Status != solver.Stiff || got.Stats[0].Tried() > 100 || !(end.Stiffness > 3e8 &&
			end.Stiffness < 3e9) {
			t.Errorf("%v on van der Pol 10⁴: %+v after %+v", method, end, got.Stats[0])
		}
		if err := got.Err(); err == nil || !strings.Contains(err.Error(), "--method rodas5p") {
			t.Errorf("%v on van der Pol 10⁴: %v", method, err)
		}
		if got := solve(vanDerPol(), []float64{60}, []float64{2, 0}, 20, 4096); got.Err() != nil {
			t.Errorf("%v on what it can do: %v after %+v", method, got.Err(), got.Stats[0])
		}
		if got := solve(fading(), nil, []float64{1}, 100, 4096); got.Err() != nil {
			t.Errorf("%v on a field that ceases to be stiff: %v after %+v", method, got.Err(), got.Stats[0])
		}
		if got := solve(lotkaVolterra(), nil, []float64{1, 1}, 1e4, 4096); got.End[0].Status != solver.MaxSteps {
			t.Errorf("%v on a field that is not stiff: %+v after %+v", method, got.End[0], got.Stats[0])
		}
	}
}

// fading is z' = −1000·e^(−t)·z.
func fading() graph.Field {
	return graph.Field{Dim: 1, Func: func(t, z *node, _ []*node) (*node, error) {
		var b builder
		rate := b.do(gorgonia.HadamardProd(b.do(gorgonia.Exp(b.do(gorgonia.Neg(t)))), gorgonia.NewConstant(-1000.0)))
		return b.do(gorgonia.HadamardProd(rate, z)), b.err
	}}
}
