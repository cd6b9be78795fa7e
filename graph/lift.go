package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// LiftFunc returns the initial states [batch, dim] of features x [batch, n], under the rules of [FieldFunc].
type LiftFunc func(x *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error)

// Lift makes the initial state z0 of what is known of a sample, its features: the encoder of a latent ODE, or an
// augmentation that is learnt.
type Lift struct {
	Features int // numbers of a sample
	Dim      int // components of z
	Params   []Param
	Func     LiftFunc

	net perceptron // of PerceptronLift, for Init
}

// PerceptronLift is a perceptron with those widths, from the features to z, with parameters `lift.I.weight` [out, in]
// and `lift.I.bias` [out]. Two widths are a linear map, for which the activation says nothing.
func PerceptronLift(sizes []int, activation Activation) (Lift, error) {
	p := perceptron{"lift", slices.Clone(sizes), activation}
	if err := p.check("lift"); err != nil {
		return Lift{}, err
	}
	return Lift{Features: sizes[0], Dim: sizes[len(sizes)-1], Params: p.params(), net: p,
		Func: func(x *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			var e expr
			return p.apply(&e, x, theta), e.err
		}}, nil
}

// Init returns new flat parameters of a [PerceptronLift], uniform in ±1/√fan_in.
func (l Lift) Init(rng *rand.Rand) []float64 { return l.net.init(rng) }

// LowerLift returns the plan of the lift with its VJP, fused: the input "x" [features], the output and cotangent "z0"
// [dim], and gradients for every parameter. Errors are those of [LowerField].
func LowerLift(l Lift) (*plan.Plan, error) {
	if l.Features < 1 || l.Dim < 1 || l.Func == nil {
		return nil, fmt.Errorf("graph: lift wants positive Features and Dim and a Func, got %d and %d, Func set: %t",
			l.Features, l.Dim, l.Func != nil)
	}
	if err := checkParams(l.Params, "x", cotangentName); err != nil {
		return nil, err
	}
	p, err := lower("lift", l.Params, l.trace)
	if err != nil {
		return nil, err
	}
	return finish(p)
}

// trace builds the lift's graph for one batch size.
func (l Lift) trace(batch int) (*trace, error) {
	tr := newTrace(batch, l.Params)
	x := tr.input("x", l.Features)
	out, err := l.Func(x, tr.theta())
	if err != nil {
		return nil, err
	}
	if err := tr.misuse(); err != nil {
		return nil, err
	}
	if out, err = tr.spread(out, x, l.Dim); err != nil {
		return nil, err
	}
	if err := tr.output("z0", out, l.Dim); err != nil {
		return nil, err
	}
	if err := tr.differentiate("z0"); err != nil {
		return nil, err
	}
	if tr.cotangent.node == nil && len(l.Params) > 0 { // none has an effect: a VJP takes a cotangent all the same
		tr.cotangent = named{"z0", argument(tr.graph, cotangentName, batch, l.Dim)}
	}
	return tr, nil
}
