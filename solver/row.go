package solver

import "math"

// Row is the control of one sample's integration over a span: where it is, what it tries, how it goes on. It has no
// part in the state, whose norms come to it as a [Measure]; every backend that steps on the host, and [Integrate], ask
// it in the same order:
//
//	Enter      a span, or a segment of one
//	FirstSlope the field at the start, and perhaps Probe one Euler step on
//	Try        a step, then Judge its error, perhaps Weigh what holds it, and Settle what follows, until Done
//
// What it holds over from one span to the next is H, the stats and the status.
type Row struct {
	Segment
	T float64 // time of the last accepted state
	// the size of the next step, before it is cut at Limit and at the end of the span; 0 until it is known
	H        float64
	Limit    float64 // > 0: no step is longer; the caller may set it before each Try
	Step     float64 // the step being tried
	Last     bool    // it ends the span
	Accepted bool    // so was the last step tried
	Stiff    bool    // of Auto: the next step is by the method for stiff fields
	Tried    int     // steps of this span
	Stats    Stats
	Status   Status

	factor, slope float64
	end           float64 // of the step being tried
	finite        bool
	history       Errors

	held, free int // steps that stability held, or not: see Weigh
	lambda     float64
	turns      bool // Settle goes over to the other method
}

// Measure is what a backend measures for a decision: whether what was computed is finite, and scaled norms of it.
type Measure struct {
	Finite        bool
	First, Second float64
}

// Enter begins a span. It reports whether there is anything to integrate; the status is OK.
func (r *Row) Enter(s Span) bool { return r.EnterSegment(Segment{s, s}) }

// EnterSegment is Enter for a part of a span.
func (r *Row) EnterSegment(g Segment) bool {
	s := g.Span
	r.Segment, r.T, r.Step, r.Tried, r.Status = g, s.T0, 0, 0, OK
	r.history, r.Last, r.Accepted = Errors{}, false, false
	r.held, r.free, r.turns = 0, 0, false
	r.H = math.Abs(r.H) * r.direction()
	return s.T0 != s.T1
}

func (r *Row) direction() float64 { return math.Copysign(1, r.Span.T1-r.Span.T0) }

// NeedsNorms reports whether FirstSlope looks at norms: the row has no step size yet, and the controller gives none.
func (r *Row) NeedsNorms(s *Spec) bool { return r.H == 0 && s.Controller.first() == 0 }

// FirstSlope takes in the start and its slope, scaled by the tolerances at the start: First is the norm of the state,
// Second that of the slope. Where they are not finite the row has failed. It reports whether the row wants to Probe:
// then Step is how far, and the field one Euler step on is to be evaluated.
func (r *Row) FirstSlope(s *Spec, m Measure) (probe bool) {
	switch {
	case !m.Finite:
		r.Status = NonFinite
	case r.NeedsNorms(s):
		r.slope = m.Second
		r.Step = r.direction() * StartProbe(m.First, m.Second, r.Span)
		return true
	case r.H == 0:
		r.H = r.direction() * s.Controller.first()
	}
	return false
}

// Probe sets the first step from First, the norm of the slope's change at the probe (see [StartStep]).
func (r *Row) Probe(s *Spec, m Measure) {
	r.H = r.direction() * StartStep(math.Abs(r.Step), r.slope, m.First, r.errorPower(s))
}

// Try makes Step the next step: H, cut at the limit, at the controller's own and at the end of the span; or the next of
// a constant size, which no limit cuts.
func (r *Row) Try(s *Spec) {
	if s.Controller.Step > 0 {
		r.tryConstant(s.Controller.Step)
		return
	}
	size := max(math.Abs(r.H), s.Controller.MinStep)
	for _, limit := range [2]float64{s.Controller.MaxStep, r.Limit} {
		if limit > 0 && size > limit {
			size = limit
		}
	}
	r.Step, r.Last = ClipStep(r.T, math.Copysign(size, r.H), r.Span.T1, s.Precision)
	if r.end = r.T + r.Step; r.Last {
		r.end = r.Span.T1
	}
}

// tryConstant makes Step the next of that size. Times are multiples of it from the start: sums would drift, and in the
// end there might be a step too many.
func (r *Row) tryConstant(size float64) {
	r.H = r.direction() * size
	r.Step, r.end = r.H, r.Span.T0+float64(r.Tried+1)*r.H
	if r.Last = float64(r.Tried+1) >= constantSteps(r.Span, size); r.Last {
		r.Step, r.end = r.Span.T1-r.T, r.Span.T1
	}
}

// At is the time at fraction c of the step.
func (r *Row) At(c float64) float64 { return r.StageTime(r.T, r.Step, c) }

// End is the time at which the step ends.
func (r *Row) End() float64 { return r.end }

// Cut ends the step being tried, and with it the segment, at a time within it.
func (r *Row) Cut(t float64) { r.end, r.Last, r.Span.T1 = t, true, t }

// Judge decides whether the step is accepted. First is the norm of its scaled error; Finite says whether its result and
// its last slope are: an infinite result has an infinite scale, which hides any error. A constant step has no error.
func (r *Row) Judge(s *Spec, m Measure) {
	err := m.First
	if r.finite = m.Finite; !m.Finite {
		err = math.NaN()
	}
	if s.Controller.Step > 0 {
		r.Accepted, r.factor = m.Finite, 1
	} else {
		r.Accepted, r.factor = s.Controller.Next(err, r.errorPower(s), &r.history)
	}
	r.Tried++
	if r.Accepted {
		r.Stats.Accepted++
	} else {
		r.Stats.Rejected++
	}
}

// Settle moves on after the step was judged: to its end where it was accepted. H is the next step, unless this one was
// cut and accepted: then it is at least what would have been tried without the limit, or without the end of the span.
func (r *Row) Settle(s *Spec) {
	if r.turns {
		r.turn()
	}
	if r.Accepted {
		r.T = r.End()
		if r.Last {
			return
		}
	}
	if next := r.Step * r.factor; !r.Accepted || math.Abs(next) > math.Abs(r.H) {
		r.H = next
	}
	switch {
	case !r.Accepted && math.Abs(r.H) < r.smallest(s):
		r.Status = NonFinite
		if r.finite {
			r.Status = StepUnderflow
		}
	case r.held > 0 && r.isHopeless(s):
		r.Status = Stiff
	case r.Tried >= s.Controller.MaxSteps:
		if r.Status = MaxSteps; r.isHeld(s) {
			r.Status = Stiff
		}
	}
}

// smallest is the size below which a rejected step is not tried again: any, where it is constant.
func (r *Row) smallest(s *Spec) float64 {
	if s.Controller.Step > 0 {
		return math.Inf(1)
	}
	return max(s.Controller.MinStep, SmallestStep(r.T, s.Precision))
}

// Done reports whether the span is over, or the row has failed.
func (r *Row) Done() bool { return r.Status != OK || r.T == r.Span.T1 }

// Ended is where the row is, as a solution reports it.
func (r *Row) Ended() End {
	e := End{Status: r.Status, T: r.T, H: r.Step}
	if e.Status == Stiff {
		e.Stiffness = r.lambda * math.Abs(r.Span.T1-r.T)
	}
	return e
}
