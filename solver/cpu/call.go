package cpu

import (
	"math"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// call is one batch under way: its samples cut into chunks, and for each sample what went in and what came out. Chunks
// write to their own samples and sums alone, so any worker may take any chunk.
type call[T simd.Float] struct {
	dim, n    int
	chunk     int // samples per chunk
	rows      int // of the tiles it wants
	spans     []solver.Span
	saveAt    []float64
	z0        []T // [n, dim]
	z1        []T // [n, dim]
	saved     []T // [n, save times, dim]
	end       []solver.End
	stats     []solver.Stats
	occupancy []solver.Occupancy // per chunk

	gradient  bool
	labels    []T       // [n, label width], or nil: cotangent is given
	weight    []T       // [n], or nil: 1/n
	out       []T       // [n, out width]
	losses    []T       // [n]
	cotangent []T       // [n, dim], the derivative of each sample's own loss for z1
	savedBar  []T       // [n, save times, dim], or nil
	z0Bar     []T       // [n, dim], ∂L/∂z0
	drift     []float64 // [n], of Backsolve alone
	back      []solver.End
	backStats []solver.Stats
	fieldSums []sums[T] // per chunk
	headSums  []sums[T]
}

// maxChunk is the most samples that share an accumulator: long enough that refilled rows stay busy, short enough that a
// large batch has work for many cores.
const maxChunk = 128

// minChunk is the fewest samples worth a worker of their own.
const minChunk = 8

// chunkSize depends on the batch alone, never on the number of workers: the order of sums does too.
func chunkSize(n int, control solver.Control) int {
	if control == solver.ControlBatch {
		return n
	}
	return min(maxChunk, max(minChunk, (n+1)/2))
}

func (c *call[T]) chunks() int { return (c.n + c.chunk - 1) / c.chunk }

// samples is the range of a chunk.
func (c *call[T]) samples(chunk int) (from, to int) {
	return chunk * c.chunk, min(c.n, (chunk+1)*c.chunk)
}

func (c *call[T]) span(i int) solver.Span {
	if len(c.spans) == 1 {
		return c.spans[0]
	}
	return c.spans[i]
}

// weightOf is the sample's weight in the loss, by default the batch's mean; a caller's own cotangents have none. It
// multiplies what comes out of the adjoint, whose steps do not depend on it.
func (c *call[T]) weightOf(i int) T {
	switch {
	case c.labels == nil:
		return 1
	case c.weight != nil:
		return c.weight[i]
	}
	return T(1 / float64(c.n))
}

// row is the part of x that belongs to sample i.
func row[E any](x []E, i, width int) []E { return x[i*width : (i+1)*width] }

// resize sets up the call for n samples, keeping memory that is large enough.
func (e *engine[T]) resize(c *call[T], n int) {
	c.dim, c.n, c.chunk = e.dim, n, chunkSize(n, e.method.con.Control)
	c.saveAt = e.spec.SaveAt
	grow(&c.z0, n*c.dim)
	grow(&c.z1, n*c.dim)
	grow(&c.saved, n*len(c.saveAt)*c.dim)
	grow(&c.end, n)
	grow(&c.stats, n)
	grow(&c.occupancy, c.chunks())
	if !c.gradient {
		return
	}
	grow(&c.cotangent, n*c.dim)
	grow(&c.z0Bar, n*c.dim)
	if e.spec.Gradient == solver.Backsolve {
		grow(&c.drift, n)
	}
	grow(&c.back, n)
	grow(&c.backStats, n)
	for len(c.fieldSums) < c.chunks() {
		c.fieldSums = append(c.fieldSums, newSums[T](e.field.plan))
		if e.head != nil {
			c.headSums = append(c.headSums, newSums[T](e.head.plan))
		}
	}
	if e.head != nil {
		grow(&c.out, n*e.outWidth)
		grow(&c.losses, n)
		for i := range c.losses {
			c.losses[i] = T(math.NaN()) // until its sample arrives
		}
	}
}

// grow makes x n long and zero.
func grow[E any](x *[]E, n int) {
	if cap(*x) < n {
		*x = make([]E, n)
	}
	*x = (*x)[:n]
	clear(*x)
}
