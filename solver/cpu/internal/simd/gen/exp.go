package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// exponent has the numbers that the exponential of an element needs. The plain Go twins have the same in exp.go.
type exponent struct {
	magic  float64   // 1.5·2^p: added to a small number it leaves the nearest integer in the low bits
	shift  uint64    // from the low bits to the exponent
	hi, lo float64   // log 2 in two parts, the first short enough for exact products with small integers
	least  float64   // e^least rounds to 0
	most   float64   // e^most overflows
	flat   float64   // tanh rounds to 1 from here on
	expm1  []float64 // (eʳ − 1 − r)/r² for |r| ≤ log(2)/2, highest power first
	log1p  []float64 // (2·atanh(u/2) − u)/u³ in u², for u ≤ 2/3
}

// The polynomials interpolate at the Chebyshev nodes.
var exponents = map[element]exponent{
	single: {magic: 0x1.8p23, shift: 23, hi: 0.693359375, lo: -0.00021219444005469058277, least: -104, most: 89, flat: 9.1,
		expm1: []float64{0.00139263256181334621, 0.0083632927530306023112, 0.041666553762567638397, 0.16666576305560638271, 0.5},
		log1p: scaled(0.26851498022837151807, 0.28236619805310481437, 0.40007560644911205765, 0.66666640336699239788),
	},
	double: {magic: 0x1.8p52, shift: 52, hi: 0.693147180369123816490173339844, lo: 1.908214929270587816144266e-10, least: -746,
		most: 710, flat: 19.1,
		expm1: []float64{2.0914831351380410561e-9, 2.5105419192016336433e-8, 2.7557273295539724343e-7, 2.7557254913486702019e-6,
			0.00002480158732582228205, 0.00019841269875205076848, 0.0013888888888883669627, 0.0083333333333260249508,
			0.041666666666666669814, 0.16666666666666671074, 0.5},
		log1p: scaled(0.16164045611943532221, 0.088007384861446738822, 0.12001072809590712535, 0.1331414420965493615,
			0.15385570064958623103, 0.18181789436132858169, 0.22222222717427862989, 0.28571428567108757162,
			0.40000000000014582673, 0.66666666666666658561),
	},
}

// scaled takes a polynomial in s² = u²/4 for log((1+s)/(1-s))/s³ to one in u², for log(...)/u³.
func scaled(p ...float64) []float64 {
	q := make([]float64, len(p))
	for i, v := range p {
		q[i] = v * math.Ldexp(1, -3-2*(len(p)-1-i))
	}
	return q
}

// exponential is a kernel's use of eˣ.
type exponential struct {
	constants
	exponent
}

func (t target) exponential() exponential { return exponential{t.constants(), exponents[t.element]} }

// keepExp keeps what exp needs, and other numbers.
func (e exponential) keepExp(others ...float64) {
	e.keep(e.magic, 1/math.Ln2, e.hi, e.lo, 1)
	e.keep(e.expm1...)
	e.keep(others...)
	e.keepBits(e.signBit())
}

// split writes x = n·log 2 + r with |r| ≤ log(2)/2. It gives eʳ − 1 and n plus the magic number, and destroys x.
func (e exponential) split(x VecVirtual) (q, n VecVirtual) {
	n, whole := e.inReg(e.magic), e.reg()
	e.fma(e.of(1/math.Ln2), x, n)
	e.sub(n, e.of(e.magic), whole)
	e.fnma(e.of(e.hi), whole, x)
	e.fnma(e.of(e.lo), whole, x)
	q = e.horner(x, e.expm1)
	square := e.reg()
	e.mul(x, x, square)
	e.fma213(x, square, q)
	return q, n
}

// power is 2ⁿ for the n that n's low bits hold, where that is a normal number.
func (e exponential) power(n VecVirtual) VecVirtual {
	one, p := e.of(1), e.reg()
	if e.size == 4 {
		VPSLLD(Imm(e.shift), n, p)
		VPADDD(one, p, p)
	} else {
		VPSLLQ(Imm(e.shift), n, p)
		VPADDQ(one, p, p)
	}
	return p
}

// exp is eˣ for x from least to most; it destroys x.
func (e exponential) exp(x VecVirtual) VecVirtual {
	y, n := e.split(x)
	e.plus(e.of(1), y, y)
	whole := e.reg()
	e.sub(n, e.of(e.magic), whole)
	if e.is512() {
		e.scalef(whole, y)
		return y
	}
	// In two steps, as 2ⁿ itself may be no normal number.
	half, rest := e.inReg(e.magic), e.reg()
	e.fma(e.of(0.5), whole, half)
	e.sub(half, e.of(e.magic), rest)
	e.sub(whole, rest, rest)
	e.plus(e.of(e.magic), rest, rest)
	e.mul(e.power(half), y, y)
	e.mul(e.power(rest), y, y)
	return y
}

func (t target) exp() {
	e := t.unary("exp", "e to the x")
	e.keepExp(e.least, e.most)
	e.overRows(false, func(x, _ VecVirtual) VecVirtual {
		return e.exp(e.atMost(e.most, e.atLeast(e.least, x)))
	})
}

// tanh is (e²ˣ − 1)/(e²ˣ + 1) for |x|, with eʳ − 1 kept apart, and the sign of x: x itself near zero, below 1 by
// construction.
func (t target) tanh() {
	e := t.unary("tanh", "tanh(x)")
	e.keepExp(e.flat, 2)
	e.overRows(false, func(x, _ VecVirtual) VecVirtual {
		sign, size := e.reg(), e.reg()
		e.and(e.sign(), x, sign)
		e.xor(x, sign, size)
		size = e.atMost(e.flat, size)
		e.plus(size, size, size)
		q, n := e.split(size)
		power, y := e.power(n), e.reg()
		e.sub(power, e.of(1), y)
		e.fma(power, q, y)
		e.plus(e.of(2), y, power)
		e.div(y, power, y)
		e.or(sign, y, y)
		return y
	})
}

// fromBelow is e to the −|x|.
func (e exponential) fromBelow(x VecVirtual) VecVirtual {
	z := e.reg()
	e.or(e.sign(), x, z)
	return e.exp(e.atLeast(e.least, z))
}

// sigmoid of x is 1/(1 + e^−x), or eˣ/(1 + eˣ) where x is negative.
func (e exponential) sigmoid(x VecVirtual) VecVirtual {
	p := e.fromBelow(x)
	num, den := e.inReg(1), e.reg()
	e.plus(num, p, den)
	e.whereNegative(x, p, num)
	e.div(num, den, num)
	return num
}

func (t target) sigmoid() {
	e := t.unary("sigmoid", "1/(1 + e^−x)")
	e.keepExp(e.least)
	e.overRows(false, func(x, _ VecVirtual) VecVirtual { return e.sigmoid(x) })
}

func (t target) softplusVJP() {
	e := t.binary("softplusVJP", "x·sigmoid(y)")
	e.keepExp(e.least)
	e.overRows(true, func(x, y VecVirtual) VecVirtual {
		s := e.sigmoid(y)
		e.mul(x, s, s)
		return s
	})
}

// softplus is max(x, 0) + log(1 + e^−|x|), the logarithm by way of 2·atanh(u/2), u = 2p/(2 + p).
func (t target) softplus() {
	e := t.unary("softplus", "log(1 + eˣ)")
	e.keepExp(e.least, 0, 2)
	if e.size == 4 { // there are not enough registers for the longer polynomial
		e.keep(e.log1p...)
	}
	e.overRows(false, func(x, _ VecVirtual) VecVirtual {
		p := e.fromBelow(x)
		u, den, square := e.reg(), e.reg(), e.reg()
		e.plus(p, p, u)
		e.plus(e.of(2), p, den)
		e.div(u, den, u)
		e.mul(u, u, square)
		y := e.horner(square, e.log1p)
		e.mul(u, square, square)
		e.fma213(u, square, y)
		positive := e.atLeast(0, x)
		e.plus(positive, y, y)
		return y
	})
}
