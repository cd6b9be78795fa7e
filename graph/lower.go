package graph

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// The batch sizes at which every graph is built. They are no powers of two and differ by more than one, so that what a
// function derives from the batch size shows as a difference. So does a node that Gorgonia, which tells nodes apart by
// a hash, has taken for another in one of the graphs: its operands then do not pair up.
var batchSizes = [2]int{5, 7}

// lowering reads two graphs of one expression in lockstep, from the results to the inputs, operands in order.
type lowering struct {
	*builder
	traces [2]*trace
	views  map[pair]view
}

// pair is one node as it stands in the two graphs.
type pair [2]*gorgonia.Node

// lower builds an expression at both batch sizes and lowers it with its VJP, unfused.
func lower(what string, params []Param, build func(batch int) (*trace, error)) (*plan.Plan, error) {
	l := &lowering{builder: newBuilder(), views: map[pair]view{}}
	for i, batch := range batchSizes {
		doing := fmt.Sprintf("building the %s with batch size %d", what, batch)
		tr, err := guard(doing, func() (*trace, error) { return build(batch) })
		if err != nil {
			if i > 0 {
				err = fmt.Errorf("%w (it could be built with batch size %d: does the function mix samples, use a fixed batch size or keep nodes from one call to the next?)",
					err, batchSizes[0])
			}
			return nil, err
		}
		l.traces[i] = tr
	}
	if err := l.declare(params); err != nil {
		return nil, err
	}
	if err := l.results(); err != nil {
		return nil, err
	}
	return l.plan, nil
}

// guard turns a panic of Gorgonia or of the user's function into an error; Gorgonia panics where shapes do not fit.
func guard(doing string, f func() (*trace, error)) (tr *trace, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *TermError:
			tr, err = nil, fmt.Errorf("graph: %s: %w%s", doing, r, adviceFor(r.Error(), ""))
		default:
			tr, err = nil, fmt.Errorf("graph: %s: panic: %v%s", doing, r, adviceFor(fmt.Sprint(r),
				" (are the ranks and shapes of the operands what the operation wants? Values have at most two axes, [batch, features])"))
		}
	}()
	if tr, err = f(); err != nil {
		return nil, fmt.Errorf("graph: %s: %w%s", doing, err, adviceFor(err.Error(), ""))
	}
	return tr, nil
}

// declare makes the values that are there before the first instruction.
func (l *lowering) declare(params []Param) error {
	a, b := l.traces[0], l.traces[1]
	for i := range a.inputs {
		id, err := l.arrive(a.inputs[i], b.inputs[i], plan.Row, false)
		if err != nil {
			return err
		}
		l.plan.Inputs = append(l.plan.Inputs, plan.Port{Name: a.inputs[i].name, Value: id})
	}
	for i, p := range params {
		id, err := l.arrive(a.params[i], b.params[i], plan.Shared, false)
		if err != nil {
			return err
		}
		l.plan.Params = append(l.plan.Params, plan.Param{Name: p.Name, Shape: append([]int(nil), p.Shape...),
			Value: id})
	}
	if (a.cotangent.node == nil) != (b.cotangent.node == nil) {
		return errors.New("graph: what the output depends on changes with the batch size")
	}
	if a.cotangent.node != nil {
		id, err := l.arrive(a.cotangent, b.cotangent, plan.Row, true)
		if err != nil {
			return err
		}
		l.plan.Cotangents = append(l.plan.Cotangents, plan.Port{Name: a.cotangent.name, Value: id})
	}
	return nil
}

func (l *lowering) arrive(a, b named, space plan.Space, late bool) (plan.ID, error) {
	p := pair{a.node, b.node}
	f, err := l.form(p)
	if err != nil {
		return plan.None, err
	}
	id := l.value(plan.Value{Name: a.name, Space: space, Rows: f.dims[0], Cols: f.dims[1]}, late)
	l.views[p] = view{form: f, id: id}
	return id, nil
}

// results lowers what leaves the plan: outputs, then gradients.
func (l *lowering) results() error {
	a, b := l.traces[0], l.traces[1]
	for i := range a.outputs {
		id, err := l.leave(a.outputs[i], b.outputs[i], plan.Row, form{dims: [2]int{1, 0}, batch: 0})
		if err != nil {
			return err
		}
		l.plan.Outputs = append(l.plan.Outputs, plan.Port{Name: a.outputs[i].name, Value: id})
	}
	if len(l.plan.Cotangents) == 0 {
		return nil
	}
	for i := range a.inputGrads {
		id, err := l.leave(a.inputGrads[i], b.inputGrads[i], plan.Row, form{dims: [2]int{1, 0}, batch: 0})
		if err != nil {
			return err
		}
		l.plan.InputGrads = append(l.plan.InputGrads, plan.Port{Name: a.inputGrads[i].name, Value: id})
	}
	for i := range a.paramGrads {
		v := l.at(l.plan.Params[i].Value)
		id, err := l.leave(a.paramGrads[i], b.paramGrads[i], plan.Sum, form{dims: [2]int{v.Rows, v.Cols}, batch: -1})
		if err != nil {
			return err
		}
		l.plan.ParamGrads = append(l.plan.ParamGrads, id)
	}
	return nil
}

// leave lowers one result to a value of its own of the given space and form, where a length of 0 takes any. It is
// plan.None for a gradient that is zero.
func (l *lowering) leave(a, b named, space plan.Space, want form) (plan.ID, error) {
	if a.node == nil || b.node == nil {
		return plan.None, nil
	}
	p := pair{a.node, b.node}
	v, err := l.view(p)
	if err != nil {
		return plan.None, err
	}
	if want.dims[1] == 0 {
		want.dims[1] = v.form.dims[1]
	}
	v, ok := v.reform(want)
	if !ok {
		return plan.None, nodeError(a.node, "result %q has form %v, want %v", a.name, v.form, want)
	}
	if v, err = l.whole(p, v, space == plan.Row); err != nil {
		return plan.None, err
	}
	id := l.orient(v, false).id
	if got := l.at(id).Space; got != space {
		return plan.None, nodeError(a.node, "result %q is a %v value, want %v", a.name, got, space)
	}
	return l.owned(a.name, id), nil
}

// owned copies a value that is an input, so that no port leaves by the value by which another one enters.
func (l *lowering) owned(name string, id plan.ID) plan.ID {
	for _, in := range append(append([]plan.Port(nil), l.plan.Inputs...), l.plan.Cotangents...) {
		if in.Value == id {
			v := l.at(id)
			return l.emit(name, v.Space, v.Rows, v.Cols,
				plan.Instr{Op: plan.Unary, Fn: plan.Identity, Src: []plan.ID{id}})
		}
	}
	return id
}

// form is the matrix form of the pair.
func (l *lowering) form(p pair) (form, error) {
	f, err := formOf(p[0].Shape(), p[1].Shape(), batchSizes)
	if err != nil {
		return f, nodeError(p[0], "%w", err)
	}
	return f, nil
}

// view lowers the pair, once.
func (l *lowering) view(p pair) (view, error) {
	if v, ok := l.views[p]; ok {
		return v, nil
	}
	kids, err := l.operands(p)
	if err != nil {
		return view{}, err
	}
	f, err := l.form(p)
	if err != nil {
		return view{}, err
	}
	v, err := l.rule(node{pair: p, form: f, kids: kids})
	if err != nil {
		return view{}, err
	}
	l.views[p] = v
	return v, nil
}

// operands pairs the children, after a check that both nodes are the same operation.
func (l *lowering) operands(p pair) ([]pair, error) {
	a, b := children(l.traces[0].graph, p[0]), children(l.traces[1].graph, p[1])
	if key(p[0], a) != key(p[1], b) || len(a) != len(b) {
		return nil, nodeError(p[0], "operation %v becomes %v with another batch size; add the same nodes for every batch size",
			p[0].Op(), p[1].Op())
	}
	kids := make([]pair, len(a))
	for i := range a {
		kids[i] = pair{a[i], b[i]}
	}
	return kids, nil
}
