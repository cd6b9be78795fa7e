package portrait

import (
	"context"
	"math"

	"neuralode/plan"
	"neuralode/solver"
	"neuralode/train"
)

// StepSizes is how far each accepted step went, in the time of the data, in the solves of a batch, one after another, as
// [train.Model.PointBatch] and [train.Model.SeriesBatch] give them. It is solver.Integrate that tells: float64, for a
// few samples, and none that read signals. A solve that fails gives the steps that it took. It ends early when ctx does.
func StepSizes(ctx context.Context, m *train.Model, b solver.Batch, spec solver.Spec) (sizes []float64) {
	z0, dim := starts(m, b), m.Net.Dim()
	if len(z0) == 0 || len(b.Signals.Times) > 0 {
		return nil
	}
	machine := plan.NewMachine(m.Solver.Field)
	machine.SetTheta(m.Theta[:m.Solver.Field.ThetaLen()])
	n := len(z0) / dim
	values, width := map[string][]float64{"t": make([]float64, 1)}, len(b.Inputs)/n
	field := func(t float64, z, dz []float64) {
		values["t"][0], values["z"] = t, z
		machine.Forward(1, values)
		copy(dz, machine.Output("f"))
	}
	spec = m.InFieldTime(spec)
	for i := 0; i < n && ctx.Err() == nil; i++ {
		if width > 0 {
			values["inputs"] = b.Inputs[i*width : (i+1)*width]
		}
		solver.Integrate(field, z0[i*dim:(i+1)*dim], b.Span(i), nil, spec, func(s solver.Step) {
			sizes = append(sizes, math.Abs(s.H))
		})
	}
	return m.TimeScale.UndoRates(sizes, 1)
}

// starts are the initial states of a batch, [samples, dim].
func starts(m *train.Model, b solver.Batch) []float64 {
	if b.Features == nil {
		return b.Z0
	}
	_, _, theta := solver.SplitTheta(m.Solver, m.Theta)
	machine := plan.NewMachine(m.Solver.Lift)
	machine.SetTheta(theta)
	machine.Forward(len(b.Features)/m.Solver.Features(), map[string][]float64{"x": b.Features})
	return machine.Output("z0")
}

// Span is the model's in the time of the data.
func Span(m *train.Model) solver.Span {
	ends := m.TimeScale.Undo([]float64{m.Span.T0, m.Span.T1}, 1)
	return solver.Span{T0: ends[0], T1: ends[1]}
}
