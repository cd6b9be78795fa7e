package neuralode

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"slices"
	"sync"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/graph"
	"neuralode/plan"
	"neuralode/solver"
)

// Layer adds z(t1) = solve(z0; θ) over t0 to t1 to z0's graph: a node [samples, dim] like z0, that Gorgonia's machines
// run and gorgonia.Grad differentiates for z0 and every parameter, in the gradient mode of the ODE's spec; so does a
// LispMachine. z0 and theta are float32 or float64, all the same; theta has one node for each of Params, in its shape.
// Running the node fails when a sample does: see solver.SampleError. A second derivative is an error: take the inner
// one inside the field, with graph.Grad. The ODE must stay open as long as the graph is run.
func (o *ODE) Layer(z0 *gorgonia.Node, t0, t1 float64, theta ...*gorgonia.Node) (*gorgonia.Node, error) {
	span := solver.Span{T0: t0, T1: t1}
	if err := o.checkLayer(z0, span, theta); err != nil {
		return nil, err
	}
	op := &layerOp{ode: o, span: span, memo: &layerMemo{}}
	return gorgonia.ApplyOp(op, append(gorgonia.Nodes{z0}, theta...)...)
}

func (o *ODE) checkLayer(z0 *gorgonia.Node, span solver.Span, theta []*gorgonia.Node) error {
	params := o.Params()
	if o.model.Inputs() > 0 {
		return errors.New("neuralode: Layer: the field has inputs, which a layer has no node for: make them parameters, or components of z")
	}
	if z0 == nil || slices.Contains(theta, nil) {
		return errors.New("neuralode: Layer: z0 or a parameter is nil")
	}
	if s := z0.Shape(); len(s) != 2 || s[1] != o.Dim() {
		return fmt.Errorf("neuralode: Layer: z0 has shape %v, want [samples %d]", s, o.Dim())
	}
	if d := z0.Dtype(); d != gorgonia.Float32 && d != gorgonia.Float64 {
		return fmt.Errorf("neuralode: Layer: z0 has the type %v, want float32 or float64", d)
	}
	one := solver.Batch{Z0: make([]float64, o.Dim()), Spans: []solver.Span{span}}
	if err := one.Check(o.Dim(), o.spec); err != nil {
		return fmt.Errorf("neuralode: Layer: %w", err)
	}
	if len(theta) != len(params) {
		return fmt.Errorf("neuralode: Layer: %d parameters, want %d", len(theta), len(params))
	}
	for i, p := range params {
		if !slices.Equal([]int(theta[i].Shape()), p.Shape) {
			return fmt.Errorf("neuralode: Layer: parameter %q has shape %v, want %v", p.Name, theta[i].Shape(), p.Shape)
		}
	}
	return nil
}

// layerOp is the solve as a Gorgonia operation: z0 and the parameters in, z(t1) out.
type layerOp struct {
	ode  *ODE
	span solver.Span
	memo *layerMemo
}

// layerGradOp is one of its derivatives: the layer's inputs and the cotangent in, the derivative for input number which
// out.
type layerGradOp struct {
	layerOp
	which int
}

func (op *layerOp) Arity() int { return 1 + len(op.ode.Params()) }

func (op *layerGradOp) Arity() int { return 1 + op.layerOp.Arity() }

func (op *layerOp) Type() hm.Type { return hm.NewFnType(append(op.inputTypes(), matrixType)...) }

func (op *layerGradOp) Type() hm.Type {
	in := op.inputTypes()
	return hm.NewFnType(append(in, matrixType, in[op.which])...)
}

var element = hm.TypeVariable('a')
var matrixType = gorgonia.TensorType{Dims: 2, Of: element}

func (op *layerOp) inputTypes() []hm.Type {
	types := []hm.Type{matrixType}
	for _, p := range op.ode.Params() {
		if len(p.Shape) == 0 {
			types = append(types, element)
		} else {
			types = append(types, gorgonia.TensorType{Dims: len(p.Shape), Of: element})
		}
	}
	return types
}

func (op *layerOp) InferShape(in ...gorgonia.DimSizer) (tensor.Shape, error) {
	return inferShape(in, 0)
}

func (op *layerGradOp) InferShape(in ...gorgonia.DimSizer) (tensor.Shape, error) {
	return inferShape(in, op.which)
}

// inferShape is that of an input.
func inferShape(in []gorgonia.DimSizer, which int) (tensor.Shape, error) {
	shapes, err := gorgonia.DimSizersToShapes(in)
	if err != nil {
		return nil, err
	}
	return shapes[which].Clone(), nil
}

func (op *layerOp) ReturnsPtr() bool     { return true }
func (op *layerOp) CallsExtern() bool    { return false }
func (op *layerOp) OverwritesInput() int { return -1 }

// WriteHash tells layers apart: Gorgonia takes operations of equal hash for one.
func (op *layerOp) WriteHash(h hash.Hash)     { fmt.Fprint(h, op.String()) }
func (op *layerGradOp) WriteHash(h hash.Hash) { fmt.Fprint(h, op.String()) }

func (op *layerOp) Hashcode() uint32     { return hashcode(op.String()) }
func (op *layerGradOp) Hashcode() uint32 { return hashcode(op.String()) }

func hashcode(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

func (op *layerOp) String() string {
	return fmt.Sprintf("neuralode.Layer(%p, %v to %v)", op.ode, op.span.T0, op.span.T1)
}

func (op *layerGradOp) String() string {
	return fmt.Sprintf("neuralode.LayerGrad(%p, %v to %v, %d)", op.ode, op.span.T0, op.span.T1, op.which)
}

// Do solves.
func (op *layerOp) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	x, err := flatten(in)
	if err != nil {
		return nil, err
	}
	z0, theta := x[0], slices.Concat(x[1:]...)
	s, err := op.ode.Solve(context.Background(), theta, z0, op.span.T0, op.span.T1)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return nil, err
	}
	return likeValue(in[0], s.Z1)
}

// DiffWRT says that every input has a derivative.
func (op *layerOp) DiffWRT(inputs int) []bool { return slices.Repeat([]bool{true}, inputs) }

// SymDiff adds one derivative node per input.
func (op *layerOp) SymDiff(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	var out gorgonia.Nodes
	for i := range in {
		d, err := gorgonia.ApplyOp(&layerGradOp{*op, i}, append(slices.Clone(in), grad)...)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// DoDiff gives a LispMachine the derivatives.
func (op *layerOp) DoDiff(_ gorgonia.ExecutionContext, in gorgonia.Nodes, out *gorgonia.Node) error {
	return graph.DoDiff(op, in, out)
}

var errSecondDerivative = errors.New("neuralode: Layer has no second derivative; " +
	"take the inner derivative inside the field, with graph.Grad")

// SymDiff and DoDiff refuse. Gorgonia leaves out of a gradient, without a word, what has neither.
func (op *layerGradOp) SymDiff(gorgonia.Nodes, *gorgonia.Node, *gorgonia.Node) (gorgonia.Nodes, error) {
	return nil, errSecondDerivative
}

func (op *layerGradOp) DoDiff(gorgonia.ExecutionContext, gorgonia.Nodes, *gorgonia.Node) error {
	return errSecondDerivative
}

// Do differentiates, once for all inputs.
func (op *layerGradOp) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	x, err := flatten(in)
	if err != nil {
		return nil, err
	}
	last := len(x) - 1
	d, err := op.memo.vjp(op.ode, op.span, x[0], slices.Concat(x[1:last]...), x[last])
	if err != nil {
		return nil, err
	}
	grad := d.Z0
	if op.which > 0 {
		grad = paramOf(op.ode.Params(), d.Theta, op.which-1)
	}
	// the graph may overwrite its values, the memo may be asked again
	return likeValue(in[op.which], slices.Clone(grad))
}

func paramOf(params []plan.Param, theta []float64, i int) []float64 {
	for _, p := range params[:i] {
		theta = theta[p.Len():]
	}
	return theta[:params[i].Len()]
}

// layerMemo keeps the last derivative, since Gorgonia asks for each input's apart.
type layerMemo struct {
	mu                   sync.Mutex
	z0, theta, cotangent []float64
	d                    *solver.Derivative
}

func (m *layerMemo) vjp(o *ODE, s solver.Span, z0, theta, cotangent []float64) (*solver.Derivative, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.d != nil && slices.Equal(z0, m.z0) && slices.Equal(theta, m.theta) && slices.Equal(cotangent, m.cotangent) {
		return m.d, nil
	}
	d, err := o.VJP(context.Background(), theta, z0, cotangent, s.T0, s.T1)
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		return nil, err
	}
	m.z0, m.theta, m.cotangent, m.d = z0, theta, cotangent, d
	return d, nil
}

// flatten copies values out as float64.
func flatten(values []gorgonia.Value) ([][]float64, error) {
	out := make([][]float64, len(values))
	for i, v := range values {
		switch d := v.Data().(type) {
		case []float64:
			out[i] = slices.Clone(d)
		case []float32:
			for _, x := range d {
				out[i] = append(out[i], float64(x))
			}
		case float64:
			out[i] = []float64{d}
		case float32:
			out[i] = []float64{float64(d)}
		default:
			return nil, fmt.Errorf("neuralode: Layer: input %d has the type %v, want float32 or float64", i, v.Dtype())
		}
	}
	return out, nil
}

// likeValue is x in the shape and type of v; it may keep x.
func likeValue(v gorgonia.Value, x []float64) (gorgonia.Value, error) {
	if v.Shape().IsScalar() {
		if v.Dtype() == gorgonia.Float32 {
			return gorgonia.NewF32(float32(x[0])), nil
		}
		return gorgonia.NewF64(x[0]), nil
	}
	var backing any = x
	if v.Dtype() == gorgonia.Float32 {
		single := make([]float32, len(x))
		for i, e := range x {
			single[i] = float32(e)
		}
		backing = single
	}
	return tensor.New(tensor.WithShape(v.Shape()...), tensor.WithBacking(backing)), nil
}
