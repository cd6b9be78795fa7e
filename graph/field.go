package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// FieldFunc adds the nodes of dz/dt = f(t, z; θ) to the graph of its arguments and returns f, [batch, dim], or [1, dim]
// or [dim] where it depends on neither t nor z nor inputs; every sample then has the same. t is [batch, 1], each sample
// having its own time, z is [batch, dim], and theta holds the parameters in their declared shapes and order, all
// float64. The function is called several times, with different graphs and batch sizes, and must add the same nodes
// each time, and do nothing else to the graph: derivatives are taken by [Grad].
type FieldFunc func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error)

// InputFunc is a [FieldFunc] of a field with inputs, [batch, inputs]: constants of each sample, such as parameters of a
// subject or the conditions of an experiment, and behind them signals that are known at all times, such as a force.
type InputFunc func(t, z, inputs *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error)

// Field describes the right-hand side of an ordinary differential equation: Func or, with Inputs, InputFunc.
type Field struct {
	Dim       int // components of z
	Params    []Param
	Func      FieldFunc
	Inputs    int // constants of a sample, and signals: solver.Batch.Inputs and Signals
	InputFunc InputFunc

	Events []Event // see [LowerEvent]; LowerField does not look at them
	Jump   *Jump   // what becomes of z at given times; nil: an amount is added to it
}

// LowerField returns the plan of the field with its VJP, fused: inputs "t" [1], "z" [dim] and, if there are any,
// "inputs", output "f" [dim], cotangent "f", and gradients for z, for the inputs and for every parameter. It reports a
// description that is incomplete, names that are not unique, an error or panic of the function, derivatives of
// Gorgonia's and bound values that it leaves on the graph, an unsupported operation, and samples that mix. A gradient
// that is zero everywhere, because the field does not depend on z or on the parameter, is plan.None.
func LowerField(f Field) (*plan.Plan, error) {
	p, err := lowerField(f)
	if err != nil {
		return nil, err
	}
	return finish(p)
}

// finish fuses a fresh plan and checks it.
func finish(p *plan.Plan) (*plan.Plan, error) {
	p = plan.Fuse(p)
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("graph: lowering made a plan that is not well formed, which is a fault of this package: %w", err)
	}
	return p, nil
}

func lowerField(f Field) (*plan.Plan, error) {
	plain := f.Inputs == 0 && f.Func != nil && f.InputFunc == nil
	fed := f.Inputs > 0 && f.Func == nil && f.InputFunc != nil
	if f.Dim < 1 || !plain && !fed {
		return nil, fmt.Errorf("graph: field wants a positive Dim and a Func, or in its place Inputs and an InputFunc, "+
			"got Dim %d, Func set: %t, Inputs %d, InputFunc set: %t", f.Dim, f.Func != nil, f.Inputs,
			f.InputFunc != nil)
	}
	taken := []string{"t", "z", cotangentName}
	if fed {
		taken = append(taken, inputsName)
	}
	if err := checkParams(f.Params, taken...); err != nil {
		return nil, err
	}
	return lower("field", f.Params, f.trace)
}

// inputsName is the name of the field's inputs.
const inputsName = "inputs"

// call adds the field's nodes.
func (f Field) call(tr *trace, t, z *gorgonia.Node) (*gorgonia.Node, error) {
	if f.Inputs == 0 {
		return f.Func(t, z, tr.theta())
	}
	inputs := tr.input(inputsName, f.Inputs)
	tr.wrt = append(tr.wrt, inputsName)
	return f.InputFunc(t, z, inputs, tr.theta())
}

// trace builds the field's graph for one batch size.
func (f Field) trace(batch int) (*trace, error) {
	tr := newTrace(batch, f.Params)
	t, z := tr.input("t", 1), tr.input("z", f.Dim)
	tr.wrt = []string{"z"}
	out, err := f.call(tr, t, z)
	if err != nil {
		return nil, err
	}
	return tr, tr.finish("f", out, t, f.Dim)
}

// finish makes out the output of that name and width, with its VJP.
func (tr *trace) finish(name string, out, t *gorgonia.Node, width int) error {
	if err := tr.misuse(); err != nil {
		return err
	}
	out, err := tr.spread(out, t, width)
	if err != nil {
		return err
	}
	if err := tr.output(name, out, width); err != nil {
		return err
	}
	if err := tr.differentiate(name); err != nil {
		return err
	}
	if tr.cotangent.node == nil { // nothing has an effect on it: its VJP is zero, and takes a cotangent like any other
		tr.cotangent = named{name, argument(tr.graph, cotangentName, tr.batch, width)}
	}
	return nil
}
