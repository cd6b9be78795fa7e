package solver_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"neuralode/plan"
	"neuralode/solver"
)

// TestPrecision checks names, and that TF32 is refused for a tolerance finer than its errors.
func TestPrecision(t *testing.T) {
	for _, name := range []string{"float32", "float64", "tf32"} {
		p, err := solver.ParsePrecision(name)
		if err != nil || p.String() != name {
			t.Errorf("%s reads as %v: %v", name, p, err)
		}
		spec := solver.DefaultSpec()
		spec.Precision = p
		if err := spec.Check(); err != nil {
			t.Errorf("%s with rtol %g: %v", name, spec.Controller.Rtol, err)
		}
		spec.Controller.Rtol = 0.99e-3
		if err := spec.Check(); (err != nil) != (name == "tf32") {
			t.Errorf("%s with rtol %g: %v", name, spec.Controller.Rtol, err)
		}
		spec.Controller.Rtol, spec.Controller.Rtols = 1e-3, []float64{1e-3, 0.99e-3}
		if err := spec.Check(); (err != nil) != (name == "tf32") {
			t.Errorf("%s with an rtol of %g for each component: %v", name, spec.Controller.Rtols, err)
		}
	}
	spec := solver.DefaultSpec()
	spec.Precision = 3
	if err := spec.Check(); err == nil || !strings.Contains(err.Error(), "tf32") {
		t.Errorf("an unknown precision gives %v", err)
	}
}

// TestTight makes a solve by the error of one in constant steps, and keeps what can be kept.
func TestTight(t *testing.T) {
	coarse := solver.DefaultSpec()
	coarse.Method, coarse.Controller.Step, coarse.Gradient = solver.Euler(), 0.1, solver.Discrete
	if err := coarse.Check(); err != nil {
		t.Fatal(err)
	}
	tight := coarse.Tight(1e-6, 1e-9)
	if c := tight.Controller; tight.Check() != nil || c.Rtol != 1e-6 || c.Atol != 1e-9 ||
		tight.Gradient != solver.Discrete {
		t.Errorf("%+v: %v", tight, tight.Check())
	}
	coarse.Method = solver.Bosh3()
	if got := coarse.Tight(1e-6, 1e-9); got.Method != coarse.Method || got.Controller.Step != 0 {
		t.Errorf("%v in steps of %v", got.Method, got.Controller.Step)
	}
}

// TestTolerances checks tolerances that a precision rounds to zero or infinity, and relative ones below the spacing of
// its numbers at 1: 2⁻²³ = 1.19e-7 and 2⁻⁵² = 2.22e-16.
func TestTolerances(t *testing.T) {
	for _, x := range []struct {
		rtol, atol     float64
		single, double bool
	}{
		{1e-3, 1e-6, true, true},
		{0, 1e-50, false, true},
		{1e-3, 1e-50, true, true},
		{1e-3, 1e39, false, true},
		{0, 1e-6, true, true},
		{1.2e-7, 1e-6, true, true},
		{1.1e-7, 1e-6, false, true},
		{2.3e-16, 1e-6, false, true},
		{2.2e-16, 1e-6, false, false},
		{1e-50, 1e-6, false, false},
	} {
		for p, fine := range map[solver.Precision]bool{solver.Float32: x.single, solver.Float64: x.double} {
			spec := solver.DefaultSpec()
			spec.Precision, spec.Controller.Rtol, spec.Controller.Atol = p, x.rtol, x.atol
			if err := spec.Check(); (err == nil) != fine || err != nil && !strings.Contains(err.Error(), p.String()) {
				t.Errorf("rtol %v and atol %v in %v: %v", x.rtol, x.atol, p, err)
			}
		}
	}
}

// TestOptimizerInFloat32 checks numbers that float32 rounds to where the update divides by zero, or never learns.
func TestOptimizerInFloat32(t *testing.T) {
	for name, set := range map[string]func(*solver.Optimizer){
		"beta1":         func(o *solver.Optimizer) { o.Beta1 = 1 - 1e-9 },
		"beta2":         func(o *solver.Optimizer) { o.Beta2 = 1 - 1e-9 },
		"epsilon":       func(o *solver.Optimizer) { o.Epsilon = 1e-50 },
		"learning rate": func(o *solver.Optimizer) { o.Rate = 1e-50 },
	} {
		opt := solver.DefaultOptimizer(1e-3)
		if err := opt.CheckIn(solver.Float32); err != nil {
			t.Fatal(err)
		}
		set(&opt)
		if err := opt.CheckIn(solver.Float32); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of %+v in float32: %v", name, opt, err)
		}
		if err := opt.CheckIn(solver.Float64); err != nil {
			t.Error(err)
		}
	}
}

// TestOptimizerRefuses lists what a rule does not read, and what no update can be made with.
func TestOptimizerRefuses(t *testing.T) {
	sgd := solver.Optimizer{Rule: solver.SGD, Rate: 0.1}
	for _, o := range []solver.Optimizer{sgd, solver.DefaultOptimizer(0.1)} {
		if err := o.Check(); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		want string
		of   solver.Optimizer
		set  func(*solver.Optimizer)
	}{
		{"choose adamw, got 0.1", solver.DefaultOptimizer(0.1), func(o *solver.Optimizer) { o.WeightDecay = 0.1 }},
		{"momentum is for sgd", solver.DefaultOptimizer(0.1), func(o *solver.Optimizer) { o.Momentum = 0.9 }},
		{"nesterov is for sgd", solver.DefaultOptimizer(0.1), func(o *solver.Optimizer) { o.Nesterov = true }},
		{"adam, adamw or sgd, got unknown(3)", solver.DefaultOptimizer(0.1), func(o *solver.Optimizer) { o.Rule = 3 }},
		{"momentum must be in [0, 1), got 1", sgd, func(o *solver.Optimizer) { o.Momentum = 1 }},
		{"nesterov needs a momentum", sgd, func(o *solver.Optimizer) { o.Nesterov = true }},
		{"weight decay must be", sgd, func(o *solver.Optimizer) { o.WeightDecay = math.NaN() }},
	} {
		x.set(&x.of)
		if err := x.of.Check(); err == nil || !strings.Contains(err.Error(), x.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v, want %q alone", x.of, err, x.want)
		}
	}
}

// TestTrained lists what ranges leave: they may touch, overlap and be empty, in any order.
func TestTrained(t *testing.T) {
	for _, x := range []struct {
		frozen, want []solver.Range
	}{
		{nil, []solver.Range{{From: 0, To: 9}}},
		{[]solver.Range{{From: 2, To: 2}}, []solver.Range{{From: 0, To: 9}}},
		{[]solver.Range{{From: 6, To: 9}, {From: 0, To: 2}}, []solver.Range{{From: 2, To: 6}}},
		{[]solver.Range{{From: 5, To: 6}, {From: 1, To: 5}, {From: 2, To: 3}}, []solver.Range{{From: 0, To: 1}, {From: 6, To: 9}}},
		{[]solver.Range{{From: 4, To: 9}, {From: 0, To: 4}}, nil},
	} {
		if got := (solver.Optimizer{Frozen: x.frozen}).Trained(9); !slices.Equal(got, x.want) {
			t.Errorf("%v leave %v, want %v", x.frozen, got, x.want)
		}
	}
}

// TestRanges looks for parameters by name, and by the name of what they belong to.
func TestRanges(t *testing.T) {
	params := []plan.Param{{Name: "layers.1.weight", Shape: []int{2, 3}}, {Name: "layers.1.bias", Shape: []int{2}},
		{Name: "layers.10.bias", Shape: []int{5}}, {Name: "gain"}}
	for _, x := range []struct {
		names []string
		want  []solver.Range
	}{
		{nil, nil},
		{[]string{"layers.1"}, []solver.Range{{From: 0, To: 6}, {From: 6, To: 8}}},
		{[]string{"gain", "layers.1.bias"}, []solver.Range{{From: 6, To: 8}, {From: 13, To: 14}}},
	} {
		if got, err := solver.Ranges(params, x.names); err != nil || !slices.Equal(got, x.want) {
			t.Errorf("%q are %v, want %v; %v", x.names, got, x.want, err)
		}
	}
	for _, name := range []string{"", "layers.2", "layers.1.weigh", "layers.1."} {
		if _, err := solver.Ranges(params, []string{"gain", name}); err == nil ||
			!strings.Contains(err.Error(), "layers.10.bias, gain") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestScheduleRefuses lists schedules that have no meaning.
func TestScheduleRefuses(t *testing.T) {
	cosine := solver.Schedule{Decline: solver.CosineRate, Rate: 0.1, Final: 0.01, Warmup: 9, Iterations: 10}
	if err := cosine.Check(); err != nil {
		t.Fatal(err)
	}
	for want, set := range map[string]func(*solver.Schedule){
		"learning rate must be positive":   func(s *solver.Schedule) { s.Rate, s.Final = 0, 0 },
		"warm-up must be zero":             func(s *solver.Schedule) { s.Warmup = -1 },
		"before the last of 10 iterations": func(s *solver.Schedule) { s.Warmup = 10 },
		"from 0 to the learning rate 0.1":  func(s *solver.Schedule) { s.Final = 0.2 },
		"got NaN":                          func(s *solver.Schedule) { s.Final = math.NaN() },
		"never comes to":                   func(s *solver.Schedule) { s.Decline, s.Final = solver.ExponentialRate, 0 },
		"the last of 1 iterations, got 9":  func(s *solver.Schedule) { s.Decline, s.Final, s.Iterations = solver.ConstantRate, 0, 1 },
		"got 0.01 with constant":           func(s *solver.Schedule) { s.Decline = solver.ConstantRate },
		"the schedule must be one of":      func(s *solver.Schedule) { s.Decline = 3 },
	} {
		s := cosine
		set(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
}

// TestOptimizerState checks lengths, and moments from which no update can go on.
func TestOptimizerState(t *testing.T) {
	for what, spoil := range map[string]func(*solver.OptimizerState){
		"θ":            func(s *solver.OptimizerState) { s.Theta = s.Theta[1:] },
		"step":         func(s *solver.OptimizerState) { s.Step = -1 },
		"NaN":          func(s *solver.OptimizerState) { s.M[1] = math.NaN() },
		"a negative v": func(s *solver.OptimizerState) { s.V[1] = -1 },
		"NaN v":        func(s *solver.OptimizerState) { s.V[0] = math.NaN() },
	} {
		s := solver.NewOptimizerState([]float64{1, 2})
		if err := s.Check(2); err != nil {
			t.Fatal(err)
		}
		spoil(&s)
		if s.Check(2) == nil {
			t.Errorf("%s is no error", what)
		}
	}
}
