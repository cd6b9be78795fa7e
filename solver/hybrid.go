package solver

import "slices"

// hybrid is what makes the state of an integration jump: at given times, and where conditions cross zero.
type hybrid struct {
	maps  moments
	watch *Watch // nil without events
	times []float64
	next  int       // of them
	stops []float64 // that are passed too
	stop  int       // of them

	ended  bool // by a terminal event
	steps  int  // accepted
	due    *crossing
	events []Occurrence
	passed []crossing
}

// moments are the maps of a model as an integration asks them.
type moments interface {
	// jump is z after that jump of the sample, reset after that event.
	jump(number int, t float64, z []float64) []float64
	reset(event int, t float64, z []float64) []float64
	condition(event int, t float64, z []float64) float64
	// slope is the derivative of a condition for time where the field is f.
	slope(event int, t float64, z, f []float64) float64
}

// clone is the hybrid as it is, to go on from; it forgets what has been.
func (y *hybrid) clone() *hybrid {
	if y == nil {
		return nil
	}
	c := *y
	c.events, c.passed, c.due = nil, nil, nil
	if y.watch != nil {
		c.watch = y.watch.clone()
	}
	return &c
}

// conditionsAt are all conditions at a time and state.
func (y *hybrid) conditionsAt(t float64, z []float64) []float64 {
	if y.watch == nil {
		return nil
	}
	g := make([]float64, len(y.watch.events))
	for k := range g {
		g[k] = y.maps.condition(k, t, z)
	}
	return g
}

// passJumps lets the jumps take place that are due before the integration goes on, after it has passed stops.
func (in *integration) passJumps() {
	y := in.hybrid
	for ; y.stop < len(y.stops) && !in.span.before(in.row.T, y.stops[y.stop]); y.stop++ {
		if t := y.stops[y.stop]; t == in.row.T && t != in.span.T0 && !isStop(t, y.times) {
			y.passed = append(y.passed, crossing{t: t, event: -1, jump: -1, stop: y.stop, steps: y.steps, before: in.z,
				after: in.z})
		}
	}
	for range in.span.DueJumps(y.times[y.next:], in.row.T) {
		before, row := in.z, y.next
		g := y.conditionsAt(in.row.T, before)
		in.z = y.maps.jump(row, in.row.T, before)
		if y.watch != nil {
			y.watch.Jumped(g, y.conditionsAt(in.row.T, in.z))
		}
		y.passed = append(y.passed, crossing{t: in.row.T, event: -1, jump: row, stop: -1, steps: y.steps, before: before,
			after: in.z})
		y.next++
	}
}

// stepConditions are the conditions along a step.
type stepConditions struct {
	*hybrid
	step *Step
}

func (c stepConditions) state(x float64) (t float64, z []float64) {
	t = c.step.Segment.StageTime(c.step.T, c.step.H, x)
	switch x {
	case 0:
		return t, c.step.Z0
	case 1:
		return t, c.step.Z1
	}
	z = make([]float64, len(c.step.Z0))
	c.step.At(x, z)
	return t, z
}

func (c stepConditions) At(k int, x float64) float64 {
	t, z := c.state(x)
	return c.maps.condition(k, t, z)
}

func (c stepConditions) Slope(k int) float64 {
	t, z := c.state(0)
	return c.maps.slope(k, t, z, c.step.K[0])
}

// look notes the events of a step that was accepted, and cuts it at one that changes the state.
func (in *integration) look(step *Step) {
	y := in.hybrid
	y.steps++
	if y.watch == nil {
		return
	}
	c := stepConditions{y, step}
	for k := range y.watch.events {
		g := y.watch.of(k)
		for j := 1; j <= WatchPoints; j++ {
			g[j] = c.At(k, float64(j)/WatchPoints)
		}
	}
	end := step.End
	hits, status := y.watch.Step(c, in.spec, step.T, step.H, step.End)
	if status != OK {
		last := hits[len(hits)-1]
		hits = hits[:len(hits)-1]
		_, z := c.state(last.X)
		step.Cut, step.End, step.Z1 = last.X < 1, last.Time(step.T, step.H, end), z
		in.row.Cut(step.End)
		in.row.Status = status
	}
	for _, hit := range hits {
		_, z := c.state(hit.X)
		t := hit.Time(step.T, step.H, end)
		at := crossing{t: t, event: hit.Event, jump: -1, stop: -1, steps: y.steps, before: z, after: z,
			terminal: y.watch.events[hit.Event].Terminal, noted: !y.watch.Changes(hit)}
		y.events = append(y.events, Occurrence{hit.Event, t, z, z})
		y.passed = append(y.passed, at)
		if y.watch.Changes(hit) {
			step.Cut, step.End, step.Z1 = hit.X < 1, t, z
			in.row.Cut(t)
			y.due = &y.passed[len(y.passed)-1]
		}
	}
}

// takeEffect lets the event that cut the last step have its effect.
func (in *integration) takeEffect() {
	y := in.hybrid
	at := y.due
	if y.due = nil; at == nil {
		return
	}
	y.ended = at.terminal
	if y.watch.events[at.event].Reset == nil {
		return
	}
	at.after = y.maps.reset(at.event, at.t, at.before)
	y.events[len(y.events)-1].After = slices.Clone(at.after)
	if !finite(at.after) {
		in.row.Status = NonFinite
		return
	}
	in.z = at.after
	y.watch.Reset(y.conditionsAt(at.t, at.before), y.conditionsAt(at.t, in.z))
}
