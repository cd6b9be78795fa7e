package solver

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Optimizer is Adam (Kingma and Ba 2015) with the update of optax and PyTorch: θ −= Rate · m̂ / (√v̂ + Epsilon).
type Optimizer struct {
	Rate         float64
	Beta1, Beta2 float64
	Epsilon      float64
	ClipNorm     float64 // > 0: the gradient is scaled down to this 2-norm when it is longer
}

// DefaultOptimizer has the defaults of optax and PyTorch: 0.9, 0.999, 1e-8, and the given learning rate.
func DefaultOptimizer(rate float64) Optimizer {
	return Optimizer{Rate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
}

// Check reports everything that is wrong with the optimizer.
func (o Optimizer) Check() error {
	var errs []error
	require := func(ok bool, format string, got float64) {
		if !ok {
			errs = append(errs, fmt.Errorf("solver: "+format+", got %v", got))
		}
	}
	require(o.Rate > 0 && !math.IsInf(o.Rate, 0), "the learning rate must be positive", o.Rate)
	require(o.Beta1 >= 0 && o.Beta1 < 1, "beta1 must be in [0, 1)", o.Beta1)
	require(o.Beta2 >= 0 && o.Beta2 < 1, "beta2 must be in [0, 1)", o.Beta2)
	require(o.Epsilon > 0 && !math.IsInf(o.Epsilon, 0), "epsilon must be positive", o.Epsilon)
	require(o.ClipNorm >= 0 && !math.IsInf(o.ClipNorm, 0), "the clipping norm must be zero (off) or positive", o.ClipNorm)
	return errors.Join(errs...)
}

// CheckIn is Check for an update computed in that precision, where a beta must not round to 1, nor the learning rate or
// epsilon to zero.
func (o Optimizer) CheckIn(p Precision) error {
	if err := o.Check(); err != nil || p == Float64 {
		return err
	}
	for _, x := range []*float64{&o.Rate, &o.Beta1, &o.Beta2, &o.Epsilon} {
		*x = float64(float32(*x))
	}
	return rounded(o.Check())
}

// rounded says of an error that the numbers it names are what float32 makes of those given.
func rounded(err error) error {
	if err != nil {
		return fmt.Errorf("solver: after rounding to float32: %w", err)
	}
	return nil
}

// Corrections are the factors by which an update of number step (from 1) multiplies m and √v's argument to remove the
// bias of moments that started at zero.
func (o Optimizer) Corrections(step int64) (m, v float64) {
	return 1 / (1 - math.Pow(o.Beta1, float64(step))), 1 / (1 - math.Pow(o.Beta2, float64(step)))
}

// ClipScale is the factor that shortens a gradient of the given 2-norm to ClipNorm; 1 when it is not longer or clipping
// is off.
func (o Optimizer) ClipScale(norm float64) float64 {
	if o.ClipNorm > 0 && norm > o.ClipNorm {
		return o.ClipNorm / norm
	}
	return 1
}

// OptimizerState is all that an optimizer remembers. In a float32 session every number is a float32 value.
type OptimizerState struct {
	Theta []float64
	M, V  []float64 // first and second moments, as long as Theta
	Step  int64     // updates done
}

// NewOptimizerState starts at theta with no moments.
func NewOptimizerState(theta []float64) OptimizerState {
	return OptimizerState{Theta: slices.Clone(theta), M: make([]float64, len(theta)), V: make([]float64, len(theta))}
}

func (s OptimizerState) clone() OptimizerState {
	return OptimizerState{Theta: slices.Clone(s.Theta), M: slices.Clone(s.M), V: slices.Clone(s.V), Step: s.Step}
}

// Check reports whether the state fits n parameters, with moments from which an update can go on.
func (s OptimizerState) Check(n int) error {
	if len(s.Theta) != n || len(s.M) != n || len(s.V) != n || s.Step < 0 {
		return fmt.Errorf("solver: the optimizer state has %d parameters, %d and %d moments and step %d, want %d parameters",
			len(s.Theta), len(s.M), len(s.V), s.Step, n)
	}
	for i, v := range s.V {
		if math.IsNaN(s.M[i]) || !(v >= 0) {
			return fmt.Errorf("solver: the moments of parameter %d are %v and %v, want numbers, the second not negative", i, s.M[i], v)
		}
	}
	return nil
}
