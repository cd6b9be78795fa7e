package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// flat writes a loop over whole vectors of n elements, a multiple of the lanes and not zero.
func (t target) flat(body func(i GPVirtual)) {
	n, i := param("n"), GP64()
	XORQ(i, i)
	Label("next")
	body(i)
	ADDQ(U32(t.lanes()), i)
	CMPQ(i, n)
	JLT(LabelRef("next"))
	VZEROUPPER()
	RET()
}

func (t target) add() {
	t.function("add", "Adds n elements of src to dst; n is a positive multiple of a vector's lanes.",
		fmt.Sprintf("dst, src *%s, n int", t.name))
	dst, src := param("dst"), param("src")
	t.flat(func(i GPVirtual) {
		v := t.reg()
		t.load(t.at(src, i, 0), v)
		t.plus(t.at(dst, i, 0), v, v)
		t.store(v, t.at(dst, i, 0))
	})
}

// adam writes the update of Kingma and Ba (2015) for n elements.
func (t target) adam() {
	t.function("adam", "One update of Adam for n elements, a positive multiple of a vector's lanes; rate is the learning rate times the first moment's correction, rest1 and rest2 are 1−beta1 and 1−beta2.",
		"theta, m, v, gradient *float32, n int, scale, rate, beta1, rest1, beta2, rest2, epsilon, corrV float32")
	theta, m, v, g := param("theta"), param("m"), param("v"), param("gradient")
	var k []VecVirtual
	for _, name := range []string{"scale", "rate", "beta1", "rest1", "beta2", "rest2", "epsilon", "corrV"} {
		k = append(k, t.number(name))
	}
	t.flat(func(i GPVirtual) {
		gv, mv, vv, step := t.reg(), t.reg(), t.reg(), t.reg()
		VMULPS(t.at(g, i, 0), k[0], gv)
		VMULPS(t.at(m, i, 0), k[2], mv)
		VFMADD231PS(gv, k[3], mv)
		VMULPS(gv, gv, gv)
		VMULPS(t.at(v, i, 0), k[4], vv)
		VFMADD231PS(gv, k[5], vv)
		t.store(mv, t.at(m, i, 0))
		t.store(vv, t.at(v, i, 0))
		VMULPS(vv, k[7], vv)
		VSQRTPS(vv, vv)
		VADDPS(vv, k[6], vv)
		VMULPS(mv, k[1], mv)
		VDIVPS(vv, mv, mv)
		t.load(t.at(theta, i, 0), step)
		VSUBPS(mv, step, step)
		t.store(step, t.at(theta, i, 0))
	})
}

// peak writes chains of fused multiply-adds that nothing but the arithmetic units hold up.
func (t target) peak() {
	t.function("peak", "Does 12·n fused multiply-adds of whole vectors in independent chains.", "n int")
	acc, a := t.regs(12), t.reg()
	t.zero(a)
	for _, v := range acc {
		t.zero(v)
	}
	n := param("n")
	Label("next")
	for _, v := range acc {
		t.fma(a, a, v)
	}
	DECQ(n)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}
