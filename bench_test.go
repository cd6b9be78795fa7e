package neuralode_test

import (
	"testing"

	"neuralode/bench"
)

// BenchmarkNeuralode runs the suites of package bench under the name that go test -bench ./bench looks for.
func BenchmarkNeuralode(b *testing.B) { b.Run("bench", bench.Run) }
