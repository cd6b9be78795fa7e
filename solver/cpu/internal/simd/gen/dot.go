package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dotColumns is how many columns a product may have to be done as dot products; dotRows is how many rows at once.
const dotColumns = 4

func (t target) dotRows(n int) int {
	switch {
	case t.is512() && n > 2 || !t.is512() && n == 2:
		return 2
	case !t.is512() && n > 2:
		return 1
	}
	return 4
}

// chains is how many sums a dot product is made of, the lanes of the widest vectors. Narrower ones have as many in
// several registers, so that an element has the same additions by any of them.
func (t target) chains() int { return zmm.bytes / t.size }

// dot writes the product of listed rows with n columns, dst_r[c] = start[c] + Σ_i x_r[i]·w_c[i]. A chain sums every
// chains-th i, then the chains are added by halves: the same additions for each element whatever the number of rows.
func (t target) dot(n int) {
	t.function(fmt.Sprintf("dot%dx", n),
		fmt.Sprintf("Product of rows with %d packed columns, each k elements and zeros up to stride, a multiple of 64 bytes.", n),
		fmt.Sprintf("dst *%[1]s, dstOff *int, x *%[1]s, xOff *int, w, start *%[1]s, rows, k, stride int", t.name))
	d := dot{target: t, dstOff: param("dstOff"), xOff: param("xOff"), rows: param("rows")}
	d.whole, d.masks = t.split(param("k"))
	d.columns = []GPVirtual{param("w")}
	for c := range n - 1 {
		next := GP64()
		LEAQ(t.at(d.columns[c], param("stride"), 0), next)
		d.columns = append(d.columns, next)
	}
	for _, r := range slices.Compact([]int{t.dotRows(n), 1}) {
		Label(fmt.Sprintf("next%d", r))
		CMPQ(d.rows, U32(r))
		JLT(LabelRef(fmt.Sprintf("fewer%d", r)))
		d.tile(r)
		ADDQ(U32(8*r), d.dstOff)
		ADDQ(U32(8*r), d.xOff)
		SUBQ(U32(r), d.rows)
		JMP(LabelRef(fmt.Sprintf("next%d", r)))
		Label(fmt.Sprintf("fewer%d", r))
	}
	VZEROUPPER()
	RET()
}

// split is how many elements of n come before those of the last turn, from one to one of each chain, and the masks of
// the vectors of that one.
func (t target) split(n GPVirtual) (whole GPVirtual, masks []mask) {
	whole = GP64()
	LEAQ(Mem{Base: n, Disp: -1}, whole)
	ANDQ(I32(-t.chains()), whole)
	SUBQ(whole, n)
	if t.is512() {
		return whole, []mask{t.tail(n)}
	}
	low, high, bound := GP64(), GP64(), GP64()
	MOVQ(U32(t.lanes()), bound)
	MOVQ(n, low)
	CMPQ(n, bound)
	CMOVQGT(bound, low)
	MOVQ(n, high)
	SUBQ(low, high)
	return whole, []mask{t.tail(low), t.tail(high)}
}

type dot struct {
	target
	dstOff, xOff, rows, whole GPVirtual
	masks                     []mask // of the vectors of a turn
	columns                   []GPVirtual
}

// tile does the next r rows.
func (d dot) tile(r int) {
	sums, x := make([][][]VecVirtual, r), param("x") // of each row, each vector of a turn and each column
	rows := make([]GPVirtual, r)
	for a := range rows {
		rows[a], sums[a] = d.row(x, d.xOff, a), make([][]VecVirtual, len(d.masks))
		for v := range sums[a] {
			sums[a][v] = d.regs(len(d.columns))
			for _, sum := range sums[a][v] {
				d.zero(sum)
			}
		}
	}
	i := GP64()
	XORQ(i, i)
	Label(fmt.Sprintf("vector%d", r))
	CMPQ(i, d.whole)
	JGE(LabelRef(fmt.Sprintf("last%d", r)))
	d.products(rows, i, sums, func(m Mem, v VecVirtual, _ mask) { d.load(m, v) })
	ADDQ(U32(d.chains()), i)
	JMP(LabelRef(fmt.Sprintf("vector%d", r)))
	Label(fmt.Sprintf("last%d", r))
	d.products(rows, i, sums, d.loadMasked)
	d.finish(sums)
}

// products adds the vectors of a turn of each row times those of each column.
func (d dot) products(rows []GPVirtual, i GPVirtual, sums [][][]VecVirtual, load func(Mem, VecVirtual, mask)) {
	for v, k := range d.masks {
		weights := d.regs(len(d.columns))
		for c, w := range weights {
			d.load(d.at(d.columns[c], i, v*d.bytes), w)
		}
		for a, row := range rows {
			x := d.reg()
			load(d.at(row, i, v*d.bytes), x, k)
			for c, w := range weights {
				d.fma(x, w, sums[a][v][c])
			}
		}
	}
}

// finish adds up the chains and stores the sums.
func (d dot) finish(sums [][][]VecVirtual) {
	dst, start := param("dst"), param("start")
	for a := range sums {
		p := d.row(dst, d.dstOff, a)
		for c, v := range sums[a][0] {
			for _, other := range sums[a][1:] {
				d.plus(other[c], v, v)
			}
			s, at := d.sum(v), c*d.size
			if d.size == 4 {
				VADDSS(Mem{Base: start, Disp: at}, s, s)
				VMOVSS(s, Mem{Base: p, Disp: at})
			} else {
				VADDSD(Mem{Base: start, Disp: at}, s, s)
				VMOVSD(s, Mem{Base: p, Disp: at})
			}
		}
	}
}

// sum adds the lanes by halves: the upper half to the lower one, until one is left.
func (t target) sum(v VecVirtual) VecVirtual {
	if t.is512() {
		upper := YMM()
		VEXTRACTF64X4(Imm(1), v, upper)
		target{t.element, ymm}.plus(v.AsY(), upper, upper)
		v = upper
	}
	s, half := target{t.element, xmm}, XMM()
	VEXTRACTF128(Imm(1), v.AsY(), half)
	s.plus(v.AsX(), half, half)
	VPERMILPD(Imm(1), half, v.AsX())
	s.plus(v.AsX(), half, half)
	if t.size == 4 {
		VMOVSHDUP(half, v.AsX())
		s.plus(v.AsX(), half, half)
	}
	return half
}
