package graph

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
)

// MLP is a multilayer perceptron as a field. Layer I computes x·Wᵀ + b from `layers.I.weight` [out, in] and
// `layers.I.bias` [out], followed by the activation except after the last layer. For an augmented field, count the
// extra components in the first and last size.
type MLP struct {
	// Sizes are the widths: of z, of the hidden layers, and of z again, or of half of it for SecondOrder.
	Sizes      []int
	Activation Activation
	// Inputs is how many constants of a sample follow z as columns of layer 0.
	Inputs int
	// Time appends t as the last input column of layer 0, of which the weight is then [out, z + inputs + 1].
	Time bool
	// SecondOrder takes z for positions and then as many velocities: dz/dt is the velocities, and then what the
	// perceptron makes of z, the accelerations (Norcliffe et al. 2020).
	SecondOrder bool
}

// Check reports every way in which the MLP is no field.
func (m MLP) Check() error {
	errs := []error{perceptron{"layers", m.Sizes, m.Activation}.check("MLP")}
	if n := len(m.Sizes); n >= 2 {
		switch first, last := m.Sizes[0], m.Sizes[n-1]; {
		case m.SecondOrder && first != 2*last:
			errs = append(errs, fmt.Errorf("graph: MLP sizes %v of second order, want the last, of accelerations, half the first, of positions and velocities",
				m.Sizes))
		case !m.SecondOrder && first != last:
			errs = append(errs, fmt.Errorf("graph: MLP sizes %v begin and end differently, want the width of z twice",
				m.Sizes))
		}
	}
	if m.Inputs < 0 {
		errs = append(errs, fmt.Errorf("graph: MLP inputs must not be negative, got %d", m.Inputs))
	}
	return errors.Join(errs...)
}

// Dim is the number of components of z.
func (m MLP) Dim() int { return m.Sizes[0] }

// layers is the perceptron, with all that layer 0 reads.
func (m MLP) layers() perceptron {
	p := perceptron{"layers", slices.Clone(m.Sizes), m.Activation}
	p.sizes[0] += m.Inputs
	if m.Time {
		p.sizes[0]++
	}
	return p
}

// Params declares weight and bias of each layer, in order.
func (m MLP) Params() []Param { return m.layers().params() }

// Field is the MLP as a field, or what Check reports.
func (m MLP) Field() (Field, error) {
	if err := m.Check(); err != nil {
		return Field{}, err
	}
	f := Field{Dim: m.Dim(), Params: m.Params(), Inputs: m.Inputs}
	if m.Inputs > 0 {
		f.InputFunc = m.build
	} else {
		f.Func = func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			return m.build(t, z, nil, theta)
		}
	}
	return f, nil
}

func (m MLP) build(t, z, inputs *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
	var e expr
	beside := func(a, b *gorgonia.Node) *gorgonia.Node {
		return e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return Concat(1, a, b) }, a, b)
	}
	h := z
	if m.Inputs > 0 {
		h = beside(h, inputs)
	}
	if m.Time {
		h = beside(h, t)
	}
	f := m.layers().apply(&e, h, theta)
	if m.SecondOrder {
		n := m.Dim()
		velocities := func(z *gorgonia.Node) (*gorgonia.Node, error) { return Slice(z, 1, n/2, n, 1) }
		f = beside(e.do1(velocities, z), f)
	}
	return f, e.err
}

// Init returns a new flat θ in the order of Params: weights and biases uniform in ±1/√fan_in, as PyTorch's linear
// layers start.
func (m MLP) Init(rng *rand.Rand) []float64 { return m.layers().init(rng) }
