package solver

import (
	"errors"
	"fmt"
)

// States are what the head of a model reads in [Program.ReadOut], one state a row.
type States struct {
	Z      []float64 // [states, dim]
	T      []float64 // [states], the time of each; nil for a head that does not read t
	Labels []float64 // [states, label width]; nil where no losses are wanted
}

// Readings are what the head makes of states.
type Readings struct {
	Out    []float64 // [states, out width], of the read-out
	Losses []float64 // [states]; nil without labels
}

// CheckReadOut reports everything that is wrong with what a program's ReadOut is given. States that are not finite are
// no wrong use.
func CheckReadOut(m Model, theta []float64, s States) error {
	if m.Head == nil {
		return errors.New("solver: the model has no head to read states")
	}
	errs := []error{checkTheta(m, theta)}
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("solver: "+format, args...)) }
	n := len(s.Z) / m.Dim()
	if n == 0 || len(s.Z)%m.Dim() != 0 {
		wrong("the states have %d numbers, want a positive multiple of the dimension %d", len(s.Z), m.Dim())
		return errors.Join(errs...)
	}
	if timed := m.Head.Reads(m.Head.Input("t")); len(s.T) != n && (timed || len(s.T) > 0) {
		wrong("%d times for %d states, want one for each", len(s.T), n)
	}
	if want := n * m.LabelWidth(); s.Labels != nil && len(s.Labels) != want {
		wrong("labels has %d numbers, want %d for %d states", len(s.Labels), want, n)
	}
	return errors.Join(errs...)
}
