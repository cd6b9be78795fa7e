package cpu

import (
	"neuralode/plan"
	"neuralode/solver/cpu/internal/simd"
)

// executor runs a plan's row sections on lists of rows with the kernels. It holds no state of a run: workers share it.
type executor[T simd.Float] struct {
	plan     *plan.Plan
	kern     *simd.Kernels[T]
	layout   layout
	params   *parameters[T]
	forward  []rowOp
	backward []rowOp
	sums     []sumOp
	linear   []operand // operands of sums that carry the cotangent, each once
}

// rowOp is an instruction with its operands in place.
type rowOp struct {
	plan.Instr
	kind kind
	dst  operand
	src  []operand
	pack int     // of a product: the packed weight
	vjp  plan.Fn // of a product: a fused derivative (Identity: none), with src[1] as its second argument
}

type kind uint8

const (
	product kind = iota
	unary
	binary
	moved // everything that copies or reduces within a row
)

// sumOp accumulates over rows: a product xᵀ·y, or column sums of y when x is absent.
type sumOp struct {
	dst   plan.ID
	x, y  operand
	outer bool
}

func newExecutor[T simd.Float](p *plan.Plan, kern *simd.Kernels[T]) *executor[T] {
	e := &executor[T]{plan: p, kern: kern, layout: newLayout(p), params: newParameters(p, kern)}
	e.forward = e.compile(p.ForwardCode)
	e.backward = e.fuseVJP(e.compile(p.BackwardCode))
	late := lateValues(p)
	for _, in := range p.AccumulateCode {
		e.addSum(in, late)
	}
	return e
}

func (e *executor[T]) compile(code []plan.Instr) []rowOp {
	ops := make([]rowOp, 0, len(code))
	for _, in := range code {
		op := rowOp{Instr: in, dst: e.layout.at[in.Dst], vjp: plan.Identity, kind: moved}
		for _, s := range in.Src {
			op.src = append(op.src, e.layout.at[s])
		}
		switch in.Op {
		case plan.MatMul, plan.Affine:
			op.kind, op.pack = product, e.params.packed(in.Src[1], in.TransB)
			if in.Op == plan.MatMul {
				op.Fn = plan.Identity
			}
		case plan.Unary:
			op.kind = unary
		case plan.Binary:
			op.kind = binary
		}
		ops = append(ops, op)
	}
	return ops
}

// fuseVJP joins a product with the activation's derivative that follows it, when nothing else reads the product. A
// product of one column may stretch there: it stays as it is.
func (e *executor[T]) fuseVJP(ops []rowOp) []rowOp {
	var out []rowOp
	for _, op := range ops {
		last := len(out) - 1
		if op.kind == binary && op.Fn.IsVJP() && last >= 0 && out[last].kind == product &&
			out[last].Op == plan.MatMul &&
			op.Src[0] == out[last].Dst && op.Src[1] != op.Src[0] && e.uses(op.Src[0]) == 1 &&
			out[last].dst.width == op.dst.width && op.src[1].mem != shared && op.src[1].width == op.dst.width {
			out[last].dst, out[last].vjp, out[last].src[1] = op.dst, op.Fn, op.src[1]
			continue
		}
		out = append(out, op)
	}
	return out
}

// uses counts how often a value is read or handed out.
func (e *executor[T]) uses(id plan.ID) int {
	n := 0
	for _, s := range e.plan.Sections() {
		for _, in := range s.Code {
			for _, src := range in.Src {
				if src == id {
					n++
				}
			}
		}
	}
	for _, g := range e.plan.InputGrads {
		if g.Value == id {
			n++
		}
	}
	return n
}

// lateValues marks the values that depend on the cotangent.
func lateValues(p *plan.Plan) map[plan.ID]bool {
	late := map[plan.ID]bool{}
	for _, c := range p.Cotangents {
		late[c.Value] = true
	}
	for _, in := range p.BackwardCode {
		late[in.Dst] = true
	}
	return late
}

func (e *executor[T]) addSum(in plan.Instr, late map[plan.ID]bool) {
	op := sumOp{dst: in.Dst, outer: in.Op == plan.MatMul}
	carrier := in.Src[0]
	if op.outer {
		op.x, op.y = e.layout.at[in.Src[0]], e.layout.at[in.Src[1]]
		if tall(op.x.width, op.y.width) {
			op.x, op.y = op.y, op.x
		}
		if !late[carrier] {
			carrier = in.Src[1]
		}
	} else {
		op.y = e.layout.at[in.Src[0]]
	}
	e.sums = append(e.sums, op)
	c := e.layout.at[carrier]
	for _, l := range e.linear {
		if l == c {
			return
		}
	}
	e.linear = append(e.linear, c)
}

// rows is a list of row frames in the two memories; the two offsets at an index belong together.
type rows[T simd.Float] struct {
	mem  [2][]T
	off  [2][]int
	zero []int // as long as the list: the offsets of a shared operand
}

// at is an operand's base and offsets.
func (e *executor[T]) at(r *rows[T], o operand) ([]T, []int) {
	if o.mem == shared {
		return e.params.values[o.id], r.zero[:len(r.off[local])]
	}
	return r.mem[o.mem][o.off:], r.off[o.mem]
}

func (e *executor[T]) run(ops []rowOp, r *rows[T]) {
	for i := range ops {
		op := &ops[i]
		switch op.kind {
		case product:
			e.product(op, r)
		case unary:
			dst, dstOff := e.at(r, op.dst)
			x, xOff := e.at(r, op.src[0])
			e.kern.Unary(op.Fn, dst, dstOff, x, xOff, op.dst.width)
		case binary:
			e.binary(op, r)
		case moved:
			e.move(op, r)
		}
	}
}

// product is a product and what is fused with it, done while the rows are in the first cache.
func (e *executor[T]) product(op *rowOp, r *rows[T]) {
	dst, dstOff := e.at(r, op.dst)
	x, xOff := e.at(r, op.src[0])
	var bias []T
	if len(op.src) == 3 {
		bias = e.params.values[op.src[2].id]
	}
	q := &e.params.packs[op.pack]
	e.kern.Gemm(dst, dstOff, x, xOff, q.data, bias, q.k, q.m)
	switch {
	case op.vjp != plan.Identity:
		y, yOff := e.at(r, op.src[1])
		e.kern.Binary(op.vjp, dst, dstOff, dst, dstOff, 1, y, yOff, 1, op.dst.width)
	case op.Fn != plan.Identity:
		e.kern.Unary(op.Fn, dst, dstOff, dst, dstOff, op.dst.width)
	}
}

func (e *executor[T]) binary(op *rowOp, r *rows[T]) {
	dst, dstOff := e.at(r, op.dst)
	a, aOff := e.at(r, op.src[0])
	b, bOff := e.at(r, op.src[1])
	e.kern.Binary(op.Fn, dst, dstOff, a, aOff, step(op.src[0], op.dst), b, bOff, step(op.src[1], op.dst), op.dst.width)
}

// step is 0 for an operand of width 1 that stretches over the result.
func step(src, dst operand) int {
	if src.width == 1 && dst.width != 1 {
		return 0
	}
	return 1
}

// accumulate adds the sums over the listed rows.
func (e *executor[T]) accumulate(s *sums[T], r *rows[T]) {
	for i := range e.sums {
		op := &e.sums[i]
		y, yOff := e.at(r, op.y)
		if !op.outer {
			e.kern.ColSum(s.value(op.dst), y, yOff, op.y.width)
			continue
		}
		x, xOff := e.at(r, op.x)
		e.kern.GemmTN(s.value(op.dst), x, xOff, y, yOff, op.x.width, op.y.width)
	}
}

// scale multiplies what carries the cotangent in each listed row by w, so that the sums come out weighted.
func (e *executor[T]) scale(r *rows[T], w []T) {
	for _, o := range e.linear {
		x, off := e.at(r, o)
		e.kern.ScaleRows(x, off, w, o.width)
	}
}
