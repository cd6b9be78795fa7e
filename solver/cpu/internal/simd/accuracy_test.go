package simd_test

import (
	"flag"
	"fmt"
	"math"
	"testing"

	"neuralode/plan"
	"neuralode/solver/cpu/internal/simd"
)

var exhaustive = flag.Bool("exhaustive", false, "test functions of float32 at all 2³² numbers")

// accuracy is the largest error of a function in units of the last place.
var accuracy = []struct {
	fn    plan.Fn
	limit float64
}{
	{plan.Tanh, 4}, {plan.Sigmoid, 4}, {plan.Softplus, 4}, {plan.Exp, 4},
	{plan.Relu, 0}, {plan.Square, 0}, {plan.Neg, 0}, {plan.Sin, 1},
}

// TestAccuracy compares functions of float32 with float64 at every 9973rd number, or at every one with -exhaustive.
func TestAccuracy(t *testing.T) {
	stride := uint64(9973)
	if *exhaustive {
		stride = 1
	}
	for _, l := range simd.Levels() {
		kern := simd.For[float32](l)
		for _, a := range accuracy {
			t.Run(fmt.Sprintf("%v/%v", l, a.fn), func(t *testing.T) {
				worst, at := sweep(t, kern, a.fn, stride)
				t.Logf("largest error %.2f ulp, at %v", worst, at)
				if worst > a.limit {
					t.Errorf("error of %.2f ulp at %v, at most %v are allowed", worst, at, a.limit)
				}
			})
		}
	}
}

// sweep is the largest error of fn in ulp over every stride-th float32, in the order of their bits.
func sweep(t *testing.T, kern *simd.Kernels[float32], fn plan.Fn, stride uint64) (worst float64, at float32) {
	const block = 1 << 12
	x, y := make([]float32, block), make([]float32, block)
	off := []int{0}
	for next := uint64(0); next < 1<<32; {
		n := 0
		for ; n < block && next < 1<<32; n++ {
			x[n] = math.Float32frombits(uint32(next))
			next += stride
		}
		kern.Unary(fn, y, off, x, off, n)
		for i, v := range x[:n] {
			want := exact(fn, float64(v))
			e := errorInUlp(y[i], want)
			if math.IsNaN(e) {
				t.Fatalf("%v(%v) = %v, want %v", fn, v, y[i], want)
			}
			if e > worst {
				worst, at = e, v
			}
		}
	}
	return worst, at
}

// exact is fn(x) to many more digits than float32 has, the quick way where x is tiny or huge, as most numbers are.
func exact(fn plan.Fn, x float64) float64 {
	tiny := math.Abs(x) < 0x1p-13
	switch {
	case fn == plan.Tanh && tiny:
		return x - x*x*x/3
	case fn == plan.Tanh && math.Abs(x) > 20:
		return math.Copysign(1, x)
	case fn == plan.Exp && tiny:
		return 1 + x + x*x/2
	case fn == plan.Exp && x > 90:
		return math.Inf(1)
	case fn == plan.Sigmoid && tiny:
		return 0.5 + x/4
	case fn == plan.Sigmoid && x > 40:
		return 1
	case fn == plan.Softplus && tiny:
		return math.Ln2 + x/2 + x*x/8
	case fn == plan.Softplus && x > 40:
		return x
	case (fn == plan.Exp || fn == plan.Sigmoid || fn == plan.Softplus) && x < -120:
		return 0
	}
	return fn.Eval1(x)
}

// errorInUlp is |got − want| in units of the last place of want, and NaN where only one is NaN or infinite.
func errorInUlp(got float32, want float64) float64 {
	rounded := float32(want)
	switch {
	case got == rounded, got != got && want != want:
		return 0
	case got != got || want != want || math.IsInf(float64(got), 0) != math.IsInf(float64(rounded), 0):
		return math.NaN()
	}
	size := float32(math.Abs(want))
	ulp := float64(math.Nextafter32(size, math.MaxFloat32)) - float64(size)
	return math.Abs(float64(got)-want) / ulp
}

// TestAccuracy64 compares functions of float64 with math's.
func TestAccuracy64(t *testing.T) {
	for _, l := range simd.Levels() {
		kern, r := simd.For[float64](l), random(21)
		for _, a := range accuracy {
			x, y, off := make([]float64, 1<<16), make([]float64, 1<<16), []int{0}
			for i := range x {
				x[i] = math.Ldexp(r.Float64()-0.5, r.IntN(34)-22)
			}
			kern.Unary(a.fn, y, off, x, off, len(x))
			for i, v := range x {
				want := a.fn.Eval1(v)
				size := math.Max(math.Abs(want), 0x1p-1022)
				if e := math.Abs(y[i]-want) / (math.Nextafter(size, math.MaxFloat64) - size); e > a.limit {
					t.Errorf("%v: %v(%v) = %v, want %v: %v ulp", l, a.fn, v, y[i], want, e)
					break
				}
			}
		}
	}
}

// TestLimits checks the values that no tolerance covers.
func TestLimits(t *testing.T) { levels(t, testLimits[float32], testLimits[float64]) }

func testLimits[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	inf, zero := math.Inf(1), math.Copysign(0, -1)
	tiny := float64(T(math.SmallestNonzeroFloat32))
	for _, c := range []struct {
		fn   plan.Fn
		x, y float64
	}{
		{plan.Tanh, inf, 1}, {plan.Tanh, -inf, -1}, {plan.Tanh, zero, zero}, {plan.Tanh, tiny, tiny}, {plan.Tanh, -1e30, -1},
		{plan.Exp, inf, inf}, {plan.Exp, -inf, 0}, {plan.Exp, zero, 1}, {plan.Exp, 1e30, inf}, {plan.Exp, -1e30, 0},
		{plan.Sigmoid, inf, 1}, {plan.Sigmoid, -inf, 0}, {plan.Sigmoid, 0, 0.5}, {plan.Sigmoid, zero, 0.5},
		{plan.Softplus, inf, inf}, {plan.Softplus, -inf, 0}, {plan.Softplus, 1e30, float64(T(1e30))}, {plan.Relu, -inf, 0}, {plan.Relu, inf, inf},
	} {
		x, y, off := []T{T(c.x), T(math.NaN())}, make([]T, 2), []int{0}
		kern.Unary(c.fn, y, off, x, off, 2)
		if float64(y[0]) != c.y || math.Signbit(float64(y[0])) != math.Signbit(c.y) {
			t.Errorf("%v(%v) = %v, want %v", c.fn, c.x, y[0], c.y)
		}
		if y[1] == y[1] {
			t.Errorf("%v(NaN) = %v", c.fn, y[1])
		}
	}
}
