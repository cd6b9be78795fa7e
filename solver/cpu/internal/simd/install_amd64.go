//go:build amd64 && !noasm

package simd

import (
	"neuralode/plan"
	"neuralode/solver"
)

// rowsFunc works on listed rows of one operand, rows2Func of two; the others are the assembly of Combine and ErrorNorm.
type (
	rowsFunc[T Float]    func(dst *T, dstOff *int, x *T, xOff *int, rows, width int)
	rows2Func[T Float]   func(dst *T, dstOff *int, x *T, xOff *int, y *T, yOff *int, rows, width int)
	combineFunc[T Float] func(dst *T, dstOff *int, z *T, zOff *int, h, k *T, kOff *int, kStep int, coef *T, stages,
		rows, width int)
	errorNormFunc[T Float] func(out *float64, z0 *T, z0Off *int, z1 *T, z1Off *int, h, k *T, kOff *int, kStep int,
		coef *T, stages int, atol, rtol T, rows, width int)
)

// install32 adds the elementwise kernels of float32.
func install32(k *Kernels[float32], l Level) {
	add, adam, lanes := add32AVX2, adam32AVX2, 8
	if l == AVX512 {
		add, adam, lanes = add32AVX512, adam32AVX512, 16
	}
	functions32(l).install(k)
	installAdd(k, add, lanes)
	k.Update = func(u solver.Update[float32], theta, m, v, g []float32) {
		const whole = 16 // at every level: plain Go rounds products that the assembly does not
		n := len(g) / whole * whole
		if n == 0 || u.Rule == solver.SGD {
			u.Apply(theta, m, v, g)
			return
		}
		if u.Rule == solver.AdamW {
			u.Shrink(theta[:n])
		}
		adam(&theta[0], &m[0], &v[0], &g[0], n, u.Scale, u.Rate*u.CorrectM, u.Beta1, 1-u.Beta1, u.Beta2, 1-u.Beta2,
			u.Epsilon, u.CorrectV)
		u.Apply(theta[n:], m[n:], v[n:], g[n:])
	}
}

// install64 adds the elementwise kernels of float64.
func install64(k *Kernels[float64], l Level) {
	add, lanes := add64AVX2, 4
	if l == AVX512 {
		add, lanes = add64AVX512, 8
	}
	functions64(l).install(k)
	installAdd(k, add, lanes)
}

// install puts the functions into a table, beside the plain ones for what they do not cover.
func (f functions[T]) install(k *Kernels[T]) {
	f.installUnary(k)
	f.installBinary(k)
	f.installSteps(k)
}

func (f functions[T]) installUnary(k *Kernels[T]) {
	var table [256]rowsFunc[T]
	for fn, kernel := range f.unary {
		table[fn] = kernel
	}
	plain := k.Unary
	k.Unary = func(fn plan.Fn, dst []T, dstOff []int, x []T, xOff []int, width int) {
		if kernel := table[fn]; kernel != nil && len(dstOff) > 0 {
			kernel(&dst[0], &dstOff[0], &x[0], &xOff[0], len(dstOff), width)
			return
		}
		plain(fn, dst, dstOff, x, xOff, width)
	}
}

func (f functions[T]) installBinary(k *Kernels[T]) {
	var table [256]rows2Func[T]
	for fn, kernel := range f.binary {
		table[fn] = kernel
	}
	plain := k.Binary
	k.Binary = func(fn plan.Fn, dst []T, dstOff []int, a []T, aOff []int, aStep int, b []T, bOff []int, bStep int,
		width int) {
		if kernel := table[fn]; kernel != nil && aStep == 1 && bStep == 1 && len(dstOff) > 0 {
			kernel(&dst[0], &dstOff[0], &a[0], &aOff[0], &b[0], &bOff[0], len(dstOff), width)
			return
		}
		plain(fn, dst, dstOff, a, aOff, aStep, b, bOff, bStep, width)
	}
}

func (f functions[T]) installSteps(k *Kernels[T]) {
	k.ScaleRows = func(x []T, off []int, s []T, width int) {
		if len(off) > 0 {
			f.scaleRows(&x[0], &off[0], &s[0], len(off), width)
		}
	}
	k.Combine = func(dst []T, dstOff []int, z []T, zOff []int, h []T, k []T, kOff []int, kStep int, coef []T, dim int) {
		if len(coef) == 0 || len(dstOff) == 0 {
			Combine(dst, dstOff, z, zOff, h, k, kOff, kStep, coef, dim)
			return
		}
		f.combine(&dst[0], &dstOff[0], &z[0], &zOff[0], &h[0], &k[0], &kOff[0], kStep, &coef[0], len(coef), len(dstOff),
			dim)
	}
	k.ErrorNorm = func(out []float64, z0 []T, z0Off []int, z1 []T, z1Off []int, h []T, k []T, kOff []int, kStep int,
		coef []T, atol, rtol T, dim int) {
		if len(coef) == 0 || len(out) == 0 {
			ErrorNorm(out, z0, z0Off, z1, z1Off, h, k, kOff, kStep, coef, atol, rtol, dim)
			return
		}
		f.errorNorm(&out[0], &z0[0], &z0Off[0], &z1[0], &z1Off[0], &h[0], &k[0], &kOff[0], kStep, &coef[0], len(coef),
			atol, rtol, len(out), dim)
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
