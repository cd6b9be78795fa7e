//go:build gpu && cgo && linux

package cuda_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"neuralode/cuda"
	"neuralode/cuda/driver"
	"neuralode/graph"
	"neuralode/solver"
)

// network is a small classifier: 2-8-2 and a loss of the first component.
func network(t *testing.T, width int) solver.Model {
	t.Helper()
	net := graph.MLP{Sizes: []int{2, width, 2}, Activation: graph.Tanh}
	f, err := net.Field()
	if err != nil {
		t.Fatal(err)
	}
	field, err := graph.LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	head, err := graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.BinaryCrossEntropy()})
	if err != nil {
		t.Fatal(err)
	}
	return solver.Model{Field: field, Head: head}
}

// numbers are normal, the same for the same seed.
func numbers(n int, seed uint64) []float64 {
	rng, x := rand.New(rand.NewPCG(seed, 0)), make([]float64, n)
	for i := range x {
		x[i] = float64(float32(rng.NormFloat64()))
	}
	return x
}

func classes(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i % 2)
	}
	return x
}

func compile(t *testing.T, b *cuda.Backend, m solver.Model, spec solver.Spec) solver.Program {
	t.Helper()
	p, err := b.Compile(m, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestVariants checks that a sample has the same bits from the kernels for small batches as from those for large ones,
// and that a batch which does not fit into the memory is solved in parts.
func TestVariants(t *testing.T) {
	if !onDevice(t) {
		return
	}
	const n = 150
	m, spec := network(t, 8), solver.DefaultSpec()
	b, theta, z0 := open(t), numbers(m.ThetaLen(), 1), numbers(2*n, 2)
	for _, spec.Gradient = range solver.Gradients() {
		p := compile(t, b, m, spec)
		whole := differentiate(t, p, theta, z0, classes(n))
		for _, part := range [][2]int{{0, 1}, {7, 20}, {100, 150}} {
			from, to := part[0], part[1]
			some := differentiate(t, p, theta, z0[2*from:2*to], classes(n)[from:to])
			scaled := make([]float64, 2*(to-from)) // the loss is the mean
			for i := range scaled {
				scaled[i] = whole.Z0[2*from+i] * n / float64(to-from)
			}
			if !slices.Equal(some.Z1, whole.Z1[2*from:2*to]) || !slices.Equal(some.Stats, whole.Stats[from:to]) {
				t.Errorf("%v: samples %d to %d alone differ", spec.Gradient, from, to)
			}
			near(t, "∂L/∂z0", some.Z0, scaled, 1e-6)
		}
	}
}

// TestParts solves a batch that does not fit into the memory.
func TestParts(t *testing.T) {
	if !onDevice(t, "FAKE_CUDA_MEMORY=300000") {
		return
	}
	const n = 4000
	m, spec := network(t, 8), solver.DefaultSpec()
	spec.Gradient = solver.Backsolve
	theta, z0 := numbers(m.ThetaLen(), 1), numbers(2*n, 2)
	p := compile(t, open(t), m, spec)
	got := differentiate(t, p, theta, z0, classes(n))
	parts := make([]float64, len(theta))
	for i := 0; i < n; i += 500 { // small enough to fit
		d := differentiate(t, p, theta, z0[2*i:2*(i+500)], classes(500))
		if !slices.Equal(d.Z1, got.Z1[2*i:2*(i+500)]) {
			t.Errorf("samples %d to %d alone differ", i, i+500)
		}
		for j, g := range d.Theta {
			parts[j] += g * 500 / n
		}
	}
	near(t, "∂L/∂θ", got.Theta, parts, 1e-4)
}

// TestRecordLimit refuses to keep more steps than the spec allows, before and after it knows how many there are.
func TestRecordLimit(t *testing.T) {
	if !onDevice(t) {
		return
	}
	m, spec, b := network(t, 8), solver.DefaultSpec(), open(t)
	spec.Gradient, spec.Controller.Rtol = solver.Discrete, 1e-6
	batch, o := solver.Batch{Z0: numbers(8, 2), Spans: []solver.Span{{T1: 20}}}, solver.Objective{Labels: classes(4)}
	for limit, ok := range map[int64]bool{100: false, 2000: false, 1 << 20: true} {
		spec.RecordLimit = limit
		_, err := compile(t, b, m, spec).Differentiate(context.Background(), numbers(m.ThetaLen(), 1), batch, o)
		if ok != (err == nil) || !ok && (!errors.Is(err, errors.ErrUnsupported) ||
			!strings.Contains(err.Error(), "limit of the records")) {
			t.Errorf("a limit of %d bytes: %v", limit, err)
		}
	}
}

// TestNoMemoryForTheKernelsThemselves has less than the wide kernels need for any sample.
func TestNoMemoryForTheKernelsThemselves(t *testing.T) {
	if !onDevice(t, "FAKE_CUDA_MEMORY=300000") {
		return
	}
	m := network(t, 140)
	p := compile(t, open(t), m, solver.DefaultSpec())
	b := solver.Batch{Z0: numbers(2*4000, 2), Spans: []solver.Span{{T1: 1}}}
	if _, err := p.Solve(context.Background(), numbers(m.ThetaLen(), 1), b); !errors.Is(err,
		&driver.Error{Name: driver.OutOfMemory}) {
		t.Errorf("the error is %v", err)
	}
}

// TestCancelledCallLeavesTheNextAlone ends calls before they begin; what tells their kernels must not tell those of the
// next call.
func TestCancelledCallLeavesTheNextAlone(t *testing.T) {
	if !onDevice(t) {
		return
	}
	m := network(t, 8)
	p := compile(t, open(t), m, solver.DefaultSpec())
	theta, b := numbers(m.ThetaLen(), 1), solver.Batch{Z0: numbers(2*20, 2), Spans: []solver.Span{{T1: 1}}}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		if s, err := p.Solve(over, theta, b); !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled call gives %v, %v", s, err)
		}
		s, err := p.Solve(context.Background(), theta, b)
		if err == nil {
			err = s.Err()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func differentiate(t *testing.T, p solver.Program, theta, z0, labels []float64) *solver.Derivative {
	t.Helper()
	d, err := p.Differentiate(context.Background(), theta, solver.Batch{Z0: z0, Spans: []solver.Span{{T1: 1}}},
		solver.Objective{Labels: labels})
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// near fails where got is farther from want than bound, relative to the largest number wanted.
func near(t *testing.T, what string, got, want []float64, bound float64) {
	t.Helper()
	scale := 0.0
	for _, v := range want {
		scale = math.Max(scale, math.Abs(v))
	}
	for i, v := range want {
		if d := math.Abs(got[i] - v); !(d <= bound*scale) {
			t.Errorf("%s: number %d is %v, want %v", what, i, got[i], v)
			return
		}
	}
}

// TestSession checks that a training has the same bits however its iterations are split into calls, launched one by one
// or as a graph, and when it goes on from a state, each iteration with a learning rate of its own; with fused kernels,
// with wide ones, and with a record that is too small.
func TestSession(t *testing.T) {
	if !onDevice(t) {
		return
	}
	b := open(t)
	for name, width := range map[string]int{"fused": 8, "wide": 140} {
		for _, mode := range solver.Gradients() {
			if testing.Short() && mode == solver.Backsolve {
				continue
			}
			t.Run(name+"/"+mode.String(), func(t *testing.T) { splitTraining(t, b, network(t, width), mode) })
		}
	}
}

func splitTraining(t *testing.T, b *cuda.Backend, m solver.Model, mode solver.Gradient) {
	const n, iterations = 20, 12
	spec := solver.DefaultSpec()
	spec.Gradient = mode
	// more steps than the record has room for at first
	spec.Controller.FirstStep, spec.Controller.MaxFactor = 0.03, 1.001
	p := compile(t, b, m, spec)
	theta := numbers(m.ThetaLen(), 3)
	for i := range theta {
		theta[i] *= 0.3
	}
	batches := make([][]int, iterations)
	for i := range batches {
		batches[i] = rand.New(rand.NewPCG(4, uint64(i))).Perm(n)[:7]
	}
	var want solver.OptimizerState
	for k, split := range [][]int{{12}, {3, 3, 3, 3}, {1, 4, 7}} {
		got := train(t, p, theta, n, batches, split, k == 2)
		if k == 0 {
			want = got
		} else if !slices.Equal(got.Theta, want.Theta) || !slices.Equal(got.V, want.V) || got.Step != want.Step {
			t.Errorf("split %v gives other bits", split)
		}
	}
}

// train runs the minibatches in calls of those lengths; with reopen each in a session of its own.
func train(t *testing.T, p solver.Program, theta []float64, n int, batches [][]int, split []int,
	reopen bool) solver.OptimizerState {
	t.Helper()
	data := solver.Labelled(numbers(2*n, 5), classes(n), solver.Span{T1: 1})
	opt, schedule := solver.DefaultOptimizer(1), solver.Schedule{Rate: 1e-2, Warmup: len(batches)}
	opt.Rule, opt.WeightDecay, opt.Frozen = solver.AdamW, 0.1, []solver.Range{{From: 3, To: 5}}
	state := solver.NewOptimizerState(theta)
	var s solver.Session
	for i, k := range split {
		var err error
		if i == 0 || reopen {
			if s, err = p.Train(data, opt, state); err != nil {
				t.Fatal(err)
			}
		}
		done := 0
		var rates []float64
		for i := range k {
			rates = append(rates, schedule.At(int(state.Step)+i))
		}
		if err = s.Run(context.Background(), batches[:k], rates, func(solver.Iteration) { done++ }); err != nil ||
			done != k {
			t.Fatalf("%d of %d iterations: %v", done, k, err)
		}
		batches = batches[k:]
		if state, err = s.State(); err != nil {
			t.Fatal(err)
		}
	}
	return state
}
