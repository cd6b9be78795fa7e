package cpu

import (
	"context"
	"math"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// tile integrates many samples, a few at a time: each of its rows holds one sample with its own time, step and
// acceptance, and takes the next sample when that one is done. What a row computes does not depend on the other rows,
// so a sample's answer is the same to the bit wherever it runs.
//
// The forward solve and the continuous adjoint are both tiles: the pass says where samples come from, what the state
// is made of and what happens at an accepted step.
type tile[T simd.Float] struct {
	m     *method[T]
	exec  *executor[T]
	pass  pass[T]
	form  form
	along *trajectory[T] // with the form adjointAlone: where z comes from
	whole bool           // one step for all rows: solver.ControlBatch

	capacity int // rows
	dim      int // of z
	width    int // of the state: dim, or 2·dim for [z, a]
	parts    []part
	ports    ports
	z, k     []T   // [capacity, width] and [capacity, stages, width]
	diff     []T   // scratch for the starting step, as z
	inputs   [][]T // by slot, the constants of the sample
	signals  signals
	frames   frames[T]
	row      []solver.Row
	active   []int // slots in use
	fresh    []int // those of them that have not started
	free     []int
	moved    []int // slots whose step was accepted

	implicit *implicit[T] // nil where all steps are explicit
	asking   []int        // slots that want to know what holds their steps

	list  lists[T]
	busy  solver.Occupancy
	seats int // rows that count for busy: those of a tile made for the call, which an earlier one may have made larger
}

// form is what a tile integrates.
type form uint8

const (
	solution     form = iota // z
	keptSolution             // z, with the stages of the accepted steps kept apart for who takes them back
	stateAdjoint             // [z, a]: backsolve
	adjointAlone             // a, along a trajectory
)

// needsVJP reports whether the derivative of the state needs the vector-Jacobian product.
func (f form) needsVJP() bool { return f >= stateAdjoint }

// ports are the places of the field's inputs and results beside the state.
type ports struct {
	t, z, f, dz   operand
	timed, moving bool // the field depends on t; its derivative for z is not zero

	inputs, dInputs operand
	fed, feeding    bool // the field has inputs; its derivative for them is not zero
}

func newPorts[T simd.Float](e *executor[T]) ports {
	p := ports{z: e.layout.at[e.plan.Input("z")], f: e.layout.at[e.plan.Output("f")]}
	if id := e.plan.Input("t"); id >= 0 {
		p.t, p.timed = e.layout.at[id], true
	}
	if id := e.plan.InputGrad("z"); id >= 0 {
		p.dz, p.moving = e.layout.at[id], true
	}
	if id := e.plan.Input("inputs"); id >= 0 {
		p.inputs, p.fed = e.layout.at[id], true
	}
	if id := e.plan.InputGrad("inputs"); id >= 0 {
		p.dInputs, p.feeding = e.layout.at[id], true
	}
	return p
}

// part maps a piece of the state to the plan: where its stage argument goes.
type part struct {
	arg      operand
	at, size int
}

// pass feeds a tile.
type pass[T simd.Float] interface {
	// begin loads the next sample's state, span and inputs into the slot; false when there is none.
	begin(slot int) bool
	// accepted sees the slots whose step was accepted, before their state moves on.
	accepted(slots []int)
	// finished takes the sample's result, or its failure. It returns true when it has loaded another span of the same
	// sample into the slot.
	finished(slot int) bool
}

// lists are the per-row arguments of a round's kernel calls, in the order of the slots they were made for.
type lists[T simd.Float] struct {
	z, k []int
	h    []T
	unit []T // h over the row's scale, where the components of a row share one
	norm [3][]float64
}

// newTile makes a tile of that many rows.
func newTile[T simd.Float](m *method[T], e *executor[T], capacity int, form form) *tile[T] {
	dim := e.plan.Values[e.plan.Output("f")].Cols
	tl := &tile[T]{m: m, exec: e, form: form, capacity: capacity, dim: dim,
		ports: newPorts(e), whole: m.con.Control == solver.ControlBatch}
	stages := [2]int{1, 1}
	if form == keptSolution {
		stages[store] = m.stages
	}
	if form != adjointAlone {
		tl.addPart(tl.ports.z)
	}
	if form.needsVJP() {
		stages = [2]int{m.stages, m.stages}
		tl.addPart(e.layout.at[e.plan.Cotangents[0].Value])
	}
	tl.z, tl.diff = make([]T, capacity*tl.width), make([]T, capacity*tl.width)
	tl.k = make([]T, capacity*m.stages*tl.width)
	tl.frames = newFrames(e, capacity, stages)
	tl.row, tl.inputs = make([]solver.Row, capacity), make([][]T, capacity)
	for _, l := range []*[]int{&tl.active, &tl.fresh, &tl.free, &tl.moved} {
		*l = make([]int, 0, capacity)
	}
	tl.list = lists[T]{z: make([]int, capacity), k: make([]int, capacity), h: make([]T, capacity),
		unit: make([]T, capacity)}
	for i := range tl.list.norm {
		tl.list.norm[i] = make([]float64, capacity)
	}
	tl.asking = make([]int, 0, capacity)
	if m.stiff != nil {
		tl.implicit = newImplicit(tl)
	}
	return tl
}

// addPart makes a value of the plan the next part of the state.
func (tl *tile[T]) addPart(arg operand) {
	tl.parts = append(tl.parts, part{arg, tl.width, tl.dim})
	tl.width += tl.dim
}

// run integrates all samples the pass has. When ctx ends, those not finished end as Cancelled.
func (tl *tile[T]) run(ctx context.Context, p pass[T]) {
	tl.open(p)
	for !tl.idle() {
		if ctx.Err() != nil {
			tl.cancel()
			return
		}
		tl.round()
	}
}

// runRecorded is run as long as the record of the steps is not full; it reports whether all samples are done.
func (tl *tile[T]) runRecorded(ctx context.Context, p pass[T], full *bool) bool {
	tl.open(p)
	for !tl.idle() && !*full {
		if ctx.Err() != nil {
			tl.cancel()
			return true
		}
		tl.round()
	}
	return !*full
}

// open takes the pass's first samples.
func (tl *tile[T]) open(p pass[T]) {
	tl.pass = p
	tl.active, tl.fresh, tl.free = tl.active[:0], tl.fresh[:0], tl.free[:0]
	for s := tl.capacity - 1; s >= 0; s-- {
		tl.free = append(tl.free, s)
	}
	tl.frames.place()
	tl.fill()
}

// idle reports whether all samples are done.
func (tl *tile[T]) idle() bool { return len(tl.active) == 0 }

// round tries one step of every active row.
func (tl *tile[T]) round() {
	tl.start()
	tl.try()
	if tl.implicit == nil {
		tl.stages(tl.active)
		tl.judge(tl.errorNorms(tl.active, tl.m.e))
	} else {
		tl.judge(tl.implicit.step())
	}
	tl.advance()
	tl.fill()
}

// fill gives every free row a sample, while there are any.
func (tl *tile[T]) fill() {
	for len(tl.free) > 0 {
		slot := tl.free[len(tl.free)-1]
		tl.row[slot] = solver.Row{}
		if !tl.pass.begin(slot) {
			return
		}
		tl.free = tl.free[:len(tl.free)-1]
		tl.active = append(tl.active, slot)
		tl.enter(slot)
	}
}

// enter prepares a loaded row: a span without length is over at once. The step size, without its sign, is the
// pass's, or that of the span before; 0 asks for the starting rule.
func (tl *tile[T]) enter(slot int) {
	for r := &tl.row[slot]; !r.EnterSegment(r.Segment); {
		if !tl.pass.finished(slot) {
			tl.release(slot)
			return
		}
	}
	tl.fresh = append(tl.fresh, slot)
	if tl.implicit != nil {
		tl.implicit.enter(slot)
	}
}

// finish hands the row's sample over and frees the row, unless the sample has another span to go.
func (tl *tile[T]) finish(slot int) {
	if tl.pass.finished(slot) {
		tl.enter(slot)
		return
	}
	tl.release(slot)
}

// release frees the row.
func (tl *tile[T]) release(slot int) {
	for i, s := range tl.active {
		if s == slot {
			tl.active[i] = tl.active[len(tl.active)-1]
			tl.active = tl.active[:len(tl.active)-1]
			break
		}
	}
	tl.free = append(tl.free, slot)
}

// cancel ends every sample that is not done.
func (tl *tile[T]) cancel() {
	for {
		for len(tl.active) > 0 {
			slot := tl.active[len(tl.active)-1]
			tl.row[slot].Status = solver.Cancelled
			tl.finish(slot)
		}
		tl.fresh = tl.fresh[:0]
		if tl.fill(); len(tl.active) == 0 {
			return
		}
	}
}

// prepare lists the slots' states, slopes and step sizes for the kernel calls of a round.
func (tl *tile[T]) prepare(slots []int) {
	n := len(slots)
	tl.list.z, tl.list.k, tl.list.h = tl.list.z[:n], tl.list.k[:n], tl.list.h[:n]
	for i, s := range slots {
		tl.list.z[i] = s * tl.width
		tl.list.k[i] = s * tl.m.stages * tl.width
		tl.list.h[i] = T(tl.row[s].Step)
	}
}

// evaluate computes the slopes of a stage, at z + step·Σ coef·k and t + c·step, of the slots that were prepared.
func (tl *tile[T]) evaluate(stage int, slots []int, coef []T, c float64) {
	r := tl.frames.list(stage, slots)
	for _, p := range tl.parts {
		dst, off := tl.exec.at(r, p.arg)
		tl.exec.kern.Combine(dst, off, tl.z[p.at:], tl.list.z, tl.list.h, tl.k[p.at:], tl.list.k, tl.width, coef,
			p.size)
	}
	tl.setField(r, slots, c)
	tl.exec.run(tl.exec.forward, r)
	if tl.along == nil {
		tl.take(tl.ports.f, r, stage, slots, 0, 1)
	}
	if tl.form.needsVJP() {
		tl.exec.run(tl.exec.backward, r)
		tl.takeAdjoint(r, stage, slots)
	}
	for _, s := range slots {
		tl.row[s].Stats.NFE++
	}
}

// setField gives the listed rows what the field reads beside the state, at fraction c of the slots' steps.
func (tl *tile[T]) setField(r *rows[T], slots []int, c float64) {
	if tl.ports.timed {
		dst, off := tl.exec.at(r, tl.ports.t)
		for i, s := range slots {
			dst[off[i]] = T(tl.row[s].At(c))
		}
	}
	if tl.ports.fed {
		dst, off := tl.exec.at(r, tl.ports.inputs)
		for i, s := range slots {
			copy(dst[off[i]:], tl.inputs[s])
		}
		if tl.signals.courses != nil {
			for i, s := range slots {
				readSignals(&tl.signals, s, tl.row[s].At(c), dst[off[i]+len(tl.inputs[s]):])
			}
		}
	}
	if tl.along != nil {
		dst, off := tl.exec.at(r, tl.ports.z)
		for i, s := range slots {
			tl.along.state(s, tl.row[s].At(c), dst[off[i]:off[i]+tl.dim])
		}
	}
}

// takeAdjoint writes da/dt = −aᵀ ∂f/∂z, the last part of the slope; a field that does not depend on z has none.
func (tl *tile[T]) takeAdjoint(r *rows[T], stage int, slots []int) {
	if tl.ports.moving {
		tl.take(tl.ports.dz, r, stage, slots, tl.width-tl.dim, -1)
		return
	}
	for _, s := range slots {
		at := (s*tl.m.stages+stage+1)*tl.width - tl.dim
		clear(tl.k[at : at+tl.dim])
	}
}

// take copies a value, times sign, into the stage's slope.
func (tl *tile[T]) take(o operand, r *rows[T], stage int, slots []int, at int, sign T) {
	src, off := tl.exec.at(r, o)
	for i, s := range slots {
		dst := tl.k[(s*tl.m.stages+stage)*tl.width+at:][:tl.dim]
		for c, v := range src[off[i] : off[i]+tl.dim] {
			dst[c] = sign * v
		}
	}
}

// try makes the next step of every active row.
func (tl *tile[T]) try() {
	tl.busy.Rows += int64(tl.seats)
	tl.busy.Busy += int64(len(tl.active))
	for _, s := range tl.active {
		tl.row[s].Try(&tl.m.spec)
	}
}

// stages evaluates all stages after the first of explicit steps.
func (tl *tile[T]) stages(slots []int) {
	tl.prepare(slots)
	for _, stage := range tl.m.inner {
		tl.evaluate(stage, slots, tl.m.a[stage], tl.m.tab.C[stage])
	}
	last := tl.m.stages - 1
	tl.evaluate(last, slots, tl.m.a[last], tl.m.tab.C[last])
}

// judge decides for every active row, by the sum of squares of its scaled error, whether its step is accepted and how
// long the next one is.
func (tl *tile[T]) judge(norms []float64) {
	tl.share(norms)
	sound := true // under one step for all: whether everybody's step is finite
	for _, s := range tl.active {
		sound = sound && (!tl.whole || tl.finiteTrial(s))
	}
	tl.asking = tl.asking[:0]
	for i, s := range tl.active {
		r := &tl.row[s]
		r.Judge(&tl.m.spec, solver.Measure{First: math.Sqrt(norms[i] / float64(tl.width)),
			Finite: sound && (tl.whole || tl.finiteTrial(s))})
		if r.Weighs(&tl.m.spec) {
			tl.asking = append(tl.asking, s)
		}
	}
	if len(tl.asking) > 0 {
		tl.weigh()
	}
}

// errorNorms is the sum of squares of the scaled error of each of the slots that were prepared, whose stages have those
// weights in it.
func (tl *tile[T]) errorNorms(slots []int, e []T) []float64 {
	r := tl.frames.list(tl.m.stages-1, slots)
	total := tl.list.norm[0][:len(slots)]
	h, atol, rtol := tl.list.h, tl.m.atol, tl.m.rtol
	if tl.form == adjointAlone {
		h, atol, rtol = tl.unitSteps(slots), 1, 0
	}
	clear(total)
	for _, p := range tl.parts {
		part := tl.list.norm[1][:len(slots)]
		z1, off := tl.exec.at(r, p.arg)
		if p.at == 0 && len(tl.m.each) > 0 && tl.form != adjointAlone {
			tl.eachError(part, p, z1, off, e)
		} else {
			tl.exec.kern.ErrorNorm(part, tl.z[p.at:], tl.list.z, z1, off, h, tl.k[p.at:], tl.list.k, tl.width, e,
				atol, rtol, p.size)
		}
		for i, v := range part {
			total[i] += v
		}
	}
	if tl.m.resting && tl.form != adjointAlone {
		tl.withoutResting(total, slots, e)
	}
	return total
}

// unitSteps are the slots' steps over the scale of their adjoint: its largest component, since the adjoint is
// linear and a component that crosses zero must not set the step.
func (tl *tile[T]) unitSteps(slots []int) []T {
	unit := tl.list.unit[:len(slots)]
	for i, s := range slots {
		largest := max(largestOf(row(tl.z, s, tl.width)), largestOf(tl.result(s, tl.parts[0])))
		if scale := tl.m.atol + tl.m.rtol*largest; scale > 0 {
			unit[i] = tl.list.h[i] / scale
		} else {
			unit[i] = 0 // zeros stay so without error
		}
	}
	return unit
}

// advance moves the accepted rows on, hands over the finished ones and shortens the steps of the rejected.
func (tl *tile[T]) advance() {
	tl.moved = tl.moved[:0]
	for _, s := range tl.active {
		if tl.row[s].Accepted {
			tl.moved = append(tl.moved, s)
		}
	}
	tl.pass.accepted(tl.moved)
	tl.moveOn()
	for i := len(tl.active) - 1; i >= 0; i-- {
		s := tl.active[i]
		if tl.row[s].Settle(&tl.m.spec); tl.row[s].Done() {
			tl.finish(s)
		}
	}
}

// moveOn makes the results of the accepted steps the states, and their last slopes the first ones.
func (tl *tile[T]) moveOn() {
	last := tl.m.stages - 1
	for _, p := range tl.parts {
		for _, s := range tl.moved {
			copy(tl.z[s*tl.width+p.at:][:p.size], tl.result(s, p))
		}
	}
	for _, s := range tl.moved {
		tl.frames.next(s)
		if tl.implicit != nil {
			tl.implicit.moved(s)
		}
		k := tl.k[s*tl.m.stages*tl.width:]
		copy(k[:tl.width], k[last*tl.width:(last+1)*tl.width])
	}
}

// finiteTrial reports whether the row's trial step stayed finite: its result and its last slope.
func (tl *tile[T]) finiteTrial(slot int) bool {
	last := tl.m.stages - 1
	k := (slot*tl.m.stages + last) * tl.width
	if !finite(tl.k[k : k+tl.width]) {
		return false
	}
	for _, p := range tl.parts {
		if !finite(tl.result(slot, p)) {
			return false
		}
	}
	return true
}

// result is a part of the trial step's result: the argument of the last stage.
func (tl *tile[T]) result(slot int, p part) []T {
	at := tl.frames.at(p.arg.mem, slot, tl.m.stages-1) + p.arg.off
	return tl.frames.mem[p.arg.mem][at : at+p.size]
}

// largestOf is the largest magnitude in x; NaN counts for nothing.
func largestOf[T simd.Float](x []T) T {
	largest := T(0)
	for _, v := range x {
		if v = abs(v); v > largest {
			largest = v
		}
	}
	return largest
}

func isZero[T simd.Float](x []T) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

func abs[T simd.Float](x T) T {
	if x < 0 {
		return -x
	}
	return x
}

func finite[T simd.Float](x []T) bool {
	for _, v := range x {
		if v-v != 0 { // NaN and infinities alone
			return false
		}
	}
	return true
}
