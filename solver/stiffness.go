package solver

import "math"

// Stability says how the error of an explicit method's steps shows that it is not the error that holds them, but
// stability. With two stages that ask the field at nearly the same time, at arguments g and z1, |f(z1) − f(g)|/|z1 − g|
// estimates the largest |λ| of the field's Jacobian, and steps are stable as long as h·|λ| is below the Bound (Hairer
// and Wanner, Solving ODEs II, IV.2, "Automatic stiffness detection"; Shampine 1977). Norms are scaled as those of errors
// are: what settles may be a small component, as in Robertson's reactions.
type Stability struct {
	Bound   float64   // the largest x up to which |R(−x)| ≤ 1, R the method's stability function
	Stage   int       // whose argument is g; the last stage's is z1
	Weights []float64 // of the stages in (z1 − g)/h
}

// Stability is that of the method.
func (t *Tableau) Stability() Stability {
	last := t.Stages() - 1
	s := Stability{Bound: t.stabilityBound(), Stage: last - 1}
	for i := last - 1; i > 0; i-- { // the nearest in time
		if t.C[i] > t.C[s.Stage] {
			s.Stage = i
		}
	}
	s.Weights = append([]float64(nil), t.B...)
	for i, a := range t.A[s.Stage] {
		s.Weights[i] -= a
	}
	return s
}

// stabilityBound goes along the negative axis until a step of z' = −x·z grows.
func (t *Tableau) stabilityBound() float64 {
	const step = 1. / 1024
	x := step
	for ; x < 100 && math.Abs(t.stabilityFunction(-x)) <= 1+1e-12; x += step {
	}
	return x - step
}

// stabilityFunction is R(x), the factor by which a step of z' = xz/h takes z on.
func (t *Tableau) stabilityFunction(x float64) float64 {
	k, r := make([]float64, t.Stages()), 1.0
	for i := range k {
		k[i] = 1
		for j, a := range t.A[i] {
			k[i] += x * a * k[j]
		}
		r += x * t.B[i] * k[i]
	}
	return r
}

// A step counts as held by stability from heldFrom of the bound on; steps are held as long as there are fewer than
// freeToLeave others in a row between. Then a row goes over to the method for stiff fields after heldToStiff of them, and
// back after freeToLeave others. The numbers are those of AutoSwitch of OrdinaryDiffEq.jl, which wants all in a row; but
// after a rejection the error keeps a step or two below the bound. A row without such a method fails after heldToFail, as
// with DOPRI5 of Hairer and Wanner; but only where there is no hope for it: see isHopeless.
const (
	heldFrom    = 0.9
	heldToStiff = 10
	heldToFail  = 15
	freeToLeave = 3
)

// Weighs reports whether Weigh is to be called after Judge, before Settle. Where a field is not stiff, the steps of an
// explicit method do not ask for it.
func (r *Row) Weighs(s *Spec) bool {
	if !r.Accepted || r.Last || s.Controller.Step > 0 {
		return false
	}
	switch s.Method.(type) {
	case *Auto:
		return true
	case *Tableau:
		return r.stepsToGo() > float64(s.Controller.MaxSteps-r.Tried)
	}
	return false
}

// Weigh takes in an estimate of the largest |λ| of the field's Jacobian, and the bound of the explicit method: whether
// stability holds the step, or would hold it there, decides over the method of the next step, and whether the row has
// any hope. An estimate that is no number says that it does not.
func (r *Row) Weigh(s *Spec, bound, lambda float64) {
	held := math.Abs(r.Step)*lambda > heldFrom*bound
	_, chooses := s.Method.(*Auto)
	if r.lambda = lambda; held {
		r.held, r.free = r.held+1, 0
	} else if r.free++; r.free >= freeToLeave {
		r.held = 0
	}
	r.turns = chooses && (!r.Stiff && r.held >= heldToStiff || r.Stiff && r.free >= freeToLeave)
}

// turn goes over to the other method, whose errors have no history.
func (r *Row) turn() {
	r.Stiff, r.turns, r.held, r.free, r.history = !r.Stiff, false, 0, 0, Errors{}
}

// stepsToGo is how many more steps like this one there are to the end.
func (r *Row) stepsToGo() float64 { return math.Abs((r.Span.T1 - r.T) / r.Step) }

// isHeld reports whether stability has held the row's steps for long, and it has no other method.
func (r *Row) isHeld(s *Spec) bool {
	_, chooses := s.Method.(*Auto)
	return r.held >= heldToFail && !chooses
}

// isHopeless reports whether a row that is held fails now: where there are a hundred times as many steps to go as there
// may be, after a hundredth of those; twice as many, after half. So a field may cease to be stiff.
func (r *Row) isHopeless(s *Spec) bool {
	most := float64(s.Controller.MaxSteps)
	return r.isHeld(s) && float64(r.Tried)*r.stepsToGo() > most*most
}
