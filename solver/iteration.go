package solver

import (
	"errors"
	"fmt"
)

// Iteration is what one training iteration did.
type Iteration struct {
	Loss               float64 // mean over the minibatch, before the update
	GradientNorm       float64 // 2-norm of ∂L/∂θ before clipping, over the parameters that are trained
	NFEMean            float64 // forward field evaluations per sample
	NFEMax             int
	Accepted, Rejected int // forward steps, summed over the minibatch
}

// Summarize is what the forward solves of an iteration cost, for a solution of at least one sample.
func Summarize(s *Solution) Iteration {
	var it Iteration
	total := 0
	for _, st := range s.Stats {
		total += st.NFE
		it.NFEMax = max(it.NFEMax, st.NFE)
		it.Accepted += st.Accepted
		it.Rejected += st.Rejected
	}
	it.NFEMean = float64(total) / float64(len(s.Stats))
	return it
}

// IterationError says that a training iteration failed numerically.
type IterationError struct {
	Index  int   // of the minibatch within the call
	Sample int   // in the data set; −1 when no single sample is to blame
	Err    error // why, a *SampleError or a sentence
}

func (e *IterationError) Error() string {
	if e.Sample < 0 {
		return fmt.Sprintf("minibatch %d: %v", e.Index, e.Err)
	}
	return fmt.Sprintf("minibatch %d: sample %d of the data: %v", e.Index, e.Sample, e.Err)
}

func (e *IterationError) Unwrap() error { return e.Err }

// FailedIteration is an *IterationError for the first sample of a minibatch (indices into the data) that did not go
// forward and backward; nil where all did.
func FailedIteration(d *Derivative, indices []int) error {
	err := d.Err()
	if err == nil {
		return nil
	}
	failed := &IterationError{Sample: -1, Err: err}
	var sample *SampleError
	if errors.As(err, &sample) {
		failed.Sample = indices[sample.Sample]
	}
	return failed
}

// NonFiniteIteration is the error of an iteration whose loss or gradient is not finite though no sample is to blame.
func NonFiniteIteration() error {
	return &IterationError{Sample: -1,
		Err: errors.New("the loss or its gradient is not finite: lower the learning rate or clip the gradient")}
}
