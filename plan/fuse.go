package plan

// Fuse returns a plan that computes the same numbers, up to rounding, with fewer instructions:
//
//   - a product of rows with a shared matrix, the bias added to it and the activation become one Affine;
//   - x⊙(x>0) and x⊙(x≥0) become Relu, and the gradients of tanh, sigmoid, softplus and relu one Binary each. Where x
//     is 0, x⊙(x≥0) has derivative 1, so that gradient stays as it is and x is kept for it;
//   - the transpose of a product summed over the samples becomes the product with its operands swapped, and a sum of
//     two such sums one accumulator to which both add;
//   - copies and dead code go, and what only the VJP needs moves from the Forward to the Backward section.
//
// p is not changed.
func Fuse(p *Plan) *Plan {
	f := &fuser{plan: p.clone()}
	// Gradients first: they look for activations that are still instructions of their own.
	f.rewrite((*fuser).alias, (*fuser).operandTranspose, (*fuser).relu, (*fuser).tanhVJP, (*fuser).sigmoidVJP,
		(*fuser).softplusVJP, (*fuser).reluVJP, (*fuser).swapProduct, (*fuser).mergeSums)
	f.rewrite((*fuser).bias, (*fuser).activation)
	f.plan.sink()
	f.plan.compact()
	return f.plan
}

// rule rewrites one instruction in place and reports whether it did.
type rule func(f *fuser, in *Instr) bool

type fuser struct {
	plan *Plan
	defs []definition // by value
	uses []int        // by value: instructions that read it, and ports
}

// definition is where a value comes from.
type definition struct {
	in    *Instr // the instruction that makes it; nil for inputs, parameters, constants and accumulators
	order int    // of that instruction
	adds  []*Instr
}

// rewrite applies rules until none does anything.
func (f *fuser) rewrite(rules ...rule) {
	for changed := true; changed; {
		f.plan.prune()
		f.index()
		changed = f.sweep(rules)
	}
}

// sweep applies the first rule that fits anywhere.
func (f *fuser) sweep(rules []rule) bool {
	for _, code := range f.plan.code() {
		for i := range *code {
			for _, r := range rules {
				if r(f, &(*code)[i]) {
					return true
				}
			}
		}
	}
	return false
}

// index finds definitions and counts uses.
func (f *fuser) index() {
	f.defs = make([]definition, len(f.plan.Values))
	f.uses = make([]int, len(f.plan.Values))
	order := 0
	for _, code := range f.plan.code() {
		for i := range *code {
			in := &(*code)[i]
			order++
			if code == &f.plan.AccumulateCode {
				f.defs[in.Dst].adds = append(f.defs[in.Dst].adds, in)
			} else {
				f.defs[in.Dst] = definition{in: in, order: order}
			}
			for _, src := range in.Src {
				f.uses[src]++
			}
		}
	}
	for _, id := range f.plan.leaving() {
		f.uses[id]++
	}
}

// is returns the instruction that makes the value when it is op with fn.
func (f *fuser) is(id ID, op Op, fn Fn) *Instr {
	if in := f.defs[id].in; in != nil && in.Op == op && in.Fn == fn {
		return in
	}
	return nil
}

func (f *fuser) number(id ID, x float64) bool {
	c := f.plan.Values[id].Const
	return len(c) == 1 && c[0] == x
}

// find returns the value fn(x), or None when no instruction before the given one makes it.
func (f *fuser) find(fn Fn, x ID, before *Instr) ID {
	limit := f.defs[before.Dst].order
	for id, d := range f.defs {
		if in := f.is(ID(id), Unary, fn); in != nil && in.Src[0] == x && d.order < limit {
			return ID(id)
		}
	}
	return None
}

// row reports whether the instruction makes a row value by a binary function.
func (f *fuser) row(in *Instr, fn Fn) bool {
	return in.Op == Binary && in.Fn == fn && f.plan.Values[in.Dst].Space == Row && f.defs[in.Dst].in == in
}

// either tries a commutative pattern with both orders of the operands.
func either(in *Instr, match func(a, b ID) bool) bool {
	return match(in.Src[0], in.Src[1]) || match(in.Src[1], in.Src[0])
}

func (in *Instr) become(op Op, fn Fn, src ...ID) bool {
	*in = Instr{Op: op, Fn: fn, Dst: in.Dst, Src: src}
	return true
}

// alias makes readers of a copy read the original.
func (f *fuser) alias(in *Instr) bool {
	v := f.plan.Values
	same := in.Op == Unary && in.Fn == Identity
	if in.Op == Broadcast || in.Op == Reshape {
		a, b := v[in.Src[0]], v[in.Dst]
		same = a.Space == b.Space && a.Rows == b.Rows && a.Cols == b.Cols
	}
	if !same || f.uses[in.Dst] == 0 {
		return false
	}
	to, from := in.Src[0], in.Dst
	changed := false
	for _, code := range f.plan.code() {
		for i := range *code {
			for j, src := range (*code)[i].Src {
				if src == from {
					(*code)[i].Src[j] = to
					changed = true
				}
			}
		}
	}
	// A port keeps the copy of what enters by another port.
	if d := f.defs[to]; d.in != nil || len(d.adds) > 0 {
		changed = f.plan.redirect(from, to) || changed
	}
	return changed
}

// operandTranspose turns a transposed operand of a product into its flag.
func (f *fuser) operandTranspose(in *Instr) bool {
	if in.Op != MatMul {
		return false
	}
	changed := false
	for i, flag := range []*bool{&in.TransA, &in.TransB} {
		if t := f.is(in.Src[i], Transpose, Identity); t != nil {
			in.Src[i] = t.Src[0]
			*flag = !*flag
			changed = true
		}
	}
	return changed
}

func (f *fuser) relu(in *Instr) bool {
	return f.row(in, Mul) && either(in, func(x, mask ID) bool {
		return f.positive(mask, x, Gte) && in.become(Unary, Relu, x)
	})
}

// positive reports whether mask is x > 0, or x ≥ 0 when also is Gte.
func (f *fuser) positive(mask, x ID, also Fn) bool {
	for _, fn := range []Fn{Gt, also} {
		if c := f.is(mask, Binary, fn); c != nil && c.Src[0] == x && f.number(c.Src[1], 0) {
			return true
		}
	}
	return false
}

// reluVJP reads relu's result, which is positive where its argument is, so that the argument need not be kept.
func (f *fuser) reluVJP(in *Instr) bool {
	return f.row(in, Mul) && either(in, func(g, mask ID) bool {
		c := f.defs[mask].in
		if c == nil || c.Op != Binary || !f.positive(mask, c.Src[0], Gt) {
			return false
		}
		y := f.find(Relu, c.Src[0], in)
		return y != None && in.become(Binary, ReluVJP, g, y)
	})
}

func (f *fuser) tanhVJP(in *Instr) bool {
	return f.row(in, Mul) && either(in, func(g, slope ID) bool {
		d := f.is(slope, Binary, Sub)
		if d == nil || !f.number(d.Src[0], 1) {
			return false
		}
		if sq := f.is(d.Src[1], Binary, Mul); sq != nil && sq.Src[0] == sq.Src[1] {
			return in.become(Binary, TanhVJP, g, sq.Src[0])
		}
		return false
	})
}

func (f *fuser) sigmoidVJP(in *Instr) bool {
	return f.row(in, Mul) && either(in, func(g, slope ID) bool {
		m := f.is(slope, Binary, Mul)
		return m != nil && either(m, func(y, rest ID) bool {
			return f.complement(y, rest) && in.become(Binary, SigmoidVJP, g, y)
		})
	})
}

// complement reports whether rest is 1 − y for y = sigmoid(x): written so, or as sigmoid(−x).
func (f *fuser) complement(y, rest ID) bool {
	s := f.is(y, Unary, Sigmoid)
	if s == nil {
		return false
	}
	if d := f.is(rest, Binary, Sub); d != nil && f.number(d.Src[0], 1) && d.Src[1] == y {
		return true
	}
	if r := f.is(rest, Unary, Sigmoid); r != nil {
		n := f.is(r.Src[0], Unary, Neg)
		return n != nil && n.Src[0] == s.Src[0]
	}
	return false
}

// softplusVJP wants the softplus itself too, since sigmoid(x)⊙g is also a gate.
func (f *fuser) softplusVJP(in *Instr) bool {
	return f.row(in, Mul) && either(in, func(g, slope ID) bool {
		s := f.is(slope, Unary, Sigmoid)
		return s != nil && f.uses[slope] == 1 && f.find(Softplus, s.Src[0], in) != None &&
			in.become(Binary, SoftplusVJP, g, s.Src[0])
	})
}

// swapProduct transposes an accumulator at its source: (AᵀB)ᵀ = BᵀA.
func (f *fuser) swapProduct(in *Instr) bool {
	if in.Op != Transpose || f.uses[in.Src[0]] != 1 {
		return false
	}
	adds := f.defs[in.Src[0]].adds
	for _, add := range adds {
		if add.Op != MatMul {
			return false
		}
	}
	for _, add := range adds {
		add.Dst, add.Src = in.Dst, []ID{add.Src[1], add.Src[0]}
	}
	return len(adds) > 0 && f.plan.drop(in)
}

// mergeSums lets both terms of a sum of accumulators add to one.
func (f *fuser) mergeSums(in *Instr) bool {
	if in.Op != Binary || in.Fn != Add {
		return false
	}
	a, b := in.Src[0], in.Src[1]
	if a == b || f.uses[a] != 1 || f.uses[b] != 1 || len(f.defs[a].adds) == 0 || len(f.defs[b].adds) == 0 {
		return false
	}
	if x, y := f.plan.Values[a], f.plan.Values[b]; x.Rows != y.Rows || x.Cols != y.Cols {
		return false
	}
	for _, add := range append(append([]*Instr(nil), f.defs[a].adds...), f.defs[b].adds...) {
		add.Dst = in.Dst
	}
	return f.plan.drop(in)
}

// product returns the instruction of a product of rows with a shared matrix that only one instruction reads.
func (f *fuser) product(id ID) *Instr {
	m := f.is(id, MatMul, Identity)
	v := f.plan.Values
	if m == nil || f.uses[id] != 1 || m.TransA || v[m.Src[0]].Space != Row || v[m.Src[1]].Space != Shared {
		return nil
	}
	return m
}

func (f *fuser) bias(in *Instr) bool {
	return f.row(in, Add) && either(in, func(x, bias ID) bool {
		m := f.product(x)
		b := f.plan.Values[bias]
		if m == nil || b.Space != Shared || b.Rows != 1 || b.Cols != f.plan.Values[in.Dst].Cols || b.Cols != f.plan.Values[x].Cols {
			return false
		}
		*in = Instr{Op: Affine, Dst: in.Dst, Src: []ID{m.Src[0], m.Src[1], bias}, TransB: m.TransB}
		return true
	})
}

func (f *fuser) activation(in *Instr) bool {
	if in.Op != Unary {
		return false
	}
	m := f.product(in.Src[0])
	if m == nil {
		if m = f.is(in.Src[0], Affine, Identity); m == nil || f.uses[in.Src[0]] != 1 {
			return false
		}
	}
	*in = Instr{Op: Affine, Fn: in.Fn, Dst: in.Dst, Src: append([]ID(nil), m.Src...), TransB: m.TransB}
	return true
}
