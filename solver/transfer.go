package solver

import "slices"

// mark is a place on the way back where the cotangent changes: at a save time, or at a crossing.
type mark struct {
	t     float64
	state []float64 // just after it
	save  int       // of the times; −1 for a crossing
	cross *crossing
	time  float64 // ∂L/∂t of an event
}

// marks are those of a group in order of time; a state saved at a crossing is that before it. Events that were only
// noted are among them where the objective looks at their time, stops where it asks for times.
func (g *group) marks(saved [][]float64) []mark {
	var marks []mark
	j := 0
	upTo := func(t float64, all bool) {
		for ; saved != nil && j < len(g.times) && (all || !g.span.before(t, g.span.SaveTime(g.times[j]))); j++ {
			if at := g.span.SaveTime(g.times[j]); !g.span.before(g.path.End.T, at) {
				marks = append(marks, mark{t: at, state: g.path.Saved[j], save: j})
			}
		}
	}
	event := 0
	for i := range g.crossings {
		c := &g.crossings[i]
		time := 0.0
		if c.event >= 0 {
			if event < len(g.eventTimes) {
				time = g.eventTimes[event]
			}
			event++
		}
		if c.noted && time == 0 {
			continue
		}
		upTo(c.t, false)
		marks = append(marks, mark{t: c.t, state: c.after, save: -1, cross: c, time: time})
	}
	upTo(0, true)
	return marks
}

// cotangents are what comes in on the way back beside the cotangent of the end, as far as its size goes.
func (g *group) cotangents(saved [][]float64) [][]float64 {
	if g.eventTimes == nil {
		return saved
	}
	all := slices.Clone(saved)
	for _, bar := range g.eventTimes {
		all = append(all, slices.Repeat([]float64{bar}, len(g.start)))
	}
	return all
}

// transfer takes λ of a group back over a crossing; what it adds to ∂L/∂θ and ∂L/∂inputs, and to those for amounts and
// times, is multiplied by weight, one number per component. time is ∂L/∂t of the event in the unit of λ.
func (r *reference) transfer(g *group, c *crossing, lambda, weight []float64, time float64) []float64 {
	y, b := groupMoments{r, g}, TransferBar{Reset: lambda, Lambda: lambda}
	if c.jump >= 0 || c.event >= 0 && !c.noted {
		b.Reset, b.ResetTime = y.resetBar(c, lambda, weight)
	}
	if !c.noted && (c.event >= 0 || g.forStops) {
		r.slopesAt(g, c, &b)
	}
	switch {
	case c.event < 0 && g.forStops:
		g.timeOf(c, b, weight)
	case c.event >= 0 && c.noted:
		f := make([]float64, len(lambda))
		r.evaluate(g)(g.timeBefore(c.t), c.before, f)
		return y.conditionBar(c, b.Reset, f, time, weight)
	case c.event >= 0:
		return y.conditionBar(c, b.Reset, b.F0, b.Time()+time, weight)
	}
	return b.Reset
}

// slopesAt are the field before and after the crossing.
func (r *reference) slopesAt(g *group, c *crossing, b *TransferBar) {
	b.F0 = make([]float64, len(c.before))
	r.evaluate(g)(g.timeBefore(c.t), c.before, b.F0)
	if !c.terminal {
		after := g.span.Segment(c.t, g.stops, g.fine).Within.T0
		b.F1 = make([]float64, len(c.after))
		r.evaluate(g)(after, c.after, b.F1)
	}
}

// timeBefore is when the field is asked just before time t.
func (g *group) timeBefore(t float64) float64 {
	return Span{t, g.span.T0}.Segment(t, g.stops, g.fine).Within.T0
}

// timeOf adds ∂L/∂t of a jump or a stop, sample by sample.
func (g *group) timeOf(c *crossing, b TransferBar, weight []float64) {
	dim := len(weight) / g.n
	for i := range g.n {
		own := TransferBar{Reset: row(b.Reset, i, dim), Lambda: row(b.Lambda, i, dim), F0: row(b.F0, i, dim),
			F1: row(b.F1, i, dim)}
		if g.n == 1 {
			own.ResetTime = b.ResetTime
		}
		at := weight[i*dim] * own.Time()
		if c.jump >= 0 {
			from, _ := g.batch.JumpRows(g.first + i)
			g.jumpBar[from+c.jump] += at
		} else {
			from, _ := g.batch.StopRows(g.first + i)
			g.stopBar[from+c.stop] += at
		}
	}
}

// openCrossings makes room for the derivatives of jumps and stops.
func (o Objective) openCrossings(d *Derivative, m Model, b Batch) {
	n := len(d.End)
	if b.Amounts != nil {
		d.Amounts = make([]float64, len(b.Amounts))
	}
	if o.ForStops {
		d.Jumps = make([]float64, rowCount(b.Jumps, b.JumpOffsets, n))
		_, stops := b.StopRows(n - 1)
		d.Stops = make([]float64, stops)
	}
}

// openTransfers points the group at its part of them.
func (r *reference) openTransfers(d *Derivative, g *group, b Batch, o Objective) {
	g.jumpBar, g.stopBar = d.Jumps, d.Stops
	if k := len(o.EventTimes) / len(d.End); k > 0 {
		g.eventTimes = g.rows(o.EventTimes, k)
	}
	if from, to := b.JumpRows(g.first); d.Amounts != nil {
		width := r.model.AmountWidth()
		g.amountBars = d.Amounts[from*width : to*width]
	}
}
