package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// overRows writes a loop over listed rows and, within each, over vectors, the last of them masked. body computes from
// the loaded y (nil without one) and x to dst.
func (t target) overRows(binary bool, body func(x, y VecVirtual) VecVirtual) {
	dst, dstOff, x, xOff, rows := param("dst"), param("dstOff"), param("x"), param("xOff"), param("rows")
	width := param("width")
	var y, yOff GPVirtual
	if binary {
		y, yOff = param("y"), param("yOff")
	}
	full, tail := GP64(), GP64() // elements in full vectors before the last; lanes of the last, 1 to all
	MOVQ(width, full)
	DECQ(full)
	ANDQ(I32(-t.lanes()), full)
	MOVQ(width, tail)
	SUBQ(full, tail)
	k := t.tail(tail)
	r := GP64()
	XORQ(r, r)
	Label("row")
	pointer := func(base, offsets GPVirtual) GPVirtual {
		p := GP64()
		MOVQ(Mem{Base: offsets, Index: r, Scale: 8}, p)
		LEAQ(t.at(base, p, 0), p)
		return p
	}
	dp, xp, c := pointer(dst, dstOff), pointer(x, xOff), GP64()
	var yp GPVirtual
	if binary {
		yp = pointer(y, yOff)
	}
	do := func(load func(Mem, VecVirtual), store func(VecVirtual, Mem)) {
		xv := t.reg()
		load(t.at(xp, c, 0), xv)
		var yv VecVirtual
		if binary {
			yv = t.reg()
			load(t.at(yp, c, 0), yv)
		}
		store(body(xv, yv), t.at(dp, c, 0))
	}
	XORQ(c, c)
	Label("column")
	CMPQ(c, full)
	JGE(LabelRef("last"))
	do(t.load, t.store)
	ADDQ(U32(t.lanes()), c)
	JMP(LabelRef("column"))
	Label("last")
	do(func(m Mem, v VecVirtual) { t.loadMasked(m, v, k) }, func(v VecVirtual, m Mem) { t.storeMasked(v, m, k) })
	INCQ(r)
	CMPQ(r, rows)
	JLT(LabelRef("row"))
	VZEROUPPER()
	RET()
}

func (t target) tanhVJP() {
	t.function("tanhVJP", "Writes x·(1 − y²) for listed rows of that width.",
		fmt.Sprintf("dst *%[1]s, dstOff *int, x *%[1]s, xOff *int, y *%[1]s, yOff *int, rows, width int", t.name))
	t.overRows(true, func(x, y VecVirtual) VecVirtual {
		xy := t.reg()
		t.mul(x, y, xy)
		t.fnma(xy, y, x)
		return x
	})
}
