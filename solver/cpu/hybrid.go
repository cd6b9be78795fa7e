package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// hybrid is what makes states jump, for the samples of one leaf at a time: at given times, and where conditions cross
// zero. It keeps where they did, for the way back, and for who takes steps again.
type hybrid[T simd.Float] struct {
	engine *engine[T]
	call   *call[T]
	tile   *tile[T] // that goes forward
	seats  []seat[T]
	field  frames[T]      // of one row
	points [2][][]T       // weights of the stages at the points of a step, explicit or of the other kind
	watch  []solver.Watch // by slot
	jump   []int          // by slot: the next
	stop   []int          // by slot: the next that is passed too
	due    []int32        // by slot: the event whose effect is due; none
	failed []bool         // by slot: at an event, in the state fail, [capacity, dim]
	fail   []T

	first     int     // of the leaf's samples
	last      []int32 // by sample: its last crossing
	crossings []crossing
	z         []T // [crossings, 2, dim], before and after

	state   []T // [capacity, dim], scratch
	offset  []int
	along   conditions[T]
	before  []float64 // [events]
	after   []float64
	bars    [3][]T       // [dim], scratch of a transfer
	signals signals      // of one sample at a time
	wide    [4][]float64 // the same
}

// crossing is where the state of a sample jumped, or might have.
type crossing struct {
	t        float64
	previous int32 // of the sample; none
	event    int32 // −1 for none; number counts those of the sample
	number   int32
	jump     int32 // rows; −1 for none
	stop     int32
	noted    bool // an event without effect
	terminal bool
	cut      bool // a step ended there that would have gone on
}

// jumps reports whether the state may be another after it.
func (x *crossing) jumps() bool { return !x.noted && x.stop < 0 }

func newHybrid[T simd.Float](e *engine[T], tl *tile[T]) *hybrid[T] {
	n := tl.capacity
	h := &hybrid[T]{engine: e, tile: tl, seats: newSeats(e.moments, n), field: newFrames(e.field, 1, [2]int{1, 1}),
		jump: make([]int, n), stop: make([]int, n), due: make([]int32, n), failed: make([]bool, n),
		fail: make([]T, n*e.dim), state: make([]T, n*e.dim), offset: make([]int, n),
		before: make([]float64, len(e.model.Events)), after: make([]float64, len(e.model.Events))}
	for s := range n {
		h.offset[s] = s * e.dim
		h.watch = append(h.watch, *solver.NewWatch(e.model.Events))
	}
	for i := range h.bars {
		h.bars[i] = make([]T, e.dim)
	}
	for i := range h.wide {
		h.wide[i] = make([]float64, e.dim)
	}
	if tl.m.tab != nil {
		h.points[0] = pointsOf[T](tl.m.tab.Dense)
	}
	if tl.m.stiff != nil {
		h.points[1] = pointsOf[T](tl.m.stiff.poly)
	}
	return h
}

// pointsOf are the weights of stages with these polynomials at the points inside of a step.
func pointsOf[T simd.Float](polynomials [][]float64) [][]T {
	var points [][]T
	for j := 1; j < solver.WatchPoints; j++ {
		w := make([]T, len(polynomials))
		for i, p := range polynomials {
			w[i] = T(solver.Polynomial(p, float64(j)/solver.WatchPoints))
		}
		points = append(points, w)
	}
	return points
}

// reset forgets everything, for the samples from up to to.
func (h *hybrid[T]) reset(c *call[T], from, to int) {
	h.call, h.first = c, from
	h.signals.open(c.batch.Courses(), 1)
	grow(&h.last, to-from)
	for i := range h.last {
		h.last[i] = none
	}
	h.crossings, h.z = h.crossings[:0], h.z[:0]
}

// cuts reports whether events may cut steps.
func (h *hybrid[T]) cuts() bool { return h != nil && len(h.engine.model.Events) > 0 }

// stateBefore and stateAfter are those at a crossing.
func (h *hybrid[T]) stateBefore(at int32) []T { return row(h.z, 2*int(at), h.engine.dim) }
func (h *hybrid[T]) stateAfter(at int32) []T  { return row(h.z, 2*int(at)+1, h.engine.dim) }

// add notes a crossing of a sample from a state, which it does not change yet.
func (h *hybrid[T]) add(sample int, x crossing, z []T) int32 {
	at := int32(len(h.crossings))
	x.previous = h.last[sample-h.first]
	h.last[sample-h.first] = at
	h.crossings = append(h.crossings, x)
	h.z = append(append(h.z, z...), z...)
	return at
}

// start begins a sample in a slot of the tile.
func (h *hybrid[T]) start(slot, sample int) {
	h.due[slot], h.jump[slot], h.stop[slot], h.failed[slot] = none, 0, 0, false
	h.watch[slot].Start()
	h.passJumps(slot, sample, h.call.batch.Span(sample).T0)
}

// reads is what moments read of a sample.
func (h *hybrid[T]) reads(sample int, t float64, z []T) instant[T] {
	x := instant[T]{t: t, z: z, inputs: h.call.inputsOf(sample)}
	if h.signals.courses != nil {
		h.signals.enter(0, &h.call.batch, sample)
		x.signals = &h.signals
	}
	return x
}

// condition is that of an event.
func (h *hybrid[T]) condition(event int) *seat[T] { return &h.seats[1+2*event] }

// conditionsAt are all conditions.
func (h *hybrid[T]) conditionsAt(dst []float64, x instant[T]) {
	for k := range dst {
		dst[k] = float64(h.condition(k).evaluate(x)[0])
	}
}

// passJumps lets the jumps take place that are due before a slot's sample goes on from time t, after it has passed
// stops.
func (h *hybrid[T]) passJumps(slot, sample int, t float64) {
	c, span := h.call, h.call.batch.Span(sample)
	h.passStops(slot, sample, t)
	jumps := c.batch.JumpsOf(sample)
	for range span.DueJumps(jumps[h.jump[slot]:], t) {
		from, _ := c.batch.JumpRows(sample)
		number := from + h.jump[slot]
		h.jump[slot]++
		z := row(h.tile.z, slot, h.tile.width)
		at := h.add(sample, crossing{t: t, event: -1, stop: -1, jump: int32(number)}, z)
		x := h.reads(sample, t, h.stateBefore(at))
		h.conditionsAt(h.before, x)
		if x.amount = row(c.amounts, number, h.engine.amountWidth); h.seats[0].executor != nil {
			copy(z, h.seats[0].evaluate(x))
		} else {
			addRow(z, x.amount)
		}
		h.changed(at, sample, z)
		h.watch[slot].Jumped(h.before, h.after)
	}
}

// changed takes in the state after a crossing, and what the conditions are there.
func (h *hybrid[T]) changed(at int32, sample int, z []T) {
	copy(h.stateAfter(at), z)
	h.conditionsAt(h.after, h.reads(sample, h.crossings[at].t, h.stateAfter(at)))
}

// passStops notes the stops at time t, where the objective asks for them.
func (h *hybrid[T]) passStops(slot, sample int, t float64) {
	c := h.call
	if !c.forStops {
		return
	}
	span, stops := c.batch.Span(sample), c.batch.AskedStopsOf(sample)
	from, _ := c.batch.StopRows(sample)
	for ; h.stop[slot] < len(stops) && !after(span, stops[h.stop[slot]], t); h.stop[slot]++ {
		if stops[h.stop[slot]] == t && t != span.T0 && !c.jumpsAt(sample, t) {
			h.add(sample, crossing{t: t, event: -1, jump: -1, stop: int32(from + h.stop[slot])},
				row(h.tile.z, slot, h.tile.width))
		}
	}
}

// jumpsAt reports whether a sample jumps at a time.
func (c *call[T]) jumpsAt(sample int, t float64) bool {
	for _, at := range c.batch.JumpsOf(sample) {
		if at == t {
			return true
		}
	}
	return false
}

// look notes the events of the steps that slots have just taken, and cuts those at one that changes the state.
func (h *hybrid[T]) look(slots []int, sample []int) {
	if len(h.engine.model.Events) == 0 || len(slots) == 0 {
		return
	}
	for kind, some := range h.tile.kinds(slots) {
		if len(some) > 0 {
			h.sample(some, sample, h.points[kind])
		}
	}
	for _, slot := range slots {
		h.lookAt(slot, sample[slot])
	}
}

// sample evaluates the conditions at the points of the slots' steps, whose stages have these weights there.
func (h *hybrid[T]) sample(slots, sample []int, points [][]T) {
	tl, n := h.tile, len(slots)
	tl.prepare(slots)
	for j := 1; j <= solver.WatchPoints; j++ {
		if j < solver.WatchPoints {
			tl.exec.kern.Combine(h.state, h.offset[:n], tl.z, tl.list.z, tl.list.h, tl.k, tl.list.k, tl.width, points[j-1],
				tl.dim)
		} else {
			for i, slot := range slots {
				copy(h.state[h.offset[i]:], tl.result(slot, tl.parts[0]))
			}
		}
		for k := range h.engine.model.Events {
			s := h.condition(k)
			list := s.many.list(0, h.slots(n))
			for i, slot := range slots {
				s.set(list, i, h.reads(sample[slot], tl.row[slot].At(float64(j)/solver.WatchPoints),
					row(h.state, i, tl.dim)))
			}
			s.run(s.forward, list)
			src, off := s.executor.at(list, s.out)
			for i, slot := range slots {
				h.watch[slot].G[k*(solver.WatchPoints+1)+j] = float64(src[off[i]])
			}
		}
	}
}

// slots are the first n places of seats for many.
func (h *hybrid[T]) slots(n int) []int { return h.engine.places[:n] }

// lookAt notes the events of a slot's step.
func (h *hybrid[T]) lookAt(slot, sample int) {
	r := &h.tile.row[slot]
	t, step, end := r.T, r.Step, r.End()
	h.along = conditions[T]{h, slot, sample}
	hits, status := h.watch[slot].Step(&h.along, h.engine.spec, t, step, end)
	if status != solver.OK {
		last := hits[len(hits)-1]
		hits = hits[:len(hits)-1]
		r.Cut(last.Time(t, step, end))
		r.Status, h.failed[slot] = status, true
		copy(row(h.fail, slot, h.tile.dim), h.along.state(last.X))
	}
	for _, hit := range hits {
		changes := h.watch[slot].Changes(hit)
		x := crossing{t: hit.Time(t, step, end), event: int32(hit.Event), number: h.eventsOf(sample), jump: -1, stop: -1,
			noted: !changes, terminal: h.engine.model.Events[hit.Event].Terminal, cut: changes && hit.X < 1}
		at := h.add(sample, x, h.along.state(hit.X))
		if changes {
			r.Cut(x.t)
			h.due[slot] = at
		}
	}
}

// eventsOf is how many events a sample has had.
func (h *hybrid[T]) eventsOf(sample int) int32 {
	for at := h.last[sample-h.first]; at >= 0; at = h.crossings[at].previous {
		if h.crossings[at].event >= 0 {
			return h.crossings[at].number + 1
		}
	}
	return 0
}

// takeEffect lets the event that cut a slot's last step have its effect. It reports whether the sample ends there: the event
// is terminal, or its reset gives what is not finite.
func (h *hybrid[T]) takeEffect(slot, sample int) (ended bool) {
	at, z := h.due[slot], row(h.tile.z, slot, h.tile.width)
	if h.failed[slot] {
		copy(z, row(h.fail, slot, h.tile.dim))
	}
	if h.due[slot] = none; at < 0 {
		return false
	}
	event := int(h.crossings[at].event)
	copy(z, h.stateBefore(at))
	if reset := &h.seats[2+2*event]; reset.executor != nil {
		x := h.reads(sample, h.crossings[at].t, h.stateBefore(at))
		h.conditionsAt(h.before, x)
		copy(z, reset.evaluate(x))
		h.changed(at, sample, z)
		if !finite(z) {
			copy(z, h.stateBefore(at))
			h.tile.row[slot].Status = solver.NonFinite
			return true
		}
		h.watch[slot].Reset(h.before, h.after)
	}
	return h.crossings[at].terminal
}

// conditions are those along the step that a slot has just taken.
type conditions[T simd.Float] struct {
	*hybrid[T]
	slot, of int // of is the sample
}

func (c *conditions[T]) At(k int, x float64) float64 {
	return float64(c.condition(k).evaluate(c.reads(c.of, c.tile.row[c.slot].At(x), c.state(x)))[0])
}

func (c *conditions[T]) Slope(k int) float64 {
	s := c.condition(k)
	reads := c.reads(c.of, c.tile.row[c.slot].At(0), c.state(0))
	s.evaluate(reads)
	return slopeOf(s, reads, row(c.tile.k, c.slot*c.tile.m.stages, c.tile.width))
}

// slopeOf is the derivative for time of the condition that was last evaluated, where the field is f. It leaves the
// gradients for a cotangent of 1.
func slopeOf[T simd.Float](s *seat[T], x instant[T], f []T) float64 {
	one := [1]T{1}
	s.back(one[:])
	slope := s.timeBar(x)
	for c, v := range s.bar("z") {
		slope += float64(v) * float64(f[c])
	}
	return slope
}

// state is that at x of the step.
func (c *conditions[T]) state(x float64) []T {
	tl := c.tile
	switch z := row(tl.z, c.slot, tl.width); x {
	case 0:
		return z
	case 1:
		return tl.result(c.slot, tl.parts[0])
	default:
		dst := c.hybrid.bars[0]
		tl.denseAt(c.slot, x, dst)
		return dst
	}
}
