package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// adjointPass feeds a tile with the continuous adjoint of a leaf's samples, from t1 to t0 in spans between the save
// times (see solver.Reference for the definition): a alone, along the trajectories of the forward solve, or [z, a].
type adjointPass[T simd.Float] struct {
	tile    *tile[T]
	along   *trajectory[T] // nil for backsolve
	call    *call[T]
	sums    *sums[T]
	next    int
	end     int
	sample  []int       // by slot
	times   []timesLeft // by slot
	from    [][]T       // by slot, of backsolve: the true state where the way to the next of the times began
	cross   []int32     // by slot: the next crossing of the hybrid; none
	hybrid  *hybrid[T]  // nil where nothing jumps
	partial *partial[T]
	unit    []T // by slot, in which a is: see [solver.CotangentUnit]
	weight  []T // of the rows in an accumulation
	wide    [3][]float64
}

func newAdjointPass[T simd.Float](tl *tile[T]) *adjointPass[T] {
	p := &adjointPass[T]{tile: tl, along: tl.along, sample: make([]int, tl.capacity),
		times: make([]timesLeft, tl.capacity), unit: make([]T, tl.capacity),
		from: make([][]T, tl.capacity), cross: make([]int32, tl.capacity),
		weight: make([]T, 0, tl.capacity*tl.m.stages)}
	for i := range p.wide {
		p.wide[i] = make([]float64, tl.dim)
	}
	return p
}

// reset points the pass at the samples [from, to).
func (p *adjointPass[T]) reset(c *call[T], from, to int, sum *partial[T]) {
	p.call, p.sums, p.next, p.end = c, &sum.field, from, to
	p.tile.signals.open(c.batch.Courses(), p.tile.capacity)
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
		p.cross[slot], p.from[slot] = p.hybrid.crossingsBack(i), row(c.z1, i, c.dim)
		p.unit[slot] = p.unitOf(i)
		for j, v := range row(c.cotangent, i, c.dim) {
			p.a(slot)[j] = v / p.unit[slot]
		}
		p.tile.inputs[slot] = c.inputsOf(i)
		p.tile.signals.enter(slot, &c.batch, i)
		r := &p.tile.row[slot]
		r.Stiff = c.stiff[i]
		if p.along == nil {
			copy(p.z(slot), row(c.z1, i, c.dim))
			r.Segment = p.nextSegment(slot, c.end[i].T)
			return true
		}
		p.along.open(slot, i)
		p.passed(slot, c.end[i].T)
		r.Segment = p.nextSegment(slot, c.end[i].T)
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

// unitOf is the unit of sample i: that of the largest of its cotangents.
func (p *adjointPass[T]) unitOf(i int) T {
	c := p.call
	largest := largestOf(row(c.cotangent, i, c.dim))
	if c.savedBar != nil {
		from, to := c.batch.Rows(i)
		largest = max(largest, largestOf(c.savedBar[from*c.dim:to*c.dim]))
	}
	for k := range len(c.eventTimes) / c.n {
		largest = max(largest, abs(T(c.eventTime(i, int32(k)))))
	}
	return T(solver.CotangentUnit(float64(largest), p.tile.m.spec.Precision))
}

// weightOf is what multiplies what comes out of the slot's adjoint.
func (p *adjointPass[T]) weightOf(slot int) T { return p.call.weightOf(p.sample[slot]) * p.unit[slot] }

// target is the next save time or crossing on the way back, or t0.
func (p *adjointPass[T]) target(slot int) float64 {
	if p.crosses(slot) {
		return p.hybrid.crossings[p.cross[slot]].t
	}
	span := p.call.batch.Span(p.sample[slot])
	if left := &p.times[slot]; left.n() > 0 {
		return left.next(span)
	}
	return span.T0
}

// crosses reports whether the next on the way back is a crossing: before a state that was saved there.
func (p *adjointPass[T]) crosses(slot int) bool {
	at := p.cross[slot]
	if at < 0 {
		return false
	}
	span := p.call.batch.Span(p.sample[slot])
	left := &p.times[slot]
	return left.n() == 0 || !after(span, left.next(span), p.hybrid.crossings[at].t)
}

// transfer takes the slot's a back over its next crossing.
func (p *adjointPass[T]) transfer(slot int) {
	i, at := p.sample[slot], p.cross[slot]
	p.hybrid.transfer(i, at, p.a(slot), p.weightOf(slot), p.unit[slot], p.partial)
	x := &p.hybrid.crossings[at]
	if p.cross[slot] = p.hybrid.crossingBefore(i, at); x.jumps() && p.along != nil {
		p.along.leave(slot, x.t)
		p.tile.row[slot].Limit = p.along.longestBack(slot, i, x.t)
	}
}

// nextSegment runs from t back to the next stop, or to the target. It is empty, there, where a is zero, which stays so
// and has no size to measure errors by; where all rows share a step, it has its part in the error of all.
func (p *adjointPass[T]) nextSegment(slot int, t float64) solver.Segment {
	target := p.target(slot)
	if !p.tile.whole && isZero(p.a(slot)) {
		t = target
		p.passed(slot, t)
	}
	c := p.call
	return solver.Span{T0: t, T1: target}.Segment(t, c.batch.StopsOf(p.sample[slot]), c.precision)
}

// passed moves the slot back along its trajectory to t, and limits the next step.
func (p *adjointPass[T]) passed(slot int, t float64) {
	if p.along != nil {
		p.along.passed(slot, t)
		p.tile.row[slot].Limit = p.along.longestBack(slot, p.sample[slot], t)
	}
}

// accepted adds the quadrature of ∂L/∂θ = −∫ aᵀ ∂f/∂θ dt over the steps, weighted, and the same for the inputs of each
// sample.
func (p *adjointPass[T]) accepted(slots []int) {
	kinds := p.tile.kinds(slots)
	if explicit := kinds[0]; len(explicit) > 0 {
		p.addStages(explicit)
	}
	if stiff := kinds[1]; len(stiff) > 0 {
		for i := range p.tile.m.stiff.nodes {
			p.addNode(&p.tile.m.stiff.nodes[i], stiff)
		}
	}
	for _, s := range slots {
		p.passed(s, p.tile.row[s].End())
	}
}

// addStages adds the stages of explicit steps, with their weights in the result.
func (p *adjointPass[T]) addStages(slots []int) {
	tl := p.tile
	tl.frames.reset()
	p.weight = p.weight[:0]
	for _, stage := range tl.m.used {
		tl.frames.add(stage, slots)
		for _, s := range slots {
			p.weight = append(p.weight, T(-tl.row[s].Step*tl.m.tab.B[stage])*p.weightOf(s))
		}
	}
	p.add(&tl.frames.rows, slots, tl.m.usedAt)
}

// addNode adds a place of Gauss's in the dense output of other steps.
func (p *adjointPass[T]) addNode(n *node[T], slots []int) {
	tl := p.tile
	list := tl.implicit.evaluate(slots, n.coef, n.X)
	tl.exec.run(tl.exec.backward, list)
	p.weight = p.weight[:0]
	for _, s := range slots {
		p.weight = append(p.weight, T(-tl.row[s].Step*n.Weight)*p.weightOf(s))
		tl.row[s].Stats.NFE++
	}
	p.add(list, slots, n.at[:])
}

// add accumulates the listed rows, stage after stage of the slots at those fractions of the step, with their weights.
func (p *adjointPass[T]) add(list *rows[T], slots []int, at []float64) {
	if p.tile.ports.feeding {
		p.feed(list, slots, at)
	}
	p.tile.exec.scale(list, p.weight)
	p.tile.exec.accumulate(p.sums, list)
}

// feed adds the weighted products of the listed stages, stage after stage at those fractions of the step, to ∂L/∂inputs
// and what it is of signals.
func (p *adjointPass[T]) feed(list *rows[T], slots []int, at []float64) {
	tl := p.tile
	src, off := tl.exec.at(list, tl.ports.dInputs)
	for k, w := range p.weight {
		slot := slots[k%len(slots)]
		bar := p.call.inputsBarOf(p.sample[slot])
		for c, v := range src[off[k]:][:len(bar)] {
			bar[c] += w * v
		}
		if p.call.signalBars != nil {
			t := tl.row[slot].At(at[k/len(slots)])
			addSignals(&tl.signals, slot, t, w, src[off[k]+len(bar):], p.call.signalBars[p.sample[slot]])
		}
	}
}

// finished passes a stop, or a save time, where a takes up its cotangent, or ends the sample.
func (p *adjointPass[T]) finished(slot int) bool {
	c, r, i := p.call, &p.tile.row[slot], p.sample[slot]
	if r.Status == solver.OK && r.Span.T1 != p.target(slot) {
		r.Segment = p.nextSegment(slot, r.Span.T1)
		return true
	}
	if r.Status == solver.OK && p.along == nil {
		r.Status = p.meet(slot)
	}
	if r.Status == solver.OK && p.crosses(slot) {
		p.transfer(slot)
		r.Segment = p.nextSegment(slot, r.Span.T1)
		return true
	}
	if left := &p.times[slot]; r.Status == solver.OK && left.n() > 0 {
		for j, v := range row(c.savedBar, left.pass(), c.dim) {
			p.a(slot)[j] += v / p.unit[slot]
		}
		r.Segment = p.nextSegment(slot, r.Span.T1)
		return true
	}
	if p.along != nil {
		p.along.close(slot)
	}
	c.back[i] = r.Ended()
	c.backStats[i] = r.Stats
	if r.Status == solver.OK {
		for j, v := range p.a(slot) {
			row(c.z0Bar, i, c.dim)[j] = p.weightOf(slot) * v
		}
	}
	return false
}

// meet compares the z that backsolve has come to with the true one, and puts that in its place. Where there was nothing
// to integrate there is nothing to compare.
func (p *adjointPass[T]) meet(slot int) solver.Status {
	c, i, span := p.call, p.sample[slot], p.tile.row[slot].Span
	want := row(c.z0, i, c.dim)
	before := want
	if left := &p.times[slot]; p.crosses(slot) {
		want, before = p.hybrid.stateAfter(p.cross[slot]), p.hybrid.stateBefore(p.cross[slot])
	} else if left.n() > 0 {
		want = row(c.saved, left.row(), c.dim)
		before = want
	}
	for j, x := range [3][]T{p.z(slot), want, p.from[slot]} {
		convert(p.wide[j], x)
	}
	copy(p.z(slot), before)
	p.from[slot] = before
	if span.T0 == span.T1 {
		return solver.OK
	}
	c.drift[i] = max(c.drift[i], p.tile.m.con.Drift(p.wide[0], p.wide[1], p.wide[2]))
	if c.drift[i] > solver.DriftLimit {
		return solver.AdjointDrifted
	}
	return solver.OK
}
