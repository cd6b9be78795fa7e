//go:build gpu && cgo && linux

package cuda_test

import (
	"testing"

	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestConformance64 and TestConformance32 run the suite of all backends.
func TestConformance64(t *testing.T) { conformance(t, solver.Float64) }

func TestConformance32(t *testing.T) { conformance(t, solver.Float32) }

func conformance(t *testing.T, precision solver.Precision) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Parallel()
	if onDevice(t) {
		suite := solvertest.Suite{Backend: open(t), Precision: precision, Samples: 6}
		suite.Run(t)
		suite.RunLifecycle(t)
	}
}
