package solver

import (
	"errors"
	"fmt"
	"math"
)

// Controller decides whether a step is accepted and how long the next one is. The error of a step is scaled by Atol +
// Rtol·max(|z0|, |z1|) and measured as the root mean square over the components; err ≤ 1 accepts. The components of the
// adjoint share a scale, that of the largest: the equation is linear, so one that crosses zero must not set the step;
// and Atol is in units of the sample's largest cotangent (see [CotangentUnit]). With Atol zero a component at zero has no
// scale: what rests there has no error.
//
// The factor for the next step is Safety · err^(−(P+I+D)/k) · errPrev^((P+2D)/k) · errPrev2^(−D/k) with k the order
// of the embedded method plus one (Söderlind 2003, as in torchode and diffrax), within [MinFactor, MaxFactor], at least
// 1 after an accepted step and at most Safety after a rejected one. P = 0, I = 1, D = 0 is the classical rule.
//
// With a Step the size is constant, every step is accepted, and no error is looked at: it is for methods without an
// estimate, and for a number of steps that is known before.
type Controller struct {
	Rtol, Atol           float64
	Rtols, Atols         []float64 // of each component of z, in place of Rtol or Atol, which then are the adjoint's; or nil
	P, I, D              float64   // see Gains for named ones
	Safety               float64
	MinFactor, MaxFactor float64
	// > 0: the size of the first step, within what ClipStep allows; 0: Hairer's, two evaluations
	FirstStep float64
	// a sample whose error asks for shorter steps fails with StepUnderflow; 0: only SmallestStep
	MinStep  float64
	MaxStep  float64 // > 0: no step is longer
	Step     float64 // > 0: the size of every step but the last, which ends the span
	MaxSteps int     // steps tried per sample, from stop to stop, before it fails with the status MaxSteps
	Control  Control
}

// DefaultController has rtol 1e-3, atol 1e-6, the classical rule with safety 0.9 and factors in [0.2, 10] (as diffrax,
// torchdiffeq and torchode), and at most 4096 steps.
func DefaultController() Controller {
	return Controller{Rtol: 1e-3, Atol: 1e-6, I: 1, Safety: 0.9, MinFactor: 0.2, MaxFactor: 10, MaxSteps: 4096}
}

// Check reports everything that is wrong with the controller.
func (c Controller) Check() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("solver: "+format, args...))
		}
	}
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	require(finite(c.Rtol) && c.Rtol >= 0, "rtol must be zero or positive, got %v", c.Rtol)
	require(finite(c.Atol) && c.Atol >= 0, "atol must be zero or positive, got %v", c.Atol)
	require(c.Rtol > 0 || c.Atol > 0, "one of rtol and atol must be positive")
	errs = append(errs, c.checkTolerances())
	require(finite(c.P) && finite(c.I) && finite(c.D) && c.P+c.I+c.D > 0, "P+I+D must be positive, got %v, %v, %v", c.P,
		c.I, c.D)
	require(c.Safety > 0 && c.Safety <= 1, "safety must be in (0, 1], got %v", c.Safety)
	require(c.MinFactor > 0 && c.MinFactor < 1, "the smallest factor must be in (0, 1), got %v", c.MinFactor)
	require(finite(c.MaxFactor) && c.MaxFactor > 1, "the largest factor must be above 1, got %v", c.MaxFactor)
	require(finite(c.FirstStep) && c.FirstStep >= 0, "the first step must be zero (automatic) or positive, got %v",
		c.FirstStep)
	require(finite(c.MinStep) && c.MinStep >= 0, "the smallest step must be zero (any) or positive, got %v", c.MinStep)
	require(finite(c.MaxStep) && c.MaxStep >= 0, "the largest step must be zero (any) or positive, got %v", c.MaxStep)
	require(c.MaxStep == 0 || c.MinStep <= c.MaxStep, "the smallest step must not be above the largest, got %v and %v",
		c.MinStep, c.MaxStep)
	require(finite(c.Step) && c.Step >= 0, "the step must be zero (by the error) or positive, got %v", c.Step)
	require(c.Step == 0 || c.FirstStep == 0 && c.MinStep == 0 && c.MaxStep == 0,
		"a constant step has neither a first nor a smallest nor a largest one, got %v, %v and %v", c.FirstStep,
		c.MinStep, c.MaxStep)
	require(c.MaxSteps > 0, "the largest number of steps must be positive, got %d", c.MaxSteps)
	require(c.Control <= ControlBatch, "control must be sample or batch, got %v", c.Control)
	return errors.Join(errs...)
}

// checkIn is Check for tolerances used in that precision, where rtol must be a difference that shows, and neither may
// round to infinity, nor both to zero.
func (c Controller) checkIn(p Precision) error {
	err := c.Check()
	for _, rtol := range append([]float64{c.Rtol}, c.Rtols...) {
		if least := p.Relative(); err == nil && rtol > 0 && rtol < least {
			err = fmt.Errorf("solver: rtol must be zero or at least %.2g, the spacing of %v at 1, got %v", least, p, rtol)
		}
	}
	if err != nil || p == Float64 {
		return err
	}
	c.Rtol, c.Atol = float64(float32(c.Rtol)), float64(float32(c.Atol))
	c.Rtols, c.Atols = roundedTo32(c.Rtols), roundedTo32(c.Atols)
	return rounded(c.Check())
}

// first is the size of the first step where it is given; 0 where it is to be found.
func (c *Controller) first() float64 { return max(c.FirstStep, c.Step) }

// constantSteps is the number of steps of that size over the span, of which the last may be shorter; a rest that
// rounding leaves is none.
func constantSteps(s Span, step float64) float64 {
	rounding := fewRoundings * epsilon * maxAbs(s.T0, s.T1)
	return max(1, math.Ceil((math.Abs(s.T1-s.T0)-rounding)/step))
}

// checkSteps reports a span that takes more constant steps than there may be.
func (c *Controller) checkSteps(i int, s Span) error {
	if c.Step == 0 || s.T0 == s.T1 {
		return nil
	}
	if n := constantSteps(s, c.Step); n > float64(c.MaxSteps) {
		return fmt.Errorf("solver: time span %d, %v to %v, takes %.0f steps of %v, want at most %d, the largest number of steps",
			i, s.T0, s.T1, n, c.Step, c.MaxSteps)
	}
	return nil
}

// Errors is the history of a sample's error norms that PI and PID control look back on; the zero value starts one.
type Errors struct{ Prev, Prev2 float64 }

// Next judges a step with error norm err (NaN and infinity reject) of a method whose embedded method has order k − 1,
// and gives the factor for the next step. It updates the history after an accepted step.
func (c *Controller) Next(err float64, k int, history *Errors) (accept bool, factor float64) {
	if math.IsNaN(err) || math.IsInf(err, 0) {
		return false, c.MinFactor
	}
	accept = err <= 1
	factor = c.factor(err, float64(k), history)
	if !accept {
		return false, min(factor, c.Safety)
	}
	history.Prev2, history.Prev = history.Prev, err
	return true, max(factor, 1)
}

func (c *Controller) factor(err, k float64, history *Errors) float64 {
	if err == 0 {
		return c.MaxFactor
	}
	factor := c.Safety * power(err, -(c.P+c.I+c.D)/k)
	if p := c.P + 2*c.D; p != 0 && history.Prev > 0 {
		factor *= power(history.Prev, p/k)
	}
	if c.D != 0 && history.Prev2 > 0 {
		factor *= power(history.Prev2, -c.D/k)
	}
	return min(c.MaxFactor, max(c.MinFactor, factor))
}

// power is xʸ for positive x, and for 0 with y < 0.
func power(x, y float64) float64 { return math.Exp(y * math.Log(x)) }

// StartStep is the first trial step size (without sign) by Hairer, Nørsett and Wanner, Solving ODEs I, II.4, from the
// scaled norms d0 = |z0|, d1 = |f0| and d2 = |f1 − f0|, where f1 is the field after an Euler step of size h0 =
// [StartProbe](d0, d1), and k is the order of the embedded method plus one. It is positive and finite also for norms
// that overflowed, or that are NaN because atol and a component are zero: the controller finds the rest.
func StartStep(h0, d1, d2 float64, k int) float64 {
	d2 /= h0
	largest := max(d1, d2)
	h1 := max(1e-6, h0*1e-3)
	if largest > 1e-15 && !math.IsInf(largest, 1) {
		h1 = power(0.01/largest, 1/float64(k))
	}
	return min(100*h0, h1)
}

// StartProbe is the size of the Euler step that [StartStep] looks at, positive and finite, within a span that has a
// length: beyond it the field need not exist.
func StartProbe(d0, d1 float64, s Span) float64 {
	h0 := 0.01 * d0 / d1
	if d0 < 1e-5 || d1 < 1e-5 || !(h0 > 0 && h0 <= math.MaxFloat64) {
		h0 = 1e-6
	}
	return min(h0, math.Abs(s.T1-s.T0))
}
