package solver

import "fmt"

// Gains are named coefficients P, I and D of a [Controller].
type Gains struct {
	Name    string
	P, I, D float64
	Source  string
}

// AllGains lists the named coefficients, the default first.
func AllGains() []Gains {
	return []Gains{
		{"integral", 0, 1, 0, "the classical rule, in torchdiffeq, torchode and diffrax by default: steps are those of the peers"},
		{"pi", 0.3, 0.6, 0, "a strong integral part"},
		{"gustafsson", 0.4, 0.3, 0, "Gustafsson 1991, Control theoretic techniques for stepsize selection; DifferentialEquations.jl"},
		{"hairer", 0.2, 0.65, 0, "DOPRI5 of Hairer, Nørsett and Wanner with β = 0.04"},
		{"pid", 0.01, 0.47, 0.1, "ARKODE of SUNDIALS"},
	}
}

// String is the name.
func (g Gains) String() string { return g.Name }

// GainsNamed are the coefficients of that name.
func GainsNamed(name string) (Gains, error) {
	var names []string
	for _, g := range AllGains() {
		if g.Name == name {
			return g, nil
		}
		names = append(names, g.Name)
	}
	return Gains{}, fmt.Errorf("solver: controller must be one of %q, got %q", names, name)
}

// With is the controller with these coefficients.
func (c Controller) With(g Gains) Controller {
	c.P, c.I, c.D = g.P, g.I, g.D
	return c
}
