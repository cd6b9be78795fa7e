package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// backsolvePass feeds a tile with the continuous adjoint [z, a] of a chunk's samples, from t1 to t0 in spans between
// the save times (see solver.Reference for the definition).
type backsolvePass[T simd.Float] struct {
	tile   *tile[T]
	call   *call[T]
	sums   *sums[T]
	next   int
	end    int
	sample []int // by slot
	left   []int // by slot: save times not yet passed
	weight []T   // of the rows in an accumulation
}

func newBacksolvePass[T simd.Float](tl *tile[T]) *backsolvePass[T] {
	return &backsolvePass[T]{tile: tl, sample: make([]int, tl.capacity), left: make([]int, tl.capacity),
		weight: make([]T, 0, tl.capacity*tl.m.stages)}
}

func (p *backsolvePass[T]) reset(c *call[T], chunk int) {
	p.call, p.sums = c, &c.fieldSums[chunk]
	p.next, p.end = c.samples(chunk)
}

// begin loads the next sample that went forward well.
func (p *backsolvePass[T]) begin(slot int) bool {
	c := p.call
	for ; p.next < p.end; p.next++ {
		i := p.next
		if c.end[i].Status != solver.OK {
			continue
		}
		p.next++
		p.sample[slot], p.left[slot] = i, 0
		if c.savedBar != nil {
			p.left[slot] = len(c.saveAt)
		}
		za := row(p.tile.z, slot, p.tile.width)
		copy(za, row(c.z1, i, c.dim))
		copy(za[c.dim:], row(c.cotangent, i, c.dim))
		p.tile.row[slot].span = p.nextSpan(slot, c.span(i).T1)
		return true
	}
	return false
}

// nextSpan runs from t back to the next save time, or to t0.
func (p *backsolvePass[T]) nextSpan(slot int, t float64) solver.Span {
	if p.left[slot] > 0 {
		return solver.Span{T0: t, T1: p.call.saveAt[p.left[slot]-1]}
	}
	return solver.Span{T0: t, T1: p.call.span(p.sample[slot]).T0}
}

// accepted adds −h·b_i·aᵀ ∂f/∂θ, weighted, at the stages with a weight b_i: the quadrature of ∂L/∂θ.
func (p *backsolvePass[T]) accepted(slots []int) {
	if len(slots) == 0 {
		return
	}
	tl := p.tile
	tl.frames.reset()
	p.weight = p.weight[:0]
	for _, stage := range tl.m.used {
		tl.frames.add(stage, slots)
		for _, s := range slots {
			p.weight = append(p.weight, T(-tl.row[s].step*tl.m.tab.B[stage])*p.call.weightOf(p.sample[s]))
		}
	}
	tl.exec.scale(&tl.frames.rows, p.weight)
	tl.exec.accumulate(p.sums, &tl.frames.rows)
}

// finished passes a save time, where z is set to the forward solution and a takes up its cotangent, or ends the sample.
func (p *backsolvePass[T]) finished(slot int) bool {
	c, r, i := p.call, &p.tile.row[slot], p.sample[slot]
	a := row(p.tile.z, slot, p.tile.width)[c.dim:]
	if r.status == solver.OK && p.left[slot] > 0 {
		p.left[slot]--
		at := i*len(c.saveAt) + p.left[slot]
		copy(row(p.tile.z, slot, p.tile.width), row(c.saved, at, c.dim))
		for j, v := range row(c.savedBar, at, c.dim) {
			a[j] += v
		}
		r.span = p.nextSpan(slot, r.span.T1)
		return true
	}
	c.back[i] = solver.End{Status: r.status, T: r.t, H: r.step}
	c.backStats[i] = r.stats
	if r.status == solver.OK {
		for j, v := range a {
			row(c.z0Bar, i, c.dim)[j] = c.weightOf(i) * v
		}
	}
	return false
}
