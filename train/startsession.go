package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuralode"
	"neuralode/solver"
)

// startSession is a training that learns starts beside θ: a session like the backends' own, of derivatives that any
// backend gives.
type startSession struct {
	ode     *neuralode.ODE
	model   solver.Model
	view    view
	opt     solver.Optimizer
	state   solver.OptimizerState
	starts  *startTable
	learns  func(sample int) bool
	penalty func(done int) float64 // of gaps between segments
	rate    float64                // of starts, in units of that of θ
	single  bool                   // θ is held in float32
}

// openStarts opens a session that goes on with a state and a table of starts, which is the session's then.
func (r *Run) openStarts(ode *neuralode.ODE, v view, see Sight, opt solver.Optimizer, state solver.OptimizerState,
	starts *startTable) *startSession {
	state.Theta, state.M, state.V = slices.Clone(state.Theta), slices.Clone(state.M), slices.Clone(state.V)
	return &startSession{ode: ode, model: r.compiled.model, view: v, opt: opt, state: state, starts: starts,
		learns:  func(i int) bool { return r.Config.learns(&v, see, i) },
		penalty: r.Config.penalty, rate: r.Config.StartRate, single: r.recipe.spec.Precision != solver.Float64}
}

func (s *startSession) Run(ctx context.Context, minibatches [][]int, rates []float64,
	done func(solver.Iteration)) error {
	for k, minibatch := range minibatches {
		it, err := s.iterate(ctx, minibatch, s.opt.RateOf(rates, k))
		var failed *solver.IterationError
		if errors.As(err, &failed) {
			failed.Index = k
		}
		if err != nil {
			return err
		}
		done(it)
	}
	return nil
}

// iterate is one iteration. On an error θ and the starts are as before.
func (s *startSession) iterate(ctx context.Context, minibatch []int, rate float64) (solver.Iteration, error) {
	g, err := s.differentiate(ctx, minibatch)
	if err != nil {
		return g.Iteration, err
	}
	s.opt.Update(&s.state, g.theta, g.GradientNorm, rate)
	s.round()
	for _, sample := range g.touched {
		s.starts.update(sample, g.starts[sample], rate*s.rate)
	}
	return g.Iteration, nil
}

// startGradient is the gradient of an iteration: of its loss for θ, and for each start of the sum of the losses that it
// has a part in, which depends on nothing beside.
type startGradient struct {
	solver.Iteration
	theta   []float64
	starts  map[int][]float64 // of samples
	touched []int             // these, in the order of the minibatch
}

func (s *startSession) differentiate(ctx context.Context, minibatch []int) (g startGradient, err error) {
	b, o := s.view.data.Minibatch(s.model, minibatch)
	gaps := s.place(minibatch, &b, &o)
	d, err := s.ode.Differentiate(ctx, s.state.Theta, b, o)
	if err == nil {
		err = solver.FailedIteration(d, minibatch)
	}
	if err != nil {
		return g, err
	}
	n := float64(max(counting(o.Mask), 1))
	g.Iteration, g.theta = solver.Summarize(&d.Solution), d.Theta
	g.Loss = d.Loss / n
	for i := range g.theta {
		g.theta[i] /= n
	}
	if g.GradientNorm = s.norm(g.theta); !finite(g.Loss) || !finite(g.GradientNorm) {
		return g, solver.NonFiniteIteration()
	}
	s.forStarts(&g, minibatch, b, d, gaps)
	return g, nil
}

// place puts the starts into a minibatch, and into its labels where the segments that follow begin. Every row weighs 1,
// so that the gradient of a start depends on nothing beside its sample. gaps are the weights of the segments' ends.
func (s *startSession) place(minibatch []int, b *solver.Batch, o *solver.Objective) (gaps []float64) {
	dim := s.starts.dim
	gaps = make([]float64, len(minibatch))
	o.Weight = slices.Repeat([]float64{1}, len(o.Mask))
	for k, i := range minibatch {
		copy(row(b.Z0, k, dim), s.starts.of(i))
		if next := s.view.next[i]; next >= 0 {
			from, to := b.Rows(k)
			gaps[k] = s.penalty(int(s.state.Step)) * float64(to-from) / float64(dim)
			label := row(o.Labels, to-1, len(o.Labels)/len(o.Mask))
			copy(label[len(label)-dim-1:], append(slices.Clone(s.starts.of(next)), gaps[k]))
		}
	}
	return gaps
}

// forStarts is the gradient for starts: those of the samples and, by the gaps, those that follow.
func (s *startSession) forStarts(g *startGradient, minibatch []int, b solver.Batch, d *solver.Derivative,
	gaps []float64) {
	dim := s.starts.dim
	g.starts = map[int][]float64{}
	of := func(sample int) []float64 {
		if g.starts[sample] == nil {
			g.starts[sample], g.touched = make([]float64, dim), append(g.touched, sample)
		}
		return g.starts[sample]
	}
	for k, i := range minibatch {
		if s.learns(i) {
			for j, v := range row(d.Z0, k, dim) {
				of(i)[j] += v
			}
		}
		if next := s.view.next[i]; next >= 0 {
			_, to := b.Rows(k)
			for j, end := range row(d.Saved, to-1, dim) {
				of(next)[j] += 2 * gaps[k] * (s.starts.of(next)[j] - end)
			}
		}
	}
}

// norm is the 2-norm of the gradient over the parameters that are trained.
func (s *startSession) norm(gradient []float64) float64 {
	squares := 0.0
	for _, r := range s.opt.Trained(len(gradient)) {
		for _, g := range gradient[r.From:r.To] {
			squares += g * g
		}
	}
	return math.Sqrt(squares)
}

// round leaves θ and its moments as the precision of the run has them: a checkpoint keeps no more.
func (s *startSession) round() {
	if !s.single {
		return
	}
	for _, x := range [][]float64{s.state.Theta, s.state.M, s.state.V} {
		for i, v := range x {
			x[i] = float64(float32(v))
		}
	}
}

// State copies out θ and its moments.
func (s *startSession) State() (solver.OptimizerState, error) {
	state := s.state
	state.Theta, state.M, state.V = slices.Clone(state.Theta), slices.Clone(state.M), slices.Clone(state.V)
	return state, nil
}

// Accumulate and Update are of trainings in parts, which cannot learn starts.
func (s *startSession) Accumulate(context.Context, []int, int, int) (*solver.PartialSum, error) {
	return nil, fmt.Errorf("train: an iteration in parts learns no starts: %w", errors.ErrUnsupported)
}

func (s *startSession) Update(*solver.PartialSum, float64) (solver.Iteration, error) {
	return solver.Iteration{}, fmt.Errorf("train: an iteration in parts learns no starts: %w", errors.ErrUnsupported)
}

// Close does nothing: the ODE is the run's.
func (s *startSession) Close() error { return nil }

// counting is how many rows count.
func counting(mask []bool) (n int) {
	for _, masked := range mask {
		if !masked {
			n++
		}
	}
	return n
}
