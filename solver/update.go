package solver

import "math"

// Update is one update of θ as numbers of the precision in which it is computed. Every backend's update is this one; T
// is float64 in the reference.
type Update[T float32 | float64] struct {
	Rule                  Rule
	Scale                 T // of the gradient: see Optimizer.ClipScale
	Rate                  T
	Beta1, Beta2, Epsilon T
	CorrectM, CorrectV    T // see Optimizer.Corrections
	Momentum              T
	Nesterov              bool
	WeightDecay           T
}

// UpdateOf is the update of number step (from 1) with the given learning rate, for a gradient of the given 2-norm.
func UpdateOf[T float32 | float64](o Optimizer, step int64, norm, rate float64) Update[T] {
	m, v := o.Corrections(step)
	return Update[T]{Rule: o.Rule, Scale: T(o.ClipScale(norm)), Rate: T(rate), Beta1: T(o.Beta1), Beta2: T(o.Beta2),
		Epsilon: T(o.Epsilon), CorrectM: T(m), CorrectV: T(v), Momentum: T(o.Momentum), Nesterov: o.Nesterov,
		WeightDecay: T(o.WeightDecay)}
}

// Apply updates θ and its moments with the gradient g, all of one length: see [Rule]. v may be empty for SGD.
func (u Update[T]) Apply(theta, m, v, g []T) {
	switch u.Rule {
	case SGD:
		u.sgd(theta, m, g)
	case AdamW:
		u.Shrink(theta)
		fallthrough
	default:
		u.adam(theta, m, v, g)
	}
}

// Shrink is the decoupled weight decay of AdamW.
func (u Update[T]) Shrink(theta []T) {
	decay := u.Rate * u.WeightDecay
	for i := range theta {
		theta[i] -= decay * theta[i]
	}
}

func (u Update[T]) adam(theta, m, v, g []T) {
	for i, x := range g {
		x *= u.Scale
		m[i] = u.Beta1*m[i] + (1-u.Beta1)*x
		v[i] = u.Beta2*v[i] + (1-u.Beta2)*x*x
		theta[i] -= u.Rate * u.CorrectM * m[i] / (T(math.Sqrt(float64(v[i]*u.CorrectV))) + u.Epsilon)
	}
}

func (u Update[T]) sgd(theta, m, g []T) {
	for i, x := range g {
		x = x*u.Scale + u.WeightDecay*theta[i]
		m[i] = u.Momentum*m[i] + x
		if u.Nesterov {
			theta[i] -= u.Rate * (x + u.Momentum*m[i])
		} else {
			theta[i] -= u.Rate * m[i]
		}
	}
}

// Update does one update of the state with a gradient of the given 2-norm and that learning rate. Frozen places stay.
func (o Optimizer) Update(s *OptimizerState, gradient []float64, norm, rate float64) {
	s.Step++
	u := UpdateOf[float64](o, s.Step, norm, rate)
	for _, r := range o.Trained(len(s.Theta)) {
		v := s.V
		if o.Rule.HasSecondMoments() {
			v = v[r.From:r.To]
		}
		u.Apply(s.Theta[r.From:r.To], s.M[r.From:r.To], v, gradient[r.From:r.To])
	}
}
