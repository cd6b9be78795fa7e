package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// adjointPass feeds a tile with the continuous adjoint of a leaf's samples, from t1 to t0 in spans between the save times
// (see solver.Reference for the definition): a alone, along the trajectories of the forward solve, or [z, a].
type adjointPass[T simd.Float] struct {
	tile   *tile[T]
	along  *trajectory[T] // nil for backsolve
	call   *call[T]
	sums   *sums[T]
	next   int
	end    int
	sample []int       // by slot
	times  []timesLeft // by slot
	weight []T         // of the rows in an accumulation
	wide   [3][]float64
}

func newAdjointPass[T simd.Float](tl *tile[T]) *adjointPass[T] {
	p := &adjointPass[T]{tile: tl, along: tl.along, sample: make([]int, tl.capacity), times: make([]timesLeft, tl.capacity),
		weight: make([]T, 0, tl.capacity*tl.m.stages)}
	for i := range p.wide {
		p.wide[i] = make([]float64, tl.dim)
	}
	return p
}

// reset points the pass at the samples [from, to).
func (p *adjointPass[T]) reset(c *call[T], from, to int, sum *partial[T]) {
	p.call, p.sums, p.next, p.end = c, &sum.field, from, to
}

// begin loads the next sample that went forward well.
func (p *adjointPass[T]) begin(slot int) bool {
	c := p.call
	for ; p.next < p.end; p.next++ {
		i := p.next
		if c.end[i].Status != solver.OK {
			continue
		}
		p.next++
		p.sample[slot], p.times[slot] = i, c.timesBack(i)
		copy(p.a(slot), row(c.cotangent, i, c.dim))
		p.tile.inputs[slot] = c.inputsOf(i)
		r := &p.tile.row[slot]
		r.Span = p.nextSpan(slot, c.batch.Span(i).T1)
		if p.along == nil {
			copy(p.z(slot), row(c.z1, i, c.dim))
			return true
		}
		p.along.open(slot, i)
		r.Limit = p.along.longestBack(slot, i, r.Span.T0)
		if p.tile.m.con.FirstStep == 0 {
			r.H = p.along.firstStepBack(i)
		}
		return true
	}
	return false
}

// a is the adjoint in the slot's state, z what stands before it.
func (p *adjointPass[T]) a(slot int) []T {
	return row(p.tile.z, slot, p.tile.width)[p.tile.width-p.tile.dim:]
}
func (p *adjointPass[T]) z(slot int) []T { return row(p.tile.z, slot, p.tile.width)[:p.tile.dim] }

// nextSpan runs from t back to the next save time, or to t0.
func (p *adjointPass[T]) nextSpan(slot int, t float64) solver.Span {
	span := p.call.batch.Span(p.sample[slot])
	if left := &p.times[slot]; left.n() > 0 {
		return solver.Span{T0: t, T1: left.next(span)}
	}
	return solver.Span{T0: t, T1: span.T0}
}

// accepted adds −h·b_i·aᵀ ∂f/∂θ, weighted, at the stages with a weight b_i: the quadrature of ∂L/∂θ. So it does for the
// inputs of each sample.
func (p *adjointPass[T]) accepted(slots []int) {
	if len(slots) == 0 {
		return
	}
	tl := p.tile
	tl.frames.reset()
	p.weight = p.weight[:0]
	for _, stage := range tl.m.used {
		tl.frames.add(stage, slots)
		for _, s := range slots {
			p.weight = append(p.weight, T(-tl.row[s].Step*tl.m.tab.B[stage])*p.call.weightOf(p.sample[s]))
		}
	}
	if tl.ports.feeding {
		p.feed(slots)
	}
	tl.exec.scale(&tl.frames.rows, p.weight)
	tl.exec.accumulate(p.sums, &tl.frames.rows)
	if p.along != nil {
		for _, s := range slots {
			r := &tl.row[s]
			p.along.passed(s, r.End())
			r.Limit = p.along.longestBack(s, p.sample[s], r.End())
		}
	}
}

// feed adds the weighted products of the listed stages, stage after stage, to ∂L/∂inputs.
func (p *adjointPass[T]) feed(slots []int) {
	src, off := p.tile.exec.at(&p.tile.frames.rows, p.tile.ports.dInputs)
	for k, w := range p.weight {
		bar := p.call.inputsBarOf(p.sample[slots[k%len(slots)]])
		for c, v := range src[off[k]:][:len(bar)] {
			bar[c] += w * v
		}
	}
}

// finished passes a save time, where a takes up its cotangent, or ends the sample.
func (p *adjointPass[T]) finished(slot int) bool {
	c, r, i := p.call, &p.tile.row[slot], p.sample[slot]
	if r.Status == solver.OK && p.along == nil {
		r.Status = p.meet(slot)
	}
	if left := &p.times[slot]; r.Status == solver.OK && left.n() > 0 {
		addRow(p.a(slot), row(c.savedBar, left.pass(), c.dim))
		r.Span = p.nextSpan(slot, r.Span.T1)
		return true
	}
	c.back[i] = r.Ended()
	c.backStats[i] = r.Stats
	if r.Status == solver.OK {
		for j, v := range p.a(slot) {
			row(c.z0Bar, i, c.dim)[j] = c.weightOf(i) * v
		}
	}
	return false
}

// meet compares the z that backsolve has come to with the true one, and puts that in its place.
func (p *adjointPass[T]) meet(slot int) solver.Status {
	c, i := p.call, p.sample[slot]
	want, from := c.z0, c.z1
	wantRow, fromRow := i, i
	left := &p.times[slot]
	if left.n() > 0 {
		want, wantRow = c.saved, left.row()
	}
	if left.begun() {
		from, fromRow = c.saved, left.row()+1
	}
	for j, x := range [][]T{p.z(slot), row(want, wantRow, c.dim), row(from, fromRow, c.dim)} {
		convert(p.wide[j], x)
	}
	copy(p.z(slot), row(want, wantRow, c.dim))
	c.drift[i] = max(c.drift[i], p.tile.m.con.Drift(p.wide[0], p.wide[1], p.wide[2]))
	if c.drift[i] > solver.DriftLimit {
		return solver.AdjointDrifted
	}
	return solver.OK
}
