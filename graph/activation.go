package graph

import (
	"fmt"
	"math"
	"strings"

	"gorgonia.org/gorgonia"
)

// Activation is a function applied element by element between the layers of an [MLP].
type Activation uint8

// The activations.
const (
	Tanh     Activation = iota
	Softplus            // log(1 + eˣ)
	Sigmoid
	ReLU // its derivative at 0 is 0
	GELU // the tanh form, see Gelu
	Sin
	activationCount
)

var activationNames = [activationCount]string{"tanh", "softplus", "sigmoid", "relu", "gelu", "sin"}

// Activations lists all of them, in the order of their values.
func Activations() []Activation {
	all := make([]Activation, activationCount)
	for i := range all {
		all[i] = Activation(i)
	}
	return all
}

func (a Activation) String() string {
	if a < activationCount {
		return activationNames[a]
	}
	return fmt.Sprintf("activation(%d)", uint8(a))
}

// ParseActivation is the inverse of Activation.String. It reports an unknown name with the known ones.
func ParseActivation(name string) (Activation, error) {
	for i, known := range activationNames {
		if name == known {
			return Activation(i), nil
		}
	}
	return 0, fmt.Errorf("graph: activation %.60q, want one of %s", name, strings.Join(activationNames[:], ", "))
}

// Apply adds the activation of x to x's graph.
func (a Activation) Apply(x *gorgonia.Node) (*gorgonia.Node, error) {
	f := [activationCount]builder1{gorgonia.Tanh, gorgonia.Softplus, gorgonia.Sigmoid, Relu, Gelu, gorgonia.Sin}
	if a >= activationCount {
		return nil, fmt.Errorf("graph: %v is no activation", a)
	}
	return f[a](x)
}

// Relu is x where x > 0, else 0. Unlike that of gorgonia.Rectify, its derivative at 0 is 0.
func Relu(x *gorgonia.Node) (*gorgonia.Node, error) {
	positive, err := gorgonia.Gt(x, gorgonia.NewConstant(0.0), true)
	if err != nil {
		return nil, err
	}
	return gorgonia.HadamardProd(x, positive)
}

// Gelu is the Gaussian error linear unit in its tanh form, ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks and Gimpel
// 2016), which differs from the one with erf by less than 5e-4.
func Gelu(x *gorgonia.Node) (*gorgonia.Node, error) {
	var e expr
	inner := e.scale(math.Sqrt(2/math.Pi), e.do2(gorgonia.Add, x, e.scale(0.044715, e.do1(gorgonia.Cube, x))))
	return e.do2(gorgonia.HadamardProd, e.scale(0.5, x), e.shift(1, e.do1(gorgonia.Tanh, inner))), e.err
}

// Elu is x where x > 0, else alpha·(eˣ − 1) (Clevert et al. 2015); it does not overflow for large x.
func Elu(x *gorgonia.Node, alpha float64) (*gorgonia.Node, error) {
	var e expr
	pos := e.do1(Relu, x)
	negative := e.do2(gorgonia.Sub, x, pos) // min(x, 0)
	return e.do2(gorgonia.Add, pos, e.scale(alpha, e.shift(-1, e.do1(gorgonia.Exp, negative)))), e.err
}
