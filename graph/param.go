package graph

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// Param declares a parameter tensor: an input of its own in the graph. Its name is unique among the parameters of one
// model; its shape has at most two axes of length 1 or more, none at all for a scalar.
type Param struct {
	Name  string
	Shape []int
}

// Len is the number of numbers in the parameter.
func (p Param) Len() int { return plan.Param{Shape: p.Shape}.Len() }

// checkParams reports every parameter that cannot be declared. Gorgonia merges inputs of equal name into one node
// without a word, so names are compared here.
func checkParams(params []Param, reserved ...string) error {
	var errs []error
	seen := map[string]bool{}
	for _, name := range reserved {
		seen[name] = true
	}
	for _, p := range params {
		if p.Name == "" || seen[p.Name] {
			errs = append(errs, fmt.Errorf("graph: parameter name %q is empty, reserved or used twice; "+
				"give each parameter a name of its own", p.Name))
		}
		seen[p.Name] = true
		if len(p.Shape) > 2 {
			errs = append(errs, fmt.Errorf("graph: parameter %q has %d axes, want at most 2; declare it as a matrix",
				p.Name, len(p.Shape)))
		}
		for _, d := range p.Shape {
			if d < 1 {
				errs = append(errs, fmt.Errorf("graph: parameter %q has shape %v, want positive lengths", p.Name,
					p.Shape))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// node adds the parameter to g as an input of its shape.
func (p Param) node(g *gorgonia.ExprGraph) *gorgonia.Node {
	return argument(g, p.Name, p.Shape...)
}

// argument adds an input that is taken for no other. Gorgonia merges inputs of equal name, by a hash that it makes when
// one is added; this one is added by another name, so that an input that the user calls z too stays one of its own.
func argument(g *gorgonia.ExprGraph, name string, shape ...int) *gorgonia.Node {
	n := input(g, "neuralode's argument "+name, shape...)
	gorgonia.WithName(name)(n)
	return n
}

// input adds a float64 input of at most two axes to g.
func input(g *gorgonia.ExprGraph, name string, shape ...int) *gorgonia.Node {
	if len(shape) == 0 {
		return gorgonia.NewScalar(g, gorgonia.Float64, gorgonia.WithName(name))
	}
	return gorgonia.NewTensor(g, gorgonia.Float64, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
}
