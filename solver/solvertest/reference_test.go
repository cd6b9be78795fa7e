package solvertest_test

import (
	"testing"

	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestReferenceConforms holds the specification to what it asks of others.
func TestReferenceConforms(t *testing.T) {
	suite := solvertest.Suite{Backend: solver.Reference(), Precision: solver.Float64, Samples: 3, Short: true}
	suite.RunLifecycle(t)
	if testing.Short() {
		t.Skip("slow")
	}
	suite.Run(t)
}
