package kernels_test

import (
	"os"
	"testing"

	"neuralode/cuda/kernels/emulate"
	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestConformance runs the suite of all backends on the kernels, compiled for float64 and, in the long tests, float32.
func TestConformance(t *testing.T) {
	t.Parallel()
	_, err := build(emulate.Program("", nil))
	needCompiler(t, err)
	for _, precision := range []solver.Precision{solver.Float64, solver.Float32} {
		t.Run(precision.String(), func(t *testing.T) {
			if testing.Short() || (precision == solver.Float32 && os.Getenv(long) == "") {
				t.Skip("slow")
			}
			t.Parallel()
			solvertest.Suite{Backend: small(), Precision: precision, Samples: 6}.Run(t)
		})
	}
}
