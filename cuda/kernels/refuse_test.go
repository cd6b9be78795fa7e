package kernels_test

import (
	"errors"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// TestJumpsAndEventsAreRefused looks at what is left to the CPU: each is refused by itself, and says so.
func TestJumpsAndEventsAreRefused(t *testing.T) {
	for what, err := range map[string]error{
		"events":            kernels.SupportsModel(solver.Model{Events: make([]solver.Event, 1)}),
		"jumps":             kernels.SupportsBatch(solver.Batch{Jumps: []float64{0.5}}),
		"the time of stops": kernels.SupportsObjective(solver.Objective{ForStops: true}),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := kernels.SupportsObjective(solver.Objective{ForTimes: true}); err != nil {
		t.Error(err)
	}
}
