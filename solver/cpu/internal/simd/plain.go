package simd

import (
	"neuralode/plan"
	"neuralode/solver"
)

// plainKernels are the kernels in plain Go.
func plainKernels[T Float]() *Kernels[T] {
	k := &Kernels[T]{
		PackLen: plainPanels.length,
		Pack: func(dst, w []T, k, m int, trans bool) {
			packPanels(plainPanels, dst, w, k, m, trans)
		},
		ScaleRows: ScaleRows[T], Combine: Combine[T], ErrorNorm: ErrorNorm[T],
		Gemm: gemmPlain[T], GemmTN: gemmTNPlain[T], ColSum: colSumPlain[T], Add: addPlain[T],
		Update: solver.Update[T].Apply,
	}
	s := newScalars[T]()
	k.Unary, k.Binary = s.unaryRows, s.binaryRows
	return k
}

// plainPanels suit the 16 registers that plain Go has for two rows of four columns.
var plainPanels = panels{4, 4}

func gemmPlain[T Float](dst []T, dstOff []int, x []T, xOff []int, packed, bias []T, k, m int) {
	for c := 0; c < m; c += 4 {
		n := min(4, m-c)
		panel := packed[c*k : (c+4)*k]
		var start [4]T
		if bias != nil {
			copy(start[:], bias[c:c+n])
		}
		r := 0
		for ; r+2 <= len(dstOff); r += 2 {
			a, b := twoRows(x[xOff[r]:xOff[r]+k], x[xOff[r+1]:xOff[r+1]+k], panel, start)
			copy(dst[dstOff[r]+c:dstOff[r]+c+n], a[:])
			copy(dst[dstOff[r+1]+c:dstOff[r+1]+c+n], b[:])
		}
		if r < len(dstOff) {
			row := x[xOff[r] : xOff[r]+k]
			a, _ := twoRows(row, row, panel, start)
			copy(dst[dstOff[r]+c:dstOff[r]+c+n], a[:])
		}
	}
}

// twoRows multiplies two rows with a panel of four columns.
func twoRows[T Float](x, y, panel []T, start [4]T) (a, b [4]T) {
	a0, a1, a2, a3 := start[0], start[1], start[2], start[3]
	b0, b1, b2, b3 := a0, a1, a2, a3
	y = y[:len(x)]
	for i, u := range x {
		w := panel[4*i : 4*i+4 : 4*i+4]
		v := y[i]
		a0 += u * w[0]
		a1 += u * w[1]
		a2 += u * w[2]
		a3 += u * w[3]
		b0 += v * w[0]
		b1 += v * w[1]
		b2 += v * w[2]
		b3 += v * w[3]
	}
	return [4]T{a0, a1, a2, a3}, [4]T{b0, b1, b2, b3}
}

func gemmTNPlain[T Float](acc []T, x []T, xOff []int, y []T, yOff []int, i, j int) {
	for r, xo := range xOff {
		row := y[yOff[r] : yOff[r]+j]
		for a, v := range x[xo : xo+i] {
			sums := acc[a*j : a*j+j]
			for b, w := range row {
				sums[b] += v * w
			}
		}
	}
}

func colSumPlain[T Float](acc []T, y []T, yOff []int, j int) {
	acc = acc[:j]
	for _, o := range yOff {
		for b, v := range y[o : o+j] {
			acc[b] += v
		}
	}
}

func (s *scalars[T]) unaryRows(fn plan.Fn, dst []T, dstOff []int, x []T, xOff []int, width int) {
	f := s.unary[fn]
	for r, d := range dstOff {
		src, row := x[xOff[r]:xOff[r]+width], dst[d:d+width]
		for c, v := range src {
			row[c] = f(v)
		}
	}
}

func (s *scalars[T]) binaryRows(fn plan.Fn, dst []T, dstOff []int, a []T, aOff []int, aStep int, b []T, bOff []int,
	bStep int, width int) {
	f := s.binary[fn]
	for r, d := range dstOff {
		row, p, q := dst[d:d+width], a[aOff[r]:], b[bOff[r]:]
		for c := range row {
			row[c] = f(p[c*aStep], q[c*bStep])
		}
	}
}

func addPlain[T Float](dst, src []T) {
	for i, v := range src {
		dst[i] += v
	}
}
