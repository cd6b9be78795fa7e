package portrait

import (
	"context"
	"math"

	"neuralode/plan"
	"neuralode/solver"
	"neuralode/train"
)

// StepSizes is how far each accepted step went, in the time of the data, in the solves over the model's span of the
// points x, [n, features], of all of them one after another. It is solver.Integrate that tells: float64, for a few
// points. A solve that fails gives the steps that it took. It ends early when ctx does.
func StepSizes(ctx context.Context, m *train.Model, x []float64, spec solver.Spec) (sizes []float64) {
	machine := plan.NewMachine(m.Solver.Field)
	machine.SetTheta(m.Theta[:m.Solver.Field.ThetaLen()])
	inputs := map[string][]float64{"t": make([]float64, 1)}
	field := func(t float64, z, dz []float64) {
		inputs["t"][0], inputs["z"] = t, z
		machine.Forward(1, inputs)
		copy(dz, machine.Output("f"))
	}
	dim := m.Net.Dim()
	spec = m.InFieldTime(spec)
	z0 := m.States(x)
	for i := 0; i < len(z0) && ctx.Err() == nil; i += dim {
		solver.Integrate(field, z0[i:i+dim], m.Span, nil, spec, func(s solver.Step) {
			sizes = append(sizes, math.Abs(s.H))
		})
	}
	return m.TimeScale.UndoRates(sizes, 1)
}

// Span is the model's in the time of the data.
func Span(m *train.Model) solver.Span {
	ends := m.TimeScale.Undo([]float64{m.Span.T0, m.Span.T1}, 1)
	return solver.Span{T0: ends[0], T1: ends[1]}
}
