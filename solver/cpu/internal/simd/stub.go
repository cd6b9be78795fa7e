package simd

import (
	"fmt"
	"math"

	"neuralode/plan"
)

type Float interface{ float32 | float64 }
type Level uint8

const Plain Level = 0

func Best() Level     { return Plain }
func Levels() []Level { return []Level{Plain} }
func (l Level) String() string { return "plain" }
func ParseLevel(s string) (Level, error) {
	if s == "plain" {
		return Plain, nil
	}
	return 0, fmt.Errorf("level %q", s)
}

type Epilogue[T Float] struct {
	Fn   plan.Fn
	Y    []T
	YOff []int
}
type Kernels[T Float] struct{}

func For[T Float](l Level) *Kernels[T] { return &Kernels[T]{} }
func (*Kernels[T]) PackLen(k, m int) int { return k * m }
func (*Kernels[T]) Pack(dst, w []T, k, m int, trans bool) {
	for i := range k {
		for j := range m {
			if trans {
				dst[i*m+j] = w[j*k+i]
			} else {
				dst[i*m+j] = w[i*m+j]
			}
		}
	}
}
func (*Kernels[T]) Gemm(dst []T, dstOff []int, x []T, xOff []int, packed, bias []T, k, m int, e Epilogue[T]) {
	for r := range dstOff {
		d := dst[dstOff[r] : dstOff[r]+m]
		if bias != nil {
			copy(d, bias)
		} else {
			clear(d)
		}
		for i, v := range x[xOff[r] : xOff[r]+k] {
			for j, w := range packed[i*m : i*m+m] {
				d[j] += v * w
			}
		}
		for j := range d {
			if e.Fn.IsUnary() {
				if e.Fn != plan.Identity {
					d[j] = T(e.Fn.Eval1(float64(d[j])))
				}
			} else {
				d[j] = T(e.Fn.Eval2(float64(d[j]), float64(e.Y[e.YOff[r]+j])))
			}
		}
	}
}
func (*Kernels[T]) GemmTN(acc []T, x []T, xOff []int, y []T, yOff []int, i, j int) {
	for r := range xOff {
		for a := range i {
			v := x[xOff[r]+a]
			for b, w := range y[yOff[r] : yOff[r]+j] {
				acc[a*j+b] += v * w
			}
		}
	}
}
func (*Kernels[T]) ColSum(acc []T, y []T, yOff []int, j int) {
	for _, o := range yOff {
		for b := range j {
			acc[b] += y[o+b]
		}
	}
}
func (*Kernels[T]) Unary(fn plan.Fn, dst []T, dstOff []int, x []T, xOff []int, width int) {
	for r := range dstOff {
		for c := range width {
			dst[dstOff[r]+c] = T(fn.Eval1(float64(x[xOff[r]+c])))
		}
	}
}
func (*Kernels[T]) Binary(fn plan.Fn, dst []T, dstOff []int, a []T, aOff []int, aStep int, b []T, bOff []int, bStep int, width int) {
	for r := range dstOff {
		for c := range width {
			dst[dstOff[r]+c] = T(fn.Eval2(float64(a[aOff[r]+c*aStep]), float64(b[bOff[r]+c*bStep])))
		}
	}
}
func (*Kernels[T]) ScaleRows(x []T, off []int, s []T, width int) {
	for r, o := range off {
		for c := range width {
			x[o+c] *= s[r]
		}
	}
}
func (*Kernels[T]) Combine(dst []T, dstOff []int, z []T, zOff []int, h []T, k []T, kOff []int, kStep int, coef []T, dim int) {
	for r := range dstOff {
		for c := range dim {
			var s T
			for j, a := range coef {
				if a != 0 {
					s += a * k[kOff[r]+j*kStep+c]
				}
			}
			dst[dstOff[r]+c] = z[zOff[r]+c] + h[r]*s
		}
	}
}
func (*Kernels[T]) ErrorNorm(out []float64, z0 []T, z0Off []int, z1 []T, z1Off []int, h []T, k []T, kOff []int, kStep int, coef []T, atol, rtol T, dim int) {
	for r := range out {
		t := 0.0
		for c := range dim {
			var s T
			for j, a := range coef {
				s += a * k[kOff[r]+j*kStep+c]
			}
			e := float64(h[r] * s / (atol + rtol*T(math.Max(math.Abs(float64(z0[z0Off[r]+c])), math.Abs(float64(z1[z1Off[r]+c]))))))
			t += e * e
		}
		out[r] = t
	}
}
func (*Kernels[T]) Norm(out []float64, x []T, xOff []int, z []T, zOff []int, atol, rtol T, dim int) {
	for r := range out {
		t := 0.0
		for c := range dim {
			e := float64(x[xOff[r]+c] / (atol + rtol*T(math.Abs(float64(z[zOff[r]+c])))))
			t += e * e
		}
		out[r] = t
	}
}
func (*Kernels[T]) Add(dst, src []T) {
	for i, v := range src {
		dst[i] += v
	}
}
func (*Kernels[T]) SumSquares(x []T) float64 {
	t := 0.0
	for _, v := range x {
		t += float64(v) * float64(v)
	}
	return t
}
func (*Kernels[T]) Adam(theta, m, v, g []T, scale, rate, beta1, beta2, eps, corrM, corrV T) {
	for i := range g {
		x := g[i] * scale
		m[i] = beta1*m[i] + (1-beta1)*x
		v[i] = beta2*v[i] + (1-beta2)*x*x
		theta[i] -= rate * (m[i] * corrM) / (T(math.Sqrt(float64(v[i]*corrV))) + eps)
	}
}
