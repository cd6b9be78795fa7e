package train

import (
	"time"

	"neuralode/solver"
)

// Event is one training iteration, as observers see it.
type Event struct {
	Iteration        int // from 1
	Total            int // iterations of the whole run
	Work             solver.Iteration
	SamplesPerSecond float64
	Elapsed          time.Duration // since this process began to train
}

// Observer sees every iteration of a training, in order, on the training's own goroutine: a slow observer slows the
// training.
type Observer func(Event)
