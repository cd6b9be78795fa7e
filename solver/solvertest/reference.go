package solvertest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"neuralode/reference"
	"neuralode/solver"
)

// referenceFiles solves the files and compares with what an eighth-order method at rtol 1e-12 made of them.
func (s Suite) referenceFiles(t *testing.T) {
	for _, p := range reference.Embedded() {
		for _, mode := range solver.Gradients() {
			t.Run(fmt.Sprintf("%s/%v", p.Name, mode), func(t *testing.T) { s.referenceFile(t, &p, mode) })
		}
	}
}

func (s Suite) referenceFile(t *testing.T, p *reference.Problem, mode solver.Gradient) {
	b, o := some(p, s.Samples)
	n := b.Len(p.Dim())
	o.Weight = make([]float64, n) // the file's loss is a mean over all its samples
	for i := range o.Weight {
		o.Weight[i] = 1 / float64(p.Batch())
	}
	d := s.differentiate(t, network(t, p), s.spec(mode), p.Theta, b, o)
	z, g := s.choose(2e-4, 3e-7), s.choose(3e-4, 1e-6)
	if s.Precision == solver.Float32 && (p.Name == "spiral_trained" || p.Name == "circle_trained") {
		z, g = 6e-2, 6e-2 // trajectories part fast there
	}
	near(t, "z1", d.Z1, p.Z1[:n*p.Dim()], z)
	nearNorm(t, "∂L/∂x", d.Z0, p.GradX[:n*p.Dim()], g)
	if n < p.Batch() {
		return
	}
	near(t, "loss", []float64{d.Loss}, []float64{p.Loss}, z)
	for _, q := range p.Params {
		nearNorm(t, "∂L/∂"+q.Name, q.Of(d.Theta), q.Of(p.GradTheta), g)
	}
}

// nearNorm compares in the 2-norm, relative to what is wanted.
func nearNorm(t *testing.T, what string, got, want []float64, bound float64) {
	t.Helper()
	difference, size := 0.0, 0.0
	for i := range want {
		difference += (got[i] - want[i]) * (got[i] - want[i])
		size += want[i] * want[i]
	}
	if e := math.Sqrt(difference / size); !(e <= bound) {
		t.Errorf("%s is off by %.3g in the 2-norm, want %.3g", what, e, bound)
	}
}

// referenceBackend compares with the float64 reference, which takes the same steps in float64.
func (s Suite) referenceBackend(t *testing.T) {
	if s.Precision != solver.Float64 {
		t.Skip("free-running solvers part at step choices in float32")
	}
	if s.Short {
		t.Skip("slow")
	}
	for _, p := range reference.Embedded() {
		b, o := some(&p, 3)
		m := network(t, &p)
		for _, mode := range solver.Gradients() {
			for _, control := range solver.Controls() {
				spec := s.spec(mode)
				spec.Controller.Control = control
				spec.Controller.Rtol, spec.Controller.Atol = 1e-4, 1e-6
				if !s.supports(t, m, spec) {
					continue
				}
				want := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, m, spec, p.Theta, b,
					o)
				got := s.differentiate(t, m, spec, p.Theta, b, o)
				what := fmt.Sprintf("%s %v %v: ", p.Name, mode, control)
				near(t, what+"z1", got.Z1, want.Z1, 1e-9)
				near(t, what+"loss", []float64{got.Loss}, []float64{want.Loss}, 1e-9)
				nearNorm(t, what+"∂L/∂z0", got.Z0, want.Z0, 1e-6)
				nearNorm(t, what+"∂L/∂θ", got.Theta, want.Theta, 1e-6)
				for i := range want.Stats {
					if got.Stats[i] != want.Stats[i] {
						t.Errorf("%ssample %d: %+v, want %+v", what, i, got.Stats[i], want.Stats[i])
					}
				}
			}
		}
	}
}

// training compares five iterations with the reference backend's, under every rule.
func (s Suite) training(t *testing.T) {
	p := reference.Embedded()[3]
	m := network(t, &p)
	b, o := some(&p, 12)
	data := solver.Labelled(b.Z0, o.Labels, b.Spans[0])
	adam := solver.DefaultOptimizer(1e-2)
	adam.ClipNorm = 0.05
	frozen := []solver.Range{{From: 40, To: 43}, {From: 3, To: 24}, {From: 20, To: 30}}
	adamw := solver.DefaultOptimizer(1e-2)
	adamw.Rule, adamw.WeightDecay, adamw.Frozen = solver.AdamW, 0.5, frozen
	sgd := solver.Optimizer{Rule: solver.SGD, Rate: 0.1, Momentum: 0.75, WeightDecay: 0.25, ClipNorm: 0.5,
		Frozen: frozen}
	nesterov := sgd
	nesterov.Nesterov, nesterov.Frozen = true, nil
	reference := Suite{Backend: solver.Reference()}.compile(t, m, s.spec(solver.Backsolve))
	program := s.compile(t, m, s.spec(solver.Backsolve))
	rates := []float64{0, 0.01, 0.1, 0.05, 0.2}
	s.trained(t, "adam", reference, program, data, adam, nil, p.Theta)
	s.trained(t, "adamw", reference, program, data, adamw, rates, p.Theta)
	s.trained(t, "sgd", reference, program, data, sgd, rates, p.Theta)
	s.trained(t, "nesterov", reference, program, data, nesterov, nil, p.Theta)
}

// trained compares the sessions of two programs.
func (s Suite) trained(t *testing.T, what string, want, got solver.Program, data solver.Data, opt solver.Optimizer,
	rates, theta []float64) {
	batches := [][]int{{0, 1, 2, 3}, {4, 5, 6}, {7, 8, 9, 10, 11}, {11, 0}, {1, 3, 5}}
	var states [2]solver.OptimizerState
	var losses, norms [2][]float64
	for i, program := range []solver.Program{want, got} {
		session, err := program.Train(data, opt, solver.NewOptimizerState(theta))
		must(t, session, err)
		err = session.Run(context.Background(), batches, rates, func(it solver.Iteration) {
			losses[i], norms[i] = append(losses[i], it.Loss), append(norms[i], it.GradientNorm)
		})
		if err != nil {
			t.Fatal(err)
		}
		if states[i], err = session.State(); err != nil || states[i].Step != 5 {
			t.Errorf("%s: %d updates, want 5; %v", what, states[i].Step, err)
		}
		for _, r := range opt.Frozen {
			near(t, what+": frozen θ", states[i].Theta[r.From:r.To], theta[r.From:r.To], s.choose(1e-7, 0))
		}
	}
	near(t, what+": losses", losses[1], losses[0], s.choose(1e-4, 1e-8))
	near(t, what+": norms of the gradient", norms[1], norms[0], s.choose(1e-3, 1e-6))
	near(t, what+": θ", states[1].Theta, states[0].Theta, s.choose(1e-3, 1e-6))
	near(t, what+": m", states[1].M, states[0].M, s.choose(1e-3, 1e-6))
	near(t, what+": v", states[1].V, states[0].V, s.choose(1e-3, 1e-6))
}
