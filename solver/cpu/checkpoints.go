package cpu

import (
	"unsafe"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// checkpoints stand in for a record of all steps that would be too large. The forward solve keeps where some steps of a
// sample began: what [solver.Row] knows, and the state. The way back takes the steps between them again, the last
// first. A row computes the same wherever it is, so the steps have the same bits.
//
// The forward solve has checkpoints at multiples of a number of steps, which doubles when there would be too many (as
// in Stumm and Walther 2010, for spans of unknown length). Where the steps between two are still too many to be kept, a
// checkpoint goes halfway between as often as necessary, which costs a forward solve for each doubling (Griewank 1992,
// "Achieving logarithmic growth of temporal and spatial complexity in reverse automatic differentiation").
type checkpoints[T simd.Float] struct {
	tile    *tile[T]   // of one row, which takes steps again
	hybrid  *hybrid[T] // nil where nothing jumps
	call    *call[T]
	first   int // of the leaf's samples
	most    int // of the forward solve, for each sample
	segment int // steps that are taken again at once
	samples []passage
	row     []solver.Row
	z       []T // [checkpoints, dim]
	free    []int32

	// Of the steps that are being taken again.
	from   checkpoint
	sample int
	begun  bool
	left   int
	keep   func(r *solver.Row, z []T) // of an accepted step, before the state moves on; nil to keep none
}

// passage is the way of a sample.
type passage struct {
	steps int // accepted
	every int // so many there is a checkpoint
	low   int // steps before this one are not in the record
	stack []checkpoint
}

// checkpoint is the place of what is known of the beginning of a step; the first step needs none: start.
type checkpoint struct {
	step  int
	place int32
}

const start int32 = -1

// Of a recorded step or of a sample: there is no step before, it is not in the record, it was given up.
const (
	none   int32 = -1
	absent int32 = -2
	gone   int32 = -3
)

func newCheckpoints[T simd.Float](e *engine[T]) *checkpoints[T] {
	return &checkpoints[T]{tile: newTile(e.method, e.field, 1, solution)}
}

// reset forgets everything, for the samples from up to to, which may take so many bytes; a step takes stepBytes, and so
// many rows go back at once.
func (p *checkpoints[T]) reset(c *call[T], from, to, rows int, bytes, stepBytes int64) {
	p.call, p.first = c, from
	p.tile.signals.open(c.batch.Courses(), p.tile.capacity)
	size := int64(unsafe.Sizeof(solver.Row{})) + int64(c.dim)*int64(unsafe.Sizeof(T(0)))
	p.most = max(1, int(bytes/2/size)/(to-from))
	p.segment = max(1, int(bytes/2/stepBytes)/(2*rows))
	for len(p.samples) < to-from {
		p.samples = append(p.samples, passage{})
	}
	for i := range p.samples {
		p.samples[i] = passage{every: 1, stack: p.samples[i].stack[:0]}
	}
	p.row, p.z, p.free = p.row[:0], p.z[:0], p.free[:0]
}

// passed counts an accepted step of a sample, to state z, and perhaps makes a checkpoint of its end. The row was
// judged, but not settled.
func (p *checkpoints[T]) passed(sample int, row solver.Row, z []T) {
	w := &p.samples[sample-p.first]
	w.steps++
	w.low = w.steps
	if w.steps == 1 {
		w.stack = append(w.stack, checkpoint{0, start})
	}
	if row.Settle(&p.tile.m.spec); w.steps%w.every != 0 || row.Done() {
		return
	}
	p.push(w, w.steps, row, z)
	for len(w.stack) > p.most+1 {
		p.thin(w)
	}
}

func (p *checkpoints[T]) push(w *passage, step int, r solver.Row, z []T) {
	if len(p.free) == 0 {
		p.row, p.z = append(p.row, solver.Row{}), append(p.z, z...)
		p.free = append(p.free, int32(len(p.row)-1))
	}
	place := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	p.row[place] = r
	copy(row(p.z, int(place), len(z)), z)
	w.stack = append(w.stack, checkpoint{step, place})
}

func (p *checkpoints[T]) pop(w *passage) {
	if at := w.stack[len(w.stack)-1]; at.place != start {
		p.free = append(p.free, at.place)
	}
	w.stack = w.stack[:len(w.stack)-1]
}

// thin gives up every second checkpoint.
func (p *checkpoints[T]) thin(w *passage) {
	w.every *= 2
	kept := w.stack[:0]
	for _, at := range w.stack {
		if at.step%w.every == 0 {
			kept = append(kept, at)
		} else {
			p.free = append(p.free, at.place)
		}
	}
	w.stack = kept
}

// load takes the steps of a sample before those that are in the record again, as many as may be kept. What is known of
// the step before the first of them, none or absent, goes to keep.
func (p *checkpoints[T]) load(sample int, keep func(before int32, r *solver.Row, z []T)) {
	w := &p.samples[sample-p.first]
	from := w.stack[len(w.stack)-1]
	for w.low-from.step > p.segment {
		half := (w.low - from.step) / 2
		p.again(sample, from, half, nil)
		p.push(w, from.step+half, p.tile.row[0], p.tile.z)
		from = w.stack[len(w.stack)-1]
	}
	before := absent
	if from.step == 0 {
		before = none
	}
	p.again(sample, from, w.low-from.step, func(r *solver.Row, z []T) { keep(before, r, z) })
	w.low = from.step
	p.pop(w)
}

// again takes n steps of a sample from a checkpoint on.
func (p *checkpoints[T]) again(sample int, from checkpoint, n int, keep func(r *solver.Row, z []T)) {
	p.sample, p.from, p.left, p.keep, p.begun = sample, from, n, keep, false
	p.tile.open(p)
	if from.place != start {
		p.tile.row[0] = p.row[from.place]
	}
	for p.left > 0 && !p.tile.idle() {
		p.tile.round()
	}
}

func (p *checkpoints[T]) begin(slot int) bool {
	if p.begun {
		return false
	}
	p.begun = true
	z := row(p.call.z0, p.sample, p.call.dim)
	if p.from.place != start {
		z = row(p.z, int(p.from.place), p.call.dim)
	}
	copy(p.tile.z, z)
	if p.hybrid != nil && p.from.place == start {
		p.hybrid.stateFrom(p.sample, p.call.batch.Span(p.sample).T0, p.tile.z)
	}
	p.tile.row[slot].Segment = p.call.segment(p.sample, p.call.batch.Span(p.sample).T0)
	p.tile.inputs[slot] = p.call.inputsOf(p.sample)
	p.tile.signals.enter(slot, &p.call.batch, p.sample)
	return true
}

func (p *checkpoints[T]) accepted(slots []int) {
	if len(slots) == 0 {
		return
	}
	p.left--
	if p.keep != nil {
		p.keep(&p.tile.row[0], p.tile.z)
	}
	if r := &p.tile.row[0]; p.hybrid != nil {
		if t, cut := p.hybrid.cutWithin(p.sample, r.T, r.End()); cut {
			r.Cut(t)
		}
	}
}

func (p *checkpoints[T]) finished(slot int) bool {
	r := &p.tile.row[slot]
	if r.Status == solver.OK && r.T != p.call.batch.Span(p.sample).T1 { // at a stop
		if p.hybrid != nil {
			p.hybrid.stateFrom(p.sample, r.T, p.tile.z)
		}
		r.Segment = p.call.segment(p.sample, r.T)
		return true
	}
	return false
}
