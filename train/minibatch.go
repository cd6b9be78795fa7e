package train

import (
	"math/rand/v2"
	"slices"
)

// The streams of random numbers that one seed gives. Each is a PCG generator of its own, so that changing how many
// numbers one of them draws leaves the others alone.
const (
	dataStream uint64 = iota
	weightStream
	minibatchStream
	validationStream
)

func stream(seed, which, index uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, which<<56|index))
}

// sampler draws minibatches of a training's rows without replacement. The minibatch of an iteration depends on the seed
// and the iteration's number alone, so a resumed run draws what the first would have.
type sampler struct {
	seed  uint64
	order []int // the rows, in their order between draws
	size  int
}

func newSampler(seed uint64, rows []int, size int) *sampler {
	return &sampler{seed: seed, order: slices.Clone(rows), size: min(size, len(rows))}
}

// draw fills dst with the minibatch of an iteration: the first part of a Fisher-Yates shuffle, which is undone after.
func (s *sampler) draw(iteration int, dst []int) []int {
	rng := stream(s.seed, minibatchStream, uint64(iteration))
	swaps := make([]int, s.size)
	for i := range swaps {
		swaps[i] = i + rng.IntN(len(s.order)-i)
		s.swap(i, swaps[i])
	}
	dst = append(dst[:0], s.order[:s.size]...)
	for i := s.size - 1; i >= 0; i-- {
		s.swap(i, swaps[i])
	}
	return dst
}

func (s *sampler) swap(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] }
