package solver

import (
	"errors"
	"fmt"
)

// Status says how a sample's integration ended.
type Status uint8

const (
	OK             Status = iota // reached t1
	MaxSteps                     // tried Controller.MaxSteps steps before t1
	StepUnderflow                // the step became smaller than SmallestStep
	NonFinite                    // the field gave NaN or infinity where no smaller step helps
	Cancelled                    // the context ended first
	AdjointDrifted               // backsolve came to a z far from the one it left from: see Derivative.Drift
	Stiff                        // stability, not the error, holds the steps of an explicit method: see [Row.Weigh]
	TooManyEvents                // more than Spec.EventLimit, or so close together that time stands still
)

var statusNames = []string{"ok", "max steps", "step underflow", "non-finite", "cancelled", "adjoint drifted",
	"stiff", "too many events"}

func (s Status) String() string { return name(s, statusNames) }

// Stats is what one sample's integration cost.
type Stats struct {
	Accepted, Rejected int
	NFE                int // field evaluations, the starting-step rule's included
	// of a method for stiff fields, each the work of an evaluation and a vector-Jacobian product for each component
	Jacobians int
}

// Tried is the number of steps tried.
func (s Stats) Tried() int { return s.Accepted + s.Rejected }

// End is where a sample's integration stopped.
type End struct {
	Status Status
	T      float64 // time of the last accepted state: t1, or that of a terminal event, when Status is OK
	H      float64 // the last step size tried

	// With the status Stiff, |λ| of the field's Jacobian times what was left of the span, which is about three times the
	// number of steps that an explicit method would take; 0 otherwise.
	Stiffness float64
}

// reached reports whether the sample came to time t of its span.
func (e End) reached(s Span, t float64) bool { return !s.before(e.T, t) }

// Occupancy counts the work of a solve in rounds of a tile: how many rows could have been busy and how many were.
type Occupancy struct{ Rows, Busy int64 }

// Fraction is the mean fraction of busy rows; 1 when nothing ran.
func (o Occupancy) Fraction() float64 {
	if o.Rows == 0 {
		return 1
	}
	return float64(o.Busy) / float64(o.Rows)
}

// Solution is what a solve returns, sample by sample. For a sample that failed, Z1 holds its last good state and Saved
// is filled up to there, NaN beyond, as it is for one that a terminal event ended. A state at the time of an event or a
// jump is that before it; z1 of a sample that ended in an event is that after its reset.
type Solution struct {
	Z1        []float64 // [samples, dim], the states at t1, or after a terminal event
	Saved     []float64 // [rows, dim], the states at the times of the batch; nil without times
	End       []End     // [samples]
	Stats     []Stats   // [samples]
	Steps     *Steps    // nil where the batch does not keep them
	Occupancy Occupancy

	Events [][]Occurrence // [samples], in order of time; nil for a model without events
}

// Err is nil when every sample reached t1, or a terminal event; otherwise it is a *SampleError for the first that did not.
func (s *Solution) Err() error { return firstFailure(s.End, forwardPass) }

// ErrOf is nil when sample i reached t1; otherwise it is its *SampleError.
func (s *Solution) ErrOf(i int) error {
	if s.End[i].Status == OK {
		return nil
	}
	return &SampleError{Sample: i, Pass: forwardPass, End: s.End[i]}
}

// SampleError names a sample of a batch that failed, the first unless it was asked for.
type SampleError struct {
	Sample int
	Pass   string // "forward" or "backward"
	End    End
	Failed int    // how many samples of the batch failed; 0 where a sample was asked for
	Advice string // what to try, where that is not the status's own advice: see [Controller.Advise]
}

func (e *SampleError) Error() string {
	return fmt.Sprintf("solver: sample %d: %s", e.Sample, e.Reason())
}

// Reason is what happened to the sample, without its number, and what to try.
func (e *SampleError) Reason() string {
	others := ""
	if e.Failed > 0 {
		others = fmt.Sprintf(" (%d failed in the batch)", e.Failed)
	}
	return fmt.Sprintf("%s%s in the %s solve at t = %.6g with step %.3g%s; %s",
		e.End.Status, e.End.ratio(), e.Pass, e.End.T, e.End.H, others, e.remedy())
}

// ratio says how stiff.
func (e End) ratio() string {
	if e.Status != Stiff {
		return ""
	}
	return fmt.Sprintf(" (the field has a time scale %.2g times shorter than the rest of the span, by which stability holds the step)",
		e.Stiffness)
}

// remedy is what to try.
func (e *SampleError) remedy() string {
	if e.Advice != "" {
		return e.Advice
	}
	if e.Pass == backwardPass {
		return backwardRemedies[e.End.Status]
	}
	return remedies[e.End.Status]
}

// Advise makes a [*SampleError] within err say what these tolerances have to do with it. Another err is left alone.
func (c Controller) Advise(err error) {
	var e *SampleError
	if errors.As(err, &e) && c.Atol == 0 && e.End.Status == StepUnderflow {
		e.Advice = "atol is 0, so a component near 0 has next to no error scale, which no step can keep: give a positive atol"
	}
}

const (
	forwardPass  = "forward"
	backwardPass = "backward"
)

var remedies = map[Status]string{
	MaxSteps: "raise the step limit, look for a stiff field, loosen rtol and atol, or lower the learning rate",
	Stiff:    stiffRemedy,
	StepUnderflow: "the field may blow up or be discontinuous there: tighten the tolerances where long steps leave the field's " +
		"domain, loosen them where they ask for more than the precision holds, use float64, or lower the learning rate",
	NonFinite: "check the input and the parameters for NaN and infinity, or lower the learning rate",
	TooManyEvents: "events accumulate, as the bounces of a ball do that comes to rest: end with a terminal event before, or raise " +
		"the limit of events",
}

// stiffRemedy is what to try for a stiff field, there and back.
const stiffRemedy = "use a method for stiff fields, --method rodas5p, or --method auto, which finds out"

var backwardRemedies = map[Status]string{
	Stiff:          stiffRemedy + "; or the discrete gradient, which takes no steps of its own",
	MaxSteps:       "use the discrete gradient, which takes no steps of its own, or raise the step limit",
	StepUnderflow:  "use the discrete gradient, which takes no steps of its own",
	NonFinite:      "the loss, or a derivative of the field, is not finite there: keep roots, logarithms and powers away from 0",
	AdjointDrifted: "z cannot be integrated backward here: use the adjoint or the discrete gradient",
}

func firstFailure(ends []End, pass string) error {
	var first *SampleError
	for i, e := range ends {
		if e.Status == OK {
			continue
		}
		if first == nil {
			first = &SampleError{Sample: i, Pass: pass, End: e}
		}
		first.Failed++
	}
	if first == nil {
		return nil
	}
	return first
}

// Derivative is what a gradient returns.
type Derivative struct {
	Solution // of the forward pass

	// A loss is that of a sample or, AtTimes, of a row. Where the sample did not come to t1, or the row is masked,
	// there is none: NaN.
	Out    []float64 // [losses, out width], what the read-out makes of the state; nil with a caller's own cotangents
	Losses []float64 // [losses]; nil with a caller's own cotangents
	Loss   float64   // the weighted sum of the finite Losses: with default weights and no failures, their mean

	Z0     []float64 // [samples, dim], ∂L/∂z(t0); zeros for a sample that failed
	Inputs []float64 // [samples, inputs], ∂L/∂inputs; zeros for a sample that failed; nil for a field without inputs
	Theta  []float64 // [θ], ∂L/∂θ of the samples that did not fail; NaN where all did

	// Signals is ∂L/∂values of the signals, [knots, signals], where the objective asks for it: a recording that several
	// samples read has the sum of theirs, those that failed left out, and what is not known has zeros.
	Signals []float64

	// Where the objective asks for times, ∂L/∂t0 and ∂L/∂t1 of each sample, [samples], and ∂L/∂t of each save time,
	// [rows]: a time that several samples have in common has the sum of theirs. Zeros for a sample that failed. See
	// [TimeDerivatives].
	Spans []Span
	Times []float64

	// Where the objective asks for stops, ∂L/∂t of each jump and stop, [rows] of these, if the field jumps with it (see
	// [TransferBar]); zeros for those that the sample did not come to. A stop at the time of a jump is that jump. Amounts
	// are ∂L/∂ of those of the batch, asked for or not, and nil where it has none.
	Jumps, Stops []float64
	Amounts      []float64

	Back      []End   // [samples], how the backward pass ended; OK where the forward pass failed
	BackStats []Stats // [samples], what it cost; with Discrete its NFE counts the VJPs

	// Drift is [samples] with Backsolve, nil otherwise: how far the z that was integrated backward came from the
	// forward solve's at t0 and at the save times, at most, as a fraction of its size (see [Controller.Drift]).
	Drift []float64

	signalBars [][]float64 // see [Derivative.KeepSignalBars]
}

// KeepSignalBars is for backends: it gives [LeaveOut] ∂L/∂values of each sample's own signals, laid out as
// [Courses.Add] has them, of which it makes Signals.
func (d *Derivative) KeepSignalBars(bars [][]float64) { d.signalBars = bars }

// SignalBars are what KeepSignalBars was given, until LeaveOut has made Signals of them.
func (d *Derivative) SignalBars() [][]float64 { return d.signalBars }

// Err is nil when every sample went forward and backward; otherwise it is a *SampleError.
func (d *Derivative) Err() error {
	if err := d.Solution.Err(); err != nil {
		return err
	}
	return firstFailure(d.Back, backwardPass)
}
