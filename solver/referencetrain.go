package solver

import (
	"context"
	"errors"
	"math"
)

// Train opens a session that trains with [reference.Differentiate] and [AdamUpdate].
func (r *reference) Train(data Data, opt Optimizer, start OptimizerState) (Session, error) {
	if err := CheckTraining(r.model, r.spec, data, opt, start); err != nil {
		return nil, err
	}
	s := &referenceSession{program: r, data: data, opt: opt, state: NewOptimizerState(start.Theta)}
	copy(s.state.M, start.M)
	copy(s.state.V, start.V)
	s.state.Step = start.Step
	return s, nil
}

type referenceSession struct {
	program *reference
	data    Data
	opt     Optimizer
	state   OptimizerState
}

func (s *referenceSession) State() (OptimizerState, error) {
	c := NewOptimizerState(s.state.Theta)
	copy(c.M, s.state.M)
	copy(c.V, s.state.V)
	c.Step = s.state.Step
	return c, nil
}

func (s *referenceSession) Run(ctx context.Context, minibatches [][]int, done func(Iteration)) error {
	for i, indices := range minibatches {
		b, o := s.data.Minibatch(s.program.model, indices)
		d, err := s.program.Differentiate(ctx, s.state.Theta, b, o)
		if err != nil {
			return err
		}
		if err := d.Err(); err != nil {
			var failed *SampleError
			errors.As(err, &failed)
			return &IterationError{Index: i, Sample: indices[failed.Sample], Err: err}
		}
		it := Summarize(&d.Solution)
		it.Loss, it.GradientNorm = d.Loss, norm(d.Theta)
		if math.IsNaN(it.GradientNorm) || math.IsInf(it.GradientNorm, 0) {
			return &IterationError{Index: i, Sample: -1, Err: errors.New("the gradient is not finite")}
		}
		AdamUpdate(&s.state, s.opt, d.Theta, it.GradientNorm)
		done(it)
	}
	return ctx.Err()
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
