package cpu_test

import (
	"context"
	"fmt"
	"testing"

	"neuralode/solver"
)

// BenchmarkIteration is a training iteration on the trained spiral: forward, loss, gradient, Adam, at a learning rate
// so small that the work stays the same.
func BenchmarkIteration(b *testing.B) {
	for _, mode := range []solver.Gradient{solver.Discrete, solver.Adjoint} {
		for _, batch := range []int{1, 16, 256} {
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("%v/%d/workers=%d", mode, batch, workers), func(b *testing.B) {
					p, m := spiral(b)
					spec := solver.DefaultSpec()
					spec.Gradient = mode
					s, err := compile(b, backend(b, workers), m, spec).Train(
						solver.Labelled(p.X, p.Label, solver.Span{T1: 1}),
						solver.DefaultOptimizer(1e-12), solver.NewOptimizerState(p.Theta))
					if err != nil {
						b.Fatal(err)
					}
					batches := [][]int{everySample(256)[:batch]}
					b.ReportAllocs()
					for b.Loop() {
						if err := s.Run(context.Background(), batches, nil, func(solver.Iteration) {}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
