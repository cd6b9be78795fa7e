package solvertest

import (
	"context"
	"math"
	"testing"

	"neuralode/graph"
	"neuralode/plan"
	"neuralode/solver"
)

// ReadOut compares what heads make of states, one of them not finite, with the plan's interpreter, and demands that a
// state is read alike alone.
func (s Suite) ReadOut(t *testing.T) {
	for what, j := range map[string]trajectory{"of time": timed(t),
		"linear, a noise": newTrajectory(t, graph.Linear(2), graph.GaussianNLL(2))} {
		t.Run(what, func(t *testing.T) { s.reads(t, j) })
	}
}

func (s Suite) reads(t *testing.T, j trajectory) {
	program, ctx := s.compile(t, j.model, s.spec(solver.NoGradient)), context.Background()
	const n = 300 // more than a tile, and than a task
	given := solver.States{Z: make([]float64, 2*n), T: make([]float64, n), Labels: make([]float64, 2*n)}
	for i := range n {
		given.T[i] = float64(i) / n
		given.Z[2*i], given.Z[2*i+1] = math.Sin(1.3*float64(i)), math.Cos(0.7*float64(i))
		given.Labels[2*i] = float64(i % 3)
	}
	given.Z[7] = math.Inf(1)
	got, err := program.ReadOut(ctx, j.theta, given)
	supported(t, got, err)
	machine := plan.NewMachine(j.model.Head)
	machine.SetTheta(j.theta[j.model.Field.ThetaLen():])
	machine.Forward(n, map[string][]float64{"t": given.T, "z": given.Z, "label": given.Labels})
	near(t, "outputs", finite(got.Out), finite(machine.Output("out")), s.choose(1e-5, 1e-13))
	near(t, "losses", finite(got.Losses), finite(machine.Output("loss")), s.choose(1e-5, 1e-13))

	alone, err := program.ReadOut(ctx, j.theta, solver.States{Z: given.Z[400:402], T: given.T[200:201]})
	must(t, alone, err)
	same(t, "a state alone", alone.Out, got.Out[400:402])
	if alone.Losses != nil {
		t.Errorf("losses %v without labels", alone.Losses)
	}
	for what, bad := range map[string]solver.States{
		"no states": {}, "half a state": {Z: given.Z[:3]}, "few times": {Z: given.Z[:4], T: given.T[:1]},
		"few labels": {Z: given.Z[:4], T: given.T[:2], Labels: given.Labels[:2]},
	} {
		if _, err := program.ReadOut(ctx, j.theta, bad); err == nil {
			t.Errorf("%s are no error", what)
		}
	}
	if _, err := s.compile(t, solver.Model{Field: j.model.Field}, s.spec(solver.NoGradient)).
		ReadOut(ctx, j.theta[:j.model.Field.ThetaLen()], given); err == nil {
		t.Error("a model without a head reads")
	}
}

// finite is x with what is not finite put to 0.
func finite(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			y[i] = v
		}
	}
	return y
}
