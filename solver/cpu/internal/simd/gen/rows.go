package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// unary begins a kernel over the listed rows of one operand.
func (t target) unary(name, formula string) exponential {
	t.function(name, fmt.Sprintf("Writes %s for listed rows of that width.", formula),
		fmt.Sprintf("dst *%[1]s, dstOff *int, x *%[1]s, xOff *int, rows, width int", t.name))
	return t.exponential()
}

// binary begins a kernel over the listed rows of two operands.
func (t target) binary(name, formula string) exponential {
	t.function(name, fmt.Sprintf("Writes %s for listed rows of that width.", formula),
		fmt.Sprintf("dst *%[1]s, dstOff *int, x *%[1]s, xOff *int, y *%[1]s, yOff *int, rows, width int", t.name))
	return t.exponential()
}

// overRows writes a loop over listed rows and, within each, over vectors, the last of them masked where the width leaves
// lanes over. body computes from the loaded y (nil without one) and x to dst; it may destroy them.
func (e exponential) overRows(binary bool, body func(x, y VecVirtual) VecVirtual) {
	w := e.span()
	w.rows(func(r GPVirtual) {
		dst, x := e.listed("dst", r), e.listed("x", r)
		var y GPVirtual
		if binary {
			y = e.listed("y", r)
		}
		w.columns(func(c GPVirtual, masked bool) {
			xv := e.reg()
			w.load(e.at(x, c, 0), xv, masked)
			var yv VecVirtual
			if binary {
				yv = e.reg()
				w.load(e.at(y, c, 0), yv, masked)
			}
			w.store(body(xv, yv), e.at(dst, c, 0), masked)
		})
	})
	VZEROUPPER()
	RET()
}

// span is a loop over rows and the columns of a row, whole vectors first.
type span struct {
	target
	full, tail GPVirtual // elements in whole vectors; lanes left
	mask       mask
}

// span prepares for the parameters rows and width.
func (t target) span() span {
	width, full, tail := param("width"), GP64(), GP64()
	MOVQ(width, full)
	ANDQ(I32(-t.lanes()), full)
	MOVQ(width, tail)
	SUBQ(full, tail)
	return span{t, full, tail, t.tail(tail)}
}

func (w span) rows(body func(r GPVirtual)) {
	r := GP64()
	XORQ(r, r)
	Label("row")
	body(r)
	INCQ(r)
	rows := param("rows")
	CMPQ(r, rows)
	JLT(LabelRef("row"))
}

func (w span) columns(body func(c GPVirtual, masked bool)) {
	c := GP64()
	XORQ(c, c)
	CMPQ(c, w.full)
	JGE(LabelRef("last"))
	Label("column")
	body(c, false)
	ADDQ(U32(w.lanes()), c)
	CMPQ(c, w.full)
	JLT(LabelRef("column"))
	Label("last")
	TESTQ(w.tail, w.tail)
	JZ(LabelRef("done"))
	body(c, true)
	Label("done")
}

func (w span) load(m Mem, v VecVirtual, masked bool) {
	if masked {
		w.loadMasked(m, v, w.mask)
	} else {
		w.target.load(m, v)
	}
}

func (w span) store(v VecVirtual, m Mem, masked bool) {
	if masked {
		w.storeMasked(v, m, w.mask)
	} else {
		w.target.store(v, m)
	}
}

// listed is a pointer to row r of the operand of that name, whose offsets are listed under the name with Off.
func (t target) listed(name string, r GPVirtual) GPVirtual {
	p, offsets := param(name), param(name+"Off")
	MOVQ(Mem{Base: offsets, Index: r, Scale: 8}, offsets)
	LEAQ(t.at(p, offsets, 0), p)
	return p
}
