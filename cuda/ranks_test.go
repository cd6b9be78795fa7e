//go:build gpu && cgo && linux

package cuda_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"neuralode/cuda"
	"neuralode/ranks"
	"neuralode/ranks/rankstest"
	"neuralode/solver"
)

// TestRanks trains on the GPU in 2 and 4 ranks, each with a backend of its own: states have the bits of one.
func TestRanks(t *testing.T) {
	if !onDevice(t) {
		return
	}
	const n = 110 // four leaves
	data := solver.Labelled(numbers(2*n, 5), classes(n), solver.Span{T1: 1})
	minibatch := make([]int, n)
	for i := range minibatch {
		minibatch[i] = (7 * i) % n
	}
	spec := solver.DefaultSpec()
	spec.Gradient = solver.Discrete
	open := func() solver.Session {
		b, err := cuda.New(cuda.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := network(t, 8)
		s, err := compile(t, b, m, spec).Train(data, solver.DefaultOptimizer(0.01),
			solver.NewOptimizerState(numbers(m.ThetaLen(), 3)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	train := func(s solver.Session) {
		if err := s.Run(context.Background(), [][]int{minibatch, minibatch}, []float64{0.01, 0.02},
			func(solver.Iteration) {}); err != nil {
			t.Fatal(err)
		}
	}
	whole := open()
	train(whole)
	for _, size := range []int{2, 4} {
		links := rankstest.Links(size)
		sessions := []solver.Session{open()}
		var others sync.WaitGroup
		for rank := 1; rank < size; rank++ {
			s, g := open(), ranks.Join(links[rank])
			sessions = append(sessions, s)
			others.Go(func() {
				for {
					kind, content, err := g.Hear()
					if err == nil && kind == ranks.Run {
						err = g.Follow(s, solver.ControlSample, content)
					}
					if err != nil {
						t.Error(err)
						rankstest.Lose(links[rank])
					}
					if err != nil || kind == ranks.End {
						return
					}
				}
			})
		}
		lead := ranks.Join(links[0])
		train(lead.Lead(sessions[0], solver.ControlSample))
		if err := lead.End(); err != nil {
			t.Error(err)
		}
		others.Wait()
		for rank, s := range sessions {
			if !slices.Equal(state(t, s).Theta, state(t, whole).Theta) {
				t.Errorf("rank %d of %d has another θ", rank, size)
			}
		}
	}
}
