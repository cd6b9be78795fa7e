package solvertest

import (
	"fmt"
	"math"
	"testing"

	"neuralode/plan"
	"neuralode/solver"
)

// Functions is the part of Run that walks the table of functions of package plan: what each gives, and that Compile
// refuses what the table does not have.
func (s Suite) Functions(t *testing.T) {
	list := plan.Functions()
	n := len(list)
	var z0, want []float64
	for _, a := range [][3]float64{{0.75, 0.75, 0.5}, {-1.25, 1.5, 0.25}, {2, 0.125, -0.5}, {-0.5, 3, -0.5},
		{0, 2, 1}} {
		z0 = append(append(z0, make([]float64, n)...), a[:]...)
		for _, f := range list {
			want = append(want, valueAt(f, argument(f, a[0], a[1]), a[2]))
		}
		want = append(want, a[:]...)
	}
	m := solver.Model{Field: FunctionField()}
	got := s.solve(t, m, s.spec(solver.NoGradient), nil, solver.Batch{Z0: z0, Spans: []solver.Span{{T1: 1}}})
	for i := range want {
		what := "an argument"
		if k := i % (n + 3); k < n {
			what = list[k].Name
		}
		near(t, fmt.Sprintf("%s of sample %d", what, i/(n+3)), got.Z1[i:i+1], want[i:i+1], s.choose(1e-5, 1e-12))
	}
	for _, fn := range []plan.Fn{plan.Fn(n), 255} {
		spoiled := solver.Model{Field: FunctionField()}
		code := spoiled.Field.ForwardCode
		for i := range code {
			if code[i].Op == plan.Unary {
				code[i].Fn = fn
			}
		}
		if p, err := s.Backend.Compile(spoiled, s.spec(solver.NoGradient)); err == nil {
			t.Errorf("%v compiles", fn)
			_ = p.Close()
		}
	}
}

// FunctionField is a field made of every function of the table: component k of dz/dt is function k of the last three
// components, which stay as they are. The first of these may be any number, the second is positive for functions that
// are not defined below 0, the third is the second operand.
func FunctionField() *plan.Plan {
	list := plan.Functions()
	n := len(list)
	p := &plan.Plan{}
	value := func(v plan.Value) plan.ID {
		p.Values = append(p.Values, v)
		return plan.ID(len(p.Values) - 1)
	}
	row := func(cols int, in plan.Instr) plan.ID {
		in.Dst = value(plan.Value{Name: in.Fn.String(), Space: plan.Row, Rows: 1, Cols: cols})
		p.ForwardCode = append(p.ForwardCode, in)
		return in.Dst
	}
	z := value(plan.Value{Name: "z", Space: plan.Row, Rows: 1, Cols: n + 3})
	p.Inputs = []plan.Port{{Name: "t", Value: value(plan.Value{Name: "t", Space: plan.Row, Rows: 1, Cols: 1})},
		{Name: "z", Value: z}}
	at := func(k int) plan.ID {
		return row(1, plan.Instr{Op: plan.Slice, Src: []plan.ID{z}, Axis: 1, From: k, To: k + 1, Stride: 1})
	}
	x, positive, y := at(n), at(n+1), at(n+2)
	parts := make([]plan.ID, n, n+1)
	for i, f := range list {
		in := plan.Instr{Op: plan.Unary, Fn: f.Fn, Src: []plan.ID{[]plan.ID{x, positive}[int(argument(f, 0, 1))]}}
		if f.Arity == 2 {
			in.Op, in.Src = plan.Binary, append(in.Src, y)
		}
		parts[i] = row(1, in)
	}
	zero := value(plan.Value{Name: "0", Rows: 1, Cols: 1, Const: []float64{0}})
	parts = append(parts, row(3, plan.Instr{Op: plan.Broadcast, Src: []plan.ID{zero}}))
	p.Outputs = []plan.Port{{Name: "f", Value: row(n+3, plan.Instr{Op: plan.Concat, Axis: 1, Src: parts})}}
	return p
}

// argument is the first operand for a function: x where it is defined below and at 0, else the positive one.
func argument(f plan.Function, x, positive float64) float64 {
	for _, a := range []float64{-2, 0} {
		if v := valueAt(f, a, -0.5); math.IsNaN(v) || math.IsInf(v, 0) {
			return positive
		}
	}
	return x
}

func valueAt(f plan.Function, a, b float64) float64 {
	if f.Arity == 1 {
		return f.Fn.Eval1(a)
	}
	return f.Fn.Eval2(a, b)
}
