package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// element is a floating-point type.
type element struct {
	name string // of the Go type
	size int    // in bytes
	tag  string // in function names
}

var (
	single = element{"float32", 4, "32"}
	double = element{"float64", 8, "64"}
)

// vector is a register width.
type vector struct {
	bytes int
	panel int    // vectors in a full panel of columns
	tag   string // in function names
}

var (
	zmm = vector{64, 4, "AVX512"}
	ymm = vector{32, 2, "AVX2"}
	xmm = vector{16, 1, "SSE"} // for parts of the wider ones
)

// tileRows is how many rows a product keeps in registers: with a full panel, 24 of 32 or 12 of 16 registers accumulate.
const tileRows = 6

// target is what a kernel is written for.
type target struct {
	element
	vector
}

func (t target) lanes() int { return t.bytes / t.size }

func (t target) is512() bool { return t.bytes == 64 }

// function begins a kernel; args is its Go parameter list.
func (t target) function(name, doc, args string) {
	TEXT(fmt.Sprintf("%s%s%s", name, t.element.tag, t.vector.tag), NOSPLIT, fmt.Sprintf("func(%s)", args))
	Doc(doc)
	Pragma("noescape")
}

func (t target) reg() VecVirtual {
	switch t.bytes {
	case 64:
		return ZMM()
	case 32:
		return YMM()
	}
	return XMM()
}

func (t target) regs(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = t.reg()
	}
	return r
}

// param loads a parameter.
func param(name string) GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// mask is the lanes of a vector that are in use: a mask register, or a vector of ones and zeros.
type mask struct {
	k OpmaskVirtual
	v VecVirtual
}

var windows = map[int]Mem{}

// window is a table of a vector of ones followed by one of zeros: read from (lanes − n) elements in, it masks n lanes.
func (t target) window() Mem {
	if m, ok := windows[t.size]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("window%s", t.element.tag), RODATA|NOPTR)
	for i := range 2 * 32 / t.size {
		ones := i < 32/t.size
		switch {
		case t.size == 4 && ones:
			DATA(i*4, U32(0xffffffff))
		case t.size == 4:
			DATA(i*4, U32(0))
		case ones:
			DATA(i*8, U64(0xffffffffffffffff))
		default:
			DATA(i*8, U64(0))
		}
	}
	windows[t.size] = m
	return m
}

// tail makes a mask of n lanes, from 1 to all.
func (t target) tail(n GPVirtual) mask {
	if t.is512() {
		count, bits := GP64(), GP64()
		MOVQ(n, count)
		MOVQ(I64(-1), bits)
		SHLXQ(count, bits, bits)
		NOTQ(bits)
		k := K()
		KMOVW(bits.As32(), k)
		return mask{k: k}
	}
	table, from := GP64(), GP64()
	LEAQ(t.window(), table)
	MOVQ(U32(32/t.size), from)
	SUBQ(n, from)
	v := t.reg()
	VMOVUPS(Mem{Base: table, Index: from, Scale: uint8(t.size)}, v)
	return mask{v: v}
}

func (t target) load(m Mem, v VecVirtual) { VMOVUPS(m, v) }

func (t target) store(v VecVirtual, m Mem) { VMOVUPS(v, m) }

// loadMasked reads the lanes of the mask and zeroes the others, without touching memory beyond them.
func (t target) loadMasked(m Mem, v VecVirtual, k mask) {
	switch {
	case t.is512() && t.size == 4:
		VMOVUPS_Z(m, k.k, v)
	case t.is512():
		VMOVUPD_Z(m, k.k, v)
	case t.size == 4:
		VMASKMOVPS(m, k.v, v)
	default:
		VMASKMOVPD(m, k.v, v)
	}
}

// storeMasked writes the lanes of the mask and leaves the memory of the others alone.
func (t target) storeMasked(v VecVirtual, m Mem, k mask) {
	switch {
	case t.is512() && t.size == 4:
		VMOVUPS(v, k.k, m)
	case t.is512():
		VMOVUPD(v, k.k, m)
	case t.size == 4:
		VMASKMOVPS(v, k.v, m)
	default:
		VMASKMOVPD(v, k.v, m)
	}
}

func (t target) broadcast(m Mem, v VecVirtual) {
	if t.size == 4 {
		VBROADCASTSS(m, v)
	} else {
		VBROADCASTSD(m, v)
	}
}

// fma is acc += a·b.
func (t target) fma(a, b Op, acc VecVirtual) {
	if t.size == 4 {
		VFMADD231PS(a, b, acc)
	} else {
		VFMADD231PD(a, b, acc)
	}
}

// fma213 is acc = b·acc + a.
func (t target) fma213(a, b Op, acc VecVirtual) {
	if t.size == 4 {
		VFMADD213PS(a, b, acc)
	} else {
		VFMADD213PD(a, b, acc)
	}
}

// fnma is acc −= a·b.
func (t target) fnma(a, b Op, acc VecVirtual) {
	if t.size == 4 {
		VFNMADD231PS(a, b, acc)
	} else {
		VFNMADD231PD(a, b, acc)
	}
}

// mul is dst = a·b.
func (t target) mul(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VMULPS(a, b, dst)
	} else {
		VMULPD(a, b, dst)
	}
}

// plus is dst = a + b.
func (t target) plus(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VADDPS(a, b, dst)
	} else {
		VADDPD(a, b, dst)
	}
}

// sub is dst = a − b.
func (t target) sub(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VSUBPS(b, a, dst)
	} else {
		VSUBPD(b, a, dst)
	}
}

// div is dst = a/b.
func (t target) div(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VDIVPS(b, a, dst)
	} else {
		VDIVPD(b, a, dst)
	}
}

// max is dst = max(a, b); a where one is NaN.
func (t target) max(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VMAXPS(a, b, dst)
	} else {
		VMAXPD(a, b, dst)
	}
}

// min is dst = min(a, b); a where one is NaN.
func (t target) min(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VMINPS(a, b, dst)
	} else {
		VMINPD(a, b, dst)
	}
}

// and is dst = a & b.
func (t target) and(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VANDPS(a, b, dst)
	} else {
		VANDPD(a, b, dst)
	}
}

// or is dst = a | b.
func (t target) or(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VORPS(a, b, dst)
	} else {
		VORPD(a, b, dst)
	}
}

// xor is dst = a ^ b.
func (t target) xor(a, b Op, dst VecVirtual) {
	if t.size == 4 {
		VXORPS(a, b, dst)
	} else {
		VXORPD(a, b, dst)
	}
}

// scalef is y ← y·2ⁿ, for AVX-512.
func (t target) scalef(n, y VecVirtual) {
	if t.size == 4 {
		VSCALEFPS(n, y, y)
	} else {
		VSCALEFPD(n, y, y)
	}
}

// whereNegative is dst ← a in the lanes where x has its sign bit set.
func (t target) whereNegative(x, a, dst VecVirtual) {
	switch {
	case t.is512() && t.size == 4:
		k := K()
		VPMOVD2M(x, k)
		VMOVUPS(a, k, dst)
	case t.is512():
		k := K()
		VPMOVQ2M(x, k)
		VMOVUPD(a, k, dst)
	case t.size == 4:
		VBLENDVPS(x, a, dst, dst)
	default:
		VBLENDVPD(x, a, dst, dst)
	}
}

// wherePositive is a in the lanes where x > 0, else 0.
func (c constants) wherePositive(x, a VecVirtual) VecVirtual {
	const greater = 30 // false where x is NaN
	v, k := c.reg(), K()
	switch {
	case c.is512() && c.size == 4:
		VCMPPS(Imm(greater), c.of(0), x, k)
		VMOVUPS_Z(a, k, v)
	case c.is512():
		VCMPPD(Imm(greater), c.of(0), x, k)
		VMOVUPD_Z(a, k, v)
	case c.size == 4:
		VCMPPS(Imm(greater), c.of(0), x, v)
		VANDPS(v, a, v)
	default:
		VCMPPD(Imm(greater), c.of(0), x, v)
		VANDPD(v, a, v)
	}
	return v
}

// zero clears a register.
func (t target) zero(v VecVirtual) {
	if t.is512() {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
}

// at is base + index·size + offset bytes.
func (t target) at(base, index Register, offset int) Mem {
	return Mem{Base: base, Index: index, Scale: uint8(t.size), Disp: offset}
}

// row is a pointer to where row i of a list of offsets begins.
func (t target) row(base, offsets GPVirtual, i int) GPVirtual {
	p := GP64()
	MOVQ(Mem{Base: offsets, Disp: 8 * i}, p)
	LEAQ(t.at(base, p, 0), p)
	return p
}
