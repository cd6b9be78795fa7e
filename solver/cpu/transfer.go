package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// crossingsBack are the crossings of sample i as its way back begins, the last first.
func (h *hybrid[T]) crossingsBack(i int) int32 {
	if h == nil {
		return none
	}
	return h.skip(i, h.last[i-h.first])
}

// skip passes over events that were only noted and at whose time the objective does not look.
func (h *hybrid[T]) skip(i int, at int32) int32 {
	for at >= 0 && h.crossings[at].noted && h.call.eventTime(i, h.crossings[at].number) == 0 {
		at = h.crossings[at].previous
	}
	return at
}

// crossingBefore is the crossing of sample i before another.
func (h *hybrid[T]) crossingBefore(i int, at int32) int32 { return h.skip(i, h.crossings[at].previous) }

// eventTime is ∂L/∂ of the time of an event of sample i.
func (c *call[T]) eventTime(i int, number int32) float64 {
	if k := len(c.eventTimes) / c.n; int(number) < k {
		return c.eventTimes[i*k+int(number)]
	}
	return 0
}

// transfer takes λ of sample i back over a crossing (see [solver.TransferBar]). What it adds to other derivatives is
// multiplied by weight; unit is that of λ.
func (h *hybrid[T]) transfer(i int, at int32, lambda []T, weight, unit T, p *partial[T]) {
	x, c := &h.crossings[at], h.call
	b := solver.TransferBar{}
	reset := h.bars[1]
	copy(reset, lambda)
	if x.jump >= 0 || x.event >= 0 && !x.noted {
		b.ResetTime = h.resetBar(i, at, lambda, reset, weight, p)
	}
	time := 0.0
	if !x.noted && (x.event >= 0 || c.forStops) {
		b.Reset, b.Lambda = h.widen(0, reset), h.widen(1, lambda)
		h.slopesAt(i, at, &b)
		time = b.Time()
	}
	switch {
	case x.jump >= 0 && c.forStops:
		c.jumpBar[x.jump] += float64(weight) * time
	case x.stop >= 0:
		c.stopBar[x.stop] += float64(weight) * time
	case x.event >= 0:
		h.conditionBar(i, at, reset, time+c.eventTime(i, x.number)/float64(unit), weight, p)
	}
	copy(lambda, reset)
}

// resetBar takes λ back through the jump or the reset of a crossing, to bar; it returns ⟨λ, ∂r/∂t⟩.
func (h *hybrid[T]) resetBar(i int, at int32, lambda, bar []T, weight T, p *partial[T]) (time float64) {
	x, c := &h.crossings[at], h.call
	k, reads, amountBar := 0, h.reads(i, x.t, h.stateBefore(at)), []T(nil)
	if x.jump >= 0 {
		reads.amount = row(c.amounts, int(x.jump), h.engine.amountWidth)
		amountBar = row(c.amountsBar, int(x.jump), h.engine.amountWidth)
	} else {
		k = 2 + 2*int(x.event)
	}
	s := &h.seats[k]
	if s.executor == nil { // z goes on, or an amount was added to it
		addWeighted(amountBar, weight, lambda)
		return 0
	}
	s.evaluate(reads)
	s.back(lambda)
	clear(bar)
	copy(bar, s.bar("z"))
	time = s.timeBar(reads)
	h.feed(i, reads, weight, s.bar("inputs"))
	addWeighted(amountBar, weight, s.bar("amount"))
	s.sum(&p.moments[k], weight)
	return time
}

// feed adds w times derivatives for the inputs at a moment of sample i to those of its constants and signals.
func (h *hybrid[T]) feed(i int, x instant[T], w T, bar []T) {
	if bar == nil {
		return
	}
	addWeighted(h.call.inputsBarOf(i), w, bar)
	if x.signals != nil && h.call.signalBars != nil {
		addSignals(x.signals, 0, x.t, w, bar[len(x.inputs):], h.call.signalBars[i])
	}
}

// addWeighted adds w·x, as far as dst and x go.
func addWeighted[T simd.Float](dst []T, w T, x []T) {
	for c := range min(len(dst), len(x)) {
		dst[c] += w * x[c]
	}
}

// slopesAt are the field before and after a crossing.
func (h *hybrid[T]) slopesAt(i int, at int32, b *solver.TransferBar) {
	x, c := &h.crossings[at], h.call
	span, stops := c.batch.Span(i), c.batch.StopsOf(i)
	b.F0 = h.widen(2, h.slope(i, h.timeBefore(i, x.t), h.stateBefore(at)))
	if !x.terminal {
		b.F1 = h.widen(3, h.slope(i, span.Segment(x.t, stops, c.precision).Within.T0, h.stateAfter(at)))
	}
}

// timeBefore is when the field is asked just before time t.
func (h *hybrid[T]) timeBefore(i int, t float64) float64 {
	c := h.call
	return solver.Span{T0: t, T1: c.batch.Span(i).T0}.Segment(t, c.batch.StopsOf(i), c.precision).Within.T0
}

// widen is x in scratch of that number.
func (h *hybrid[T]) widen(k int, x []T) []float64 {
	convert(h.wide[k], x)
	return h.wide[k]
}

// slope is the field; it is valid until the next call.
func (h *hybrid[T]) slope(i int, t float64, z []T) []T {
	e := h.engine.field
	list := h.field.list(0, oneRow)
	e.set(list, 0, h.reads(i, t, z))
	e.run(e.forward, list)
	out := e.layout.at[e.plan.Output("f")]
	src, off := e.at(list, out)
	return src[off[0] : off[0]+out.width]
}

// conditionBar adds to λ before an event what goes through its time, whose derivative is given.
func (h *hybrid[T]) conditionBar(i int, at int32, lambda []T, time float64, weight T, p *partial[T]) {
	x := &h.crossings[at]
	k := 1 + 2*int(x.event)
	s := &h.seats[k]
	f := h.bars[2]
	copy(f, h.slope(i, h.timeBefore(i, x.t), h.stateBefore(at)))
	reads := h.reads(i, x.t, h.stateBefore(at))
	s.evaluate(reads)
	mu := T(-time / slopeOf(s, reads, f))
	addWeighted(lambda, mu, s.bar("z"))
	h.feed(i, reads, weight*mu, s.bar("inputs"))
	s.sum(&p.moments[k], weight*mu)
}

// cutWithin is when the first event ended a step of sample i from t to end, for who takes steps again.
func (h *hybrid[T]) cutWithin(i int, t, end float64) (at float64, cut bool) {
	span := h.call.batch.Span(i)
	for k := h.last[i-h.first]; k >= 0; k = h.crossings[k].previous {
		if x := &h.crossings[k]; x.event >= 0 && !x.noted && after(span, x.t, t) && !after(span, x.t, end) {
			at, cut = x.t, true
		}
	}
	return at, cut
}

// stateFrom puts the state from which sample i went on at time t in the place of z, where it crossed something there.
func (h *hybrid[T]) stateFrom(i int, t float64, z []T) {
	for k := h.last[i-h.first]; k >= 0; k = h.crossings[k].previous {
		if h.crossings[k].t == t && h.crossings[k].jumps() {
			copy(z, h.stateAfter(k))
			return
		}
	}
}

// occurrences are the events of sample i.
func (h *hybrid[T]) occurrences(i int) []solver.Occurrence {
	n := h.eventsOf(i)
	list := make([]solver.Occurrence, n)
	for k := h.last[i-h.first]; k >= 0; k = h.crossings[k].previous {
		if x := &h.crossings[k]; x.event >= 0 {
			list[x.number] = solver.Occurrence{Event: int(x.event), T: x.t, Before: widened(h.stateBefore(k)),
				After: widened(h.stateAfter(k))}
		}
	}
	return list
}
