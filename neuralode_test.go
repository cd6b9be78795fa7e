package neuralode_test

import (
	"context"
	"errors"
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

// TestLossAtTimes fits the rotation to observations at times of each sample's own: the mean squared distance of the
// first component from 0, where the second row of the second sample was not observed.
func TestLossAtTimes(t *testing.T) {
	o := open(t, rotation(), &graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	b := solver.Batch{Z0: []float64{1, 0, 0, 1}, Spans: []solver.Span{{T1: 2}}, Times: []float64{0.5, 1.5, 2},
		Offsets: []int{0, 1, 3}}
	const omega = 0.8
	d, err := o.Differentiate(context.Background(), []float64{omega}, b, solver.Objective{AtTimes: true,
		Labels: []float64{0, 0, math.NaN()}, Mask: []bool{false, false, true}})
	if err != nil || d.Err() != nil {
		t.Fatal(err, d.Err())
	}
	first, second := math.Cos(omega*0.5), math.Sin(omega*1.5)
	near(t, []float64{d.Loss}, (first*first+second*second)/2)
	near(t, d.Theta, -first*math.Sin(omega*0.5)*0.5+second*math.Cos(omega*1.5)*1.5)
}

// TestForTimes differentiates the end of a rotation, and a state on the way, for the times of both ends and of the
// state.
func TestForTimes(t *testing.T) {
	o := open(t, rotation(), nil)
	const omega, t0, at, t1 = 0.8, 0.25, 1.0, 2.0
	d, err := o.Differentiate(context.Background(), []float64{omega},
		solver.Batch{Z0: []float64{1, 0}, Spans: []solver.Span{{T0: t0, T1: t1}}, Times: []float64{at}},
		solver.Objective{Cotangent: []float64{1, 0}, Saved: []float64{0, 1}, ForTimes: true})
	if err != nil || d.Err() != nil {
		t.Fatal(err, d.Err())
	}
	end, way := -omega*math.Sin(omega*(t1-t0)), -omega*math.Cos(omega*(at-t0)) // z = (cos, −sin) of the angle
	near(t, []float64{d.Spans[0].T0, d.Spans[0].T1}, -end-way, end)
	near(t, d.Times, way)
}

// TestTrain turns z = (1, 0) until its first component is gone: SGD on cos²(ω·t1), whose derivative is known, with the
// rates of a schedule over two calls and a read-out that stays.
func TestTrain(t *testing.T) {
	o := open(t, rotation(), &graph.Head{Dim: 2, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	const t1 = 1.5
	s := solver.Schedule{Decline: solver.CosineRate, Rate: 0.2, Warmup: 2, Iterations: 6}
	frozen, err := o.Ranges("readout")
	if err != nil {
		t.Fatal(err)
	}
	opt := solver.Optimizer{Rule: solver.SGD, Rate: s.Rate, Momentum: 0.5, Frozen: frozen}
	session, err := o.Train(solver.Labelled([]float64{1, 0}, []float64{0}, solver.Span{T1: t1}), opt,
		[]float64{0.8, 1, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	omega, momentum := 0.8, 0.0
	for _, iterations := range [][]int{{0, 1, 2}, {3, 4, 5}} {
		var rates []float64
		for _, k := range iterations {
			rates = append(rates, s.At(k))
			momentum = 0.5*momentum - t1*math.Sin(2*omega*t1)
			omega -= s.At(k) * momentum
		}
		if err := session.Run(context.Background(), [][]int{{0}, {0}, {0}}, rates,
			func(solver.Iteration) {}); err != nil {
			t.Fatal(err)
		}
	}
	state, err := session.State()
	if err != nil {
		t.Fatal(err)
	}
	near(t, state.Theta, omega, 1, 0, 0)
	if len(state.V) > 0 {
		t.Errorf("SGD has second moments: %v", state.V)
	}
}

// TestTimes keeps the state at times between, and differentiates its first component at the first of them.
func TestTimes(t *testing.T) {
	o := open(t, rotation(), nil)
	omega, at := 0.8, 0.5
	b := solver.Batch{Z0: []float64{1, 0}, Spans: []solver.Span{{T1: 1.5}}, Times: []float64{at, 1}}
	s, err := o.SolveBatch(context.Background(), []float64{omega}, b)
	if err != nil || s.Err() != nil {
		t.Fatal(err, s.Err())
	}
	near(t, s.Saved, math.Cos(omega*at), -math.Sin(omega*at), math.Cos(omega), -math.Sin(omega))
	d, err := o.Differentiate(context.Background(), []float64{omega}, b,
		solver.Objective{Cotangent: make([]float64, 2), Saved: []float64{1, 0, 0, 0}})
	if err != nil || d.Err() != nil {
		t.Fatal(err, d.Err())
	}
	near(t, d.Z0, math.Cos(omega*at), math.Sin(omega*at))
	near(t, d.Theta, -at*math.Sin(omega*at))
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
	if _, err := o.VJP(context.Background(), []float64{1}, []float64{1, 0}, nil, 0, 1); err == nil ||
		!strings.Contains(err.Error(), "cotangent has 0 numbers, want 2") {
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
			gorgonia.WithValue(tensor.New(tensor.WithShape(rows, cols),
				tensor.WithBacking(append([]float64(nil), data...)))))
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
		grads = append(grads, numbers(t, n))
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
	for _, nodes := range [][2]*gorgonia.Node{{nil, on}, {z, nil}} {
		if _, err := o.Layer(nodes[0], 0, 1, nodes[1]); err == nil || !strings.Contains(err.Error(), "nil") {
			t.Errorf("a node that is nil gives %v", err)
		}
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
	for device, good := range map[string]bool{
		"cpu": true, "cuda": true, "cuda:0": true, "cuda:12": true, "cuda:": false, "cuda:-1": false, "cuda:one": false,
		"cuda:65536": false, "cpu:1": false, "1": false, "": false,
	} {
		if err := neuralode.CheckDevice(device); (err == nil) != good {
			t.Errorf("%q gives %v", device, err)
		}
	}
}

// TestOpenFor asks for the spec that each device lacks.
func TestOpenFor(t *testing.T) {
	coarse, together := solver.DefaultSpec(), solver.DefaultSpec()
	coarse.Precision, together.Controller.Control = solver.TF32, solver.ControlBatch
	if _, _, err := neuralode.OpenFor("cpu", coarse); !errors.Is(err, errors.ErrUnsupported) ||
		!strings.Contains(err.Error(), "tf32 needs CUDA") {
		t.Errorf("tf32 on the CPU gives %v", err)
	}
	for _, device := range []string{"cpu", "auto"} {
		b, note, err := neuralode.OpenFor(device, together)
		if err != nil || !strings.HasPrefix(b.Device(), "cpu") {
			t.Errorf("one step for all on %s gives %v, %q, %v", device, b, note, err)
		}
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

// TestLayerUnderLispMachine: z0·exp(k) through a layer has the gradients of its closed form in both of Gorgonia's
// machines.
func TestLayerUnderLispMachine(t *testing.T) {
	o := open(t, graph.Field{Dim: 2, Params: []graph.Param{{Name: "k"}},
		Func: func(_, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			return gorgonia.HadamardProd(z, theta[0])
		}}, nil)
	for _, kind := range []tensor.Dtype{gorgonia.Float64, gorgonia.Float32} {
		g := gorgonia.NewGraph()
		var k any = 0.5
		var start any = []float64{0.1, 0.2, 0.3, 0.4}
		if kind == gorgonia.Float32 {
			k, start = float32(0.5), []float32{0.1, 0.2, 0.3, 0.4}
		}
		z0 := gorgonia.NewMatrix(g, kind, gorgonia.WithName("z0"), gorgonia.WithShape(2, 2),
			gorgonia.WithValue(tensor.New(tensor.WithShape(2, 2), tensor.WithBacking(start))))
		rate := gorgonia.NewScalar(g, kind, gorgonia.WithName("k"), gorgonia.WithValue(k))
		twice := gorgonia.Must(gorgonia.Add(z0, z0)) // the layer's gradient is added to, and passes on
		sum := gorgonia.Must(gorgonia.Sum(gorgonia.Must(o.Layer(twice, 0, 1, rate))))
		gorgonia.Must(gorgonia.Add(sum, rate))
		vm := gorgonia.NewLispMachine(g)
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		growth := math.Exp(0.5)
		for i, d := range numbers(t, z0) {
			if math.Abs(d-2*growth) > 1e-6 {
				t.Errorf("%v: ∂/∂z0[%d] is %v, want %v", kind, i, d, 2*growth)
			}
		}
		if d := numbers(t, rate)[0]; math.Abs(d-2*growth-1) > 1e-6 {
			t.Errorf("%v: ∂/∂k is %v, want %v", kind, d, 2*growth+1)
		}
		vm.Close()
	}
}

// numbers are those of a node's gradient.
func numbers(t *testing.T, n *gorgonia.Node) []float64 {
	t.Helper()
	v, err := n.Grad()
	if err != nil {
		t.Fatal(err)
	}
	switch d := v.Data().(type) {
	case []float64:
		return d
	case []float32:
		var wide []float64
		for _, x := range d {
			wide = append(wide, float64(x))
		}
		return wide
	case float32:
		return []float64{float64(d)}
	}
	return []float64{v.Data().(float64)}
}

// TestLayerHasNoSecondDerivative: it is an error, in both machines, and not left out.
func TestLayerHasNoSecondDerivative(t *testing.T) {
	o := open(t, rotation(), nil)
	layer := func() (z0, first *gorgonia.Node) {
		g := gorgonia.NewGraph()
		z0 = gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName("z0"), gorgonia.WithShape(1, 2),
			gorgonia.WithValue(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{1, 2}))))
		omega := gorgonia.NewScalar(g, gorgonia.Float64, gorgonia.WithName("omega"), gorgonia.WithValue(0.7))
		first, err := graph.Grad(gorgonia.Must(gorgonia.Cube(gorgonia.Must(o.Layer(z0, 0, 1, omega)))), z0)
		if err != nil {
			t.Fatal(err)
		}
		return z0, first
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "no second derivative") {
			t.Errorf("%s gives %v", what, err)
		}
	}
	z0, first := layer()
	_, err := graph.Grad(first, z0)
	refused("graph.Grad", err)
	loss := gorgonia.Must(gorgonia.Sum(first))
	_, err = gorgonia.Grad(loss, z0)
	refused("gorgonia.Grad", err)
	_, first = layer()
	gorgonia.Must(gorgonia.Sum(first))
	vm := gorgonia.NewLispMachine(first.Graph())
	defer vm.Close()
	refused("a LispMachine", vm.RunAll())
}
