package solver

import (
	"context"
	"errors"
	"math"
	"slices"
)

// Train opens a session that trains with [reference.Differentiate] and [AdamUpdate].
func (r *reference) Train(data Data, opt Optimizer, start OptimizerState) (Session, error) {
	if err := CheckTraining(r.model, r.spec, data, opt, start); err != nil {
		return nil, err
	}
	if r.isClosed() {
		return nil, errClosed
	}
	data.Z0, data.Labels = slices.Clone(data.Z0), slices.Clone(data.Labels)
	return &referenceSession{program: r, data: data, opt: opt, state: start.clone()}, nil
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

func (s *referenceSession) Run(ctx context.Context, minibatches [][]int, done func(Iteration)) error {
	if err := CheckMinibatches(minibatches, len(s.data.Z0)/s.program.dim); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	for i, indices := range minibatches {
		it, err := s.iterate(ctx, indices)
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
func (s *referenceSession) iterate(ctx context.Context, indices []int) (Iteration, error) {
	b, o := s.data.Minibatch(s.program.model, indices)
	d, err := s.program.Differentiate(ctx, s.state.Theta, b, o)
	if err != nil {
		return Iteration{}, err
	}
	if err := FailedIteration(d, indices); err != nil {
		return Iteration{}, err
	}
	it := Summarize(&d.Solution)
	it.Loss, it.GradientNorm = d.Loss, norm(d.Theta)
	if !finite([]float64{it.Loss, it.GradientNorm}) {
		return it, NonFiniteIteration()
	}
	AdamUpdate(&s.state, s.opt, d.Theta, it.GradientNorm)
	return it, nil
}

func norm(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return math.Sqrt(s)
}

// AdamUpdate does one update of the state with a gradient of the given 2-norm: see [Optimizer].
func AdamUpdate(s *OptimizerState, o Optimizer, gradient []float64, norm float64) {
	s.Step++
	scale := o.ClipScale(norm)
	corrM, corrV := o.Corrections(s.Step)
	for i, g := range gradient {
		g *= scale
		s.M[i] = o.Beta1*s.M[i] + (1-o.Beta1)*g
		s.V[i] = o.Beta2*s.V[i] + (1-o.Beta2)*g*g
		s.Theta[i] -= o.Rate * (s.M[i] * corrM) / (math.Sqrt(s.V[i]*corrV) + o.Epsilon)
	}
}
