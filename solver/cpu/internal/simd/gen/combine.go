package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// slopes is the sum over the stages of a step, Σ_j coef[j]·k_j.
type slopes struct {
	target
	coef, stages, stride GPVirtual // stride is that of the stages, in bytes
}

// slopes loads the parameters coef, stages and kStep.
func (t target) slopes() slopes {
	s := slopes{t, param("coef"), param("stages"), param("kStep")}
	SHLQ(Imm(map[int]uint64{4: 2, 8: 3}[t.size]), s.stride)
	return s
}

// at is the sum for the vector of columns at p, j ascending.
func (s slopes) at(label string, w span, p GPVirtual, masked bool) VecVirtual {
	sum, j, from := s.reg(), GP64(), GP64()
	s.zero(sum)
	XORQ(j, j)
	MOVQ(p, from)
	Label(label)
	v, c := s.reg(), s.reg()
	w.load(Mem{Base: from}, v, masked)
	s.broadcast(s.target.at(s.coef, j, 0), c)
	s.fma(v, c, sum)
	ADDQ(s.stride, from)
	INCQ(j)
	CMPQ(j, s.stages)
	JLT(LabelRef(label))
	return sum
}

// combine writes dst = z + h·Σ_j coef[j]·k_j.
func (t target) combine() {
	t.function("combine", "Writes z + h·Σ_j coef[j]·k_j for listed rows of that width; there is at least one stage.",
		fmt.Sprintf("dst *%[1]s, dstOff *int, z *%[1]s, zOff *int, h, k *%[1]s, kOff *int, kStep int, coef *%[1]s, stages, rows, width int", t.name))
	w, s := t.span(), t.slopes()
	w.rows(func(r GPVirtual) {
		dst, z, k, step, at := t.listed("dst", r), t.listed("z", r), t.listed("k", r), t.reg(), param("h")
		t.broadcast(t.at(at, r, 0), step)
		w.columns(func(c GPVirtual, masked bool) {
			from, v := GP64(), t.reg()
			LEAQ(t.at(k, c, 0), from)
			sum := s.at(fmt.Sprintf("stage%t", masked), w, from, masked)
			w.load(t.at(z, c, 0), v, masked)
			t.fma(sum, step, v)
			w.store(v, t.at(dst, c, 0), masked)
		})
	})
	VZEROUPPER()
	RET()
}

// errorNorm writes Σ_c (h·Σ_j coef[j]·k_j/(atol + rtol·max(|z0|, |z1|)))², the squares and their sum in float64.
func (t target) errorNorm() {
	t.function("errorNorm", "Writes the sums of squared scaled errors of listed rows of that width; there is at least one stage. A row with NaN or an infinity in z0 or z1 gives NaN.",
		fmt.Sprintf("out *float64, z0 *%[1]s, z0Off *int, z1 *%[1]s, z1Off *int, h, k *%[1]s, kOff *int, kStep int, coef *%[1]s, stages int, atol, rtol %[1]s, rows, width int", t.name))
	w, s, c := t.span(), t.slopes(), t.constants()
	c.keep(0)
	c.keepBits(^uint64(0) >> (65 - 8*t.size))
	atol, rtol := t.number("atol"), t.number("rtol")
	total := t.squares()
	w.rows(func(r GPVirtual) {
		z0, z1, k, step, h := t.listed("z0", r), t.listed("z1", r), t.listed("k", r), t.reg(), param("h")
		t.broadcast(t.at(h, r, 0), step)
		for _, v := range total {
			t.zero(v)
		}
		w.columns(func(col GPVirtual, masked bool) {
			from := GP64()
			LEAQ(t.at(k, col, 0), from)
			e := s.at(fmt.Sprintf("stage%t", masked), w, from, masked)
			t.mul(step, e, e)
			a, b := t.reg(), t.reg()
			w.load(t.at(z0, col, 0), a, masked)
			w.load(t.at(z1, col, 0), b, masked)
			t.div(e, c.scale(a, b, atol, rtol), e)
			if masked {
				t.clear(e, w.mask)
			}
			t.addSquares(e, total)
		})
		out := param("out")
		t.sumLanes(total, Mem{Base: out, Index: r, Scale: 8})
	})
	VZEROUPPER()
	RET()
}

// scale is atol + rtol·max(|a|, |b|), NaN where a or b is NaN or infinite: 0·∞ is.
func (c constants) scale(a, b, atol, rtol VecVirtual) VecVirtual {
	size, other, zero := c.reg(), c.reg(), c.inReg(0)
	magnitude := c.bits(^uint64(0) >> (65 - 8*c.size))
	c.and(magnitude, a, size)
	c.and(magnitude, b, other)
	c.max(other, size, size)
	c.fma(zero, a, size)
	c.fma(zero, b, size)
	v := c.reg()
	VMOVUPS(atol, v)
	c.fma(rtol, size, v)
	return v
}

// clear zeroes the lanes that the mask leaves out.
func (t target) clear(v VecVirtual, k mask) {
	switch {
	case t.is512() && t.size == 4:
		VMOVUPS_Z(v, k.k, v)
	case t.is512():
		VMOVUPD_Z(v, k.k, v)
	default:
		VANDPS(k.v, v, v)
	}
}

// squares are the registers in which squares are summed: the lanes of the widest vector of float64, in one or in two.
// Narrower vectors so have the same additions.
func (t target) squares() []VecVirtual { return t.regs(zmm.bytes / t.bytes) }

// addSquares adds the squares of v's lanes, in float64, to the lanes of total, every eighth column to the
// same. Of two registers a vector of float64 goes to one, and the next to the other.
func (t target) addSquares(v VecVirtual, total []VecVirtual) {
	if t.size == 8 {
		VFMADD231PD(v, v, total[0])
		if len(total) > 1 {
			kept := t.reg()
			VMOVAPD(total[0], kept)
			VMOVAPD(total[1], total[0])
			VMOVAPD(kept, total[1])
		}
		return
	}
	low, high := t.reg(), t.reg()
	if t.is512() {
		half := YMM()
		VEXTRACTF64X4(Imm(1), v, half)
		VCVTPS2PD(v.AsY(), low)
		VCVTPS2PD(half, high)
	} else {
		half := XMM()
		VEXTRACTF128(Imm(1), v, half)
		VCVTPS2PD(v.AsX(), low)
		VCVTPS2PD(half, high)
	}
	VFMADD231PD(low, low, total[0])
	VFMADD231PD(high, high, total[len(total)-1])
}

// sumLanes stores the sum of the float64 lanes of total, which it destroys: by halves.
func (t target) sumLanes(total []VecVirtual, m Mem) {
	sum := total[0]
	if t.is512() {
		half := YMM()
		VEXTRACTF64X4(Imm(1), sum, half)
		VADDPD(half, sum.AsY(), sum.AsY())
	} else {
		VADDPD(total[1], sum, sum)
	}
	quarter := XMM()
	VEXTRACTF128(Imm(1), sum.AsY(), quarter)
	VADDPD(quarter, sum.AsX(), sum.AsX())
	VPERMILPD(Imm(1), sum.AsX(), quarter)
	VADDSD(quarter, sum.AsX(), sum.AsX())
	VMOVSD(sum.AsX(), m)
}

// number is a parameter of the element's type, in every lane.
func (t target) number(name string) VecVirtual {
	x, v := XMM(), t.reg()
	Load(Param(name), x)
	if t.size == 4 {
		VBROADCASTSS(x, v)
	} else {
		VBROADCASTSD(x, v)
	}
	return v
}

// scaleRows writes x ← s·x, a number of s for each row.
func (t target) scaleRows() {
	t.function("scaleRows", "Multiplies listed rows of that width by a number each.",
		fmt.Sprintf("x *%[1]s, xOff *int, s *%[1]s, rows, width int", t.name))
	w := t.span()
	w.rows(func(r GPVirtual) {
		x, factor, s := t.listed("x", r), t.reg(), param("s")
		t.broadcast(t.at(s, r, 0), factor)
		w.columns(func(c GPVirtual, masked bool) {
			v := t.reg()
			w.load(t.at(x, c, 0), v, masked)
			t.mul(factor, v, v)
			w.store(v, t.at(x, c, 0), masked)
		})
	})
	VZEROUPPER()
	RET()
}
