package ranks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"neuralode/ranks"
	"neuralode/ranks/rankstest"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

// problem is the spiral's model, with data and a state to begin with.
type problem struct {
	model solver.Model
	data  solver.Data
	start solver.OptimizerState
}

func spiral(t testing.TB) problem {
	t.Helper()
	for _, p := range reference.Embedded() {
		if p.Name != "spiral_trained" {
			continue
		}
		m, err := train.FromReference(&p.Model)
		if err != nil {
			t.Fatal(err)
		}
		data := solver.Data{Batch: solver.Batch{Z0: p.X, Spans: []solver.Span{m.Span}},
			Objective: solver.Objective{Labels: p.Label}}
		start := solver.NewOptimizerState(slices.Clone(p.Theta))
		for i := range start.Theta {
			start.Theta[i] = float64(float32(start.Theta[i] * 0.4))
		}
		return problem{m.Solver, data, start}
	}
	t.Fatal("there is no spiral")
	return problem{}
}

// open is a session on the CPU.
func (p problem) open(t testing.TB, spec solver.Spec) solver.Session {
	t.Helper()
	b, err := cpu.New(cpu.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	program, err := b.Compile(p.model, spec)
	if err != nil {
		t.Fatal(err)
	}
	s, err := program.Train(p.data, solver.DefaultOptimizer(3e-3), p.start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return s
}

// minibatches of n samples each, the last with fewer.
func (p problem) minibatches(count, n int) (all [][]int, rates []float64) {
	samples := len(p.data.Labels)
	for k := range count {
		m := make([]int, n)
		for i := range m {
			m[i] = (7*k + 3*i) % samples
		}
		all, rates = append(all, m), append(rates, 3e-3/float64(k+1))
	}
	return all, rates
}

// group has n ranks, of which the others than the first follow with the sessions; each returns its error.
type group struct {
	lead    *ranks.Group
	links   []ranks.Link
	others  []*ranks.Group
	errs    []error
	waiting sync.WaitGroup
}

func start(sessions []solver.Session, c solver.Control) *group {
	g := &group{links: rankstest.Links(len(sessions)), errs: make([]error, len(sessions))}
	g.lead = ranks.Join(g.links[0])
	for rank := 1; rank < len(sessions); rank++ {
		other := ranks.Join(g.links[rank])
		g.others = append(g.others, other)
		g.waiting.Go(func() { g.errs[rank] = follow(other, sessions[rank], c) })
	}
	return g
}

func follow(g *ranks.Group, s solver.Session, c solver.Control) (failed error) {
	for {
		switch kind, content, err := g.Hear(); {
		case err != nil:
			return err
		case kind == ranks.Run:
			failed = errors.Join(failed, g.Follow(s, c, content))
		case kind == ranks.End:
			return failed
		}
	}
}

// end lets the others go, and returns their errors.
func (g *group) end(t testing.TB) error {
	t.Helper()
	if err := g.lead.End(); err != nil {
		t.Fatal(err)
	}
	g.waiting.Wait()
	return errors.Join(g.errs...)
}

func run(t testing.TB, s solver.Session, minibatches [][]int, rates []float64) (told []solver.Iteration) {
	t.Helper()
	err := s.Run(context.Background(), minibatches, rates, func(it solver.Iteration) { told = append(told, it) })
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func state(t testing.TB, s solver.Session) solver.OptimizerState {
	t.Helper()
	st, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestRanksGiveTheBitsOfOne trains in any number of ranks, in every gradient mode and precision, and of every length of
// minibatch: states and what is told of iterations are to the bit those of a session's own Run.
func TestRanksGiveTheBitsOfOne(t *testing.T) {
	p := spiral(t)
	for _, gradient := range solver.Gradients() {
		for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
			t.Run(fmt.Sprint(gradient, precision), func(t *testing.T) {
				spec := solver.DefaultSpec()
				spec.Gradient, spec.Precision = gradient, precision
				for _, n := range []int{1, 40, 300} {
					p.compare(t, spec, n, []int{1, 2, 3, 4, 5, 8})
				}
			})
		}
	}
	t.Run("one step for all", func(t *testing.T) {
		spec := solver.DefaultSpec()
		spec.Controller.Control = solver.ControlBatch
		p.compare(t, spec, 50, []int{3})
	})
}

func (p problem) compare(t *testing.T, spec solver.Spec, n int, sizes []int) {
	t.Helper()
	minibatches, rates := p.minibatches(2, n)
	alone := p.open(t, spec)
	told := run(t, alone, minibatches, rates)
	want := state(t, alone)
	for _, size := range sizes {
		sessions := make([]solver.Session, size)
		for i := range sessions {
			sessions[i] = p.open(t, spec)
		}
		g := start(sessions, spec.Controller.Control)
		got := run(t, g.lead.Lead(sessions[0], spec.Controller.Control), minibatches, rates)
		if err := g.end(t); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, told) {
			t.Errorf("%d samples in %d ranks: told %v, want %v", n, size, got, told)
		}
		for rank, s := range sessions {
			if st := state(t, s); !equal(st, want) {
				t.Errorf("%d samples: rank %d of %d ends in another state", n, rank, size)
			}
			s.Close()
		}
	}
}

// equal compares states to the bit.
func equal(a, b solver.OptimizerState) bool {
	same := func(x, y []float64) bool {
		return slices.EqualFunc(x, y, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
	}
	return a.Step == b.Step && same(a.Theta, b.Theta) && same(a.M, b.M) && same(a.V, b.V)
}

// failing is a session that fails in an iteration: before its sums, or in its update.
type failing struct {
	solver.Session
	accumulate, update int // in which call; 0: never
}

var errBroken = errors.New("the device is lost")

func (f *failing) Accumulate(ctx context.Context, m []int, from, to int) (*solver.PartialSum, error) {
	if f.accumulate--; f.accumulate == 0 {
		return nil, errBroken
	}
	return f.Session.Accumulate(ctx, m, from, to)
}

func (f *failing) Update(total *solver.PartialSum, rate float64) (solver.Iteration, error) {
	if f.update--; f.update == 0 {
		return solver.Iteration{}, errBroken
	}
	return f.Session.Update(total, rate)
}

// TestAFailureEndsTheRun has each rank fail before its sums or in its update: nobody hangs, and the error of the run
// names the rank.
func TestAFailureEndsTheRun(t *testing.T) {
	p, spec := spiral(t), solver.DefaultSpec()
	minibatches, rates := p.minibatches(4, 96)
	for broken := range 3 {
		for _, f := range []failing{{accumulate: 2}, {update: 2}, {accumulate: 1}, {update: 4}} {
			sessions := []solver.Session{p.open(t, spec), p.open(t, spec), p.open(t, spec)}
			f.Session = sessions[broken]
			sessions[broken] = &f
			g := start(sessions, spec.Controller.Control)
			n := 0
			err := g.lead.Lead(sessions[0], solver.ControlSample).Run(context.Background(), minibatches, rates,
				func(solver.Iteration) { n++ })
			others := g.end(t)
			if err == nil && others == nil || err != nil && !strings.Contains(err.Error(), errBroken.Error()) {
				t.Errorf("rank %d, %+v: %v, of the others %v", broken, f, err, others)
			}
			named := fmt.Sprintf("rank %d: ", broken)
			if err != nil && broken > 0 && !strings.Contains(err.Error(), named) {
				t.Errorf("%v, want %q", err, named)
			}
			if n > 3 && broken == 0 {
				t.Errorf("rank 0 told of %d iterations", n)
			}
		}
	}
}

// TestFailingSamples are the error of the run, as that of one process has it, and no error of the other ranks.
func TestFailingSamples(t *testing.T) {
	p, spec := spiral(t), solver.DefaultSpec()
	spec.Controller.MaxSteps = 3
	minibatches, rates := p.minibatches(3, 128)
	nothing := func(solver.Iteration) {}
	want := p.open(t, spec).Run(context.Background(), minibatches, rates, nothing)
	sessions := []solver.Session{p.open(t, spec), p.open(t, spec), p.open(t, spec)}
	g := start(sessions, spec.Controller.Control)
	got := g.lead.Lead(sessions[0], solver.ControlSample).Run(context.Background(), minibatches, rates, nothing)
	if err := g.end(t); err != nil {
		t.Errorf("the others: %v", err)
	}
	if want == nil || got == nil || got.Error() != want.Error() {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestStop ends a run between iterations when its context does.
func TestStop(t *testing.T) {
	p, spec := spiral(t), solver.DefaultSpec()
	minibatches, rates := p.minibatches(5, 64)
	sessions := []solver.Session{p.open(t, spec), p.open(t, spec)}
	g := start(sessions, spec.Controller.Control)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	err := g.lead.Lead(sessions[0], solver.ControlSample).Run(ctx, minibatches, rates, func(solver.Iteration) {
		if n++; n == 2 {
			cancel()
		}
	})
	if others := g.end(t); others != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, of the others %v", err, others)
	}
	for rank, s := range sessions {
		if st := state(t, s); st.Step != int64(n) || n > 3 {
			t.Errorf("rank %d has done %d iterations, told %d", rank, st.Step, n)
		}
	}
}

// TestWrongRuns are refused before the others hear of them.
func TestWrongRuns(t *testing.T) {
	p, spec := spiral(t), solver.DefaultSpec()
	sessions := []solver.Session{p.open(t, spec), p.open(t, spec)}
	g := start(sessions, spec.Controller.Control)
	lead := g.lead.Lead(sessions[0], solver.ControlSample)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range []error{
		lead.Run(context.Background(), [][]int{{0}}, nil, nil),
		lead.Run(context.Background(), [][]int{{}}, []float64{1}, nil),
		lead.Run(ended, [][]int{{0}}, []float64{1}, nil),
		lead.Run(context.Background(), [][]int{{1 << 30}}, []float64{1}, nil),
		lead.Run(context.Background(), [][]int{{0}}, []float64{math.NaN()}, nil),
	} {
		if err == nil {
			t.Error("a wrong run is none")
		}
	}
	g.end(t)
}

// TestMessages sends bytes of any length, to one and to all.
func TestMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(64<<10-20, 64<<10+20),
			rapid.IntRange(0, 300_000)).Draw(t, "n")
		data := bytes.Repeat([]byte{1, 2, 3}, n/3+1)[:n]
		links := rankstest.Links(2)
		a, b := ranks.Join(links[0]), ranks.Join(links[1])
		var wait sync.WaitGroup
		wait.Go(func() {
			_ = a.Send(1, data)
			_ = a.Tell(ranks.Open, data)
		})
		got, err := b.Receive(0)
		kind, told, err2 := b.Hear()
		wait.Wait()
		if err != nil || err2 != nil || !bytes.Equal(got, data) || kind != ranks.Open || !bytes.Equal(told, data) {
			t.Fatalf("%d bytes: %v, %v", n, err, err2)
		}
	})
}
