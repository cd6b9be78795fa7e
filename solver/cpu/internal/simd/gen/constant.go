package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// constants are the numbers of a kernel. They are read from memory each time, but for those that keep puts in registers.
type constants struct {
	target
	kept map[uint64]Op
}

func (t target) constants() constants { return constants{t, map[uint64]Op{}} }

// keep loads numbers into registers, where there are enough of those: it leaves the loads to the operands. It goes
// before the loop that uses them.
func (c constants) keep(numbers ...float64) {
	for _, x := range numbers {
		c.keepBits(c.encode(x))
	}
}

func (c constants) keepBits(b uint64) {
	if c.kept[b] == nil && c.is512() {
		v := c.reg()
		VMOVUPS(c.repeated(b), v)
		c.kept[b] = v
	}
}

// of is the number x in every lane.
func (c constants) of(x float64) Op { return c.bits(c.encode(x)) }

// bits is a pattern of bits in every lane.
func (c constants) bits(b uint64) Op {
	if op, ok := c.kept[b]; ok {
		return op
	}
	return c.repeated(b)
}

// inReg is x in a register that the kernel may overwrite.
func (c constants) inReg(x float64) VecVirtual {
	v := c.reg()
	VMOVUPS(c.of(x), v)
	return v
}

// sign is the sign bit alone.
func (c constants) sign() Op { return c.bits(c.signBit()) }

func (t target) signBit() uint64 { return 1 << (8*t.size - 1) }

// encode is a number in the bits of the element.
func (t target) encode(x float64) uint64 {
	if t.size == 4 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

var tables = map[string]Mem{}

// repeated is a pattern in memory, as often as a vector has lanes.
func (t target) repeated(b uint64) Mem {
	name := fmt.Sprintf("c%0*xx%d", 2*t.size, b, t.lanes())
	if m, ok := tables[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range t.lanes() {
		if t.size == 4 {
			DATA(4*i, U32(uint32(b)))
		} else {
			DATA(8*i, U64(b))
		}
	}
	tables[name] = m
	return m
}

// horner evaluates a polynomial in x, highest power first.
func (c constants) horner(x VecVirtual, p []float64) VecVirtual {
	acc := c.inReg(p[0])
	for _, v := range p[1:] {
		c.fma213(c.of(v), x, acc)
	}
	return acc
}

// atLeast is max(x, limit), NaN where x is: of two operands of which one is NaN the instruction gives the second.
func (c constants) atLeast(limit float64, x VecVirtual) VecVirtual {
	v := c.inReg(limit)
	c.max(x, v, v)
	return v
}

// atMost is min(x, limit), NaN where x is.
func (c constants) atMost(limit float64, x VecVirtual) VecVirtual {
	v := c.inReg(limit)
	c.min(x, v, v)
	return v
}
