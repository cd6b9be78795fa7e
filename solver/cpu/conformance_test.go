package cpu_test

import (
	"testing"

	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/solver/solvertest"
)

func TestConformance(t *testing.T) {
	for _, level := range cpu.Levels() {
		for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
			t.Run(level+"/"+precision.String(), func(t *testing.T) {
				backend, err := cpu.New(cpu.Options{Level: level, Workers: 2})
				if err != nil {
					t.Fatal(err)
				}
				solvertest.Suite{Backend: backend, Precision: precision}.Run(t)
			})
		}
	}
}
