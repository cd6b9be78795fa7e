package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"neuralode/plan"
	"neuralode/solver/cpu/internal/simd"
)

// epilogues are what follows products in place.
var epilogues = []plan.Fn{plan.Identity, plan.Tanh, plan.Sigmoid, plan.Softplus, plan.Relu, plan.Sin, plan.TanhVJP,
	plan.SigmoidVJP, plan.SoftplusVJP, plan.ReluVJP}

// product is one call of Gemm.
type product[T simd.Float] struct {
	x, y    operand[T]
	w, bias []T
	k, m    int
	trans   bool
	fn      plan.Fn
}

func newProduct[T simd.Float](r *rand.Rand, n, k, m int, fn plan.Fn) product[T] {
	p := product[T]{x: source[T](r, n, k), y: source[T](r, n, m), k: k, m: m, fn: fn, trans: r.IntN(2) == 0}
	p.w = normal(r, make([]T, k*m))
	if r.IntN(3) > 0 {
		p.bias = normal(r, make([]T, m))
	}
	return p
}

// pack packs the weights between guards.
func (p product[T]) pack(t testing.TB, kern *simd.Kernels[T]) []T {
	t.Helper()
	packed, check := guardedSlice[T](kern.PackLen(p.k, p.m))
	kern.Pack(packed, p.w, p.k, p.m, p.trans)
	check(t)
	return packed
}

// run writes the product of the listed rows.
func (p product[T]) run(kern *simd.Kernels[T], dst operand[T], packed []T, rows ...int) {
	x, y := p.x.pick(rows...), p.y.pick(rows...)
	kern.Gemm(dst.base, dst.off, x.base, x.off, packed, p.bias, p.k, p.m)
	switch {
	case p.fn == plan.Identity:
	case p.fn.IsUnary():
		kern.Unary(p.fn, dst.base, dst.off, dst.base, dst.off, p.m)
	default:
		kern.Binary(p.fn, dst.base, dst.off, dst.base, dst.off, 1, y.base, y.off, 1, p.m)
	}
}

func (p product[T]) weight(i, c int) float64 {
	if p.trans {
		return float64(p.w[c*p.k+i])
	}
	return float64(p.w[i*p.m+c])
}

// want is element c of row i before the epilogue, and a bound of the error of summing it in T in any order.
func (p product[T]) want(i, c int) (v, bound float64) {
	if p.bias != nil {
		v = float64(p.bias[c])
	}
	size := math.Abs(v)
	for a, x := range p.x.row(i) {
		v += float64(x) * p.weight(a, c)
		size += math.Abs(float64(x) * p.weight(a, c))
	}
	return v, size * eps[T]() * float64(p.k+2)
}

// check compares all of dst with the float64 result. No epilogue has a slope above 1, or above |y| + 1 for a derivative.
func (p product[T]) check(t testing.TB, dst operand[T]) {
	t.Helper()
	for i := range dst.off {
		for c, got := range dst.row(i) {
			v, bound := p.want(i, c)
			y := float64(p.y.row(i)[c])
			want := eval(p.fn, v, y)
			slope := 1.0
			if !p.fn.IsUnary() {
				slope += y * y
			}
			near(t, fmt.Sprintf("%v of [%d %d]·[%d %d], row %d column %d", p.fn, len(dst.off), p.k, p.k, p.m, i, c), got, want,
				slope*bound+16*eps[T]()*(math.Abs(want)+slope*math.Abs(v)*eps[T]()))
		}
	}
	dst.guarded(t)
}

func TestGemm(t *testing.T) { levels(t, testGemm[float32], testGemm[float64]) }

func testGemm[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(1)
	widths := []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 64, 65, 96, 127, 128, 130}
	for round := range 300 {
		n, k, m := 1+r.IntN(20), widths[r.IntN(len(widths))], widths[r.IntN(len(widths))]
		p := newProduct[T](r, n, k, m, epilogues[round%len(epilogues)])
		dst := target[T](r, n, m)
		p.run(kern, dst, p.pack(t, kern), order(n)...)
		p.check(t, dst)
	}
}

func TestGemmWide(t *testing.T) { levels(t, testGemmWide[float32], testGemmWide[float64]) }

func testGemmWide[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(2)
	for _, shape := range [][2]int{{511, 70}, {512, 64}, {513, 3}, {1100, 40}, {2, 1031}, {2049, 2}} {
		p := newProduct[T](r, 7, shape[0], shape[1], plan.Tanh)
		dst := target[T](r, 7, shape[1])
		p.run(kern, dst, p.pack(t, kern), order(7)...)
		p.check(t, dst)
	}
}

func order(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// TestGemmBits proves that the bits of a row depend on the row alone: not on how many others there are, nor on its
// place, nor on what they hold.
func TestGemmBits(t *testing.T) { levels(t, testGemmBits[float32], testGemmBits[float64]) }

func testGemmBits[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	r := random(3)
	for _, shape := range [][2]int{{64, 64}, {2, 64}, {64, 2}, {65, 31}, {1, 1}, {600, 80}} {
		const n = 20
		fn := epilogues[r.IntN(len(epilogues))]
		p := newProduct[T](r, n, shape[0], shape[1], fn)
		packed := p.pack(t, kern)
		all := target[T](r, n, shape[1])
		p.run(kern, all, packed, order(n)...)
		normal(r, p.x.row(n-1))
		p.x.row(n - 1)[0] = T(math.NaN())
		for count := 1; count <= n; count++ {
			rows := r.Perm(n)[:count]
			some := target[T](r, count, shape[1])
			p.run(kern, some, packed, rows...)
			for i, row := range rows {
				if row != n-1 {
					sameBits(t, fmt.Sprintf("%v %v, row %d at place %d of %d", fn, shape, row, i, count), some.row(i), all.row(row))
				}
			}
		}
	}
}

// TestGemmChain pins the order of the sum in float64, where the test can do the fused operations itself.
func TestGemmChain(t *testing.T) {
	for _, l := range simd.Levels()[1:] {
		kern, r := simd.For[float64](l), random(4)
		p := newProduct[float64](r, 7, 1030, 9, plan.Identity)
		dst := target[float64](r, 7, 9)
		p.run(kern, dst, p.pack(t, kern), order(7)...)
		for i := range 7 {
			for c, got := range dst.row(i) {
				want := 0.0
				if p.bias != nil {
					want = p.bias[c]
				}
				for a, x := range p.x.row(i) {
					want = math.FMA(x, p.weight(a, c), want)
				}
				near(t, fmt.Sprintf("%v: row %d column %d", l, i, c), got, want, 0)
			}
		}
	}
}

func FuzzGemm(f *testing.F) {
	f.Add(uint64(1), uint8(6), uint16(64), uint16(64), uint8(1))
	f.Add(uint64(2), uint8(7), uint16(2), uint16(65), uint8(6))
	f.Add(uint64(3), uint8(1), uint16(700), uint16(1), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, k, m uint16, fn uint8) {
		rows, inner, columns := int(n)%32, 1+int(k)%1200, 1+int(m)%300
		for _, l := range simd.Levels() {
			r := random(seed)
			p := newProduct[float32](r, rows, inner, columns, epilogues[int(fn)%len(epilogues)])
			kern, dst := simd.For[float32](l), target[float32](r, rows, columns)
			p.run(kern, dst, p.pack(t, kern), order(rows)...)
			p.check(t, dst)
		}
	})
}
