package kernels_test

import (
	"os"
	"testing"

	"neuralode/cuda/kernels/emulate"
	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestStiff runs what the suite of all backends asks of methods for stiff fields, in float64, and in the long tests all of
// that. In float32 they run with the whole suite.
func TestStiff(t *testing.T) {
	t.Parallel()
	_, err := build(emulate.Program("", nil))
	needCompiler(t, err)
	if testing.Short() {
		t.Skip("slow")
	}
	suite := solvertest.Suite{Backend: small(), Precision: solver.Float64, Samples: 6}
	if os.Getenv(long) == "" {
		suite.StiffGradients(t)
	} else {
		suite.Stiff(t)
	}
}
