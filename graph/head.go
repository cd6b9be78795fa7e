package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// Head is what follows the solve: a read-out of z, at t1 or at the times that an objective looks at, and a loss of what
// it gives.
type Head struct {
	Dim     int // components of z
	Readout Readout
	Loss    Loss

	// Continuity adds weight·Σ (z − s)² to each loss, for labels that have behind them s, [batch, Dim], and the weight,
	// [batch, 1]: s is where the next segment of a trajectory begins, in multiple shooting (Bock and Plitt 1984).
	Continuity bool
}

// Params declares the read-out's parameters for the head's Dim, and then the loss's.
func (h Head) Params() []Param { return append(h.readoutParams(), h.Loss.Params...) }

func (h Head) readoutParams() []Param {
	if h.Readout.Params == nil {
		return nil
	}
	return slices.Clip(h.Readout.Params(h.Dim))
}

// Init returns new flat parameters in the order of Params: those of the read-out uniform in ±1/√fan_in, those of the
// loss 0; none for a head without any. A bias has the fan of the weight before it, another vector that of Dim.
func (h Head) Init(rng *rand.Rand) []float64 {
	var theta []float64
	fan := h.Dim
	for _, p := range h.readoutParams() {
		if len(p.Shape) == 2 {
			fan = p.Shape[1]
		}
		theta = append(theta, uniform(rng, p.Len(), fan)...)
	}
	for _, p := range h.Loss.Params {
		theta = append(theta, make([]float64, p.Len())...)
	}
	return theta
}

// LowerHead returns the plan of the head with the VJP of its loss, fused: inputs "z" [dim], "label" and, for a
// TimeFunc, "t" [1], outputs "out" and "loss" [1], cotangent "loss", and gradients for z and for every parameter.
// Errors are those of [LowerField].
func LowerHead(h Head) (*plan.Plan, error) {
	p, err := lowerHead(h)
	if err != nil {
		return nil, err
	}
	return finish(p)
}

func lowerHead(h Head) (*plan.Plan, error) {
	read, timed := h.Readout.Func != nil, h.Readout.TimeFunc != nil
	if one := (h.Loss.Func != nil) != (h.Loss.ParamFunc != nil); h.Dim < 1 || read == timed || !one ||
		h.Loss.LabelWidth < 0 {
		return nil, fmt.Errorf("graph: head wants a positive Dim, a read-out and a loss with one function each, and a label width of at least 0, "+
			"got Dim %d, Func set: %t, TimeFunc set: %t, the loss's Func set: %t, ParamFunc set: %t, label width %d",
			h.Dim, read, timed, h.Loss.Func != nil, h.Loss.ParamFunc != nil, h.Loss.LabelWidth)
	}
	params, taken := h.Params(), []string{"z", "label", cotangentName}
	if timed {
		taken = append(taken, "t")
	}
	if err := checkParams(params, taken...); err != nil {
		return nil, err
	}
	return lower("head", params, func(batch int) (*trace, error) { return h.trace(batch, params) })
}

// trace builds the head's graph for one batch size.
func (h Head) trace(batch int, params []Param) (*trace, error) {
	tr := newTrace(batch, params)
	z := tr.input("z", h.Dim)
	tr.wrt = []string{"z"}
	read := tr.theta()
	read, own := read[:len(read)-len(h.Loss.Params)], read[len(read)-len(h.Loss.Params):]
	out, err := h.Readout.call(tr, z, read)
	if err == nil {
		err = tr.misuse()
	}
	if err != nil {
		return nil, fmt.Errorf("read-out: %w", err)
	}
	if err := tr.output("out", out, 0); err != nil {
		return nil, err
	}
	width := h.Loss.LabelWidth
	if width == 0 {
		width = out.Shape()[1]
	}
	loss, err := h.lossOf(tr, z, out, width, own)
	if err == nil {
		err = tr.misuse()
	}
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	if err := tr.output("loss", loss, 1); err != nil {
		return nil, err
	}
	return tr, tr.differentiate("loss")
}

// lossOf adds the nodes of the loss, for labels of so many columns beside those of the continuity.
func (h Head) lossOf(tr *trace, z, out *gorgonia.Node, width int, theta []*gorgonia.Node) (*gorgonia.Node, error) {
	if !h.Continuity {
		return h.Loss.call(out, tr.input("label", width), theta)
	}
	var e expr
	label := tr.input("label", width+h.Dim+1)
	loss := e.column(e.do1(func(l *gorgonia.Node) (*gorgonia.Node, error) { return h.Loss.call(out, l, theta) },
		e.columns(label, 0, width)))
	gap := e.sum(e.do1(gorgonia.Square, e.do2(gorgonia.Sub, z, e.columns(label, width, width+h.Dim))))
	weight := e.columns(label, width+h.Dim, width+h.Dim+1)
	return e.do2(gorgonia.Add, loss, e.do2(gorgonia.HadamardProd, weight, gap)), e.err
}

// Readout makes a model's outputs of its state: with Func or, where they depend on the time of that state too,
// TimeFunc.
type Readout struct {
	// Params declares the parameters for a state of dim components; nil when there are none.
	Params func(dim int) []Param
	// Func returns the outputs [batch, m] of z [batch, dim], under the rules of [FieldFunc].
	Func func(z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error)
	// TimeFunc is the same with t [batch, 1], each sample having its own time.
	TimeFunc func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error)
}

// call adds the read-out's nodes.
func (r Readout) call(tr *trace, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
	if r.TimeFunc == nil {
		return r.Func(z, theta)
	}
	return r.TimeFunc(tr.input("t", 1), z, theta)
}

// Components gives the state itself.
func Components() Readout {
	return Readout{Func: func(z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) { return z, nil }}
}

// Component gives component i of the state, counted from 0, as the only output. Lowering reports an i out of range.
func Component(i int) Readout {
	return Readout{Func: func(z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) {
		if dim := z.Shape()[1]; i < 0 || i >= dim {
			return nil, fmt.Errorf("graph: component %d of a state of %d, want 0 to %d", i, dim, dim-1)
		}
		return Slice(z, 1, i, i+1, 1)
	}}
}

// Linear gives out outputs z·Wᵀ + b with W `readout.weight` [out, dim] and b `readout.bias` [out].
func Linear(out int) Readout {
	return Readout{
		Params: func(dim int) []Param {
			return []Param{{"readout.weight", []int{out, dim}}, {"readout.bias", []int{out}}}
		},
		Func: func(z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			var e expr
			return e.affine(z, theta[0], theta[1]), e.err
		},
	}
}

// Perceptron gives out outputs by a perceptron with those hidden layers, with parameters `readout.I.weight` [out, in]
// and `readout.I.bias` [out]: the decoder of a latent ODE. Without hidden layers it is linear.
func Perceptron(hidden []int, activation Activation, out int) Readout {
	net := func(dim int) perceptron {
		return perceptron{"readout", slices.Concat([]int{dim}, hidden, []int{out}), activation}
	}
	return Readout{
		Params: func(dim int) []Param { return net(dim).params() },
		Func: func(z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			p := net(z.Shape()[1])
			if err := p.check("read-out"); err != nil {
				return nil, err
			}
			var e expr
			return p.apply(&e, z, theta), e.err
		},
	}
}

// FirstComponents gives the first n components of the state: those that are observed of a longer one.
func FirstComponents(n int) Readout {
	return Readout{Func: func(z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) {
		if dim := z.Shape()[1]; n < 1 || n > dim {
			return nil, fmt.Errorf("graph: the first %d components of a state of %d, want 1 to %d", n, dim, dim)
		} else if n == dim {
			return z, nil
		}
		return Slice(z, 1, 0, n, 1)
	}}
}
