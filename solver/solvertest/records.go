package solvertest

import (
	"context"
	"slices"
	"testing"

	"neuralode/solver"
)

// records limits the memory for the steps of the forward solves, to nothing and to a little: no bit may change.
func (s Suite) records(t *testing.T) {
	for _, mode := range []solver.Gradient{solver.Adjoint, solver.Discrete} {
		t.Run(mode.String(), func(t *testing.T) {
			s.limitedTrajectory(t, mode)
			s.limitedRows(t, mode)
			s.limitedFailure(t, mode)
			s.limitedStops(t, mode)
		})
	}
}

// limits are in bytes.
func limits() []int64 { return []int64{1, 3000, 40000} }

// limitedTrajectory differentiates a loss at ragged times with PI control, whose rows remember the steps before.
func (s Suite) limitedTrajectory(t *testing.T, mode solver.Gradient) {
	j := timed(t)
	spec := s.spec(mode)
	spec.Controller.P, spec.Controller.I = 0.4, 0.3
	gradient := func(limit int64) *solver.Derivative {
		spec.RecordLimit = limit
		d, err := s.compile(t, j.model, spec).Differentiate(context.Background(), j.theta, j.batch, j.o)
		d = supported(t, d, err)
		return must(t, d, d.Err())
	}
	want := gradient(0)
	for _, limit := range limits() {
		got := gradient(limit)
		sameDerivative(t, got, want)
		same(t, "outputs", observed(j, got.Out), observed(j, want.Out))
	}
}

func sameDerivative(t *testing.T, got, want *solver.Derivative) {
	t.Helper()
	same(t, "z1", got.Z1, want.Z1)
	same(t, "∂L/∂z0", got.Z0, want.Z0)
	same(t, "∂L/∂θ", got.Theta, want.Theta)
	same(t, "∂L/∂inputs", got.Inputs, want.Inputs)
	if got.Loss != want.Loss || !slices.Equal(got.Stats, want.Stats) || !slices.Equal(got.BackStats, want.BackStats) ||
		!slices.Equal(got.End, want.End) || !slices.Equal(got.Back, want.Back) {
		t.Errorf("the loss %v, ends %+v back %+v at a cost of %+v, want %v, %+v, %+v, %+v", got.Loss, got.End, got.Back,
			got.BackStats, want.Loss, want.End, want.Back, want.BackStats)
	}
}

// limitedRows differentiates a batch of which rows are refilled: van der Pol from many states, over spans of many
// lengths.
func (s Suite) limitedRows(t *testing.T, mode solver.Gradient) {
	h := HardGradients()[7] // van der Pol 5
	b := solver.Batch{Times: []float64{0.5}}
	var o solver.Objective
	for i := range 40 {
		b.Z0, b.Spans = append(b.Z0, 2-0.1*float64(i), 0.1*float64(i)),
			append(b.Spans, solver.Span{T1: 1 + 0.2*float64(i%7)})
		o.Cotangent, o.Saved = append(o.Cotangent, 1, float64(i)), append(o.Saved, 1, -1)
	}
	spec := s.defaults(mode)
	gradient := func(limit int64) *solver.Derivative {
		spec.RecordLimit = limit
		d, err := s.compile(t, solver.Model{Field: lower(t, h.Field)}, spec).Differentiate(context.Background(),
			[]float64{h.Theta}, b, o)
		return supported(t, d, err)
	}
	want := gradient(0)
	for _, limit := range limits() {
		sameDerivative(t, gradient(limit), want)
	}
}

// limitedStops has fields that jump on the way, and a largest step, so that there are many.
func (s Suite) limitedStops(t *testing.T, mode solver.Gradient) {
	spec := s.defaults(mode)
	spec.Controller.MaxStep = 0.125
	b := solver.Batch{Z0: []float64{0, 1, 2}, Spans: []solver.Span{{T1: 10}},
		Inputs: []float64{7.1, 7.2, 0, 0.3, 5, 5.5}, Stops: []float64{7.1, 7.2, 0, 0.3, 5, 5.5},
		StopOffsets: []int{0, 2, 4, 6}}
	gradient := func(limit int64) *solver.Derivative {
		spec.RecordLimit = limit
		d, err := s.compile(t, solver.Model{Field: lower(t, pulsed())}, spec).Differentiate(context.Background(),
			[]float64{pulseForce, pulseRate}, b, solver.Objective{Cotangent: []float64{1, 1, 1}})
		return supported(t, d, err)
	}
	want := gradient(0)
	for _, limit := range limits() {
		sameDerivative(t, gradient(limit), want)
	}
}

// limitedFailure has samples that fail on the way.
func (s Suite) limitedFailure(t *testing.T, mode solver.Gradient) {
	spec := s.spec(mode)
	b := solver.Batch{Z0: []float64{0.25, 2, -1, 0.5, 0},
		Spans: []solver.Span{{T1: 1}, {T1: 1}, {T1: 1}, {T0: 1, T1: 1}, {T1: 1}}}
	gradient := func(limit int64) *solver.Derivative {
		spec.RecordLimit = limit
		d, err := s.compile(t, solver.Model{Field: lower(t, square())}, spec).Differentiate(context.Background(), nil,
			b, solver.Objective{Cotangent: []float64{1, 1, 0, 1, 2}})
		return supported(t, d, err)
	}
	sameDerivative(t, gradient(1), gradient(0))
}
