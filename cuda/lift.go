package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuralode/solver"
)

// raise returns the part of θ that the GPU has, and fills in the initial states of a batch of features. A lift runs on
// the CPU: it is a small part of a solve. The program is locked.
func (p *program) raise(theta []float64, b solver.Batch) []float64 {
	if p.lifter == nil {
		return theta
	}
	_, _, lift := solver.SplitTheta(p.whole, theta)
	p.lifter.SetTheta(lift)
	p.lifter.Raise(b, p.model.Dim())
	return theta[:len(theta)-len(lift)]
}

// pullBack appends to a derivative of the batch that was raised last the lift's part of ∂L/∂θ.
func (p *program) pullBack(d *solver.Derivative, b solver.Batch) {
	if p.lifter == nil {
		return
	}
	dim := p.model.Dim()
	for i, end := range d.End {
		if end.Status != solver.OK || d.Back[i].Status != solver.OK { // LeaveOut looks at them
			clear(d.Z0[i*dim : (i+1)*dim])
		}
	}
	lift := make([]float64, p.whole.Lift.ThetaLen())
	p.lifter.PullBack(b, d.Z0, lift)
	d.Theta = append(d.Theta, lift...)
}

// liftedSession trains a model with a lift: each iteration lifts its minibatch on the CPU, has it solved and
// differentiated on the GPU, and updates θ on the CPU, in the precision of the GPU.
type liftedSession struct {
	program *program
	data    solver.Data
	samples int
	opt     solver.Optimizer
	state   solver.OptimizerState // of numbers that the precision holds
	closed  bool
}

// trainLifted opens a session. The arguments were checked.
func (p *program) trainLifted(data solver.Data, opt solver.Optimizer, start solver.OptimizerState) solver.Session {
	opt.Frozen = slices.Clone(opt.Frozen)
	s := &liftedSession{program: p, data: data.Clone(), opt: opt}
	s.samples = p.whole.WithRoom(data.Batch).Len(p.model.Dim())
	s.state = solver.OptimizerState{Theta: s.rounded(start.Theta), M: s.rounded(start.M), V: s.rounded(start.V),
		Step: start.Step}
	return s
}

// rounded is a copy of numbers as the precision holds them.
func (s *liftedSession) rounded(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		if y[i] = v; s.program.spec.Precision != solver.Float64 {
			y[i] = float64(float32(v))
		}
	}
	return y
}

// check is an error where the session or its program is closed. The program is locked.
func (s *liftedSession) check() error {
	switch {
	case s.program.closed:
		return errClosed
	case s.closed:
		return errSessionClosed
	}
	return nil
}

func (s *liftedSession) Close() error {
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	s.closed = true
	return nil
}

func (s *liftedSession) State() (solver.OptimizerState, error) {
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	if err := s.check(); err != nil {
		return solver.OptimizerState{}, err
	}
	state := solver.OptimizerState{Theta: s.rounded(s.state.Theta), M: s.rounded(s.state.M), Step: s.state.Step}
	if s.opt.Rule.HasSecondMoments() {
		state.V = s.rounded(s.state.V)
	}
	return state, nil
}

func (s *liftedSession) Run(ctx context.Context, minibatches [][]int, rates []float64,
	done func(solver.Iteration)) error {
	if err := solver.CheckRun(minibatches, rates, s.samples); err != nil {
		return err
	}
	for i, indices := range minibatches {
		it, err := s.iterate(ctx, indices, s.opt.RateOf(rates, i))
		var failed *solver.IterationError
		if errors.As(err, &failed) {
			failed.Index = i
		}
		if err != nil {
			return err
		}
		done(it)
	}
	return nil
}

// iterate is one training iteration. On an error the state is as before.
func (s *liftedSession) iterate(ctx context.Context, indices []int, rate float64) (solver.Iteration, error) {
	p := s.program
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(s.check(), ctx.Err()); err != nil {
		return solver.Iteration{}, err
	}
	b, o := s.data.Minibatch(p.whole, indices)
	d, err := p.differentiate(ctx, s.state.Theta, b, o)
	if err != nil {
		return solver.Iteration{}, err
	}
	if err := solver.FailedIteration(d, indices); err != nil {
		return solver.Iteration{}, err
	}
	it := solver.Summarize(&d.Solution)
	it.Loss, it.GradientNorm = d.Loss, s.norm(d.Theta)
	if !(it.GradientNorm <= math.MaxFloat64) || math.IsNaN(it.Loss) || math.IsInf(it.Loss, 0) {
		return it, solver.NonFiniteIteration()
	}
	s.opt.Update(&s.state, d.Theta, it.GradientNorm, rate)
	for _, x := range [][]float64{s.state.Theta, s.state.M, s.state.V} {
		copy(x, s.rounded(x))
	}
	return it, nil
}

// norm is the 2-norm of a gradient over the parameters that are trained.
func (s *liftedSession) norm(gradient []float64) float64 {
	squares := 0.0
	for _, r := range s.opt.Trained(len(gradient)) {
		for _, g := range gradient[r.From:r.To] {
			squares += g * g
		}
	}
	return math.Sqrt(squares)
}

var errLiftedParts = fmt.Errorf("cuda: an iteration of a model with a lift in parts needs the CPU: %w",
	errors.ErrUnsupported)

// Accumulate needs the CPU.
func (s *liftedSession) Accumulate(context.Context, []int, int, int) (*solver.PartialSum, error) {
	return nil, errLiftedParts
}

// Update needs the CPU, as Accumulate does.
func (s *liftedSession) Update(*solver.PartialSum, float64) (solver.Iteration, error) {
	return solver.Iteration{}, errLiftedParts
}
