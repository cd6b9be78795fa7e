package solver

import (
	"context"
	"errors"
	"math"
	"slices"
)

// Train opens a session that trains with [reference.Differentiate] and [Optimizer.Update].
func (r *reference) Train(data Data, opt Optimizer, start OptimizerState) (Session, error) {
	if err := CheckTraining(r.model, r.spec, data, opt, start); err != nil {
		return nil, err
	}
	if r.isClosed() {
		return nil, errClosed
	}
	opt.Frozen = slices.Clone(opt.Frozen)
	return &referenceSession{program: r, data: data.clone(), opt: opt, state: opt.start(start)}, nil
}

func (r *reference) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

type referenceSession struct {
	program *reference
	data    Data
	opt     Optimizer
	state   OptimizerState
	closed  bool
}

var errSessionClosed = errors.New("solver: the session is closed")

func (s *referenceSession) Close() error {
	s.closed = true
	return nil
}

// check is an error where the session or its program is closed.
func (s *referenceSession) check() error {
	switch {
	case s.program.isClosed():
		return errClosed
	case s.closed:
		return errSessionClosed
	}
	return nil
}

func (s *referenceSession) State() (OptimizerState, error) {
	if err := s.check(); err != nil {
		return OptimizerState{}, err
	}
	return s.state.clone(), nil
}

func (s *referenceSession) Run(ctx context.Context, minibatches [][]int, rates []float64, done func(Iteration)) error {
	if err := CheckRun(minibatches, rates, s.data.Len(s.program.dim)); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	for i, indices := range minibatches {
		it, err := s.iterate(ctx, indices, s.opt.RateOf(rates, i))
		var failed *IterationError
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
func (s *referenceSession) iterate(ctx context.Context, indices []int, rate float64) (Iteration, error) {
	b, o := s.data.Minibatch(s.program.model, indices)
	d, err := s.program.Differentiate(ctx, s.state.Theta, b, o)
	if err != nil {
		return Iteration{}, err
	}
	if err := FailedIteration(d, indices); err != nil {
		return Iteration{}, err
	}
	it := Summarize(&d.Solution)
	it.Loss, it.GradientNorm = d.Loss, s.opt.norm(d.Theta)
	if !finite([]float64{it.Loss, it.GradientNorm}) {
		return it, NonFiniteIteration()
	}
	s.opt.Update(&s.state, d.Theta, it.GradientNorm, rate)
	return it, nil
}

// norm is the 2-norm of a gradient over the parameters that are trained.
func (o Optimizer) norm(gradient []float64) float64 {
	squares := 0.0
	for _, r := range o.Trained(len(gradient)) {
		for _, g := range gradient[r.From:r.To] {
			squares += g * g
		}
	}
	return math.Sqrt(squares)
}
