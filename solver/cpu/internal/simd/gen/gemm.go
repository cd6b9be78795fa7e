package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gemm writes the product of listed rows with one packed panel of n vectors: dst_r[c] = start + Σ_i x_r[i]·w[i][c], i
// ascending, one chain of fused multiply-adds for each element whatever the number of rows.
func (t target) gemm(n int) {
	t.function(fmt.Sprintf("gemm%dx", n),
		fmt.Sprintf("Product of rows with a packed panel of %d vectors, of which the last has tail columns. A nil bias continues the sums in dst.", n),
		fmt.Sprintf("dst *%[1]s, dstOff *int, x *%[1]s, xOff *int, w, bias *%[1]s, rows, k, tail int", t.name))
	g := gemm{target: t, n: n, prefix: fmt.Sprintf("r%s%s%d", t.element.tag, t.vector.tag, n)}
	g.mask = t.tail(param("tail"))
	g.dstOff, g.xOff, g.rows = param("dstOff"), param("xOff"), param("rows")

	Label("next")
	const most = tileRows
	CMPQ(g.rows, Imm(uint64(most)))
	JLT(LabelRef("rest"))
	g.tile(most)
	ADDQ(U32(8*most), g.dstOff)
	ADDQ(U32(8*most), g.xOff)
	SUBQ(Imm(uint64(most)), g.rows)
	JMP(LabelRef("next"))
	Label("rest")
	for r := most - 1; r > 0; r-- {
		CMPQ(g.rows, Imm(uint64(r)))
		JNE(LabelRef(fmt.Sprintf("not%d", r)))
		g.tile(r)
		VZEROUPPER()
		RET()
		Label(fmt.Sprintf("not%d", r))
	}
	VZEROUPPER()
	RET()
}

type gemm struct {
	target
	n                  int
	prefix             string
	mask               mask
	dstOff, xOff, rows GPVirtual
}

// tile does the next r rows.
func (g gemm) tile(r int) {
	acc := make([][]VecVirtual, r)
	for i := range acc {
		acc[i] = g.regs(g.n)
	}
	g.start(r, acc)
	x := param("x")
	rows := make([]GPVirtual, r)
	for i := range rows {
		rows[i] = g.row(x, g.xOff, i)
	}
	w, k, i := param("w"), param("k"), GP64()
	XORQ(i, i)
	Label(fmt.Sprintf("k%d", r))
	weights := g.regs(g.n)
	for c, v := range weights {
		g.load(Mem{Base: w, Disp: c * g.bytes}, v)
	}
	for a := range r {
		b := g.reg()
		g.broadcast(g.at(rows[a], i, 0), b)
		for c, v := range weights {
			g.fma(v, b, acc[a][c])
		}
	}
	ADDQ(U32(g.n*g.bytes), w)
	INCQ(i)
	CMPQ(i, k)
	JLT(LabelRef(fmt.Sprintf("k%d", r)))
	g.finish(r, acc)
}

// start loads the bias, or what dst holds.
func (g gemm) start(r int, acc [][]VecVirtual) {
	bias := param("bias")
	TESTQ(bias, bias)
	JNZ(LabelRef(fmt.Sprintf("bias%d", r)))
	dst := param("dst")
	for a := range acc {
		p := g.row(dst, g.dstOff, a)
		g.each(acc[a], func(v VecVirtual, at int) { g.load(Mem{Base: p, Disp: at}, v) },
			func(v VecVirtual, at int) { g.loadMasked(Mem{Base: p, Disp: at}, v, g.mask) })
	}
	JMP(LabelRef(fmt.Sprintf("started%d", r)))
	Label(fmt.Sprintf("bias%d", r))
	g.each(acc[0], func(v VecVirtual, at int) { g.load(Mem{Base: bias, Disp: at}, v) },
		func(v VecVirtual, at int) { g.loadMasked(Mem{Base: bias, Disp: at}, v, g.mask) })
	for a := 1; a < r; a++ {
		for c := range acc[a] {
			VMOVAPS(acc[0][c], acc[a][c])
		}
	}
	Label(fmt.Sprintf("started%d", r))
}

// finish stores the sums of r rows.
func (g gemm) finish(r int, acc [][]VecVirtual) {
	dst := param("dst")
	g.tailed(fmt.Sprintf("stored%d", r), func(store func(VecVirtual, Mem)) {
		for a := range acc {
			p := g.row(dst, g.dstOff, a)
			g.each(acc[a], func(v VecVirtual, at int) { g.store(v, Mem{Base: p, Disp: at}) },
				func(v VecVirtual, at int) { store(v, Mem{Base: p, Disp: at}) })
		}
	})
}

// tailed writes body twice, for a last vector with all its lanes and for a masked one: masked stores are slow on some
// processors.
func (g gemm) tailed(label string, body func(store func(VecVirtual, Mem))) {
	tail := param("tail")
	CMPQ(tail, U32(g.lanes()))
	JNE(LabelRef(label + "masked"))
	body(g.store)
	JMP(LabelRef(label))
	Label(label + "masked")
	body(func(v VecVirtual, m Mem) { g.storeMasked(v, m, g.mask) })
	Label(label)
}

// each does full for all vectors of a row but the last, and last for that one.
func (g gemm) each(row []VecVirtual, full, last func(v VecVirtual, at int)) {
	for c, v := range row {
		if c == len(row)-1 {
			last(v, c*g.bytes)
		} else {
			full(v, c*g.bytes)
		}
	}
}

// gemmTN writes acc[a][c] += Σ_r x_r[a]·y_r[c] for i rows of acc and n vectors of columns, r ascending.
func (t target) gemmTN(i, n int) {
	t.function(fmt.Sprintf("gemmTN%dx%dx", i, n),
		fmt.Sprintf("Adds xᵀ·y over listed rows to %d rows of %d vectors of acc, stride elements apart, of which the last vector has tail columns.", i, n),
		fmt.Sprintf("acc *%[1]s, stride int, x *%[1]s, xOff *int, y *%[1]s, yOff *int, rows, tail int", t.name))
	g := gemm{target: t, n: n}
	g.mask = t.tail(param("tail"))
	sums := make([][]VecVirtual, i)
	acc, stride := param("acc"), param("stride")
	p := GP64()
	MOVQ(acc, p)
	for a := range sums {
		sums[a] = g.regs(n)
		g.each(sums[a], func(v VecVirtual, at int) { g.load(Mem{Base: p, Disp: at}, v) },
			func(v VecVirtual, at int) { g.loadMasked(Mem{Base: p, Disp: at}, v, g.mask) })
		LEAQ(t.at(p, stride, 0), p)
	}
	t.outerProducts(g, sums)
	g.tailed("stored", func(store func(VecVirtual, Mem)) {
		p := GP64()
		MOVQ(acc, p)
		for a := range sums {
			g.each(sums[a], func(v VecVirtual, at int) { g.store(v, Mem{Base: p, Disp: at}) },
				func(v VecVirtual, at int) { store(v, Mem{Base: p, Disp: at}) })
			LEAQ(t.at(p, stride, 0), p)
		}
	})
	VZEROUPPER()
	RET()
}

func (t target) outerProducts(g gemm, sums [][]VecVirtual) {
	x, xOff, y, yOff, rows, r := param("x"), param("xOff"), param("y"), param("yOff"), param("rows"), GP64()
	XORQ(r, r)
	Label("row")
	xr, yr := GP64(), GP64()
	MOVQ(Mem{Base: xOff, Index: r, Scale: 8}, xr)
	LEAQ(t.at(x, xr, 0), xr)
	MOVQ(Mem{Base: yOff, Index: r, Scale: 8}, yr)
	LEAQ(t.at(y, yr, 0), yr)
	columns := g.regs(g.n)
	g.each(columns, func(v VecVirtual, at int) { g.load(Mem{Base: yr, Disp: at}, v) },
		func(v VecVirtual, at int) { g.loadMasked(Mem{Base: yr, Disp: at}, v, g.mask) })
	for a := range sums {
		b := g.reg()
		t.broadcast(Mem{Base: xr, Disp: a * t.size}, b)
		for c, v := range columns {
			t.fma(v, b, sums[a][c])
		}
	}
	INCQ(r)
	CMPQ(r, rows)
	JLT(LabelRef("row"))
}
