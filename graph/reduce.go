package graph

import (
	"neuralode/plan"
)

// reduction lowers a sum or maximum along axes, which Gorgonia drops.
func (l *lowering) reduction(n node, fn plan.Fn) (view, error) {
	v, err := l.view(n.kids[0])
	if err != nil {
		return view{}, err
	}
	if l.at(v.id).Space == plan.Sum && fn != plan.Add {
		return view{}, n.nonlinear()
	}
	rank := len(n.kids[0][0].Shape())
	var over [2]bool
	for _, axis := range opInts(n.op(), "along") {
		over[v.form.axisOf(rank, axis)] = true
	}
	for axis := range over {
		if over[axis] && axis != v.form.batch {
			v = l.reduce(n, fn, v, axis)
		}
	}
	if v.form.batch >= 0 && over[v.form.batch] {
		if v, err = l.sumSamples(n, fn, v); err != nil {
			return view{}, err
		}
	}
	v, ok := v.reform(n.form)
	if !ok {
		return view{}, n.errorf("reduces to %v, want %v", v.form, n.form)
	}
	return v, nil
}

// reduce shrinks an axis that is not the batch axis to length 1.
func (l *lowering) reduce(n node, fn plan.Fn, v view, axis int) view {
	if v.form.dims[axis] == 1 {
		return v
	}
	v = l.full(v)
	x := l.at(v.id)
	along := v.axis(axis)
	size := [2]int{x.Rows, x.Cols}
	size[along] = 1
	v.form.dims[axis] = 1
	v.id = l.emit(n.name(), x.Space, size[0], size[1], plan.Instr{Op: plan.Reduce, Fn: fn, Axis: along, Src: []plan.ID{v.id}})
	return v
}

// sumSamples adds the rows of all samples into an accumulator.
func (l *lowering) sumSamples(n node, fn plan.Fn, v view) (view, error) {
	if fn != plan.Add || !l.late[v.id] {
		return view{}, n.mixing("reduces over samples")
	}
	if l.at(v.id).Space != plan.Row {
		return view{}, n.nonlinear()
	}
	cols := l.at(v.id).Cols
	v.id = l.accumulate(n.name(), 1, cols, plan.Instr{Op: plan.Reduce, Fn: plan.Add, Axis: 0, Src: []plan.ID{v.id}})
	v.form.batch = -1
	return v, nil
}
