package solver

import (
	"errors"
	"fmt"
)

// Auto takes each sample's steps by an explicit method, or by one for stiff fields as long as that sample needs it
// (Petzold 1983, "Automatic selection of methods for solving stiff and nonstiff systems of ordinary differential
// equations"). Which, [Row.Weigh] decides. It chooses by what holds the step, so it takes no constant ones.
type Auto struct {
	Name     string
	Explicit *Tableau
	Stiff    *Rosenbrock
}

// AutoTsit5 goes from Tsit5 to Rodas5P and back.
func AutoTsit5() *Auto { return &Auto{Name: "auto", Explicit: Tsit5(), Stiff: Rodas5P()} }

func (a *Auto) isMethod() {}

// String is the method's name.
func (a *Auto) String() string { return a.Name }

// Orders are the smaller ones of both methods.
func (a *Auto) Orders() Orders {
	e, s := a.Explicit.Orders(), a.Stiff.Orders()
	return Orders{Result: min(e.Result, s.Result), Estimate: min(e.Estimate, s.Estimate), Dense: min(e.Dense, s.Dense)}
}

// Check reports everything that is wrong with either method. The stiff one must have at least as many vectors in a step
// as the explicit one.
func (a *Auto) Check() error {
	if a == nil || a.Explicit == nil || a.Stiff == nil {
		return errors.New("solver: a method that chooses needs an explicit one and one for stiff fields")
	}
	if err := errors.Join(a.Explicit.Check(), a.Stiff.Check()); err != nil {
		return err
	}
	if a.Explicit.ErrorOrder == 0 {
		return fmt.Errorf("solver: method %s has no error estimate, by which method %s would choose", a.Explicit, a)
	}
	if e, s := a.Explicit.Stages(), a.Stiff.Stages()+2; e > s {
		return fmt.Errorf("solver: method %s has %d stages, want at most the %d vectors of %s", a.Explicit, e, s, a.Stiff)
	}
	return nil
}

// Rosenbrock is the method for stiff fields where the spec has one; nil otherwise.
func (s *Spec) Rosenbrock() *Rosenbrock {
	switch m := s.Method.(type) {
	case *Rosenbrock:
		return m
	case *Auto:
		return m.Stiff
	}
	return nil
}

// Explicit is the explicit method where the spec has one, alone or beside another; nil otherwise.
func (s *Spec) Explicit() *Tableau {
	if a, ok := s.Method.(*Auto); ok {
		return a.Explicit
	}
	return s.Tableau()
}

// Method is the method of the row's next step.
func (r *Row) Method(s *Spec) Method {
	if a, ok := s.Method.(*Auto); ok {
		if r.Stiff {
			return a.Stiff
		}
		return a.Explicit
	}
	return s.Method
}

// errorPower is the power of the step with which the error estimate of the row's method falls.
func (r *Row) errorPower(s *Spec) int { return r.Method(s).Orders().Estimate + 1 }
