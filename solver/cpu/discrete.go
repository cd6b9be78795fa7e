package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// reverse is the discrete gradient of a leaf: each row walks the recorded steps of one sample from the last to the
// first and takes λ back through their stages (see solver.Reference for the definition), with what the forward solve
// recorded of them, or evaluating them again where it recorded nothing. Rows are refilled as in a tile; the cotangents
// of all stages of all rows meet in one product per weight.
type reverse[T simd.Float] struct {
	m      *method[T]
	exec   *executor[T]
	record *record[T]
	call   *call[T]
	sums   *sums[T]

	capacity  int
	dim       int
	stages    int // that are evaluated: the last one only where save times need it
	frames    frames[T]
	ports     ports
	arg       operand // of a stage
	cotangent operand
	z, k, g   []T // [capacity, dim], [capacity, stages of the method, dim] twice; g's last place holds λ
	extra     []T // as g: h times what the dense output adds to the stages' cotangents; nil without save times
	ones, h   []T
	zeroRow   []T
	zero      []int
	zOff      []int
	kOff      []int
	step      []int32 // by slot: the step to take back, −1 for a sample that did not move
	left      []timesLeft
	cross     []int32    // by slot: the next crossing of the hybrid; none
	hybrid    *hybrid[T] // nil where nothing jumps
	partial   *partial[T]
	dense     bool // the dense output has a cotangent
	sample    []int
	signals   signals
	active    []int
	free      []int
}

func newReverse[T simd.Float](m *method[T], e *executor[T], rec *record[T], capacity int) *reverse[T] {
	r := &reverse[T]{m: m, exec: e, record: rec, capacity: capacity, dim: rec.dim}
	r.ports, r.arg, r.cotangent = newPorts(e), e.layout.at[e.plan.Input("z")], e.layout.at[e.plan.Cotangents[0].Value]
	r.frames = newFrames(e, capacity, [2]int{m.stages, m.stages})
	r.z, r.k, r.g = make([]T, capacity*r.dim), make([]T, capacity*m.stages*r.dim), make([]T, capacity*m.stages*r.dim)
	r.ones, r.h, r.zeroRow = make([]T, max(capacity, m.stages)), make([]T, capacity), make([]T, r.dim)
	for i := range r.ones {
		r.ones[i] = 1
	}
	r.zero = make([]int, capacity)
	r.zOff, r.kOff = make([]int, capacity), make([]int, capacity)
	r.step, r.left, r.sample = make([]int32, capacity), make([]timesLeft, capacity), make([]int, capacity)
	r.cross = make([]int32, capacity)
	r.active, r.free = make([]int, 0, capacity), make([]int, 0, capacity)
	return r
}

// open points the pass at a leaf.
func (r *reverse[T]) open(c *call[T], sum *partial[T]) {
	r.call, r.sums = c, &sum.field
	r.signals.open(c.batch.Courses(), r.capacity)
	r.stages = r.m.stages - 1
	if r.dense = c.savedBar != nil || r.hybrid.cuts(); r.dense {
		r.stages = r.m.stages
		grow(&r.extra, len(r.g))
	}
	r.active, r.free = r.active[:0], r.free[:0]
	for s := r.capacity - 1; s >= 0; s-- {
		r.free = append(r.free, s)
	}
}

// begin gives a free row a sample that went forward well, with ∂L/∂z1 in the call.
func (r *reverse[T]) begin(sample int) {
	c, slot := r.call, r.free[len(r.free)-1]
	r.sample[slot], r.left[slot] = sample, c.timesBack(sample)
	r.signals.enter(slot, &c.batch, sample)
	r.cross[slot] = r.hybrid.crossingsBack(sample)
	r.step[slot] = r.record.before(sample, r.record.last[sample-r.record.first])
	for j, v := range row(c.cotangent, sample, c.dim) {
		r.lambda(slot)[j] = c.weightOf(sample) * v
	}
	c.back[sample] = solver.End{T: c.batch.Span(sample).T0}
	if r.step[slot] < 0 { // it never moved
		r.finish(slot)
		return
	}
	r.free = r.free[:len(r.free)-1]
	r.active = append(r.active, slot)
}

// round takes every active row one step back.
func (r *reverse[T]) round() {
	r.load()
	if !r.record.keeping {
		r.forward()
	}
	r.backward()
	r.retire()
}

func (r *reverse[T]) lambda(slot int) []T { return row(r.g, (slot+1)*r.m.stages-1, r.dim) }

// load fetches the rows' steps.
func (r *reverse[T]) load() {
	for i, s := range r.active {
		st := &r.record.steps[r.step[s]]
		copy(row(r.z, s, r.dim), r.record.state(r.step[s]))
		r.h[i] = T(st.h)
		r.zOff[i], r.kOff[i] = s*r.dim, s*r.m.stages*r.dim
	}
	switch {
	case r.dense:
		r.loadSaved()
	case r.hybrid != nil:
		r.passJumps()
	}
}

// list is the frames of the active rows at a stage: the store's where they were recorded.
func (r *reverse[T]) list(stage int) *rows[T] {
	r.frames.reset()
	r.add(stage)
	return &r.frames.rows
}

func (r *reverse[T]) add(stage int) {
	before := len(r.frames.rows.off[store])
	r.frames.add(stage, r.active)
	if !r.record.keeping {
		return
	}
	r.frames.rows.mem[store] = r.record.frames
	for i, s := range r.active {
		r.frames.rows.off[store][before+i] = int(r.step[s])*r.record.block + stage*r.frames.size[store]
	}
}

// forward evaluates the stages again.
func (r *reverse[T]) forward() {
	e, n := r.exec, len(r.active)
	for stage := range r.stages {
		list := r.list(stage)
		dst, off := e.at(list, r.arg)
		r.exec.kern.Combine(dst, off, r.z, r.zOff[:n], r.h[:n], r.k, r.kOff[:n], r.dim, r.m.a[stage], r.dim)
		r.setTime(list, stage)
		r.setInputs(list, stage)
		e.run(e.forward, list)
		r.take(list, r.ports.f, r.k, stage)
	}
}

func (r *reverse[T]) setTime(list *rows[T], stage int) {
	if !r.ports.timed {
		return
	}
	dst, off := r.exec.at(list, r.ports.t)
	for i, s := range r.active {
		dst[off[i]] = T(r.stageTime(s, stage))
	}
}

func (r *reverse[T]) setInputs(list *rows[T], stage int) {
	if !r.ports.fed {
		return
	}
	dst, off := r.exec.at(list, r.ports.inputs)
	for i, s := range r.active {
		n := copy(dst[off[i]:], r.call.inputsOf(r.sample[s]))
		if r.signals.courses != nil {
			readSignals(&r.signals, s, r.stageTime(s, stage), dst[off[i]+n:])
		}
	}
}

// feed adds a stage's product to ∂L/∂inputs, and what it is of signals.
func (r *reverse[T]) feed(list *rows[T], stage int) {
	if !r.ports.feeding {
		return
	}
	src, off := r.exec.at(list, r.ports.dInputs)
	for i, s := range r.active {
		bar := r.call.inputsBarOf(r.sample[s])
		addRow(bar, src[off[i]:][:len(bar)])
		if r.call.signalBars != nil {
			addSignals(&r.signals, s, r.stageTime(s, stage), 1, src[off[i]+len(bar):], r.call.signalBars[r.sample[s]])
		}
	}
}

// stageTime is that of a stage of the slot's step.
func (r *reverse[T]) stageTime(slot, stage int) float64 {
	return r.time(slot, r.record.steps[r.step[slot]], r.m.tab.C[stage])
}

// time is that at fraction c of a step of the slot's sample.
func (r *reverse[T]) time(slot int, st recordedStep, c float64) float64 {
	return r.call.segment(r.sample[slot], st.t).StageTime(st.t, st.h, c)
}

// take copies a value of the active rows to their place for a stage in k or g.
func (r *reverse[T]) take(list *rows[T], o operand, dst []T, stage int) {
	src, off := r.exec.at(list, o)
	for i, s := range r.active {
		copy(row(dst, s*r.m.stages+stage, r.dim), src[off[i]:])
	}
}

// backward takes λ back over the step of every active row.
func (r *reverse[T]) backward() {
	if r.stages == r.m.stages {
		r.reverseLast()
	}
	for stage := r.m.stages - 2; stage >= 0; stage-- {
		r.reverseStage(stage, r.m.columns[stage])
	}
	n, last := len(r.active), r.m.stages-1
	r.exec.kern.Combine(r.g[last*r.dim:], r.kOff[:n], r.g[last*r.dim:], r.kOff[:n], r.ones[:n], r.g, r.kOff[:n], r.dim,
		r.ones[:last], r.dim)
	r.frames.reset()
	for stage := range r.stages {
		r.add(stage)
	}
	r.exec.accumulate(r.sums, &r.frames.rows)
	for _, s := range r.active {
		st := &r.call.backStats[r.sample[s]]
		st.Accepted++
		st.NFE += r.stages
	}
}

// reverseStage computes the stage's product of its cotangent h·(Σ column·g) with ∂f/∂z.
func (r *reverse[T]) reverseStage(stage int, column []T) {
	e, n := r.exec, len(r.active)
	list := r.list(stage)
	dst, off := e.at(list, r.cotangent)
	base, baseOff := r.zeroRow, r.zero[:n]
	if r.dense {
		base, baseOff = r.extra[stage*r.dim:], r.kOff[:n]
	}
	r.exec.kern.Combine(dst, off, base, baseOff, r.h[:n], r.g[(stage+1)*r.dim:], r.kOff[:n], r.dim, column[stage+1:],
		r.dim)
	e.run(e.backward, list)
	r.feed(list, stage)
	if r.ports.moving {
		r.take(list, r.ports.dz, r.g, stage)
		return
	}
	for _, s := range r.active {
		clear(row(r.g, s*r.m.stages+stage, r.dim))
	}
}

// retire moves every row to the step before; a row without one hands its sample over, and so does one that is not
// finite.
func (r *reverse[T]) retire() {
	for i := len(r.active) - 1; i >= 0; i-- {
		s := r.active[i]
		step := r.step[s]
		taken := r.record.steps[step]
		r.record.release(step)
		r.step[s] = r.record.before(r.sample[s], taken.previous)
		if !finite(r.lambda(s)) {
			r.fail(s, taken)
		} else if r.step[s] >= 0 {
			continue
		} else {
			r.call.back[r.sample[s]].H = -taken.h
			r.finish(s)
		}
		r.active[i] = r.active[len(r.active)-1]
		r.active = r.active[:len(r.active)-1]
		r.free = append(r.free, s)
	}
}

// finish hands over ∂L/∂z0; times at t0 itself add to it.
func (r *reverse[T]) finish(slot int) {
	c, i := r.call, r.sample[slot]
	lambda := r.lambda(slot)
	for r.cross[slot] >= 0 {
		r.transfer(slot)
	}
	for j := range r.left[slot].n() {
		addRow(lambda, row(c.savedBar, r.left[slot].first+j, c.dim))
	}
	if !finite(lambda) {
		c.back[i].Status = solver.NonFinite
		return
	}
	copy(row(c.z0Bar, i, c.dim), lambda)
}

// fail ends a sample at the step whose reversal was not finite, and gives up what is recorded of it.
func (r *reverse[T]) fail(slot int, taken recordedStep) {
	r.call.back[r.sample[slot]] = solver.End{Status: solver.NonFinite, T: r.time(slot, taken, 1), H: -taken.h}
	for step := r.step[slot]; step >= 0; step = r.record.steps[step].previous {
		r.record.release(step)
	}
}

func addRow[T simd.Float](dst, src []T) {
	for c, v := range src {
		dst[c] += v
	}
}
