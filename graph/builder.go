package graph

import (
	"fmt"
	"strconv"
	"strings"

	"neuralode/plan"
)

// builder grows a plan. Equal instructions on equal operands give one value.
type builder struct {
	plan  *plan.Plan
	late  []bool             // parallel to the values: needs the cotangent
	seen  map[string]plan.ID // values by the instruction that makes them
	scale map[float64]plan.ID
}

func newBuilder() *builder {
	return &builder{plan: &plan.Plan{}, seen: map[string]plan.ID{}, scale: map[float64]plan.ID{}}
}

// value adds a value without an instruction.
func (b *builder) value(v plan.Value, late bool) plan.ID {
	b.plan.Values = append(b.plan.Values, v)
	b.late = append(b.late, late)
	return plan.ID(len(b.plan.Values) - 1)
}

func (b *builder) at(id plan.ID) plan.Value { return b.plan.Values[id] }

// constant is the 1 by 1 value of x.
func (b *builder) constant(x float64) plan.ID {
	id, ok := b.scale[x]
	if !ok {
		id = b.value(plan.Value{Name: strconv.FormatFloat(x, 'g', -1, 64), Rows: 1, Cols: 1, Const: []float64{x}}, false)
		b.scale[x] = id
	}
	return id
}

// emit adds an instruction that makes a value of the given space and size in the section where it belongs.
func (b *builder) emit(name string, space plan.Space, rows, cols int, in plan.Instr) plan.ID {
	late := space == plan.Sum
	for _, src := range in.Src {
		late = late || b.late[src]
	}
	return b.add(false, plan.Value{Name: name, Space: space, Rows: rows, Cols: cols}, in, late, b.section(space, late))
}

func (b *builder) section(space plan.Space, late bool) *[]plan.Instr {
	switch {
	case space == plan.Shared:
		return &b.plan.SharedCode
	case space == plan.Sum:
		return &b.plan.FinishCode
	case late:
		return &b.plan.BackwardCode
	}
	return &b.plan.ForwardCode
}

// accumulate adds an instruction that sums over the samples.
func (b *builder) accumulate(name string, rows, cols int, in plan.Instr) plan.ID {
	return b.add(true, plan.Value{Name: name, Space: plan.Sum, Rows: rows, Cols: cols}, in, true, &b.plan.AccumulateCode)
}

func (b *builder) add(accumulates bool, v plan.Value, in plan.Instr, late bool, code *[]plan.Instr) plan.ID {
	if in.Stride == 0 && (in.Op == plan.Slice || in.Op == plan.Scatter) {
		in.Stride = 1
	}
	in.Dst = 0
	key := fmt.Sprint(accumulates, v.Space, v.Rows, v.Cols, in.Op, in.Fn, in.Src,
		in.TransA, in.TransB, in.Axis, in.From, in.To, in.Stride)
	if id, ok := b.seen[key]; ok {
		return id
	}
	v.Name = strings.TrimSpace(v.Name)
	in.Dst = b.value(v, late)
	b.seen[key] = in.Dst
	*code = append(*code, in)
	return in.Dst
}
