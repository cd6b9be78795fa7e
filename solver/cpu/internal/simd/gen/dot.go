package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dotColumns is how many columns a product may have to be done as dot products; dotRows is how many rows at once.
const dotColumns = 4

func dotRows(n int) int {
	if n > 2 {
		return 2
	}
	return 4
}

// dot writes the product of listed rows with n columns, dst_r[c] = start[c] + Σ_i x_r[i]·w_c[i]. A lane sums every
// lanes-th i, then the lanes are added by halves: the same additions for each element whatever the number of rows.
func (t target) dot(n int) {
	t.function(fmt.Sprintf("dot%dx", n),
		fmt.Sprintf("Product of rows with %d packed columns, each k elements and zeros up to stride, a multiple of a vector's lanes.", n),
		fmt.Sprintf("dst *%[1]s, dstOff *int, x *%[1]s, xOff *int, w, start *%[1]s, rows, k, stride int", t.name))
	d := dot{target: t, dstOff: param("dstOff"), xOff: param("xOff"), rows: param("rows")}
	d.whole, d.mask = t.split(param("k"))
	d.columns = []GPVirtual{param("w")}
	for c := range n - 1 {
		next := GP64()
		LEAQ(t.at(d.columns[c], param("stride"), 0), next)
		d.columns = append(d.columns, next)
	}
	most := dotRows(n)
	for _, r := range []int{most, 1} {
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

// split is how many elements of n come before the last vector, and the mask of that one.
func (t target) split(n GPVirtual) (GPVirtual, mask) {
	whole := GP64()
	LEAQ(Mem{Base: n, Disp: -1}, whole)
	ANDQ(I32(-t.lanes()), whole)
	SUBQ(whole, n)
	return whole, t.tail(n)
}

type dot struct {
	target
	dstOff, xOff, rows, whole GPVirtual
	mask                      mask
	columns                   []GPVirtual
}

// tile does the next r rows.
func (d dot) tile(r int) {
	sums, x := make([][]VecVirtual, r), param("x")
	rows := make([]GPVirtual, r)
	for a := range rows {
		rows[a], sums[a] = d.row(x, d.xOff, a), d.regs(len(d.columns))
		for _, v := range sums[a] {
			d.zero(v)
		}
	}
	i := GP64()
	XORQ(i, i)
	Label(fmt.Sprintf("vector%d", r))
	CMPQ(i, d.whole)
	JGE(LabelRef(fmt.Sprintf("last%d", r)))
	d.products(rows, i, sums, d.load)
	ADDQ(U32(d.lanes()), i)
	JMP(LabelRef(fmt.Sprintf("vector%d", r)))
	Label(fmt.Sprintf("last%d", r))
	d.products(rows, i, sums, func(m Mem, v VecVirtual) { d.loadMasked(m, v, d.mask) })
	d.finish(sums)
}

// products adds a vector of each row times one of each column.
func (d dot) products(rows []GPVirtual, i GPVirtual, sums [][]VecVirtual, load func(Mem, VecVirtual)) {
	weights := d.regs(len(d.columns))
	for c, v := range weights {
		d.load(d.at(d.columns[c], i, 0), v)
	}
	for a, row := range rows {
		v := d.reg()
		load(d.at(row, i, 0), v)
		for c, w := range weights {
			d.fma(v, w, sums[a][c])
		}
	}
}

// finish adds up the lanes and stores the sums.
func (d dot) finish(sums [][]VecVirtual) {
	dst, start := param("dst"), param("start")
	for a := range sums {
		p := d.row(dst, d.dstOff, a)
		for c, v := range sums[a] {
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
