//go:build amd64 && !noasm

package simd

import (
	"time"

	"golang.org/x/sys/cpu"
)

// assembly lists the levels beyond Plain that this processor has.
func assembly() []Level {
	var levels []Level
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI2 {
		levels = append(levels, AVX2)
		if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL {
			levels = append(levels, AVX512)
		}
	}
	return levels
}

// gemmFunc is the product of rows with a packed panel, dotFunc that with a few columns, gemmTNFunc that of listed rows
// with each other: see the generated declarations.
type (
	gemmFunc[T Float]   func(dst *T, dstOff *int, x *T, xOff *int, w, bias *T, rows, k, tail int)
	dotFunc[T Float]    func(dst *T, dstOff *int, x *T, xOff *int, w, start *T, rows, k, stride int)
	gemmTNFunc[T Float] func(acc *T, stride int, x *T, xOff *int, y *T, yOff *int, rows, tail int)
)

// tileRows is how many rows of an outer product the assembly keeps in registers.
const tileRows = 6

// products are the assembly products of a level: by the number of vectors in a panel, and for gemmTN by rows too.
type products[T Float] struct {
	lanes  int
	chains int
	dot    []dotFunc[T] // for as few columns as it is long, instead of gemm
	gemm   []gemmFunc[T]
	gemmTN [tileRows][]gemmTNFunc[T]
	ones   []T   // at least a row
	zeros  []int // offsets of as many rows as colSum takes at once
	start  []T   // a panel of zeros
}

// panels is how a matrix of more columns than dot takes is packed.
func (p *products[T]) panels() panels { return panels{p.lanes * len(p.gemm), p.lanes} }

// stride is how far apart columns are that are packed for dot: a multiple of the lanes of the widest vectors, which are
// its chains at every level.
func (p *products[T]) stride(k int) int { return (k + p.chains - 1) / p.chains * p.chains }

func (p *products[T]) packLen(k, m int) int {
	if m <= len(p.dot) {
		return m * p.stride(k)
	}
	return p.panels().length(k, m)
}

func (p *products[T]) pack(dst, w []T, k, m int, trans bool) {
	if m <= len(p.dot) {
		packColumns(p.stride(k), dst, w, k, m, trans)
		return
	}
	packPanels(p.panels(), dst, w, k, m, trans)
}

// blockK is how many rows of weights a panel's pass takes at once, so that the panel stays in the caches.
const blockK = 512

// multiply is the product of rows with packed weights. The sum that an element starts from is its bias, or zero.
func (p *products[T]) multiply(dst []T, dstOff []int, x []T, xOff []int, packed, bias []T, k, m int) {
	if len(dstOff) == 0 {
		return
	}
	if bias == nil && m <= len(p.start) {
		bias = p.start
	}
	switch {
	case m <= len(p.dot):
		p.dot[m-1](&dst[0], &dstOff[0], &x[0], &xOff[0], &packed[0], &bias[0], len(dstOff), k, p.stride(k))
	case m <= p.panels().width && k <= blockK:
		vectors := (m + p.lanes - 1) / p.lanes
		p.gemm[vectors-1](&dst[0], &dstOff[0], &x[0], &xOff[0], &packed[0], &bias[0], len(dstOff), k, m-(vectors-1)*p.lanes)
	default:
		p.inPanels(dst, dstOff, x, xOff, packed, bias, k, m)
	}
}

// inPanels runs the product panel by panel and, where k is large, block by block; the sums of a block go on from those
// of the one before, in memory, so the chain of additions is that of a single pass.
func (p *products[T]) inPanels(dst []T, dstOff []int, x []T, xOff []int, packed, bias []T, k, m int) {
	layout := p.panels()
	for k0 := 0; k0 < k; k0 += blockK {
		n := min(blockK, k-k0)
		for c := 0; c < m; c += layout.width {
			columns, stride := layout.columns(m, c)
			start := &p.start[0]
			switch {
			case k0 > 0:
				start = nil
			case bias != nil:
				start = &bias[c]
			}
			vectors := stride / p.lanes
			p.gemm[vectors-1](&dst[c], &dstOff[0], &x[k0], &xOff[0], &packed[c*k+k0*stride], start, len(dstOff), n,
				columns-(vectors-1)*p.lanes)
		}
	}
}

// outer runs gemmTN tile by tile.
func (p *products[T]) outer(acc []T, x []T, xOff []int, y []T, yOff []int, i, j int) {
	if len(xOff) == 0 {
		return
	}
	layout := p.panels()
	for c := 0; c < j; c += layout.width {
		columns, stride := layout.columns(j, c)
		vectors := stride / p.lanes
		tail := columns - (vectors-1)*p.lanes
		for a := 0; a < i; a += tileRows {
			p.gemmTN[min(tileRows, i-a)-1][vectors-1](&acc[a*j+c], j, &x[a], &xOff[0], &y[c], &yOff[0], len(xOff), tail)
		}
	}
}

// colSum is the outer product with a column of ones.
func (p *products[T]) colSum(acc []T, y []T, yOff []int, j int) {
	for len(yOff) > 0 {
		n := min(len(yOff), len(p.zeros))
		p.outer(acc, p.ones, p.zeros[:n], y, yOff[:n], 1, j)
		yOff = yOff[n:]
	}
}

// install puts the products and their layout into a table.
func (p *products[T]) install(k *Kernels[T]) {
	p.ones, p.zeros, p.start = []T{1}, make([]int, 1024), make([]T, p.lanes*len(p.gemm))
	k.PackLen, k.Pack = p.packLen, p.pack
	k.Gemm, k.GemmTN, k.ColSum = p.multiply, p.outer, p.colSum
}

// Peak is the speed of one core in fused multiply-adds of a level's widest vectors, for elements of that many bytes, in
// GFLOP/s: the best of several runs of about a millisecond.
func Peak(l Level, size int) float64 {
	run, lanes := peak32AVX2, 8
	switch {
	case l == AVX512 && size == 4:
		run, lanes = peak32AVX512, 16
	case l == AVX512:
		run, lanes = peak64AVX512, 8
	case size == 8:
		run, lanes = peak64AVX2, 4
	}
	const n = 200000
	best := time.Duration(1 << 62)
	for range 20 {
		start := time.Now()
		run(n)
		best = min(best, time.Since(start))
	}
	return 2 * 12 * n * float64(lanes) / float64(best.Nanoseconds())
}
