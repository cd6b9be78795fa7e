// Package simd holds the kernels of the CPU backend: products, activations, Runge-Kutta combinations, error norms,
// Adam. They work on rows that lie anywhere in memory: row r of an operand begins at base[off[r]]. Every element of a
// result is computed by the same chain of operations whatever the number of rows and the row's place among them, so a
// row's bits depend on the row alone.
//
// The kernels for AVX-512 and AVX2 with FMA are generated (see gen); the plain Go ones run everywhere, are what the tag
// noasm leaves, and say what the others compute. Their bits differ from level to level. No kernel allocates. Kernels
// may be called from several goroutines on results that do not overlap.
package simd

import (
	"fmt"
	"slices"

	"neuralode/plan"
	"neuralode/solver"
)

//go:generate sh -c "cd gen && go generate ."

// Float is the type of the numbers.
type Float interface{ float32 | float64 }

// Level is an instruction set that kernels are written for.
type Level uint8

// The levels, each better than the one before where the processor has it.
const (
	Plain  Level = iota
	AVX2         // with FMA
	AVX512       // F, DQ, BW and VL
)

var levelNames = []string{"plain", "avx2", "avx512"}

func (l Level) String() string { return levelNames[l] }

// Levels lists the levels this processor and build can run, the best last.
func Levels() []Level { return append([]Level{Plain}, assembly()...) }

// Best is the best level this processor and build can run.
func Best() Level {
	levels := Levels()
	return levels[len(levels)-1]
}

// ParseLevel is the level of that name, or an error when there is none or this processor lacks it.
func ParseLevel(s string) (Level, error) {
	i := slices.Index(levelNames, s)
	if i < 0 {
		return 0, fmt.Errorf("simd: level must be one of %q, got %q", levelNames, s)
	}
	if !slices.Contains(Levels(), Level(i)) {
		return 0, fmt.Errorf("simd: this processor or build has no %s, it has %v", s, Levels())
	}
	return Level(i), nil
}

// Kernels are the kernels of one level for one type of numbers.
type Kernels[T Float] struct {
	// PackLen is how many numbers Pack writes for a k by m matrix.
	PackLen func(k, m int) int

	// Pack writes W, [k, m] row-major, in the order Gemm reads it; with trans w is Wᵀ, [m, k].
	Pack func(dst, w []T, k, m int, trans bool)

	// Gemm writes dst_r = x_r·W + bias for as many rows as dstOff lists; a nil bias is zero.
	Gemm func(dst []T, dstOff []int, x []T, xOff []int, packed, bias []T, k, m int)

	// GemmTN adds acc[a·j+b] += Σ_r x_r[a]·y_r[b] for a < i, b < j, r ascending.
	GemmTN func(acc []T, x []T, xOff []int, y []T, yOff []int, i, j int)

	// ColSum adds acc[b] += Σ_r y_r[b] for b < j, r ascending.
	ColSum func(acc []T, y []T, yOff []int, j int)

	// Unary writes dst_r = fn(x_r), element by element. dst may be x. Exp, Tanh, Sigmoid and Softplus are within 4
	// units of the last place for every x (measured over all of float32: 1.1, 2.6, 2.4 and 2.8), with the right limits,
	// -0 and NaN.
	Unary func(fn plan.Fn, dst []T, dstOff []int, x []T, xOff []int, width int)

	// Binary writes dst_r = fn(a_r, b_r), element by element; an operand with step 0 is one number for the whole row.
	Binary func(fn plan.Fn, dst []T, dstOff []int, a []T, aOff []int, aStep int, b []T, bOff []int, bStep int,
		width int)

	// ScaleRows multiplies row r of x by s[r].
	ScaleRows func(x []T, off []int, s []T, width int)

	// Combine writes a stage's argument, dst_r[c] = z_r[c] + h[r]·Σ_j coef[j]·k[kOff[r]+j·kStep+c] for c < dim, j
	// ascending. dst may be z.
	Combine func(dst []T, dstOff []int, z []T, zOff []int, h []T, k []T, kOff []int, kStep int, coef []T, dim int)

	// ErrorNorm writes the sum of squares of each row's scaled error, out[r] = Σ_c (h[r]·Σ_j coef[j]·k_j[c] / (atol +
	// rtol·max(|z0|, |z1|)))². NaN in any of them gives NaN, and so does an infinity in z0 or z1.
	ErrorNorm func(out []float64, z0 []T, z0Off []int, z1 []T, z1Off []int, h []T, k []T, kOff []int, kStep int,
		coef []T, atol, rtol T, dim int)

	// Add adds src to dst, which are equally long.
	Add func(dst, src []T)

	// Update is solver.Update's Apply.
	Update func(u solver.Update[T], theta, m, v, g []T)
}

// For is the table of kernels of a level. The level must be one of Levels.
func For[T Float](l Level) *Kernels[T] {
	k := plainKernels[T]()
	if l == Plain {
		return k
	}
	switch k := any(k).(type) {
	case *Kernels[float32]:
		assembly32(k, l)
	case *Kernels[float64]:
		assembly64(k, l)
	}
	return k
}
