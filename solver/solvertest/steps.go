package solvertest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"neuralode/solver"
)

// steps checks what a batch keeps of its steps: each goes on where the one before ended, there are as many as were
// accepted, their states are those of the solution with save times at their ends, and keeping them changes no bit.
func (s Suite) steps(t *testing.T) {
	m := solver.Model{Field: lower(t, linear())}
	theta := []float64{-0.1, 1, -1, -0.1}
	b := solver.Batch{Z0: []float64{1, 0, 0, 2, math.NaN(), 1, 3, 1}, Stops: []float64{0.5, 0.5, 4, 1, 0.5},
		StopOffsets: []int{0, 1, 3, 4, 5}, Spans: []solver.Span{{T1: 6}, {T1: 5}, {T1: 2}, {T0: 1}}}
	for _, mode := range append(solver.Gradients(), solver.NoGradient) {
		t.Run(mode.String(), func(t *testing.T) {
			spec := s.spec(mode)
			spec.RecordLimit = 2000 // the way back takes steps again
			s.keepSteps(t, m, spec, theta, b)
		})
	}
	t.Run("one step for all", func(t *testing.T) {
		spec := s.spec(solver.NoGradient)
		if spec.Controller.Control = solver.ControlBatch; !s.supports(t, m, spec) {
			t.Skip(s.Backend.Supports(spec))
		}
		s.keepSteps(t, m, spec, theta, solver.Batch{Z0: []float64{1, 0, 0, 2}, Spans: []solver.Span{{T1: 6}}})
	})
}

func (s Suite) keepSteps(t *testing.T, m solver.Model, spec solver.Spec, theta []float64, b solver.Batch) {
	program := s.compile(t, m, spec)
	solve := func(b solver.Batch) *solver.Solution {
		if spec.Gradient == solver.NoGradient {
			got, err := program.Solve(context.Background(), theta, b)
			return supported(t, got, err)
		}
		o := solver.Objective{Cotangent: make([]float64, len(b.Z0)), Saved: make([]float64, b.RowCount(b.Len(2))*2)}
		o.Cotangent[0] = 1
		if len(o.Saved) == 0 {
			o.Saved = nil
		}
		got, err := program.Differentiate(context.Background(), theta, b, o)
		return &supported(t, got, err).Solution
	}
	plain := solve(b)
	if plain.Steps != nil {
		t.Error("steps that nobody asked for")
	}
	b.KeepSteps = true
	kept := solve(b)
	same(t, "z1", kept.Z1, plain.Z1)
	at := solver.Batch{Z0: b.Z0, Spans: b.Spans, Stops: b.Stops, StopOffsets: b.StopOffsets}
	if b.StopOffsets != nil {
		at.Times, at.Offsets = kept.Steps.T, kept.Steps.Offsets
	} else {
		at.Times, _ = kept.Steps.Of(0)
	}
	saved := solve(at).Saved
	for i := range kept.Stats {
		times, z := kept.Steps.Of(i)
		if len(times) != kept.Stats[i].Accepted+1 || times[0] != b.Span(i).T0 || times[len(times)-1] != kept.End[i].T {
			t.Errorf("sample %d: steps to %v of %+v, %v to %v", i, times, kept.Stats[i], b.Span(i).T0, kept.End[i].T)
		}
		from, to := at.Rows(i)
		same(t, fmt.Sprintf("states of sample %d", i), z, saved[2*from:2*to])
		for _, stop := range b.StopsOf(i) {
			if kept.End[i].Status == solver.OK && !slices.Contains(times, stop) {
				t.Errorf("sample %d has no step to its stop at %v: %v", i, stop, times)
			}
		}
	}
}
