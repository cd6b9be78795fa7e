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
	s := &referenceSession{program: r, data: data.Clone(), opt: opt, state: opt.start(start)}
	s.samples = r.model.WithRoom(data.Batch).Len(r.dim)
	return s, nil
}

func (r *reference) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

type referenceSession struct {
	program *reference
	data    Data
	samples int
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
	if err := CheckRun(minibatches, rates, s.samples); err != nil {
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
	total, err := s.Accumulate(ctx, indices, 0, LeafCount(len(indices), s.program.spec.Controller.Control))
	if err != nil {
		return Iteration{}, err
	}
	return s.Update(total, rate)
}

// Accumulate differentiates leaf by leaf; what is summed is ∂L/∂θ itself.
func (s *referenceSession) Accumulate(ctx context.Context, minibatch []int, from, to int) (*PartialSum, error) {
	control, n := s.program.spec.Controller.Control, len(minibatch)
	if err := CheckAccumulate(minibatch, from, to, s.samples, control); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	p := &PartialSum{Step: s.state.Step, Samples: n, Leaves: LeafCount(n, control), Precision: Float64}
	b, o := s.data.Minibatch(s.program.model, minibatch)
	o.Weight = o.weights(b, n)
	size := n
	if control == ControlSample {
		size = LeafSize(n)
	}
	for leaf := from; leaf < to; leaf++ {
		var samples []int
		for i := leaf * size; i < min(n, (leaf+1)*size); i++ {
			samples = append(samples, i)
		}
		b, o := s.program.model.pick(b, samples), o.pick(b, samples, n)
		d, err := s.program.Differentiate(ctx, s.state.Theta, b, o)
		if err != nil {
			return nil, err
		}
		l := &leaveOut{d: d, b: b, o: o}
		loss := SumOverLeaves(len(samples), LeafSize(n), func(i int) float64 { return l.lossOf(i, o.Weight) })
		t := Subtree{From: leaf, To: leaf + 1, Loss: loss, Sums: d.Theta}
		t.Count(d.Stats)
		failed := len(p.Failures)
		if p.Failed(minibatch, samples[0], d.End, d.Back); len(p.Failures) == failed+len(samples) {
			clear(t.Sums) // nobody is left
		}
		p.Add(t)
	}
	return p, nil
}

// Update is one update of the optimizer.
func (s *referenceSession) Update(total *PartialSum, rate float64) (Iteration, error) {
	if err := s.check(); err != nil {
		return Iteration{}, err
	}
	if err := CheckUpdate(total, rate, s.state.Step, len(s.state.Theta), Float64); err != nil {
		return Iteration{}, err
	}
	gradient := total.Subtrees[0].Sums
	it := total.Iteration()
	it.GradientNorm = s.opt.norm(gradient)
	if !finite([]float64{it.Loss, it.GradientNorm}) {
		return it, NonFiniteIteration()
	}
	s.opt.Update(&s.state, gradient, it.GradientNorm, rate)
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
