package graph

import (
	"neuralode/plan"
)

// Gorgonia's linear algebra operators, by their number (operatorLinAlg.go).
const (
	matMul = iota
	matVec
	vecDot
	outerProduct
	batchedMatMul
)

// linear lowers Gorgonia's matrix products.
func (l *lowering) linear(n node) (view, error) {
	kind := opField(n.op(), "āBinaryOperator").Uint()
	a, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	b, err := l.view(n.kids[1])
	if err != nil {
		return view{}, err
	}
	if opField(n.op(), "transA").Bool() {
		a.form, a.trans = a.form.transposed(), !a.trans
	}
	switch kind {
	case matMul:
		if opField(n.op(), "transB").Bool() {
			b.form, b.trans = b.form.transposed(), !b.trans
		}
		return l.product(n, a, b)
	case matVec:
		return l.product(n, a, column(b))
	case vecDot:
		return l.product(n, row(a), column(b))
	case outerProduct:
		return l.outer(n, column(a), column(b))
	}
	return view{}, n.errorf("operation %v is not supported; %s", n.op(), remedy("batchedMatMul"))
}

// column reads a vector as a column.
func column(v view) view {
	f := v.form
	if f.dims[0] == 1 && f.batch != 0 {
		f = f.transposed()
	}
	v, _ = v.reform(f)
	return v
}

// row reads a vector as a row.
func row(v view) view {
	v = column(v)
	v.form, v.trans = v.form.transposed(), !v.trans
	return v
}

// outer lowers a·bᵀ of two columns to a stretching product. It is taken where it is the gradient of a matrix times a
// vector; in an expression, Gorgonia's gradient for it would be wrong.
func (l *lowering) outer(n node, a, b view) (view, error) {
	if !l.late[a.id] && !l.late[b.id] {
		return view{}, n.errorf("gorgonia.OuterProd has a wrong gradient; %s", remedyFor("OuterProd"))
	}
	b.form, b.trans = b.form.transposed(), !b.trans
	if a.form.batch >= 0 && b.form.batch >= 0 {
		return view{}, n.mixing("multiplies samples with samples")
	}
	a.form, b.form = n.form, n.form
	return l.combine(n, plan.Mul, a, b)
}

// product lowers a·b of two matrices as they stand.
func (l *lowering) product(n node, a, b view) (view, error) {
	switch {
	case a.form.batch == 0 && b.form.batch == 1:
		return view{}, n.mixing("multiplies samples with samples")
	case a.form.dims[1] != b.form.dims[0] || (a.form.batch == 1) != (b.form.batch == 0):
		return view{}, n.errorf("multiplies %v with %v: the inner axes differ", a.form, b.form)
	}
	var v view
	var err error
	switch {
	case a.form.batch == 1:
		v, err = l.contraction(n, a, b)
	case b.form.batch == 1: // A·Bᵀ = (B·Aᵀ)ᵀ keeps the samples along axis 0
		at, bt := a, b
		at.form, at.trans = a.form.transposed(), !a.trans
		bt.form, bt.trans = b.form.transposed(), !b.trans
		if v, err = l.rowProduct(n, bt, at); err == nil {
			v.form, v.trans = v.form.transposed(), !v.trans
		}
	default:
		v, err = l.rowProduct(n, a, b)
	}
	if err != nil {
		return view{}, err
	}
	v, ok := v.reform(n.form)
	if !ok {
		return view{}, n.errorf("product of form %v, want %v", v.form, n.form)
	}
	return v, nil
}

// rowProduct multiplies a matrix, rows of samples or not, by one that has no batch axis.
func (l *lowering) rowProduct(n node, a, b view) (view, error) {
	a, b = l.full(a), l.full(b)
	x, y := l.at(a.id), l.at(b.id)
	space, ok := joined(plan.Mul, x.Space, y.Space)
	if !ok || (x.Space == plan.Row && y.Space == plan.Sum) {
		return view{}, n.nonlinear()
	}
	f := form{dims: [2]int{a.form.dims[0], b.form.dims[1]}, batch: a.form.batch}
	id := l.emit(n.name(), space, f.dims[0], f.dims[1],
		plan.Instr{Op: plan.MatMul, Src: []plan.ID{a.id, b.id}, TransA: a.trans, TransB: b.trans})
	return view{form: f, id: id}, nil
}

// contraction sums a product over the samples into an accumulator.
func (l *lowering) contraction(n node, a, b view) (view, error) {
	if !l.late[a.id] && !l.late[b.id] {
		return view{}, n.mixing("sums over samples")
	}
	a, err := l.whole(n.pair, a, true)
	if err != nil {
		return view{}, err
	}
	if b, err = l.whole(n.pair, b, true); err != nil {
		return view{}, err
	}
	rows, cols := l.at(a.id).Cols, l.at(b.id).Cols
	id := l.accumulate(n.name(), rows, cols, plan.Instr{Op: plan.MatMul, Src: []plan.ID{a.id, b.id}, TransA: true})
	return view{form: form{dims: [2]int{rows, cols}, batch: -1}, id: id}, nil
}
