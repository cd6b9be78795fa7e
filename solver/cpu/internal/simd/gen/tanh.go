package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func bits(x float32) uint32 { return math.Float32bits(x) }

// tanhClamp, tanhP and tanhQ are the rational function of degrees 13 and 6 that Eigen uses for tanh in float32
// (generic_fast_tanh_float), highest power first in steps of x².
var (
	tanhClamp = float32(7.90531110763549805)
	tanhP     = []float32{-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
		1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03}
	tanhQ = []float32{1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03}
)

// tanhSmall is where x itself is closer to tanh(x) than the rational function, whose products would lose digits of
// denormal numbers.
const tanhSmall = 4e-4

func (t target) tanh() {
	t.function("tanh", "Writes tanh(x) for listed rows of that width.",
		fmt.Sprintf("dst *%[1]s, dstOff *int, x *%[1]s, xOff *int, rows, width int", t.name))
	hi, lo, small, abs := t.repeated(tanhClamp), t.repeated(-tanhClamp), t.repeated(tanhSmall), t.repeated(math.Float32frombits(0x7fffffff))
	p, q := t.table(tanhP), t.table(tanhQ)
	t.overRows(false, func(x, _ VecVirtual) VecVirtual {
		// The operand order keeps NaN: minps and maxps give their second source when one is NaN.
		c, x2 := t.load2(hi), t.reg()
		VMINPS(x, c, c)
		low := t.load2(lo)
		VMAXPS(c, low, low)
		VMULPS(low, low, x2)
		num, den := t.horner(x2, p), t.horner(x2, q)
		VMULPS(low, num, num)
		VDIVPS(den, num, num)
		t.keepSmall(x, num, small, abs)
		return num
	})
}

// keepSmall puts x in the lanes of y where |x| is below small.
func (t target) keepSmall(x, y VecVirtual, small, abs Mem) {
	a := t.load2(abs)
	if t.is512() {
		VPANDD(x, a, a)
		k := K()
		VCMPPS(Imm(1), t.load2(small), a, k) // a < small
		VMOVAPS(x, k, y)
		return
	}
	VANDPS(x, a, a)
	VCMPPS(Imm(1), small, a, a)
	VBLENDVPS(a, x, y, y)
}

// repeated is a constant in memory, as often as a vector has lanes.
func (t target) repeated(x float32) Mem {
	name := fmt.Sprintf("c%08xx%d", bits(x), t.lanes())
	if m, ok := tables[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range t.lanes() {
		DATA(4*i, U32(bits(x)))
	}
	tables[name] = m
	return m
}

var tables = map[string]Mem{}

func (t target) table(c []float32) []Mem {
	out := make([]Mem, len(c))
	for i, x := range c {
		out[i] = t.repeated(x)
	}
	return out
}

func (t target) load2(m Mem) VecVirtual {
	v := t.reg()
	VMOVUPS(m, v)
	return v
}

// horner evaluates a polynomial in x, highest power first.
func (t target) horner(x VecVirtual, c []Mem) VecVirtual {
	acc := t.load2(c[0])
	for _, k := range c[1:] {
		VFMADD213PS(k, x, acc)
	}
	return acc
}
