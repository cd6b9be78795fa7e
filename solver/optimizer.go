package solver

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Rule is how an update moves θ along a gradient g.
type Rule uint8

const (
	Adam  Rule = iota // Kingma and Ba 2015: m and v are running means of g and g², θ −= Rate · m̂ / (√v̂ + Epsilon)
	AdamW             // Loshchilov and Hutter 2019: the same after θ −= Rate · WeightDecay · θ
	SGD               // m = Momentum·m + g + WeightDecay·θ, θ −= Rate · m
)

var ruleNames = []string{"adam", "adamw", "sgd"}

// Rules are the rules there are, the default first.
func Rules() []Rule { return []Rule{Adam, AdamW, SGD} }

func (r Rule) String() string { return name(r, ruleNames) }

// ParseRule is the Rule of that name: "adam", "adamw" or "sgd".
func ParseRule(s string) (Rule, error) { return parse[Rule]("optimizer", s, ruleNames) }

// HasSecondMoments reports whether the rule remembers v beside m.
func (r Rule) HasSecondMoments() bool { return r != SGD }

// Optimizer is how a training updates θ, with the updates of optax and PyTorch (whose Adam has a weight decay too,
// which is not that of AdamW). The gradient is clipped first.
type Optimizer struct {
	Rule         Rule
	Rate         float64 // the learning rate of every iteration for which Session.Run is given no other
	Beta1, Beta2 float64 // Adam and AdamW, as Epsilon: SGD takes no notice of them
	Epsilon      float64
	Momentum     float64 // SGD, else zero
	Nesterov     bool    // SGD: θ −= Rate · (g + WeightDecay·θ + Momentum·m) with the new m
	WeightDecay  float64 // AdamW and SGD, else zero
	ClipNorm     float64 // > 0: the gradient is scaled down to this 2-norm when it is longer
	Frozen       []Range // these places of θ keep their values; the gradient's norm is that of the others
}

// DefaultOptimizer is Adam with the defaults of optax and PyTorch, 0.9, 0.999 and 1e-8, and the given learning rate.
func DefaultOptimizer(rate float64) Optimizer {
	return Optimizer{Rate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
}

// Check reports everything that is wrong with the optimizer, whatever the model.
func (o Optimizer) Check() error {
	var errs []error
	require := func(ok bool, format string, got any) {
		if !ok {
			errs = append(errs, fmt.Errorf("solver: "+format+", got %v", got))
		}
	}
	require(int(o.Rule) < len(ruleNames), "the optimizer must be adam, adamw or sgd", o.Rule)
	require(o.Rate > 0 && !math.IsInf(o.Rate, 0), "the learning rate must be positive", o.Rate)
	if o.Rule == SGD {
		require(o.Momentum >= 0 && o.Momentum < 1, "momentum must be in [0, 1)", o.Momentum)
		require(!o.Nesterov || o.Momentum != 0, "nesterov needs a momentum", o.Momentum)
	} else {
		require(o.Beta1 >= 0 && o.Beta1 < 1, "beta1 must be in [0, 1)", o.Beta1)
		require(o.Beta2 >= 0 && o.Beta2 < 1, "beta2 must be in [0, 1)", o.Beta2)
		require(o.Epsilon > 0 && !math.IsInf(o.Epsilon, 0), "epsilon must be positive", o.Epsilon)
		require(o.Momentum == 0, fmt.Sprintf("momentum is for sgd, %v has beta1 in its place", o.Rule), o.Momentum)
		require(!o.Nesterov, fmt.Sprintf("nesterov is for sgd with momentum, not for %v", o.Rule), o.Nesterov)
	}
	require(o.WeightDecay >= 0 && !math.IsInf(o.WeightDecay, 0), "the weight decay must be zero (off) or positive",
		o.WeightDecay)
	require(o.Rule != Adam || o.WeightDecay == 0, "adam has no weight decay, choose adamw", o.WeightDecay)
	require(o.ClipNorm >= 0 && !math.IsInf(o.ClipNorm, 0), "the clipping norm must be zero (off) or positive",
		o.ClipNorm)
	return errors.Join(errs...)
}

// CheckIn is Check for an update computed in that precision, where a beta or momentum must not round to 1, nor the
// learning rate or epsilon to zero.
func (o Optimizer) CheckIn(p Precision) error {
	if err := o.Check(); err != nil || p == Float64 {
		return err
	}
	for _, x := range []*float64{&o.Rate, &o.Beta1, &o.Beta2, &o.Epsilon, &o.Momentum, &o.WeightDecay} {
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
	M     []float64 // first moments or momentum, as long as Theta
	V     []float64 // second moments, as long as Theta; SGD has none, and takes no notice of any
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
	if len(s.Theta) != n || len(s.M) != n || len(s.V) != n && len(s.V) != 0 || s.Step < 0 {
		return fmt.Errorf("solver: the optimizer state has %d parameters, %d and %d moments and step %d, want %d parameters",
			len(s.Theta), len(s.M), len(s.V), s.Step, n)
	}
	for i, m := range s.M {
		v := 0.0
		if len(s.V) > 0 {
			v = s.V[i]
		}
		if math.IsNaN(m) || !(v >= 0) {
			return fmt.Errorf("solver: the moments of parameter %d are %v and %v, want numbers, the second not negative",
				i, m, v)
		}
	}
	return nil
}

// start is a copy of the state that has what the optimizer remembers.
func (o Optimizer) start(s OptimizerState) OptimizerState {
	s = s.clone()
	if !o.Rule.HasSecondMoments() {
		s.V = nil
	}
	return s
}

// check is Check for a state that the optimizer goes on from.
func (o Optimizer) check(s OptimizerState, n int) error {
	if err := s.Check(n); err != nil {
		return err
	}
	if o.Rule.HasSecondMoments() && len(s.V) != n {
		return fmt.Errorf("solver: %v needs %d second moments, the optimizer state has none", o.Rule, n)
	}
	return nil
}
