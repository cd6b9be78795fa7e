package graph

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
)

// perceptron is affine maps with an activation between them: layer I computes x·Wᵀ + b from `prefix.I.weight` [out, in]
// and `prefix.I.bias` [out].
type perceptron struct {
	prefix     string
	sizes      []int // of the input, the layers between, and the output
	activation Activation
}

// check reports sizes and an activation that make no perceptron, in words of what it is for.
func (p perceptron) check(what string) error {
	var errs []error
	if len(p.sizes) < 2 {
		errs = append(errs, fmt.Errorf("graph: %s sizes %v, want at least two, of what goes in and what comes out",
			what, p.sizes))
	}
	for i, n := range p.sizes {
		if n < 1 {
			errs = append(errs, fmt.Errorf("graph: %s size %d is %d, want at least 1", what, i, n))
		}
	}
	if p.activation >= activationCount {
		errs = append(errs, fmt.Errorf("graph: %v is no activation", p.activation))
	}
	return errors.Join(errs...)
}

// params declares weight and bias of each layer, in order.
func (p perceptron) params() []Param {
	var params []Param
	for i := range len(p.sizes) - 1 {
		params = append(params,
			Param{fmt.Sprintf("%s.%d.weight", p.prefix, i), []int{p.sizes[i+1], p.sizes[i]}},
			Param{fmt.Sprintf("%s.%d.bias", p.prefix, i), []int{p.sizes[i+1]}})
	}
	return params
}

// apply adds the layers to the graph of x.
func (p perceptron) apply(e *expr, x *gorgonia.Node, theta []*gorgonia.Node) *gorgonia.Node {
	for i := 0; i < len(theta); i += 2 {
		x = e.affine(x, theta[i], theta[i+1])
		if i+2 < len(theta) {
			x = e.do1(p.activation.Apply, x)
		}
	}
	return x
}

// init returns new flat parameters: weights and biases uniform in ±1/√fan_in, as PyTorch's linear layers start.
func (p perceptron) init(rng *rand.Rand) []float64 {
	var theta []float64
	for i, q := range p.params() {
		theta = append(theta, uniform(rng, q.Len(), p.sizes[i/2])...)
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
