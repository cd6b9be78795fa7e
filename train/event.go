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
	Kept             int           // the iteration of the last checkpoint
	Validation       *Scores       // of rows held out after the iteration, where they were looked at, else nil
	Theta            []float64     // after the iteration, where the run's history keeps it, else nil; not to be changed
}

// Observer sees every iteration of a training, in order, on the training's own goroutine: a slow observer slows the
// training.
type Observer func(Event)
