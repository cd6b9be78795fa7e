package solver

import "slices"

// backsolve integrates the continuous adjoint [z, a] from t1 to t0, da/dt = −aᵀ ∂f/∂z (Chen et al. 2018, "Neural
// Ordinary Differential Equations", algorithm 1), in segments between the save times: there z is set to what the
// forward solve gave and a takes up the cotangent. ∂L/∂θ = −∫ aᵀ ∂f/∂θ dt is a quadrature with the method's own
// weights on the accepted steps, so θ is neither part of the state nor of the error norm.
func backsolve(r *reference, g *group, cotangent, weight []float64, saved [][]float64) (a []float64, end End, stats Stats) {
	spec := r.spec
	spec.SaveAt = nil
	size := len(cotangent)
	state := append(slices.Clone(g.path.Z1), cotangent...)
	end.T = g.span.T1
	for j := len(saved); j >= 0; j-- {
		stop := g.span.T0
		if j > 0 {
			stop = r.spec.SaveAt[j-1]
		}
		path := Integrate(r.adjoint(g.n), state, Span{end.T, stop}, spec,
			func(s Step) { r.quadratureStep(g.n, s, weight) })
		state, end = path.Z1, path.End
		stats.add(path.Stats)
		if end.Status != OK {
			return make([]float64, size), end, stats
		}
		if j > 0 {
			copy(state, g.path.Saved[j-1])
			addTo(state[size:], saved[j-1]...)
		}
	}
	a = state[size:]
	for c, w := range weight {
		a[c] *= w
	}
	return a, end, stats
}

func (s *Stats) add(o Stats) {
	s.Accepted += o.Accepted
	s.Rejected += o.Rejected
	s.NFE += o.NFE
}

// adjoint is the field of [z, a] for n samples.
func (r *reference) adjoint(n int) FieldFunc {
	return func(t float64, za, dza []float64) {
		size := len(za) / 2
		forward(r.field, n, t, za[:size])
		r.field.VJP(map[string][]float64{"f": za[size:]})
		copy(dza[:size], r.field.Output("f"))
		clear(dza[size:])
		for c, v := range r.field.InputGrad("z") {
			dza[size+c] = -v
		}
	}
}

// quadratureStep adds −h·b_i·aᵀ ∂f/∂θ, weighted, at the stages of an accepted step.
func (r *reference) quadratureStep(n int, s Step, weight []float64) {
	for i, b := range r.spec.Tableau.B {
		if b == 0 {
			continue
		}
		za := stageState(&r.spec.Tableau, s, i)
		size := len(za) / 2
		scaled := make([]float64, size)
		for c := range scaled {
			scaled[c] = -s.H * b * weight[c] * za[size+c]
		}
		forward(r.quadrature, n, s.T+r.spec.Tableau.C[i]*s.H, za[:size])
		r.quadrature.VJP(map[string][]float64{"f": scaled})
	}
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
