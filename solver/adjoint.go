package solver

import "slices"

// The continuous adjoint: with L a function of z(t1), a(t) = ∂L/∂z(t) solves da/dt = −aᵀ ∂f/∂z backward from a(t1) =
// ∂L/∂z(t1), and ∂L/∂θ = −∫ aᵀ ∂f/∂θ dt from t1 to t0 (Pontryagin; Chen et al. 2018, "Neural Ordinary Differential
// Equations", algorithm 1). Two ways to have z(t) on the way back:
//
//   - along: z(t) is the dense output of the forward solve, the state of the backward solve is a alone (the
//     interpolating adjoint of CVODES and SciMLSensitivity; Rackauckas et al. 2020, "Universal Differential Equations",
//     table 1);
//   - backsolve: the state is [z, a] and z is integrated backward too, which takes no memory and is wrong where the
//     field contracts: there the backward equation of z is unstable.
//
// Between the save times the adjoint is integrated in segments: at each, a takes up the cotangent. ∂L/∂θ is a
// quadrature with the method's own weights on the accepted steps, so θ is neither part of the state nor of the error
// norm.

// wayBack is what a backward pass gives for a group of samples.
type wayBack struct {
	a     []float64 // ∂L/∂z(t0); zeros where it failed
	end   End
	stats Stats
	drift []float64 // per sample, of backsolve: see Derivative.Drift
}

// failed is the way back with that end.
func (w wayBack) failed(end End) wayBack {
	clear(w.a)
	w.end = end
	return w
}

// continuous takes the group's cotangent at t1 to t0 with the continuous adjoint, in units of its samples (see
// [CotangentUnit]).
func (r *reference) continuous(g *group, cotangent, weight []float64, saved [][]float64) wayBack {
	marks := g.marks(saved)
	units := r.units(cotangent, g.cotangents(saved))
	weight = slices.Clone(weight)
	for i, u := range units {
		weight[i] *= u
	}
	c := newContinuous(r, g, over(cotangent, units), weight)
	w := wayBack{a: c.a(), end: End{T: g.path.End.T}, drift: make([]float64, g.n)}
	from := g.path.Z1
	for j := len(marks); j >= 0; j-- {
		stop, z := g.span.T0, g.start
		if j > 0 {
			stop, z = marks[j-1].t, marks[j-1].state
		}
		g.between(marks[:j])
		if c.rests() {
			w.end = End{T: stop}
		} else {
			path := c.segment(Span{w.end.T, stop})
			w.a, w.end = c.a(), path.End
			w.stats.add(path.Stats)
			if w.end.Status == OK && !c.along {
				w.end.Status = c.meet(z, from, w.drift)
			}
		}
		if w.end.Status != OK {
			return w.failed(w.end)
		}
		from = z
		if j > 0 {
			from = c.take(&marks[j-1], saved, units)
		}
		if w.a = c.a(); !c.along {
			copy(c.state, from)
		}
	}
	for c, v := range weight {
		w.a[c] *= v
	}
	return w
}

// take adds to a what comes in at a mark, and returns the state before it.
func (c *continuous) take(m *mark, saved [][]float64, units []float64) []float64 {
	if m.cross == nil {
		addTo(c.a(), over(saved[m.save], units)...)
		return m.state
	}
	copy(c.a(), c.transfer(c.group, m.cross, slices.Clone(c.a()), c.weight, m.time/units[0]))
	if m.cross.jumps() {
		c.group.trail.to = m.cross.steps
	}
	return m.cross.before
}

// between makes the group's dense output that between the last of the crossings on its way back and the one after it.
func (g *group) between(left []mark) {
	from := 0
	for i := len(left) - 1; i >= 0; i-- {
		if c := left[i].cross; c != nil && c.jumps() {
			from = c.steps
			break
		}
	}
	g.trail.between(from, g.trail.to)
}

// continuous is a continuous adjoint under way.
type continuous struct {
	*reference
	group  *group
	weight []float64
	spec   Spec
	along  bool      // the dense output gives z; else it is the first half of the state
	state  []float64 // [z, a] or a
	extra  int       // evaluations that the quadrature took
	stiff  bool      // the next step is by the method for stiff fields
}

func newContinuous(r *reference, g *group, cotangent, weight []float64) *continuous {
	c := &continuous{reference: r, group: g, weight: weight, spec: r.spec, along: r.spec.Gradient == Adjoint,
		stiff: g.path.stiff}
	if !c.along {
		c.state = slices.Clone(g.path.Z1)
	} else if c.spec.Controller.FirstStep == 0 {
		c.spec.Controller.FirstStep = g.trail.firstStepBack()
	}
	c.state = append(c.state, cotangent...)
	return c
}

// LongestBack is the longest step that the adjoint takes back from a time that lies rest after the beginning of a
// forward step, with the sizes of that step and of the one before it, 0 for none: no longer than a forward step that it
// touches. Where t or θ acts on the field faster than the adjoint moves, as a force does, the forward steps follow what
// the error of the adjoint does not see, and ∂L/∂θ is a sum over the steps back. The last forward step, which the end
// of the span cut, counts as long as the one before.
func LongestBack(rest, step, before float64) float64 {
	switch {
	case before == 0 || rest >= step:
		return step
	case rest <= 1e-12*step: // as in ClipStep, what rounding leaves is none
		return before
	}
	return min(step, max(rest, before))
}

// split are the parts of a state at time t.
func (c *continuous) split(t float64, state []float64) (z, a []float64) {
	if c.along {
		return c.group.at(t), state
	}
	return state[:len(state)/2], state[len(state)/2:]
}

func (c *continuous) a() []float64 { return c.state[len(c.state)-len(c.weight):] }

// rests reports whether there is nothing to take back: an adjoint of zeros stays zero, and has no size to measure
// errors by. Where all samples share a step, one that rests has its part in the error of all.
func (c *continuous) rests() bool {
	for _, v := range c.a() {
		if v != 0 {
			return false
		}
	}
	return c.spec.Controller.Control == ControlSample
}

// segment integrates over a part of the way. The next one begins with the step that this one had in mind.
func (c *continuous) segment(span Span) Path {
	in := newIntegration(c.slope, c.state, span, nil, c.spec)
	in.stops, in.fine, in.row.Stiff = c.group.stops, c.group.fine, c.stiff
	in.implicit = implicit{jacobian: c.jacobian, timed: true, width: c.dim}
	in.states = len(in.z) - len(c.weight)
	if c.along {
		in.scaleWidth, in.limit = c.dim, c.group.longestBack
	}
	path := in.run(c.quadratureStep)
	path.Stats.NFE += c.extra
	c.state, c.extra, c.stiff = path.Z1, 0, path.stiff
	if path.next != 0 {
		c.spec.Controller.FirstStep = path.next
	}
	return path
}

// slope is the field of the backward solve.
func (c *continuous) slope(t float64, state, dstate []float64) {
	z, a := c.split(t, state)
	c.group.forward(c.field, t, z)
	c.field.VJP(map[string][]float64{"f": a})
	if !c.along {
		copy(dstate, c.field.Output("f"))
	}
	da := dstate[len(dstate)-len(a):]
	clear(da)
	for i, v := range c.field.InputGrad("z") {
		da[i] = -v
	}
}

// quadratureStep adds −∫ aᵀ ∂f/∂θ dt over an accepted step, weighted, and the same for the inputs: by an explicit
// method's own weights at its stages, or by Gauss's on the dense output.
func (c *continuous) quadratureStep(s Step) {
	if s.tab == nil {
		for _, n := range GaussNodes(c.spec.Rosenbrock().DenseOrder) {
			state := make([]float64, len(s.Z0))
			s.At(n.X, state)
			c.addProduct(s.at(n.X), state, -s.H*n.Weight)
			c.extra++
		}
		return
	}
	for i, b := range s.tab.B {
		if b != 0 {
			c.addProduct(s.at(s.tab.C[i]), stageState(s.tab, s, i), -s.H*b)
		}
	}
}

// addProduct adds w·aᵀ ∂f/∂θ, weighted, of a state at time t.
func (c *continuous) addProduct(t float64, state []float64, w float64) {
	z, a := c.split(t, state)
	scaled := make([]float64, len(a))
	for j := range scaled {
		scaled[j] = w * c.weight[j] * a[j]
	}
	c.group.forward(c.quadrature, t, z)
	c.product(c.group, t, scaled)
}

// jacobian is that of slope, −(∂f/∂z)ᵀ along the forward solve, of each sample.
func (c *continuous) jacobian(t float64, _, j []float64) {
	c.reference.jacobian(c.group)(t, c.group.at(t), j)
	w := c.dim
	for b := 0; b < len(j); b += w * w {
		for r := range w {
			for k := range r {
				x, y := b+r*w+k, b+k*w+r
				j[x], j[y] = j[y], j[x]
			}
		}
	}
	for i := range j {
		j[i] = -j[i]
	}
}

// meet compares the z that backsolve has come to with the true one.
func (c *continuous) meet(want, from, drift []float64) Status {
	status := OK
	for i := range drift {
		row := func(x []float64) []float64 { return x[i*c.dim : (i+1)*c.dim] }
		drift[i] = max(drift[i], c.spec.Controller.Drift(row(c.state), row(want), row(from)))
		if drift[i] > DriftLimit {
			status = AdjointDrifted
		}
	}
	return status
}

func (s *Stats) add(o Stats) {
	s.Accepted += o.Accepted
	s.Rejected += o.Rejected
	s.NFE += o.NFE
	s.Jacobians += o.Jacobians
}

// stageState is the argument of stage i of a step.
func stageState(tab *Tableau, s Step, i int) []float64 {
	z := slices.Clone(s.Z0)
	for c := range z {
		sum := 0.0
		for j, a := range tab.A[i] {
			sum += a * s.K[j][c]
		}
		z[c] += s.H * sum
	}
	return z
}
