package main

import (
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise writes the functions of one and of two numbers, other than those of exp.go, under the names that
// install_amd64.go knows.
func (t target) elementwise() {
	e := t.unary("relu", "max(x, 0)")
	e.keep(0)
	e.overRows(false, func(x, _ VecVirtual) VecVirtual { return e.atLeast(0, x) })

	e = t.unary("square", "x²")
	e.overRows(false, func(x, _ VecVirtual) VecVirtual {
		e.mul(x, x, x)
		return x
	})

	t.arithmetic("sum", "x + y", target.plus)
	t.arithmetic("difference", "x − y", target.sub)
	t.arithmetic("product", "x·y", target.mul)
	t.arithmetic("quotient", "x/y", target.div)

	e = t.binary("tanhVJP", "x·(1 − y²)")
	e.overRows(true, func(x, y VecVirtual) VecVirtual {
		xy := e.reg()
		e.mul(x, y, xy)
		e.fnma(xy, y, x)
		return x
	})

	e = t.binary("sigmoidVJP", "x·y·(1 − y)")
	e.overRows(true, func(x, y VecVirtual) VecVirtual {
		xy := e.reg()
		e.mul(x, y, xy)
		e.mul(x, y, x)
		e.fnma(xy, y, x)
		return x
	})

	e = t.binary("reluVJP", "x where y > 0, else 0,")
	e.keep(0)
	e.overRows(true, func(x, y VecVirtual) VecVirtual { return e.wherePositive(y, x) })
}

// arithmetic writes an operation of two numbers that is one instruction.
func (t target) arithmetic(name, formula string, operation func(t target, a, b Op, dst VecVirtual)) {
	e := t.binary(name, formula)
	e.overRows(true, func(x, y VecVirtual) VecVirtual {
		operation(t, x, y, x)
		return x
	})
}
