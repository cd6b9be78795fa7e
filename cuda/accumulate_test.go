//go:build gpu && cgo && linux

package cuda_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"neuralode/cuda"
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// TestIterationInParts does an iteration in parts on kernels that the conformance suite does not reach: those for small
// batches, of which two samples of a leaf are a block's, and wide ones, which have no part smaller than the whole. θ
// has the bits of Run.
func TestIterationInParts(t *testing.T) {
	if !onDevice(t) {
		return
	}
	b, err := cuda.New(cuda.Options{Wide: kernels.WideConfig{Tile: 8, Threads: 32, RowThreads: 32}})
	if err != nil {
		t.Fatal(err)
	}
	for name, width := range map[string]int{"fused": 8, "wide": 140} {
		t.Run(name, func(t *testing.T) {
			m, spec := network(t, width), solver.DefaultSpec()
			spec.Gradient = solver.Discrete
			p := compile(t, b, m, spec)
			const n = 75 // three leaves
			data := solver.Labelled(numbers(2*n, 5), classes(n), solver.Span{T1: 1})
			whole, err := p.Train(data, solver.DefaultOptimizer(0.01),
				solver.NewOptimizerState(numbers(m.ThetaLen(), 3)))
			if err != nil {
				t.Fatal(err)
			}
			minibatch := make([]int, n)
			for i := range minibatch {
				minibatch[i] = (7 * i) % n
			}
			var want solver.Iteration
			if err := whole.Run(context.Background(), [][]int{minibatch}, nil,
				func(it solver.Iteration) { want = it }); err != nil {
				t.Fatal(err)
			}
			parts := [][][2]int{{{0, 3}}, {{2, 3}, {0, 2}}, {{0, 1}, {1, 3}}}
			for _, part := range parts {
				session, err := p.Train(data, solver.DefaultOptimizer(0.01),
					solver.NewOptimizerState(numbers(m.ThetaLen(), 3)))
				if err != nil {
					t.Fatal(err)
				}
				got, err := inParts(session, minibatch, part)
				if name == "wide" && len(part) > 1 {
					if !errors.Is(err, errors.ErrUnsupported) {
						t.Errorf("parts of a wide field give %v", err)
					}
					continue
				}
				if err != nil || got != want || !slices.Equal(state(t, session).Theta, state(t, whole).Theta) {
					t.Errorf("in parts %v: %+v, %v, want %+v", part, got, err, want)
				}
			}
		})
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// inParts is an iteration with the leaves accumulated in those parts.
func inParts(s solver.Session, minibatch []int, parts [][2]int) (solver.Iteration, error) {
	var total *solver.PartialSum
	for _, leaves := range parts {
		sum, err := s.Accumulate(context.Background(), minibatch, leaves[0], leaves[1])
		if err != nil {
			return solver.Iteration{}, err
		}
		if total == nil {
			total = sum
		} else if err := total.Join(sum); err != nil {
			return solver.Iteration{}, err
		}
	}
	return s.Update(total, 0.01)
}

func state(t *testing.T, s solver.Session) solver.OptimizerState {
	t.Helper()
	st, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	return st
}
