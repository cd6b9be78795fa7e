//go:build gpu && cgo && linux

package cuda_test

import (
	"testing"

	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestReadOut reads states with heads, as the suite of all backends does.
func TestReadOut(t *testing.T) {
	if onDevice(t) {
		solvertest.Suite{Backend: open(t), Precision: solver.Float32}.ReadOut(t)
	}
}
