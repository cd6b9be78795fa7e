package kernels_test

import (
	"os"
	"testing"

	"neuralode/cuda/kernels/emulate"
	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestConformance runs the suite of all backends on the fused kernels, compiled for float64, and in the long tests on both
// kinds in both precisions. Every function of plans is run on all of them always.
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
				if os.Getenv(long) == "" && (precision == solver.Float32 || name == "wide") {
					t.Run("functions", suite.Functions)
					return
				}
				suite.Run(t)
			})
		}
	}
}
