package cpu_test

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

func backend(t testing.TB, workers int) solver.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// spiral is the trained spiral with its loss.
func spiral(t testing.TB) (*reference.Problem, solver.Model) {
	t.Helper()
	p := reference.Embedded()[0]
	field, err := graph.MLP{Sizes: p.Sizes, Activation: graph.Tanh}.Field()
	if err != nil {
		t.Fatal(err)
	}
	var m solver.Model
	if m.Field, err = graph.LowerField(field); err != nil {
		t.Fatal(err)
	}
	m.Head, err = graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.BinaryCrossEntropy()})
	if err != nil {
		t.Fatal(err)
	}
	return &p, m
}

func compile(t testing.TB, b solver.Backend, m solver.Model, spec solver.Spec) solver.Program {
	t.Helper()
	p, err := b.Compile(m, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func training(t testing.TB, workers int, mode solver.Gradient) solver.Session {
	t.Helper()
	return trainingWith(t, workers, mode, solver.DefaultOptimizer(3e-3))
}

func trainingWith(t testing.TB, workers int, mode solver.Gradient, opt solver.Optimizer) solver.Session {
	t.Helper()
	p, m := spiral(t)
	spec := solver.DefaultSpec()
	spec.Gradient = mode
	if mode == solver.Backsolve {
		spec.Controller.Rtol = 1e-5 // at the default the trained spiral drifts
	}
	s, err := compile(t, backend(t, workers), m, spec).Train(solver.Labelled(p.X, p.Label, solver.Span{T1: 1}),
		opt, solver.NewOptimizerState(p.Theta))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func everySample(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	return x
}

func TestWorkersGiveTheSameBits(t *testing.T) {
	for _, mode := range solver.Gradients() {
		var first []float64
		for _, workers := range []int{1, 2, 5} {
			s := training(t, workers, mode)
			batches := [][]int{everySample(256), everySample(100), everySample(7)}
			if err := s.Run(context.Background(), batches, nil, func(solver.Iteration) {}); err != nil {
				t.Fatal(err)
			}
			state, err := s.State()
			if err != nil {
				t.Fatal(err)
			}
			theta := state.Theta
			if first == nil {
				first = theta
			}
			for i := range theta {
				if math.Float64bits(theta[i]) != math.Float64bits(first[i]) {
					t.Fatalf("%v with %d workers: θ[%d] is %v, with one worker %v", mode, workers, i, theta[i],
						first[i])
				}
			}
		}
	}
}

// TestPartsOnManyWorkers trains 50 iterations of 8 leaves by sessions of one, two and eight workers that each have a
// part: θ has the bits of one session's.
func TestPartsOnManyWorkers(t *testing.T) {
	const iterations = 50
	minibatch := everySample(256)
	whole := training(t, 2, solver.Discrete)
	if err := whole.Run(context.Background(), slices.Repeat([][]int{minibatch}, iterations), nil,
		func(solver.Iteration) {}); err != nil {
		t.Fatal(err)
	}
	want, err := whole.State()
	if err != nil {
		t.Fatal(err)
	}
	parts := []solver.Session{training(t, 1, solver.Discrete), training(t, 2, solver.Discrete),
		training(t, 8, solver.Discrete)}
	for range iterations {
		total := &solver.PartialSum{}
		for k, s := range parts {
			sum, err := s.Accumulate(context.Background(), minibatch, k*8/3, (k+1)*8/3)
			if k == 0 {
				total = sum
			} else if err == nil {
				err = total.Join(sum)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range parts {
			if _, err := s.Update(total, 3e-3); err != nil {
				t.Fatal(err)
			}
		}
	}
	for k, s := range parts {
		if got, err := s.State(); err != nil || !slices.Equal(got.Theta, want.Theta) {
			t.Errorf("session %d: another θ than in one piece; %v", k, err)
		}
	}
}

// TestTrainingDoesNotAllocate counts the allocations of whole iterations after warm-up.
func TestTrainingDoesNotAllocate(t *testing.T) {
	for _, mode := range solver.Gradients() {
		doesNotAllocate(t, mode.String(), training(t, 2, mode), nil)
	}
	for _, rule := range []solver.Rule{solver.AdamW, solver.SGD} {
		opt := solver.Optimizer{Rule: rule, Rate: 1e-3, WeightDecay: 0.01, Frozen: []solver.Range{{From: 5, To: 50}}}
		if rule == solver.AdamW {
			opt.Epsilon = 1e-8
		}
		doesNotAllocate(t, rule.String(), trainingWith(t, 2, solver.Discrete, opt), []float64{1e-4})
	}
}

func doesNotAllocate(t *testing.T, what string, s solver.Session, rates []float64) {
	t.Helper()
	batches := [][]int{everySample(64)}
	run := func() {
		if err := s.Run(context.Background(), batches, rates, func(solver.Iteration) {}); err != nil {
			t.Fatal(err)
		}
	}
	// A worker makes its room with the first task that it gets, and on a busy machine the other may take all for a while.
	var n float64
	for range 10 {
		if n = testing.AllocsPerRun(10, run); n == 0 {
			return
		}
	}
	t.Errorf("%s: %v allocations an iteration", what, n)
}

// TestStepsOfTheTrainedSpiral compares with a per-sample solve by diffrax: 9.8 steps tried and 8.2 accepted on average,
// and checks that refilled rows stay busy.
func TestStepsOfTheTrainedSpiral(t *testing.T) {
	p, m := spiral(t)
	s, err := compile(t, backend(t, 2), m, solver.DefaultSpec()).Solve(context.Background(), p.Theta,
		solver.Batch{Z0: p.X, Spans: []solver.Span{{T1: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	it := solver.Summarize(s)
	n := float64(len(p.Label))
	tried, accepted := float64(it.Accepted+it.Rejected)/n, float64(it.Accepted)/n
	if math.Abs(tried-9.8) > 0.05*9.8 || math.Abs(accepted-8.2) > 0.05*8.2 {
		t.Errorf("%.2f steps tried and %.2f accepted, want 9.8 and 8.2", tried, accepted)
	}
	if busy := s.Occupancy.Fraction(); busy < 0.85 {
		t.Errorf("%.3f of the rows are busy, want at least 0.85", busy)
	}
}

func TestOptions(t *testing.T) {
	if _, err := cpu.New(cpu.Options{Workers: -1}); err == nil {
		t.Error("−1 workers are no error")
	}
	if _, err := cpu.New(cpu.Options{Level: "mmx"}); err == nil || !strings.Contains(err.Error(), "mmx") {
		t.Errorf("level mmx gives %v", err)
	}
}

func TestTF32NeedsCUDA(t *testing.T) {
	_, m := spiral(t)
	spec := solver.DefaultSpec()
	spec.Precision = solver.TF32
	if _, err := backend(t, 1).Compile(m, spec); err == nil || !strings.Contains(err.Error(), "CUDA") {
		t.Errorf("tf32 gives %v", err)
	}
}

// TestClosedWhileTraining closes a program under a session that runs in another goroutine.
func TestClosedWhileTraining(t *testing.T) {
	for _, workers := range []int{1, 2} {
		p, m := spiral(t)
		spec := solver.DefaultSpec()
		spec.Gradient = solver.Discrete
		program := compile(t, backend(t, workers), m, spec)
		s, err := program.Train(solver.Labelled(p.X, p.Label, solver.Span{T1: 1}),
			solver.DefaultOptimizer(3e-3), solver.NewOptimizerState(p.Theta))
		if err != nil {
			t.Fatal(err)
		}
		began, ended := make(chan struct{}), make(chan error)
		go func() {
			batches := slices.Repeat([][]int{everySample(64)}, 1<<20)
			ended <- s.Run(context.Background(), batches, nil, func(solver.Iteration) {
				select {
				case began <- struct{}{}:
				default:
				}
			})
		}()
		<-began
		if err := program.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%d workers: the session ended with %v", workers, err)
		}
	}
}

// TestCallsDoNotRemember solves a small batch before and after a large one: all that comes back is the same.
func TestCallsDoNotRemember(t *testing.T) {
	p, m := spiral(t)
	for _, control := range []solver.Control{solver.ControlSample, solver.ControlBatch} {
		spec := solver.DefaultSpec()
		spec.Gradient, spec.Controller.Control = solver.Discrete, control
		program := compile(t, backend(t, 2), m, spec)
		differentiate := func(n int) *solver.Derivative {
			d, err := program.Differentiate(context.Background(), p.Theta,
				solver.Batch{Z0: p.X[:2*n], Spans: []solver.Span{{T1: 1}}}, solver.Objective{Labels: p.Label[:n]})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		before := differentiate(5)
		differentiate(256)
		if after := differentiate(5); !reflect.DeepEqual(after, before) {
			t.Errorf("%v: %+v, before %+v", control, after, before)
		}
	}
}

// TestFirstStepsAllRejected begins with a step that no sample accepts: there is nothing to keep of it, in any mode.
func TestFirstStepsAllRejected(t *testing.T) {
	p, m := spiral(t)
	for _, mode := range solver.Gradients() {
		spec := solver.DefaultSpec()
		spec.Gradient, spec.Controller.FirstStep = mode, 1
		d, err := compile(t, backend(t, 1), m, spec).Differentiate(context.Background(), p.Theta,
			solver.Batch{Z0: p.X[:6], Spans: []solver.Span{{T1: 1}}}, solver.Objective{Labels: p.Label[:3]})
		if err == nil {
			err = d.Err()
		}
		if err != nil || d.Stats[0].Rejected == 0 {
			t.Errorf("%v: %d steps rejected (%v)", mode, d.Stats[0].Rejected, err)
		}
	}
}
