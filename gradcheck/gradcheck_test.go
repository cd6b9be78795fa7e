package gradcheck_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/gradcheck"
	"neuralode/graph"
	"neuralode/plan"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

func problem(t *testing.T, f graph.Field, theta, z0 []float64) gradcheck.Problem {
	t.Helper()
	field, err := graph.LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	ones := make([]float64, len(z0))
	for i := range ones {
		ones[i] = 1
	}
	return gradcheck.Problem{Exact: backend, Backend: backend, Model: solver.Model{Field: field},
		Spec: solver.DefaultSpec(), Theta: theta, Batch: solver.Batch{Z0: z0, Spans: []solver.Span{{T0: 0, T1: 1}}},
		Goal: solver.Objective{Cotangent: ones}}
}

func net(t *testing.T) gradcheck.Problem {
	mlp := graph.MLP{Sizes: []int{2, 6, 2}, Activation: graph.Tanh}
	field, err := mlp.Field()
	if err != nil {
		t.Fatal(err)
	}
	theta := make([]float64, 2*6+6+6*2+2)
	for i := range theta {
		theta[i] = math.Sin(float64(3*i + 1))
	}
	return problem(t, field, theta, []float64{1, 0.5, -0.3, 0.8})
}

// TestAgree holds the report to what is known of smooth nets: all modes agree, and the spec's tolerances cost more than
// the tight ones.
func TestAgree(t *testing.T) {
	r, err := gradcheck.Check(context.Background(), net(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Modes) != 3 || len(r.Differences) != 2*5 {
		t.Fatalf("%d modes, %d differences", len(r.Modes), len(r.Differences))
	}
	for _, d := range r.Differences {
		if d.Value == 0 || !(d.Uncertainty <= 1e-8) {
			t.Errorf("%s: %v, known to %v", d.Of, d.Value, d.Uncertainty)
		}
	}
	for _, m := range r.Modes {
		if m.Err != nil || !(m.ToDifferences <= 1e-7) || !(m.ToOthers <= 1e-8) || m.SpecErr != nil ||
			!(m.Theta > 1e-9 && m.Theta < 0.1) {
			t.Errorf("%+v", m)
		}
	}
}

// TestThreshold has a field that jumps where z passes a parameter b: z' = −1 above, −2 below. Its derivative for b is 0
// nearly everywhere, that of the solution is not: from z(0) = 1 it comes to z(1) = b − 2(1 − (1 − b)) = −b.
func TestThreshold(t *testing.T) {
	_, err := gradcheck.Check(context.Background(), threshold(t))
	var wrong *gradcheck.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("error %v", err)
	}
	at := slices.IndexFunc(wrong.Faults, func(f gradcheck.Fault) bool {
		return f.Of == "threshold" && f.Gradient == solver.Adjoint
	})
	if at < 0 || math.Abs(wrong.Faults[at].Want+1) > 1e-6 || wrong.Faults[at].Got != 0 {
		t.Errorf("%v", wrong.Faults)
	}
	if !strings.Contains(err.Error(), "∂L/∂speed by adjoint is -1.5, by finite differences -2 (known to ") {
		t.Error(err)
	}
}

// TestSpoiled spoils one number of one derivative: the error says which.
func TestSpoiled(t *testing.T) {
	p := net(t)
	spoiled := *p.Model.Field
	at := slices.IndexFunc(spoiled.Params, func(q plan.Param) bool { return q.Name == "layers.1.bias" })
	id, none := spoiled.ParamGrads[at], spoiled.ParamGrads[0]
	if id == plan.None || none == plan.None {
		t.Fatal("no gradient")
	}
	spoiled.ParamGrads = slices.Clone(spoiled.ParamGrads)
	spoiled.ParamGrads[at] = plan.None
	p.Model.Field = &spoiled
	_, err := gradcheck.Check(context.Background(), p)
	if err == nil || !strings.Contains(err.Error(), "∂L/∂layers.1.bias[") || strings.Contains(err.Error(), "layers.0") {
		t.Errorf("error %v", err)
	}
}

// TestTrained checks the trained spiral with its loss: there the default tolerances cost a good part of the gradient,
// as docs/gradients.md has it, and backsolve refuses.
func TestTrained(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second, and minutes under the race detector")
	}
	p := reference.Embedded()[0]
	m, err := train.FromReference(&p.Model)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2
	r, err := gradcheck.Check(context.Background(), gradcheck.Problem{Exact: backend, Backend: backend, Model: m.Solver,
		Spec: solver.DefaultSpec(), Theta: m.Theta, Batch: solver.Batch{Z0: p.X[:2*n], Spans: []solver.Span{m.Span}},
		Goal: solver.Objective{Labels: p.Label[:n]}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Modes {
		if m.Err != nil || !(m.ToDifferences <= 1e-4) || !(m.ToOthers <= 1e-5) {
			t.Errorf("%+v", m)
		}
	}
}

func threshold(t *testing.T) gradcheck.Problem {
	must := gorgonia.Must
	f := graph.Field{Dim: 1, Params: []graph.Param{{Name: "speed"}, {Name: "threshold"}},
		Func: func(_, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			above := must(gorgonia.Gt(z, theta[1], true))
			slow := must(gorgonia.Sub(gorgonia.NewConstant(2.0), above))
			return gorgonia.Neg(must(gorgonia.HadamardProd(slow, theta[0])))
		}}
	return problem(t, f, []float64{1, 0.5}, []float64{1})
}

// TestIdle has a parameter of next to no effect: its derivative is below what a loss in float64 shows, and nothing is
// blamed for that.
func TestIdle(t *testing.T) {
	f := graph.Field{Dim: 1, Params: []graph.Param{{Name: "rate"}, {Name: "idle"}},
		Func: func(_, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			little := gorgonia.Must(gorgonia.HadamardProd(theta[1], gorgonia.NewConstant(1e-16)))
			falls := gorgonia.Must(gorgonia.HadamardProd(z, theta[0]))
			return gorgonia.Sub(gorgonia.Must(
				gorgonia.Mul(falls, gorgonia.Must(graph.Constant(z.Graph(), 1, 1, []float64{1})))), little)
		}}
	r, err := gradcheck.Check(context.Background(), problem(t, f, []float64{1, 1}, []float64{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Modes {
		if m.Err != nil || !(m.ToDifferences < 1e-3) || !(m.ToOthers < 1e-3) {
			t.Errorf("%+v", m)
		}
	}
}

// TestNothing asks for the derivatives of nothing: they are zeros, and agree.
func TestNothing(t *testing.T) {
	p := net(t)
	clear(p.Goal.Cotangent)
	if _, err := gradcheck.Check(context.Background(), p); err != nil {
		t.Error(err)
	}
}

// TestKinks has a net of ReLUs, whose kinks no step of a solver sees.
func TestKinks(t *testing.T) {
	field, err := graph.MLP{Sizes: []int{2, 8, 2}, Activation: graph.ReLU}.Field()
	if err != nil {
		t.Fatal(err)
	}
	theta := make([]float64, 2*8+8+8*2+2)
	for i := range theta {
		theta[i] = 1.5 * math.Sin(float64(7*i+2))
	}
	if _, err := gradcheck.Check(context.Background(),
		problem(t, field, theta, []float64{1, 0.5, -0.3, 0.8, 0.1, -0.7})); err != nil {
		t.Error(err)
	}
}

// TestEdge takes differences near the edge of a field's domain: z' = √(b + 0.01) at b = 0, where the first steps are
// too long and the shorter ones know the derivative, 1/(2·0.1). Where no step is short enough nothing is known, and
// nothing blamed.
func TestEdge(t *testing.T) {
	at := func(edge float64) *gradcheck.Report {
		f := graph.Field{Dim: 1, Params: []graph.Param{{Name: "b"}},
			Func: func(_, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
				inside := gorgonia.Must(gorgonia.Add(theta[0], gorgonia.NewConstant(edge)))
				still := gorgonia.Must(gorgonia.HadamardProd(z, gorgonia.NewConstant(0.0)))
				return gorgonia.Add(still, gorgonia.Must(gorgonia.Sqrt(inside)))
			}}
		r, err := gradcheck.Check(context.Background(), problem(t, f, []float64{0}, []float64{1}))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if d := at(0.01).Differences[1]; d.Of != "b" || math.Abs(d.Value-5) > 1e-4 || !(d.Uncertainty < 1e-2) {
		t.Errorf("%+v", d)
	}
	if d := at(1e-8).Differences[1]; !math.IsInf(d.Uncertainty, 1) {
		t.Errorf("%+v", d)
	}
}
