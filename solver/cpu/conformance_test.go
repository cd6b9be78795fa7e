package cpu_test

import (
	"testing"

	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/solver/solvertest"
)

// TestConformance runs the whole suite at the best level; the others, and every level in short tests, solve the first
// samples of the reference files only.
func TestConformance(t *testing.T) {
	levels := cpu.Levels()
	for i, level := range levels {
		for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
			t.Run(level+"/"+precision.String(), func(t *testing.T) {
				backend, err := cpu.New(cpu.Options{Level: level, Workers: 2})
				if err != nil {
					t.Fatal(err)
				}
				suite := solvertest.Suite{Backend: backend, Precision: precision, Short: testing.Short()}
				if i < len(levels)-1 || testing.Short() {
					suite.Samples = 12
				}
				suite.Run(t)
				suite.RunLifecycle(t)
			})
		}
	}
}
