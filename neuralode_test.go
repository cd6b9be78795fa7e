package neuralode_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode"
	"neuralode/graph"
	"neuralode/solver"
)

// rotation is dz/dt = ω·(z2, −z1): z turns by ω(t1 − t0).
func rotation() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "omega"}},
		Func: func(_, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			turn, err := graph.Constant(z.Graph(), 2, 2, []float64{0, -1, 1, 0})
			if err != nil {
				return nil, err
			}
			turned, err := gorgonia.Mul(z, turn)
			if err != nil {
				return nil, err
			}
			return gorgonia.HadamardProd(turned, theta[0])
		}}
}

func open(t *testing.T, field graph.Field, head *graph.Head) *neuralode.ODE {
	t.Helper()
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = solver.Float64, solver.Discrete
	spec.Controller.Rtol, spec.Controller.Atol = 1e-9, 1e-11
	o, err := neuralode.New(backend, field, head, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func TestSolveAndVJP(t *testing.T) {
	o := open(t, rotation(), nil)
	omega, t1 := 0.8, 1.5
	s, err := o.Solve(context.Background(), []float64{omega}, []float64{1, 0}, 0, t1)
	if err != nil || s.Err() != nil {
		t.Fatal(err, s.Err())
	}
	c, n := math.Cos(omega*t1), math.Sin(omega*t1)
	near(t, s.Z1, c, -n)
	d, err := o.VJP(context.Background(), []float64{omega}, []float64{1, 0}, []float64{1, 0}, 0, t1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, d.Z0, c, n)
	near(t, d.Theta, -t1*n)
}

func near(t *testing.T, got []float64, want ...float64) {
	t.Helper()
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-7 {
			t.Errorf("got %v, want %v", got, want)
			return
		}
	}
}

func TestGradientNeedsAHead(t *testing.T) {
	o := open(t, rotation(), nil)
	if _, err := o.Gradient(context.Background(), []float64{1}, []float64{1, 0}, []float64{1}, 0, 1); err == nil {
		t.Error("no error without a head")
	}
	o = open(t, rotation(), &graph.Head{Dim: 2, Readout: graph.Component(1), Loss: graph.MeanSquaredError()})
	d, err := o.Gradient(context.Background(), []float64{0.8}, []float64{1, 0}, []float64{0.25}, 0, 1.5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.VJP(context.Background(), []float64{1}, []float64{1, 0}, nil, 0, 1); err == nil || !strings.Contains(err.Error(), "cotangent has 0 numbers, want 2") {
		t.Errorf("VJP of nothing gives %v", err)
	}
	out := -math.Sin(1.2)
	near(t, []float64{d.Loss, d.Theta[0]}, (out-0.25)*(out-0.25), -2*(out-0.25)*1.5*math.Cos(1.2))
}

// TestLayer differentiates Σ (layer(z0·W))² through a Gorgonia graph and compares with finite differences of its value.
func TestLayer(t *testing.T) {
	o := open(t, rotation(), nil)
	w := []float64{0.5, -1, 2, 0.3}
	omega := 0.7
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float64, 6)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	loss, grads := layerLoss(t, o, x, w, omega)
	value := func(w []float64, omega float64) float64 { l, _ := layerLoss(t, o, x, w, omega); return l }
	const e = 1e-5
	for i := range w {
		up, down := append([]float64(nil), w...), append([]float64(nil), w...)
		up[i] += e
		down[i] -= e
		want := (value(up, omega) - value(down, omega)) / (2 * e)
		if got := grads[0][i]; math.Abs(got-want) > 1e-5 {
			t.Errorf("∂/∂w[%d] is %v, want %v", i, got, want)
		}
	}
	want := (value(w, omega+e) - value(w, omega-e)) / (2 * e)
	if got := grads[1][0]; math.Abs(got-want) > 1e-5*math.Abs(loss) {
		t.Errorf("∂/∂ω is %v, want %v", got, want)
	}
}

// layerLoss is the first output squared and summed, a loss that turning does change.
func layerLoss(t *testing.T, o *neuralode.ODE, x, w []float64, omega float64) (float64, [][]float64) {
	t.Helper()
	g := gorgonia.NewGraph()
	must := func(n *gorgonia.Node, err error) *gorgonia.Node {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	matrix := func(name string, rows, cols int, data []float64) *gorgonia.Node {
		return gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName(name), gorgonia.WithShape(rows, cols),
			gorgonia.WithValue(tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(append([]float64(nil), data...)))))
	}
	wn := matrix("w", 2, 2, w)
	on := gorgonia.NewScalar(g, gorgonia.Float64, gorgonia.WithName("omega"), gorgonia.WithValue(omega))
	z1 := must(o.Layer(must(gorgonia.Mul(matrix("x", 3, 2, x), wn)), 0, 1, on))
	loss := must(gorgonia.Sum(must(gorgonia.Square(must(gorgonia.Mul(z1, matrix("pick", 2, 1, []float64{1, 0.5})))))))
	if _, err := gorgonia.Grad(loss, wn, on); err != nil {
		t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(wn, on))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	var grads [][]float64
	for _, n := range []*gorgonia.Node{wn, on} {
		v, err := n.Grad()
		if err != nil {
			t.Fatal(err)
		}
		switch d := v.Data().(type) {
		case []float64:
			grads = append(grads, d)
		case float64:
			grads = append(grads, []float64{d})
		}
	}
	return loss.Value().Data().(float64), grads
}

func TestLayerChecksShapes(t *testing.T) {
	o := open(t, rotation(), nil)
	g := gorgonia.NewGraph()
	z := gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName("z"), gorgonia.WithShape(4, 3))
	on := gorgonia.NewScalar(g, gorgonia.Float64, gorgonia.WithName("omega"))
	if _, err := o.Layer(z, 0, 1, on); err == nil || !strings.Contains(err.Error(), "want [samples 2]") {
		t.Errorf("a state of three components gives %v", err)
	}
	z = gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName("z2"), gorgonia.WithShape(4, 2))
	if _, err := o.Layer(z, 0, 1); err == nil {
		t.Error("a missing parameter is no error")
	}
	if _, err := o.Layer(z, 0, math.NaN(), on); err == nil || !strings.Contains(err.Error(), "must be finite") {
		t.Errorf("a span to NaN gives %v", err)
	}
	whole := gorgonia.NewMatrix(g, gorgonia.Int, gorgonia.WithName("whole"), gorgonia.WithShape(4, 2))
	if _, err := o.Layer(whole, 0, 1, on); err == nil || !strings.Contains(err.Error(), "float32 or float64") {
		t.Errorf("a state of integers gives %v", err)
	}
}

func TestOpen(t *testing.T) {
	if _, _, err := neuralode.Open("tpu"); err == nil || !strings.Contains(err.Error(), "auto") {
		t.Errorf("an unknown device gives %v", err)
	}
	if b, note, err := neuralode.Open("auto"); err != nil || b == nil {
		t.Errorf("auto gives %v, %q, %v", b, note, err)
	}
}

// TestLayerGradientsAreTheGraphs runs the same graph again after what it got was overwritten.
func TestLayerGradientsAreTheGraphs(t *testing.T) {
	o := open(t, rotation(), nil)
	g := gorgonia.NewGraph()
	z0 := gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName("z0"), gorgonia.WithShape(2, 2),
		gorgonia.WithValue(tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, 2, 3, 4}))))
	omega := gorgonia.NewScalar(g, gorgonia.Float64, gorgonia.WithName("omega"), gorgonia.WithValue(0.7))
	z1, err := o.Layer(z0, 0, 1, omega)
	if err != nil {
		t.Fatal(err)
	}
	grads, err := gorgonia.Grad(gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.Cube(z1)))), z0, omega)
	if err != nil {
		t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	var first []float64
	for run := range 2 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		data := grads[0].Value().Data().([]float64)
		if run == 0 {
			first = append(first, data...)
		} else {
			near(t, data, first...)
		}
		clear(data)
		vm.Reset()
	}
	if first[0] == 0 {
		t.Error("the gradient is zero")
	}
}
