package solver

import (
	"errors"
	"fmt"
	"math"
)

// Decline is how a learning rate falls after the warm-up.
type Decline uint8

const (
	ConstantRate    Decline = iota
	CosineRate              // half a period of the cosine (Loshchilov and Hutter 2017, without restarts)
	ExponentialRate         // by the same factor each iteration
)

var declineNames = []string{"constant", "cosine", "exponential"}

// Declines are the ways there are, the default first.
func Declines() []Decline { return []Decline{ConstantRate, CosineRate, ExponentialRate} }

func (d Decline) String() string { return name(d, declineNames) }

// ParseDecline is the Decline of that name: "constant", "cosine" or "exponential".
func ParseDecline(s string) (Decline, error) { return parse[Decline]("schedule", s, declineNames) }

// Schedule gives each iteration of a training its learning rate. The rate rises from 0 in equal steps to Rate, which
// iteration Warmup has, and falls from there to Final, which iteration Iterations would have and those after it keep.
// These are warmup_constant_schedule, warmup_cosine_decay_schedule and warmup_exponential_decay_schedule of optax.
type Schedule struct {
	Decline    Decline
	Rate       float64 // the largest
	Final      float64 // CosineRate and ExponentialRate
	Warmup     int     // iterations
	Iterations int     // of the whole training; ConstantRate may have 0, any number
}

// Check reports everything that is wrong with the schedule.
func (s Schedule) Check() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("solver: "+format, args...))
		}
	}
	require(int(s.Decline) < len(declineNames), "the schedule must be one of %q, got %v", declineNames, s.Decline)
	require(s.Rate > 0 && !math.IsInf(s.Rate, 0), "the learning rate must be positive, got %v", s.Rate)
	require(s.Warmup >= 0, "warm-up must be zero (off) or a number of iterations, got %d", s.Warmup)
	if s.Decline != ConstantRate || s.Iterations > 0 {
		require(s.Warmup < s.Iterations, "warm-up must end before the last of %d iterations, got %d", s.Iterations,
			s.Warmup)
	}
	if s.Decline == ConstantRate {
		require(s.Final == 0, "a final learning rate is for a schedule that falls, got %v with constant", s.Final)
		return errors.Join(errs...)
	}
	require(s.Final >= 0 && s.Final <= s.Rate, "the final learning rate must be from 0 to the learning rate %v, got %v",
		s.Rate, s.Final)
	require(s.Decline != ExponentialRate || s.Final != 0,
		"schedule exponential never comes to a final learning rate of %v", s.Final)
	return errors.Join(errs...)
}

// At is the learning rate of iteration k, counted from 0 over the whole training.
func (s Schedule) At(k int) float64 {
	if k < s.Warmup {
		return s.Rate * float64(k) / float64(s.Warmup)
	}
	if s.Decline == ConstantRate {
		return s.Rate
	}
	x := min(1, float64(k-s.Warmup)/float64(s.Iterations-s.Warmup))
	if s.Decline == CosineRate {
		return s.Final + (s.Rate-s.Final)*(1+math.Cos(math.Pi*x))/2
	}
	return s.Rate * math.Pow(s.Final/s.Rate, x)
}

// CheckRates reports learning rates that are no rates, or not one for each of n minibatches. Nil is right.
func CheckRates(rates []float64, n int) error {
	if rates == nil {
		return nil
	}
	if len(rates) != n {
		return fmt.Errorf("solver: there are %d learning rates, want one for each of %d minibatches", len(rates), n)
	}
	for k, r := range rates {
		if !(r >= 0) || math.IsInf(r, 0) {
			return fmt.Errorf("solver: the learning rate of minibatch %d is %v, want a number that is not negative", k,
				r)
		}
	}
	return nil
}

// RateOf is the learning rate of minibatch k of a call of Session.Run: the optimizer's where the call has none.
func (o Optimizer) RateOf(rates []float64, k int) float64 {
	if rates == nil {
		return o.Rate
	}
	return rates[k]
}
