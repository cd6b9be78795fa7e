package graph

import (
	"strings"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// functionOf is the function of so many numbers for which Gorgonia's operation prints the name.
func functionOf(arity int, name string) (plan.Fn, bool) {
	for _, f := range plan.Functions() {
		if f.Arity == arity && f.Gorgonia != "" && f.Gorgonia == name {
			return f.Fn, true
		}
	}
	return 0, false
}

func (l *lowering) unary(n node) (view, error) {
	v, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	name := n.op().String()
	if name == "expm1" { // Gorgonia makes it of exp(x) − 1
		return l.combine(n, plan.Sub, l.apply(n, plan.Exp, v), l.number(1))
	}
	if name == "ln" && gorgoniasLogSumExp(n.pair[0]) {
		return view{}, n.errorf("gorgonia.LogSumExp is not supported; %s", remedyFor("LogSumExp"))
	}
	fn, ok := functionOf(1, name)
	if !ok {
		return view{}, unsupported(n.pair[0])
	}
	if l.at(v.id).Space == plan.Sum && fn != plan.Neg {
		return view{}, n.nonlinear()
	}
	return l.apply(n, fn, v), nil
}

// gorgoniasLogSumExp reports whether a logarithm is that of gorgonia.LogSumExp, which adds the maximum to the sum
// inside it: log(Σ exp(x − max x) + max x).
func gorgoniasLogSumExp(log *gorgonia.Node) bool {
	g := log.Graph()
	made := func(n *gorgonia.Node, printed string, operands int) []*gorgonia.Node {
		if kids := children(g, n); n.Op() != nil && strings.HasPrefix(n.Op().String(), printed) &&
			len(kids) == operands {
			return kids
		}
		return nil
	}
	add := made(children(g, log)[0], "+", 2)
	if add == nil || made(add[1], "MaxAlong", 1) == nil {
		return false
	}
	sum := made(add[0], "Σ", 1)
	if sum == nil {
		return false
	}
	exp := made(sum[0], "exp", 1)
	if exp == nil {
		return false
	}
	sub := made(exp[0], "-", 2)
	return sub != nil && sub[1] == add[1]
}

// nonlinear is the error for a gradient that is no linear map of the sums over samples.
func (n node) nonlinear() error {
	return n.errorf("operation %v is applied to a sum over samples, and is not linear", n.op())
}

// apply emits a unary function of the view.
func (l *lowering) apply(n node, fn plan.Fn, v view) view {
	x := l.at(v.id)
	v.id = l.emit(n.name(), x.Space, x.Rows, x.Cols, plan.Instr{Op: plan.Unary, Fn: fn, Src: []plan.ID{v.id}})
	return v
}

// number is the view of a constant.
func (l *lowering) number(x float64) view {
	return view{form: form{dims: [2]int{1, 1}, batch: -1}, id: l.constant(x)}
}

// operator is what an elementwise operation of two operands prints between them.
func operator(op gorgonia.Op) string { return strings.Fields(op.String())[0] }

func (l *lowering) binary(n node) (view, error) {
	fn, ok := functionOf(2, operator(n.op()))
	if !ok {
		return view{}, unsupported(n.pair[0])
	}
	a, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	b, err := l.view(n.kids[1])
	if err != nil {
		return view{}, err
	}
	return l.combine(n, fn, a, b)
}

// combine emits a binary function of two views of the node's form, or scalars.
func (l *lowering) combine(n node, fn plan.Fn, a, b view) (view, error) {
	for _, v := range []*view{&a, &b} {
		if v.form.scalar() {
			v.trans = false
			continue
		}
		w, ok := v.reform(n.form)
		if !ok {
			return view{}, n.errorf("operand of form %v, want %v", v.form, n.form)
		}
		*v = w
	}
	space, ok := joined(fn, l.at(a.id).Space, l.at(b.id).Space)
	if !ok {
		return view{}, n.nonlinear()
	}
	trans := l.orientation(n.form, space, a, b)
	a, b = l.orient(a, trans), l.orient(b, trans)
	x, y := l.at(a.id), l.at(b.id)
	id := l.emit(n.name(), space, max(x.Rows, y.Rows), max(x.Cols, y.Cols),
		plan.Instr{Op: plan.Binary, Fn: fn, Src: []plan.ID{a.id, b.id}})
	return view{form: n.form, id: id, trans: trans}, nil
}

// joined is the space of a binary function's result. Sums admit only what is linear in them.
func joined(fn plan.Fn, a, b plan.Space) (plan.Space, bool) {
	switch {
	case a == plan.Sum && b == plan.Sum:
		return plan.Sum, fn == plan.Add || fn == plan.Sub
	case a == plan.Sum:
		return plan.Sum, b == plan.Shared && (fn == plan.Mul || fn == plan.Div)
	case b == plan.Sum:
		return plan.Sum, a == plan.Shared && fn == plan.Mul
	}
	return max(a, b), true
}

// orientation chooses how the operands of a binary function lie: rows along axis 0, otherwise as the larger one does.
func (l *lowering) orientation(f form, space plan.Space, a, b view) bool {
	if space == plan.Row {
		return f.batch == 1
	}
	if l.at(a.id).Len() >= l.at(b.id).Len() {
		return a.trans
	}
	return b.trans
}

// notSum lowers the operand for an operation that sums over samples must not reach.
func (l *lowering) notSum(n node, kid pair) (view, error) {
	v, err := l.view(kid)
	if err == nil && l.at(v.id).Space == plan.Sum {
		err = n.nonlinear()
	}
	return v, err
}
