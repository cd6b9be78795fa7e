package train

import (
	"errors"
	"slices"

	"neuralode/safetensors"
)

// best is what a run with patience knows of the looks at its rows held out: part of the state that it resumes from, so
// that it stops where one does that was never interrupted.
type best struct {
	theta     []float64 // with the least loss so far; nil before the first check whose loss is a number
	loss      float64
	iteration int
	worse     int // checks since
	starts    *startTable
}

// judge takes the loss of a check, NaN where a row could not be solved.
func (b *best) judge(iteration int, loss float64, theta []float64, starts *startTable) {
	if finite(loss) && (b.theta == nil || loss < b.loss) {
		*b = best{theta: theta, loss: loss, iteration: iteration, starts: starts}
		return
	}
	b.worse++
}

// StoppedEarly reports whether the last checkpoint is the end of the run before its last iteration: Config.Patience
// looks at the rows held out, one after another, have found nothing better.
func (r *Run) StoppedEarly() bool { return r.exhausted() && r.Done < r.Config.Iterations }

// exhausted reports whether patience has come to its end.
func (r *Run) exhausted() bool { return r.Config.Patience > 0 && r.best.worse >= r.Config.Patience }

// Chosen is the iteration whose θ the model has: that with the least loss on the rows held out in a run with
// Config.Patience, else the last that the last checkpoint covers.
func (r *Run) Chosen() int {
	if r.best.theta != nil {
		return r.best.iteration
	}
	return r.Done
}

// choose gives the model that θ, and the starts that go with it.
func (r *Run) choose() {
	r.Model.Theta, r.Model.found = r.state.Theta, r.foundIn(r.starts)
	if r.best.theta != nil {
		r.Model.Theta, r.Model.found = r.best.theta, r.foundIn(r.best.starts)
	}
	if r.polished != nil && r.polished.Kept {
		r.Model.Theta, r.Model.found = r.polished.theta, r.foundIn(r.polished.starts)
	}
}

// addTo puts b into a state.
func (b *best) addTo(file *safetensors.File, dtype safetensors.DType) {
	file.Tensors["best.checks"] = safetensors.Int64([]int64{int64(b.iteration), int64(b.worse)}, 2)
	if b.theta != nil {
		file.Tensors["best.theta"] = safetensors.Tensor{DType: dtype, Shape: []int{len(b.theta)}, Floats: b.theta}
		file.Tensors["best.loss"] = safetensors.Float64([]float64{b.loss}, 1)
	}
}

// bestIn reads what addTo wrote, of n parameters after so many iterations.
func bestIn(file *safetensors.Reader, n, done int) (b best, err error) {
	checks, err := file.Ints("best.checks", 2)
	if err != nil {
		return b, err
	}
	if checks[0] < 0 || checks[0] > int64(done) || checks[1] < 0 || checks[1] > int64(done) {
		return b, errors.New("tensor \"best.checks\" is not of the iterations that are done")
	}
	b.iteration, b.worse = int(checks[0]), int(checks[1])
	if !slices.Contains(slices.Collect(file.Names()), "best.theta") {
		return b, nil
	}
	if b.theta, err = file.Finite("best.theta", n); err != nil {
		return b, err
	}
	loss, err := file.Finite("best.loss", 1)
	if err == nil {
		b.loss = loss[0]
	}
	return b, err
}
