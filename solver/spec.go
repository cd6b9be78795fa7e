package solver

import (
	"errors"
	"fmt"
	"slices"
)

// Control says which samples share a step size.
type Control uint8

const (
	ControlSample Control = iota // each sample has its own time, step and acceptance
	ControlBatch                 // one step for all, error RMS over everything (as torchdiffeq)
)

// Controls are the ways to share steps, the default first.
func Controls() []Control { return []Control{ControlSample, ControlBatch} }

func (c Control) String() string { return name(c, controlNames) }

// ParseControl is the Control of that name: "sample" or "batch".
func ParseControl(s string) (Control, error) { return parse[Control]("control", s, controlNames) }

// Gradient says how derivatives are computed.
type Gradient uint8

const (
	NoGradient Gradient = iota
	// continuous adjoint along the forward solve's dense output; ∂L/∂θ as a quadrature on accepted steps
	Adjoint
	Discrete  // exact derivative of the accepted steps, step sizes held fixed
	Backsolve // continuous adjoint that integrates z backward beside it, and checks where z comes to
)

// Gradients are the ways to compute derivatives, the default first.
func Gradients() []Gradient { return []Gradient{Adjoint, Discrete, Backsolve} }

func (g Gradient) String() string { return name(g, gradientNames) }

// ParseGradient is the Gradient of that name: "adjoint", "discrete" or "backsolve".
func ParseGradient(s string) (Gradient, error) {
	g, err := parse[Gradient]("gradient", s, gradientNames[Adjoint:])
	if err != nil {
		return NoGradient, err
	}
	return Adjoint + g, nil
}

// Precision is the type of states, parameters and gradients, and how exactly a device computes with them. Time and step
// are float64 always, but a field sees t rounded to that type: 1e8 and 1e8 + 3 are one time in float32. So a call is
// refused whose field reads t over a span of which a thousandth is less than the distance of neighbours of the type (at
// the end farther from zero), or whose span is shorter than 1000 times the smallest positive number of the type.
type Precision uint8

const (
	Float32 Precision = iota
	Float64
	TF32 // float32 with the fast and coarse units of a GPU, for an rtol of TF32Rtol or more: CUDA only
)

// TF32Rtol is the least relative tolerance that TF32 may be asked for: below it the errors of the field, near 2⁻¹¹ for
// factors rounded to 10 bits and for tanh.approx.f32 (PTX ISA), would steer the steps.
const TF32Rtol = 1e-3

// Precisions are the types there are, the default first.
func Precisions() []Precision { return []Precision{Float32, Float64, TF32} }

func (p Precision) String() string { return name(p, precisionNames) }

// ParsePrecision is the Precision of that name: "float32", "float64" or "tf32".
func ParsePrecision(s string) (Precision, error) {
	return parse[Precision]("precision", s, precisionNames)
}

var (
	controlNames   = []string{"sample", "batch"}
	gradientNames  = []string{"none", "adjoint", "discrete", "backsolve"}
	precisionNames = []string{"float32", "float64", "tf32"}
)

func name[E ~uint8](e E, names []string) string {
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("unknown(%d)", uint8(e))
}

func parse[E ~uint8](what, s string, names []string) (E, error) {
	for i, n := range names {
		if n == s {
			return E(i), nil
		}
	}
	return 0, fmt.Errorf("solver: %s must be one of %q, got %q", what, names, s)
}

// Spec says how a model is solved. The zero value of Gradient and Precision is useful; Method and Controller come from
// their constructors.
type Spec struct {
	Method     Method
	Controller Controller
	Gradient   Gradient
	Precision  Precision

	// RecordLimit is about how many bytes the records may take in which the gradients Adjoint and Discrete keep the
	// steps of the forward solves; 0 is the backend's: on the CPU half of the memory that there is when it compiles.
	// Beyond it states are kept at checkpoints alone and the steps between them are taken again, in more time and with
	// the same bits. On CUDA there are none, and what goes beyond a given limit is errors.ErrUnsupported. Where all
	// samples share a step all steps are kept.
	RecordLimit int64

	EventLimit int // events of a sample before it fails with TooManyEvents; 0 is DefaultEventLimit
}

// DefaultSpec is Dopri5 with the default controller in float32, with the adjoint gradient.
func DefaultSpec() Spec {
	return Spec{Method: Dopri5(), Controller: DefaultController(), Gradient: Adjoint}
}

// Tableau is the method where it is an explicit one; nil otherwise.
func (s *Spec) Tableau() *Tableau {
	t, _ := s.Method.(*Tableau)
	return t
}

// Tight is a solve by the error at these tolerances of all components, however s takes its steps: without a constant, smallest or largest
// one, and by the default method where its own has no error estimate.
func (s Spec) Tight(rtol, atol float64) Spec {
	c := &s.Controller
	c.Rtol, c.Atol, c.Step, c.MinStep, c.MaxStep = rtol, atol, 0, 0, 0
	c.Rtols, c.Atols = nil, nil
	if s.Method.Orders().Estimate == 0 {
		s.Method = DefaultSpec().Method
	}
	return s
}

func (s *Spec) checkMethod() error {
	if s.Method == nil {
		return errors.New("solver: the spec has no method")
	}
	if err := s.Method.Check(); err != nil {
		return err
	}
	if s.Method.Orders().Estimate == 0 && s.Controller.Step == 0 {
		return fmt.Errorf("solver: method %s has no error estimate: give it a constant step", s.Method)
	}
	if _, chooses := s.Method.(*Auto); chooses && s.Controller.Step > 0 {
		return fmt.Errorf("solver: method %s chooses by what holds the step, and takes no constant one, got %v", s.Method,
			s.Controller.Step)
	}
	return s.checkStiffGradient()
}

// Gradients are the ways to compute derivatives that the method has, the default first.
func (s Spec) Gradients() []Gradient {
	if s.Rosenbrock() != nil {
		return []Gradient{Adjoint}
	}
	return Gradients()
}

// checkStiffGradient reports a gradient that a method for stiff fields has not.
func (s *Spec) checkStiffGradient() error {
	if s.Rosenbrock() == nil {
		return nil
	}
	switch s.Gradient {
	case Discrete:
		return fmt.Errorf("solver: the discrete gradient of method %s would need second derivatives of the field: use adjoint",
			s.Method)
	case Backsolve:
		return fmt.Errorf("solver: backsolve integrates z backward, where a stiff field of method %s has no stable steps: use adjoint",
			s.Method)
	}
	return nil
}

// AccurateSpec is the default in float64 with tolerances of 1e-7 (relative) and 1e-9, and the gradient of the steps
// themselves: for fits of parameters, and for values that others are compared with.
func AccurateSpec() Spec {
	s := DefaultSpec()
	s.Precision, s.Gradient = Float64, Discrete
	s.Controller.Rtol, s.Controller.Atol = 1e-7, 1e-9
	return s
}

// Check reports everything that is wrong with the spec.
func (s Spec) Check() error {
	errs := []error{s.checkMethod(), s.Controller.checkIn(s.Precision)}
	if s.Gradient > Backsolve {
		errs = append(errs, fmt.Errorf("solver: gradient must be one of %q, got %v", gradientNames, s.Gradient))
	}
	if s.Precision > TF32 {
		errs = append(errs, fmt.Errorf("solver: precision must be one of %q, got %v", precisionNames, s.Precision))
	}
	if s.RecordLimit < 0 {
		errs = append(errs, fmt.Errorf("solver: the limit of the records must be zero (the backend's) or positive, got %d", s.RecordLimit))
	}
	if s.EventLimit < 0 {
		errs = append(errs, fmt.Errorf("solver: the limit of events must be zero (%d) or positive, got %d", DefaultEventLimit,
			s.EventLimit))
	}
	least := slices.Min(append([]float64{s.Controller.Rtol}, s.Controller.Rtols...))
	if s.Precision == TF32 && least < TF32Rtol {
		errs = append(errs, fmt.Errorf("solver: precision tf32 needs an rtol of at least %g, got %g: use float32",
			TF32Rtol, least))
	}
	return errors.Join(errs...)
}
