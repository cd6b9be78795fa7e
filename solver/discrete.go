package solver

import "slices"

// discrete is the exact derivative of the accepted steps with their sizes held fixed: reverse-mode differentiation of
// z1 = z + h Σ b_i k_i through the stages, last step first. With λ = ∂L/∂z1, the cotangent of stage i is
// h·(b_i λ + Σ_{j>i} a_ji g_j), g_j its product with ∂f/∂z, and ∂L/∂z = λ + Σ g_i. Save times within a step add the
// dense output's weights to the stages' cotangents; they also reach the last stage, whose argument is z1.
// A step that leaves λ with a number that is not finite ends the way back there.
func (r *reference) discrete(g *group, cotangent, weight []float64, saved [][]float64) wayBack {
	weighted := func(bar []float64) []float64 {
		bar = slices.Clone(bar)
		for c, w := range weight {
			bar[c] *= w
		}
		return bar
	}
	w := wayBack{a: weighted(cotangent), end: End{T: g.path.End.T}}
	marks := g.marks(saved)
	ones := slices.Repeat([]float64{1}, len(weight))
	dense := saved != nil || len(r.model.Events) > 0
	for i := g.trail.n - 1; i >= 0; i-- {
		s := *g.trail.step(i)
		within := []bar(nil)
		for n := len(marks); n > 0 && g.span.before(s.T, marks[n-1].t); n = len(marks) {
			m := marks[n-1]
			marks = marks[:n-1]
			switch {
			case m.cross == nil:
				within = append(within, bar{m.t, weighted(saved[m.save])})
			case m.cross.noted:
				within = append(within, bar{m.t, r.transfer(g, m.cross, make([]float64, len(weight)), ones, m.time)})
			default:
				w.a = r.transfer(g, m.cross, w.a, ones, m.time)
			}
		}
		if s.Cut { // λ is that of the dense output there, and nothing is left of the step's result
			within = append(within, bar{s.End, w.a})
			w.a = make([]float64, len(w.a))
		}
		slices.Reverse(within) // in order of time
		w.a = r.reverseStep(g, s, w.a, within, dense, &w.stats)
		w.stats.Accepted++
		if !finite(w.a) {
			return w.failed(End{Status: NonFinite, T: s.End, H: -s.H})
		}
		w.end = End{T: s.T, H: -s.H}
	}
	slices.Reverse(marks) // at t0 itself
	for _, m := range marks {
		if m.cross != nil {
			w.a = r.transfer(g, m.cross, w.a, ones, m.time)
		}
	}
	slices.Reverse(marks)
	for _, m := range marks {
		if m.cross == nil {
			addTo(w.a, weighted(saved[m.save])...)
		}
	}
	if !finite(w.a) { // without a step, what came in
		return w.failed(End{Status: NonFinite, T: g.span.T0})
	}
	return w
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
