package graph

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
)

// MLP is a multilayer perceptron as a field. Layer I computes x·Wᵀ + b from `layers.I.weight` [out, in] and
// `layers.I.bias` [out], followed by the activation except after the last layer. For an augmented field, count the
// extra components in the first and last size.
type MLP struct {
	// Sizes are the widths: of z, of the hidden layers, and of z again.
	Sizes      []int
	Activation Activation
	// Time appends t as the last input column of layer 0, of which the weight is then [out, in+1].
	Time bool
}

// Check reports every way in which the MLP is no field.
func (m MLP) Check() error {
	var errs []error
	if len(m.Sizes) < 2 {
		errs = append(errs, fmt.Errorf("graph: MLP sizes %v, want at least two, those of z and dz/dt", m.Sizes))
	} else if m.Sizes[0] != m.Sizes[len(m.Sizes)-1] {
		errs = append(errs, fmt.Errorf("graph: MLP sizes %v begin and end differently, want the width of z twice", m.Sizes))
	}
	for i, n := range m.Sizes {
		if n < 1 {
			errs = append(errs, fmt.Errorf("graph: MLP size %d is %d, want at least 1", i, n))
		}
	}
	if m.Activation >= activationCount {
		errs = append(errs, fmt.Errorf("graph: %v is no activation", m.Activation))
	}
	return errors.Join(errs...)
}

// Dim is the number of components of z.
func (m MLP) Dim() int { return m.Sizes[0] }

// fanIn is the number of inputs of a layer.
func (m MLP) fanIn(layer int) int {
	if layer == 0 && m.Time {
		return m.Sizes[0] + 1
	}
	return m.Sizes[layer]
}

// Params declares weight and bias of each layer, in order.
func (m MLP) Params() []Param {
	var params []Param
	for i := range len(m.Sizes) - 1 {
		params = append(params,
			Param{fmt.Sprintf("layers.%d.weight", i), []int{m.Sizes[i+1], m.fanIn(i)}},
			Param{fmt.Sprintf("layers.%d.bias", i), []int{m.Sizes[i+1]}})
	}
	return params
}

// Field is the MLP as a field, or what Check reports.
func (m MLP) Field() (Field, error) {
	if err := m.Check(); err != nil {
		return Field{}, err
	}
	return Field{Dim: m.Dim(), Params: m.Params(), Func: m.build}, nil
}

func (m MLP) build(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
	var e expr
	h := z
	if m.Time {
		h = e.do2(func(z, t *gorgonia.Node) (*gorgonia.Node, error) { return Concat(1, z, t) }, z, t)
	}
	for i := 0; i < len(theta); i += 2 {
		h = e.affine(h, theta[i], theta[i+1])
		if i+2 < len(theta) {
			h = e.do1(m.Activation.Apply, h)
		}
	}
	return h, e.err
}

// Init returns a new flat θ in the order of Params: weights and biases uniform in ±1/√fan_in, as PyTorch's linear
// layers start.
func (m MLP) Init(rng *rand.Rand) []float64 {
	var theta []float64
	for i, p := range m.Params() {
		theta = append(theta, uniform(rng, p.Len(), m.fanIn(i/2))...)
	}
	return theta
}

// uniform draws n numbers in ±1/√fanIn.
func uniform(rng *rand.Rand, n, fanIn int) []float64 {
	bound := 1 / math.Sqrt(float64(fanIn))
	x := make([]float64, n)
	for i := range x {
		x[i] = bound * (2*rng.Float64() - 1)
	}
	return x
}
