package solvertest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// parts trains with minibatches accumulated in parts, by sessions of their own that meet as bytes: θ has the bits of
// Run.
func (s Suite) parts(t *testing.T) {
	for i, mode := range solver.Gradients() {
		l := []func(*testing.T) lesson{newLesson, lessonAtTimes, lessonOfSquares}[i](t)
		program := s.compile(t, l.model, s.defaults(mode))
		opt := solver.DefaultOptimizer(0.02)
		opt.ClipNorm = 0.5
		if i == 1 {
			opt.Rule, opt.WeightDecay, opt.Frozen = solver.AdamW, 0.1, []solver.Range{{From: 2, To: 5}}
		}
		const iterations = 10
		want := s.taught(t, program, l, opt, iterations)
		for _, parts := range []int{1, 2, 3, 5} {
			got := s.taughtInParts(t, program, l, opt, iterations, parts)
			same(t, "θ", got.state.Theta, want.state.Theta)
			same(t, "m", got.state.M, want.state.M)
			if !slices.Equal(got.iterations, want.iterations) {
				t.Errorf("%v, %d parts: the iterations tell %+v, want %+v", mode, parts, got.iterations,
					want.iterations)
			}
		}
	}
	s.failedParts(t)
	s.wrongParts(t)
}

// lesson is a model with data to train it on, 150 samples, and θ.
type lesson struct {
	model solver.Model
	data  solver.Data
	theta []float64
}

// newLesson is a network with the loss of z(t1).
func newLesson(t *testing.T) lesson {
	f, err := graph.MLP{Sizes: []int{2, 5, 2}}.Field()
	return lessonOf(t, must(t, f, err))
}

// lessonOfSquares has a field that reads θ by way of its squares: what follows its sums is not there for each sample.
func lessonOfSquares(t *testing.T) lesson {
	return lessonOf(t, graph.Field{Dim: 2, Params: []graph.Param{{Name: "W", Shape: []int{2, 2}}},
		Func: func(_, z *node, theta []*node) (*node, error) {
			var b builder
			return b.do(gorgonia.Tanh(b.do(gorgonia.Mul(z, b.do(gorgonia.Square(theta[0])))))), b.err
		}})
}

// lessonAtTimes has losses at two times, of which some do not count.
func lessonAtTimes(t *testing.T) lesson {
	l := newLesson(t)
	l.data.Times, l.data.AtTimes = []float64{0.5, 1}, true
	for i, y := range slices.Clone(l.data.Labels) {
		l.data.Labels = append(l.data.Labels, 2*y)
		l.data.Mask = append(l.data.Mask, false, i%3 == 0)
	}
	return l
}

func lessonOf(t *testing.T, f graph.Field) lesson {
	t.Helper()
	h, err := graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	l := lesson{model: solver.Model{Field: lower(t, f), Head: must(t, h, err)}}
	var labels []float64
	for i := range 150 {
		l.data.Z0 = append(l.data.Z0, math.Sin(float64(3*i)), math.Cos(float64(i*i)))
		labels = append(labels, math.Sin(float64(i)))
	}
	l.data = solver.Labelled(l.data.Z0, labels, solver.Span{T1: 1})
	for i := range l.model.ThetaLen() {
		l.theta = append(l.theta, math.Sin(float64(7*i)))
	}
	return l
}

// minibatch is that of an iteration: 137 samples, five leaves.
func (l lesson) minibatch(iteration int) []int {
	indices := make([]int, 137)
	for k := range indices {
		indices[k] = (k*7 + iteration*11) % 150
	}
	return indices
}

// outcome is what a training comes to.
type outcome struct {
	state      solver.OptimizerState
	iterations []solver.Iteration
}

func (s Suite) taught(t *testing.T, program solver.Program, l lesson, opt solver.Optimizer, iterations int) outcome {
	t.Helper()
	session, err := program.Train(l.data, opt, solver.NewOptimizerState(l.theta))
	must(t, session, err)
	var o outcome
	for i := range iterations {
		err := session.Run(context.Background(), [][]int{l.minibatch(i)}, []float64{0.01 * float64(i+1)},
			func(it solver.Iteration) { o.iterations = append(o.iterations, it) })
		if err != nil {
			t.Fatal(err)
		}
	}
	o.state, err = session.State()
	must(t, session, err)
	return o
}

// taughtInParts has a session for each part, and joins the parts in an order other than theirs.
func (s Suite) taughtInParts(t *testing.T, program solver.Program, l lesson, opt solver.Optimizer, iterations,
	parts int) outcome {
	t.Helper()
	sessions := make([]solver.Session, parts)
	for k := range sessions {
		var err error
		sessions[k], err = program.Train(l.data, opt, solver.NewOptimizerState(l.theta))
		must(t, sessions[k], err)
		defer sessions[k].Close()
	}
	var o outcome
	for i := range iterations {
		o.iterations = append(o.iterations, s.iterateInParts(t, sessions, l.minibatch(i), 0.01*float64(i+1)))
	}
	var err error
	o.state, err = sessions[parts-1].State()
	must(t, sessions, err)
	return o
}

func (s Suite) iterateInParts(t *testing.T, sessions []solver.Session, minibatch []int, rate float64) solver.Iteration {
	t.Helper()
	leaves, parts := solver.LeafCount(len(minibatch), solver.ControlSample), len(sessions)
	var total *solver.PartialSum
	for q := range parts {
		k := (q*2 + 1) % parts
		if parts == 2 {
			k = 1 - q
		}
		sum, err := sessions[k].Accumulate(context.Background(), minibatch, k*leaves/parts, (k+1)*leaves/parts)
		sum = s.sent(t, supported(t, sum, err))
		if total == nil {
			total = sum
		} else if err := total.Join(sum); err != nil {
			t.Fatal(err)
		}
	}
	var first solver.Iteration
	for k, session := range sessions {
		it, err := session.Update(total, rate)
		must(t, it, err)
		if k > 0 && it != first {
			t.Errorf("session %d tells %+v, the first %+v", k, it, first)
		}
		first = it
	}
	return first
}

// sent is a sum that went elsewhere as bytes.
func (s Suite) sent(t *testing.T, sum *solver.PartialSum) *solver.PartialSum {
	t.Helper()
	data, err := sum.MarshalBinary()
	must(t, data, err)
	var came solver.PartialSum
	if err := came.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return &came
}

// failedParts has a sample that fails in one part: it is named as Run names it, it is in no sum, and θ stays.
func (s Suite) failedParts(t *testing.T) {
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	m := solver.Model{Field: lower(t, square()), Head: must(t, h, err)}
	start := solver.NewOptimizerState([]float64{0.5, 0.25})
	z0, labels := make([]float64, 40), make([]float64, 40)
	for i := range z0 {
		z0[i], labels[i] = 0.02*float64(i%20), float64(i%2)
	}
	for what, spoil := range map[string]func(){
		"a sample that blows up":  func() { z0[33] = 2 },
		"a loss that is infinite": func() { z0[33], labels[33] = 0.1, 1e200 },
	} {
		spoil()
		program := s.compile(t, m, s.spec(solver.Discrete))
		session, err := program.Train(solver.Labelled(z0, labels, solver.Span{T1: 1}), solver.DefaultOptimizer(0.1),
			start)
		must(t, session, err)
		all := upTo(40)
		want := session.Run(context.Background(), [][]int{all}, nil, func(solver.Iteration) {
			t.Error("an iteration with " + what)
		})
		total, err := session.Accumulate(context.Background(), all, 0, 1)
		total = supported(t, total, err)
		rest, err := session.Accumulate(context.Background(), all, 1, 2)
		must(t, rest, err)
		if len(rest.Failures) != 1 || rest.Failures[0].Sample != 33 || rest.Failures[0].Place != 33 ||
			math.IsNaN(rest.Subtrees[0].Loss) {
			t.Errorf("%s: %+v with the loss %v", what, rest.Failures, rest.Subtrees[0].Loss)
		}
		for _, x := range rest.Subtrees[0].Sums {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("%s: the sums of the others are %v", what, rest.Subtrees[0].Sums)
			}
		}
		if err := total.Join(rest); err != nil {
			t.Fatal(err)
		}
		_, err = session.Update(total, 0.1)
		if err == nil || want == nil || err.Error() != want.Error() {
			t.Errorf("%s: Update says %v, Run %v", what, err, want)
		}
		if st, err := session.State(); err != nil || !slices.Equal(st.Theta, start.Theta) || st.Step != 0 {
			t.Errorf("%s: the state is %+v, %v", what, st, err)
		}
	}
}

// wrongParts are errors before any work.
func (s Suite) wrongParts(t *testing.T) {
	l := newLesson(t)
	session, err := s.compile(t, l.model, s.defaults(solver.Discrete)).Train(l.data, solver.DefaultOptimizer(0.1),
		solver.NewOptimizerState(l.theta))
	must(t, session, err)
	ctx, minibatch := context.Background(), l.minibatch(0)
	for _, leaves := range [][2]int{{-1, 2}, {2, 2}, {3, 6}} {
		if _, err := session.Accumulate(ctx, minibatch, leaves[0], leaves[1]); err == nil {
			t.Errorf("leaves %v are no error", leaves)
		}
	}
	sum, err := session.Accumulate(ctx, minibatch, 0, 4)
	sum = supported(t, sum, err)
	again := s.sent(t, sum)
	if _, err := session.Update(sum, 0.1); err == nil {
		t.Error("an update with a part of a minibatch is no error")
	}
	if err := sum.Join(again); err == nil {
		t.Error("leaves that are there already are no error")
	}
	rest, err := session.Accumulate(ctx, minibatch, 4, 5)
	must(t, rest, err)
	if err := sum.Join(rest); err != nil {
		t.Fatal(err)
	}
	for _, rate := range []float64{-1, math.NaN()} {
		if _, err := session.Update(sum, rate); err == nil {
			t.Errorf("a rate of %v is no error", rate)
		}
	}
	if _, err := session.Update(sum, 0.1); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Update(sum, 0.1); err == nil {
		t.Error("an update with sums of another θ is no error")
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := session.Accumulate(cancelled, minibatch, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
}
