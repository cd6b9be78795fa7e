package kernels_test

import (
	"os"
	"testing"

	"neuralode/cuda/kernels/emulate"
	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestConformance runs every function of plans on both kinds of kernels in both precisions, and in the long tests the whole
// suite of all backends, of which each spec and model is a run of the compiler. The tests of package cuda run it whole on the
// emulated GPU.
func TestConformance(t *testing.T) {
	t.Parallel()
	_, err := build(emulate.Program("", nil))
	needCompiler(t, err)
	for _, precision := range []solver.Precision{solver.Float64, solver.Float32} {
		for name, device := range map[string]emulated{"fused": small(), "wide": broad()} {
			t.Run(precision.String()+"/"+name, func(t *testing.T) {
				if testing.Short() {
					t.Skip("slow")
				}
				t.Parallel()
				suite := solvertest.Suite{Backend: device, Precision: precision, Samples: 6}
				if os.Getenv(long) == "" {
					t.Run("functions", suite.Functions)
					return
				}
				suite.Run(t)
			})
		}
	}
}
