package onnx

import (
	"fmt"
	"slices"

	"neuralode/plan"
)

// exporter writes a plan's instructions as nodes.
type exporter struct {
	*builder
	plan   *plan.Plan
	names  map[plan.ID]string
	needed map[plan.ID]bool
}

// inputs declares the ports that are needed or kept.
func (e *exporter) inputs(keep []string) {
	for _, p := range e.plan.Inputs {
		if e.needed[p.Value] || slices.Contains(keep, p.Name) {
			e.input(p.Name, e.plan.Values[p.Value].Cols)
			e.names[p.Value] = p.Name
		}
	}
}

// parameters stores those that are needed, under their own names.
func (e *exporter) parameters(theta []float64) {
	from := 0
	for _, p := range e.plan.Params {
		if v := e.plan.Values[p.Value]; e.needed[p.Value] {
			e.names[p.Value] = e.numbers(p.Name, theta[from:from+p.Len()], v.Rows, v.Cols)
		}
		from += p.Len()
	}
}

// use is the name of a value. Constants are stored where they are first used.
func (e *exporter) use(id plan.ID) string {
	if _, there := e.names[id]; !there {
		v := e.plan.Values[id]
		if v.Const == nil {
			panic(fmt.Sprintf("onnx: %v is used before it is computed", v))
		}
		e.names[id] = e.numbers("", v.Const, v.Rows, v.Cols)
	}
	return e.names[id]
}

// instruction writes one.
func (e *exporter) instruction(in plan.Instr) {
	src := make([]string, len(in.Src))
	for i, id := range in.Src {
		src[i] = e.use(id)
	}
	e.names[in.Dst] = e.result(in, src)
}

func (e *exporter) result(in plan.Instr, src []string) string {
	switch in.Op {
	case plan.MatMul, plan.Affine:
		transposed := []attribute{{name: "transA", one: bit(in.TransA)}, {name: "transB", one: bit(in.TransB)}}
		product := e.nodeWith("Gemm", transposed, src...)
		if in.Op == plan.MatMul {
			return product
		}
		return e.unary(in.Fn, product)
	case plan.Unary:
		return e.unary(in.Fn, src[0])
	case plan.Binary:
		return e.binary(in.Fn, src[0], src[1])
	case plan.Reduce:
		return e.reduce(in, src[0])
	case plan.Transpose:
		return e.nodeWith("Transpose", []attribute{{name: "perm", many: []int64{1, 0}}}, src[0])
	case plan.Slice:
		at := func(x int) string { return e.integers(int64(x)) }
		return e.node("Slice", src[0], at(in.From), at(in.To), at(in.Axis), at(in.Stride))
	case plan.Scatter:
		return e.scatter(in, src[0])
	case plan.Concat:
		return e.nodeWith("Concat", []attribute{{name: "axis", one: int64(in.Axis)}}, src...)
	case plan.Broadcast:
		return e.node("Expand", src[0], e.shape(in.Dst))
	case plan.Reshape:
		return e.node("Reshape", src[0], e.shape(in.Dst))
	}
	panic("onnx: unknown instruction " + in.String())
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (e *exporter) reduce(in plan.Instr, x string) string {
	keep := attribute{name: "keepdims", one: 1}
	if in.Fn == plan.Max {
		return e.nodeWith("ReduceMax", []attribute{{name: "axes", many: []int64{int64(in.Axis)}}, keep}, x)
	}
	return e.nodeWith("ReduceSum", []attribute{keep}, x, e.integers(int64(in.Axis)))
}

// scatter multiplies by a matrix of zeros and ones, which puts each number into its place.
func (e *exporter) scatter(in plan.Instr, x string) string {
	from, to := e.plan.Values[in.Src[0]].Cols, e.plan.Values[in.Dst].Cols
	if in.Axis == 0 {
		from, to = e.plan.Values[in.Src[0]].Rows, e.plan.Values[in.Dst].Rows
	}
	places := make([]float64, from*to)
	for i := range from {
		at := in.From + i*in.Stride
		if in.Axis == 0 {
			places[at*from+i] = 1
		} else {
			places[i*to+at] = 1
		}
	}
	if in.Axis == 0 {
		return e.node("MatMul", e.numbers("", places, to, from), x)
	}
	return e.node("MatMul", x, e.numbers("", places, from, to))
}

// shape is that of a value, where a row value has as many rows as the first input.
func (e *exporter) shape(id plan.ID) string {
	v := e.plan.Values[id]
	if v.Space != plan.Row {
		return e.integers(int64(v.Rows), int64(v.Cols))
	}
	for _, p := range e.plan.Inputs {
		if name, declared := e.names[p.Value]; declared {
			batch := e.node("Slice", e.node("Shape", name), e.integers(0), e.integers(1))
			return e.nodeWith("Concat", []attribute{{name: "axis", one: 0}}, batch, e.integers(int64(v.Cols)))
		}
	}
	panic("onnx: a function without inputs")
}
