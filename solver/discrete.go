package solver

import "slices"

// discrete is the exact derivative of the accepted steps with their sizes held fixed: reverse-mode differentiation of
// z1 = z + h Σ b_i k_i through the stages, last step first. With λ = ∂L/∂z1, the cotangent of stage i is
// h·(b_i λ + Σ_{j>i} a_ji g_j), g_j its product with ∂f/∂z, and ∂L/∂z = λ + Σ g_i. Save times within a step add the
// dense output's weights to the stages' cotangents; they also reach the last stage, whose argument is z1.
// A step that leaves λ with a number that is not finite ends the way back there.
func (r *reference) discrete(g *group, cotangent, weight []float64, saved [][]float64) wayBack {
	d := discrete{reference: r, group: g, weight: weight, saved: saved, marks: g.marks(saved),
		ones: slices.Repeat([]float64{1}, len(weight))}
	w := wayBack{a: d.weighted(cotangent), end: End{T: g.path.End.T}}
	dense := saved != nil || len(r.model.Events) > 0
	for i := g.trail.n - 1; i >= 0; i-- {
		s := *g.trail.step(i)
		lambda, within := d.within(&s, w.a)
		w.a = r.reverseStep(g, s, lambda, within, dense, &w.stats)
		w.stats.Accepted++
		if !finite(w.a) {
			return w.failed(End{Status: NonFinite, T: s.End, H: -s.H})
		}
		w.end = End{T: s.T, H: -s.H}
	}
	if w.a = d.beginning(w.a); !finite(w.a) { // without a step, what came in
		return w.failed(End{Status: NonFinite, T: g.span.T0})
	}
	return w
}

// discrete is a discrete gradient under way.
type discrete struct {
	*reference
	group        *group
	weight, ones []float64 // of cotangents that come in, and of λ
	saved        [][]float64
	marks        []mark // left, the last first to come
}

func (d *discrete) weighted(bar []float64) []float64 {
	bar = slices.Clone(bar)
	for c, w := range d.weight {
		bar[c] *= w
	}
	return bar
}

// cross takes λ over the crossing of a mark.
func (d *discrete) cross(m mark, lambda []float64) []float64 {
	return d.transfer(d.group, m.cross, lambda, d.ones, m.time)
}

// within passes the marks of a step: it returns λ of its result, and the cotangents within it in order of time.
func (d *discrete) within(s *Step, lambda []float64) ([]float64, []bar) {
	var within []bar
	for n := len(d.marks); n > 0 && d.group.span.before(s.T, d.marks[n-1].t); n = len(d.marks) {
		m := d.marks[n-1]
		d.marks = d.marks[:n-1]
		switch {
		case m.cross == nil:
			within = append(within, bar{m.t, d.weighted(d.saved[m.save])})
		case m.cross.noted:
			within = append(within, bar{m.t, d.cross(m, make([]float64, len(lambda)))})
		default:
			lambda = d.cross(m, lambda)
		}
	}
	if s.Cut { // λ is that of the dense output there, and nothing is left of the step's result
		within = append(within, bar{s.End, lambda})
		lambda = make([]float64, len(lambda))
	}
	slices.Reverse(within)
	return lambda, within
}

// beginning passes the marks at t0 itself: jumps, the last first, and then the states saved before them.
func (d *discrete) beginning(lambda []float64) []float64 {
	for i := len(d.marks) - 1; i >= 0; i-- {
		if m := d.marks[i]; m.cross != nil {
			lambda = d.cross(m, lambda)
		}
	}
	for _, m := range d.marks {
		if m.cross == nil {
			addTo(lambda, d.weighted(d.saved[m.save])...)
		}
	}
	return lambda
}

// bar is a cotangent of the state at a time.
type bar struct {
	t   float64
	bar []float64
}

// reverseStep takes λ back over one step; bars are the cotangents within it. Only where there are any in any step, as
// dense says, does the last stage have a cotangent.
func (r *reference) reverseStep(g *group, s Step, lambda []float64, bars []bar, dense bool, stats *Stats) []float64 {
	tab := r.spec.Tableau()
	stage := make([][]float64, tab.Stages()) // ∂L/∂k_i without the factor h, from λ and the dense output
	lambda = slices.Clone(lambda)
	start := make([]float64, len(lambda)) // ∂L/∂z beside what comes through the stages
	for i := range stage {
		stage[i] = make([]float64, len(lambda))
	}
	for _, b := range bars {
		x, cot := (b.t-s.T)/s.H, b.bar
		if b.t == s.End && !s.Cut {
			addTo(lambda, cot...)
			continue
		}
		addTo(start, cot...)
		for i := range stage {
			addScaled(stage[i], Polynomial(tab.Dense[i], x), cot)
		}
	}
	last := tab.Stages() - 1
	if dense {
		addTo(lambda, r.reverseStage(g, s, last, stage[last], stats)...) // its argument is z1
	}
	for i := range stage {
		addScaled(stage[i], tab.B[i], lambda)
	}
	addTo(start, lambda...)
	for i := last - 1; i >= 0; i-- {
		k := r.reverseStage(g, s, i, stage[i], stats)
		addTo(start, k...)
		for j, a := range tab.A[i] {
			addScaled(stage[j], a, k)
		}
	}
	return start
}

// reverseStage is h·cᵀ ∂f/∂z at stage i; it adds h·cᵀ ∂f/∂θ to ∂L/∂θ, and the same to ∂L/∂inputs.
func (r *reference) reverseStage(g *group, s Step, i int, c []float64, stats *Stats) []float64 {
	scaled := make([]float64, len(c))
	addScaled(scaled, s.H, c)
	t := s.at(r.spec.Tableau().C[i])
	g.forward(r.quadrature, t, stageState(r.spec.Tableau(), s, i))
	r.product(g, t, scaled)
	stats.NFE++
	k := r.quadrature.InputGrad("z")
	if k == nil {
		return make([]float64, len(c))
	}
	return k
}

func addScaled(dst []float64, w float64, x []float64) {
	for i := range x {
		dst[i] += w * x[i]
	}
}
