package solver

import "fmt"

// Method is how a step is made: a closed sum type, whose members are those of this package. A backend looks at which
// one it is given, and what is common to all stands here.
//
//   - [*Tableau]: an explicit Runge-Kutta method.
//   - [*Rosenbrock]: for stiff fields.
//   - [*Auto]: one of each, as a sample needs it.
type Method interface {
	String() string // the name
	Orders() Orders
	Check() error // everything that is wrong with it
	isMethod()
}

// Orders are the powers of the step with which the errors of a method fall, as Hairer, Nørsett and Wanner, Solving ODEs
// I, count them: what is of order p is exact up to and including hᵖ within a step.
type Orders struct {
	Result   int // of the step's result
	Estimate int // of the embedded result that the error estimate compares with; 0 for a method without an estimate
	Dense    int // of the solution within the step
}

// Methods lists the methods, the default first.
func Methods() []Method {
	return []Method{Dopri5(), Tsit5(), Dopri8(), Bosh3(), Heun(), Ralston(), Midpoint(), RK4(), Euler(),
		Rodas5P(), Rosenbrock23(), AutoTsit5()}
}

// MethodNamed is the method of that name.
func MethodNamed(name string) (Method, error) {
	var names []string
	for _, m := range Methods() {
		if m.String() == name {
			return m, nil
		}
		names = append(names, m.String())
	}
	return nil, fmt.Errorf("solver: method must be one of %q, got %q", names, name)
}
