//go:build amd64 && !noasm

package simd

import (
	"neuralode/plan"
)

// rowsFunc works on listed rows of one operand, rows2Func of two.
type (
	rowsFunc[T Float]  func(dst *T, dstOff *int, x *T, xOff *int, rows, width int)
	rows2Func[T Float] func(dst *T, dstOff *int, x *T, xOff *int, y *T, yOff *int, rows, width int)
)

// install32 adds the elementwise kernels of float32.
func install32(k *Kernels[float32], l Level) {
	unary := map[plan.Fn]rowsFunc[float32]{plan.Tanh: tanh32AVX2}
	binary := map[plan.Fn]rows2Func[float32]{plan.TanhVJP: tanhVJP32AVX2}
	add, adam, lanes := add32AVX2, adam32AVX2, 8
	if l == AVX512 {
		unary = map[plan.Fn]rowsFunc[float32]{plan.Tanh: tanh32AVX512}
		binary = map[plan.Fn]rows2Func[float32]{plan.TanhVJP: tanhVJP32AVX512}
		add, adam, lanes = add32AVX512, adam32AVX512, 16
	}
	installRows(k, unary, binary)
	installAdd(k, add, lanes)
	k.Adam = func(theta, m, v, g []float32, scale, rate, beta1, beta2, eps, corrM, corrV float32) {
		n := len(g) / lanes * lanes
		if n > 0 {
			adam(&theta[0], &m[0], &v[0], &g[0], n, scale, rate*corrM, beta1, 1-beta1, beta2, 1-beta2, eps, corrV)
		}
		adamPlain(theta[n:], m[n:], v[n:], g[n:], scale, rate, beta1, beta2, eps, corrM, corrV)
	}
}

// install64 adds the elementwise kernels of float64.
func install64(k *Kernels[float64], l Level) {
	binary := map[plan.Fn]rows2Func[float64]{plan.TanhVJP: tanhVJP64AVX2}
	add, lanes := add64AVX2, 4
	if l == AVX512 {
		binary = map[plan.Fn]rows2Func[float64]{plan.TanhVJP: tanhVJP64AVX512}
		add, lanes = add64AVX512, 8
	}
	installRows(k, nil, binary)
	installAdd(k, add, lanes)
}

// installRows uses assembly for the functions it is given, and plain Go for the others.
func installRows[T Float](k *Kernels[T], unary map[plan.Fn]rowsFunc[T], binary map[plan.Fn]rows2Func[T]) {
	var unaryTable [256]rowsFunc[T]
	for fn, f := range unary {
		unaryTable[fn] = f
	}
	var binaryTable [256]rows2Func[T]
	for fn, f := range binary {
		binaryTable[fn] = f
	}
	plainUnary, plainBinary := k.Unary, k.Binary
	k.Unary = func(fn plan.Fn, dst []T, dstOff []int, x []T, xOff []int, width int) {
		if f := unaryTable[fn]; f != nil && len(dstOff) > 0 {
			f(&dst[0], &dstOff[0], &x[0], &xOff[0], len(dstOff), width)
			return
		}
		plainUnary(fn, dst, dstOff, x, xOff, width)
	}
	k.Binary = func(fn plan.Fn, dst []T, dstOff []int, a []T, aOff []int, aStep int, b []T, bOff []int, bStep int, width int) {
		if f := binaryTable[fn]; f != nil && aStep == 1 && bStep == 1 && len(dstOff) > 0 {
			f(&dst[0], &dstOff[0], &a[0], &aOff[0], &b[0], &bOff[0], len(dstOff), width)
			return
		}
		plainBinary(fn, dst, dstOff, a, aOff, aStep, b, bOff, bStep, width)
	}
}

// installAdd runs whole vectors in assembly and the rest in Go.
func installAdd[T Float](k *Kernels[T], add func(dst, src *T, n int), lanes int) {
	k.Add = func(dst, src []T) {
		n := len(src) / lanes * lanes
		if n > 0 {
			add(&dst[0], &src[0], n)
		}
		addPlain(dst[n:], src[n:])
	}
}
