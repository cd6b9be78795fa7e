package solvertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// liftedLesson is a network whose initial states are those that a perceptron makes of five features, with a linear
// read-out.
func liftedLesson(t *testing.T) lesson {
	l := newLesson(t)
	lift, err := graph.PerceptronLift([]int{5, 4, 2}, graph.Tanh)
	must(t, lift, err)
	p, err := graph.LowerLift(lift)
	l.model.Lift = must(t, p, err)
	l.data.Z0 = nil
	for i := range 150 * 5 {
		l.data.Features = append(l.data.Features, math.Cos(float64(i*i)))
	}
	for i := len(l.theta); i < l.model.ThetaLen(); i++ {
		l.theta = append(l.theta, math.Sin(float64(7*i)))
	}
	return l
}

// lifts checks initial states that a model makes of features. A backend without says so as it compiles.
func (s Suite) lifts(t *testing.T) {
	l := liftedLesson(t)
	if _, err := s.Backend.Compile(l.model, s.spec(solver.NoGradient)); errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	for _, mode := range solver.Gradients() {
		s.lifted(t, l, mode)
		s.liftedTraining(t, l, mode)
	}
	s.failedLift(t, l)
	s.wrongLifts(t, l)
}

// lifted compares with the states of the same model without the lift, each sample with what it is alone, and the
// derivatives with central differences.
func (s Suite) lifted(t *testing.T, l lesson, mode solver.Gradient) {
	const n = 45
	b, o := l.data.Minibatch(l.model, upTo(n))
	program := s.compile(t, l.model, s.spec(mode))
	d, err := program.Differentiate(context.Background(), l.theta, b, o)
	must(t, d, err)
	from := b
	from.Features, from.Z0 = nil, s.liftedBy(t, l, b.Features)
	unlifted, err := program.Differentiate(context.Background(), l.theta, from, o)
	must(t, unlifted, err)
	near(t, fmt.Sprintf("%v: z1", mode), d.Z1, unlifted.Z1, s.choose(1e-4, 1e-7))
	near(t, fmt.Sprintf("%v: ∂L/∂z0", mode), d.Z0, unlifted.Z0, s.choose(1e-3, 1e-7))
	before := len(l.theta) - l.model.Lift.ThetaLen()
	near(t, fmt.Sprintf("%v: ∂L/∂θ of the field", mode), d.Theta[:before], unlifted.Theta[:before],
		s.choose(1e-3, 1e-7))
	for _, g := range unlifted.Theta[before:] {
		if g != 0 {
			t.Errorf("%v: the lift has the gradient %v where z0 is given", mode, g)
		}
	}
	for i := range 3 {
		one, loss := l.data.Minibatch(l.model, []int{i})
		loss.Weight = []float64{1. / n}
		alone, err := program.Differentiate(context.Background(), l.theta, one, loss)
		must(t, alone, err)
		same(t, fmt.Sprintf("sample %d: z1", i), d.Z1[2*i:2*i+2], alone.Z1)
		same(t, fmt.Sprintf("sample %d: ∂L/∂z0", i), d.Z0[2*i:2*i+2], alone.Z0)
	}
	reference := Suite{Backend: solver.Reference(), Precision: s.Precision}
	want := reference.differentiate(t, l.model, s.spec(mode), l.theta, b, o)
	near(t, fmt.Sprintf("%v: ∂L/∂θ", mode), d.Theta, want.Theta, s.choose(1e-3, 1e-9))
	if s.Precision == solver.Float64 {
		s.liftDifferences(t, l, mode, program, d.Theta, b, o)
	}
}

// liftedBy is what the reference has for the initial states.
func (s Suite) liftedBy(t *testing.T, l lesson, features []float64) []float64 {
	t.Helper()
	p, err := solver.Reference().Compile(l.model, s.spec(solver.NoGradient))
	must(t, p, err)
	b := solver.Batch{Features: features, Spans: []solver.Span{{}}} // over no time z1 is z0
	sol, err := p.Solve(context.Background(), l.theta, b)
	return must(t, sol, err).Z1
}

func (s Suite) liftDifferences(t *testing.T, l lesson, mode solver.Gradient, program solver.Program, theta []float64,
	b solver.Batch, o solver.Objective) {
	t.Helper()
	const e = 1e-5
	loss := func(by float64) float64 {
		moved := slices.Clone(l.theta)
		for i := range moved {
			moved[i] += by * math.Sin(float64(i+1))
		}
		d, err := program.Differentiate(context.Background(), moved, b, o)
		return must(t, d, err).Loss
	}
	along := 0.0
	for i, g := range theta {
		along += g * math.Sin(float64(i+1))
	}
	near(t, fmt.Sprintf("%v: along a direction", mode), []float64{along}, []float64{(loss(e) - loss(-e)) / (2 * e)},
		1e-6)
}

// liftedTraining compares a training with the reference's, and one in parts with the whole, to the bit.
func (s Suite) liftedTraining(t *testing.T, l lesson, mode solver.Gradient) {
	opt := solver.DefaultOptimizer(0.02)
	program := s.compile(t, l.model, s.defaults(mode))
	want := s.taught(t, program, l, opt, 3)
	reference, err := solver.Reference().Compile(l.model, s.defaults(mode))
	must(t, reference, err)
	near(t, fmt.Sprintf("%v: θ after training", mode), want.state.Theta, s.taught(t, reference, l, opt, 3).state.Theta,
		s.choose(2e-2, 1e-6))
	t.Run(fmt.Sprintf("%v in parts", mode), func(t *testing.T) {
		for _, parts := range []int{1, 3} {
			got := s.taughtInParts(t, program, l, opt, 3, parts)
			same(t, "θ", got.state.Theta, want.state.Theta)
			if !slices.Equal(got.iterations, want.iterations) {
				t.Errorf("%v, %d parts: the iterations tell %+v, want %+v", mode, parts, got.iterations,
					want.iterations)
			}
		}
	})
}

// failedLift has features that are no numbers: their sample fails, and has no part in the gradient of the others.
func (s Suite) failedLift(t *testing.T, l lesson) {
	program := s.compile(t, l.model, s.spec(solver.Discrete))
	b, o := l.data.Minibatch(l.model, upTo(5))
	o.Weight = slices.Repeat([]float64{0.25}, 5)
	b.Features[5*4] = math.NaN()
	d, err := program.Differentiate(context.Background(), l.theta, b, o)
	if err != nil {
		t.Fatal(err)
	}
	if d.End[4].Status != solver.NonFinite {
		t.Errorf("a sample with a feature NaN ends as %v", d.End[4].Status)
	}
	four, rest := l.data.Minibatch(l.model, upTo(4))
	want, err := program.Differentiate(context.Background(), l.theta, four, rest)
	near(t, "∂L/∂θ of the others", d.Theta, must(t, want, err).Theta, s.choose(1e-5, 1e-12))
}

// wrongLifts are errors before any work.
func (s Suite) wrongLifts(t *testing.T, l lesson) {
	program := s.compile(t, l.model, s.spec(solver.Discrete))
	without := l.model
	without.Lift = nil
	unlifted := s.compile(t, without, s.spec(solver.Discrete))
	b, o := l.data.Minibatch(l.model, upTo(2))
	both, short := b, b
	both.Z0, short.Features = make([]float64, 4), b.Features[1:]
	for what, call := range map[string]func() (any, error){
		"z0 beside features": func() (any, error) { return program.Solve(context.Background(), l.theta, both) },
		"features of another width": func() (any, error) {
			return program.Differentiate(context.Background(), l.theta, short, o)
		},
		"features without a lift": func() (any, error) {
			return unlifted.Solve(context.Background(), l.theta[:without.ThetaLen()], b)
		},
		"training on features of another width": func() (any, error) {
			return program.Train(solver.Data{Batch: short, Objective: o}, solver.DefaultOptimizer(0.1),
				solver.NewOptimizerState(l.theta))
		},
	} {
		if _, err := call(); err == nil {
			t.Errorf("%s are no error", what)
		}
	}
}
