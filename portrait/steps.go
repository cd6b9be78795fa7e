package portrait

import (
	"context"
	"math"

	"neuralode/solver"
	"neuralode/train"
)

// StepSizes is how far each accepted step went, in the time of the data, in the solves of a batch, one after another,
// as [train.Model.PointBatch] and [train.Model.SeriesBatch] give them. It is the reference backend that tells: float64,
// for a few samples. A solve that fails gives the steps that it took. It is nil where there is nothing to solve, or ctx
// ends.
func StepSizes(ctx context.Context, m *train.Model, b solver.Batch, spec solver.Spec) (sizes []float64) {
	spec = m.InFieldTime(spec)
	spec.Gradient, spec.Precision = solver.NoGradient, solver.Float64
	program, err := solver.Reference().Compile(m.Solver, spec)
	if err != nil {
		return nil
	}
	b.KeepSteps, b.Times, b.Offsets = true, nil, nil
	s, err := program.Solve(ctx, m.Theta, b)
	if err != nil {
		return nil
	}
	for i := range s.End {
		times, _ := s.Steps.Of(i)
		for j := 1; j < len(times); j++ {
			sizes = append(sizes, math.Abs(times[j]-times[j-1]))
		}
	}
	return m.TimeScale.UndoRates(sizes, 1)
}

// Span is the model's in the time of the data.
func Span(m *train.Model) solver.Span {
	ends := m.TimeScale.Undo([]float64{m.Span.T0, m.Span.T1}, 1)
	return solver.Span{T0: ends[0], T1: ends[1]}
}
