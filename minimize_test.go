package neuralode_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// growth is z' = a·z, with the loss (b·z(1) − y)²: for y = e it is 0 at a·1 + ln(b·z0) = 1.
func growth(t *testing.T) *neuralode.ODE {
	t.Helper()
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.AccurateSpec()
	spec.Gradient = solver.Discrete
	field := graph.Field{Dim: 1, Params: []graph.Param{{Name: "a"}},
		Func: func(_, z *expr.Node, p []*expr.Node) (*expr.Node, error) { return expr.Mul(p[0], z), nil }}
	head := graph.Head{Dim: 1, Loss: graph.MeanSquaredError(), Readout: graph.Readout{
		Params: func(int) []graph.Param { return []graph.Param{{Name: "b"}} },
		Func:   func(z *expr.Node, p []*expr.Node) (*expr.Node, error) { return expr.Mul(p[0], z), nil }}}
	ode, err := neuralode.New(backend, field, &head, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ode.Close() })
	return ode
}

// TestMinimize finds the closed form, along what is not frozen.
func TestMinimize(t *testing.T) {
	ode := growth(t)
	b := solver.Batch{Z0: []float64{1.5}, Spans: []solver.Span{{T1: 1}}}
	o := solver.Objective{Labels: []float64{math.E}}
	for name, x := range map[string]struct {
		opt  neuralode.MinimizeOptions
		a, b bool // are searched
	}{
		"all of θ": {neuralode.MinimizeOptions{}, true, true},
		"a alone":  {neuralode.MinimizeOptions{Frozen: []solver.Range{{From: 1, To: 2}}}, true, false},
		"b and z0": {neuralode.MinimizeOptions{Frozen: []solver.Range{{From: 0, To: 1}}, Z0: true, Units: []float64{1, 2, 3}}, false, true},
	} {
		m, err := ode.Minimize(context.Background(), []float64{0.2, 0.7}, b, o, x.opt)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Theta[1] * m.Z0[0] * math.Exp(m.Theta[0]); math.Abs(got-math.E) > 1e-4 || !(m.Loss < 1e-6*m.Began) {
			t.Errorf("%s: b·z(1) is %v, the loss %v of %v", name, got, m.Loss, m.Began)
		}
		if (m.Theta[0] != 0.2) != x.a || (m.Theta[1] != 0.7) != x.b || (m.Z0[0] != 1.5) != x.opt.Z0 || b.Z0[0] != 1.5 {
			t.Errorf("%s: θ %v, z0 %v", name, m.Theta, m.Z0)
		}
	}
	for want, opt := range map[string]neuralode.MinimizeOptions{"units must be positive": {Units: []float64{1, 0}},
		"2 units, want": {Z0: true, Units: []float64{1, 1}}, "iterations": {Iterations: -1}} {
		if _, err := ode.Minimize(context.Background(), []float64{0.2, 0.7}, b, o, opt); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
