package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"neuralode"
	"neuralode/dataset"
	"neuralode/solver"
)

// loop is a training under way.
type loop struct {
	run       *Run
	ode       *neuralode.ODE
	optimizer solver.Optimizer
	session   solver.Session // nil before the first iteration
	longest   float64        // duration of a series
	sight     Sight          // what the session sees
	starts    *startTable    // that it learns; nil where it learns none
	of        []int          // the rows of the data that its samples are part of; nil where they are these
	sampler   *sampler
	metrics   *metrics
	observers []Observer
	start     time.Time
	last      time.Time // when the speed was measured
	lastDone  int       // and after which iteration
	perSecond float64   // samples
	failed    error     // of metrics.csv
	batches   [][]int
	schedule  solver.Schedule
	every     int              // iterations between looks at the rows held out; 0: there are none
	checked   *dataset.Dataset // of them, those that are looked at
	predictor *Predictor
	rates     []float64
}

// ahead is how many minibatches are given to the backend at once.
const ahead = 16

// FailedError says at which iteration a training failed numerically, and why.
type FailedError struct {
	Iteration int
	Sample    int // in the data set; −1 when no single sample is to blame
	Dir       string
	Kept      int // the iteration of the last checkpoint
	Err       error
}

func (e *FailedError) Error() string {
	what := e.Err.Error()
	var failed *solver.SampleError
	if errors.As(e.Err, &failed) { // its number is that in the minibatch
		what = failed.Reason()
	}
	if e.Sample >= 0 {
		what = fmt.Sprintf("sample %d of the data: %s", e.Sample, what)
	}
	return fmt.Sprintf("train: iteration %d: %s; the checkpoint of iteration %d in %s is kept", e.Iteration, what,
		e.Kept, e.Dir)
}

func (e *FailedError) Unwrap() error { return e.Err }

func (l *loop) train(ctx context.Context) error {
	l.last, l.lastDone = time.Now(), l.run.Done
	total, every := l.run.Config.Iterations, l.run.Config.CheckpointEvery
	done := l.run.Done
	if done >= total || l.run.exhausted() { // a kill may have left the model file behind the state
		return l.run.saveCheckpoint(l.run.state, l.run.starts)
	}
	for done < total && !l.run.exhausted() {
		until, err := l.enter(done)
		if err != nil {
			return err
		}
		next := min(until, (done/every+1)*every)
		n, err := l.advance(ctx, done, l.nextLook(done, min(next, done+ahead)))
		done += n
		if err != nil {
			return errors.Join(err, l.interrupted(err, done))
		}
		if l.run.wanted.Swap(false) || done == next || l.run.exhausted() {
			if err := l.checkpoint(); err != nil {
				return err
			}
		}
	}
	return nil
}

// enter opens the session of what the next iteration sees, and returns the iteration until which that stays.
func (l *loop) enter(done int) (until int, err error) {
	see, until := l.run.Config.horizon(done, l.longest)
	if l.session != nil && see == l.sight {
		return until, nil
	}
	state := l.run.state
	if l.session != nil {
		state, err = l.session.State()
		if err = errors.Join(err, l.session.Close()); err != nil {
			return 0, err
		}
	}
	v := l.run.view(see)
	l.sight, l.of, l.sampler = see, v.of, newSampler(l.run.Config.Seed, v.rows, l.run.Config.Batch)
	if l.run.Config.learnsStarts(see) {
		l.starts = l.run.startsFor(v, see, done, l.starts)
		l.session = l.run.openStarts(l.ode, v, see, l.optimizer, state, l.starts)
		return until, nil
	}
	l.starts = nil
	session, err := l.ode.TrainFrom(v.data, l.optimizer, state)
	if err != nil {
		return 0, err
	}
	l.session, err = l.run.ranks.lead(session, l.run.recipe.spec.Controller.Control, opening{see, state})
	return until, err
}

// row is the row of the run's data that a sample is part of.
func (l *loop) row(sample int) int {
	if sample < 0 || l.of == nil {
		return sample
	}
	return l.of[sample]
}

// advance does iterations from+1 to the given one and returns how many it did.
func (l *loop) advance(ctx context.Context, from, to int) (int, error) {
	for len(l.batches) < to-from {
		l.batches = append(l.batches, nil)
	}
	batches := l.batches[:to-from]
	l.rates = l.rates[:0]
	for i := range batches {
		batches[i] = l.sampler.draw(from+i, batches[i])
		l.rates = append(l.rates, l.schedule.At(from+i))
	}
	n := 0
	var last *solver.Iteration // is not told of before its θ was looked at
	err := l.session.Run(ctx, batches, l.rates, func(it solver.Iteration) {
		n++
		if from+n == to && (l.run.history.due(to) || l.due(to)) {
			last = &it
			return
		}
		l.observe(from+n, Event{Work: it})
	})
	if last != nil {
		err = errors.Join(err, l.look(ctx, to, *last))
	}
	var numerical *solver.IterationError
	if errors.As(err, &numerical) {
		l.run.recipe.spec.Controller.Advise(err)
		err = &FailedError{Iteration: from + n + 1, Sample: l.row(numerical.Sample), Dir: l.run.Dir, Kept: l.run.Done,
			Err: numerical.Err}
	}
	return n, errors.Join(err, l.failed)
}

// nextLook is the next iteration whose θ is looked at, or limit where that comes first.
func (l *loop) nextLook(done, limit int) int {
	if l.every > 0 {
		limit = min(limit, (done/l.every+1)*l.every)
	}
	return l.run.history.after(done, limit)
}

// due reports whether the rows held out are looked at after an iteration.
func (l *loop) due(iteration int) bool {
	return l.every > 0 && (iteration%l.every == 0 || iteration == l.run.Config.Iterations)
}

// look takes θ after an iteration for the run's history and the rows held out, unless it is such that the next
// checkpoint will be refused, and tells of the iteration.
func (l *loop) look(ctx context.Context, iteration int, it solver.Iteration) error {
	e := Event{Work: it}
	s, err := l.session.State()
	if err == nil && checkFinite(s) == nil {
		if l.run.history.due(iteration) {
			e.Theta = s.Theta
			l.run.history.add(iteration, s.Theta)
		}
		if l.due(iteration) {
			e.Validation, err = l.check(ctx, iteration, s.Theta)
		}
	}
	l.observe(iteration, e)
	return err
}

// check looks at the rows held out. It does not end with ctx: a run that goes on would look no more at this θ. The last
// iteration of a run, unless it is one of all the others, does not count for patience: a longer run would not stop to
// look.
func (l *loop) check(ctx context.Context, iteration int, theta []float64) (*Scores, error) {
	starts := l.starts.clone()
	e, err := l.predictor.with(theta, l.run.foundIn(starts)).Evaluate(context.WithoutCancel(ctx), l.checked)
	var failed *solver.SampleError
	var beyond *readOutError
	scores := Scores{Loss: math.NaN(), Accuracy: math.NaN(), R2: math.NaN(), RMSE: math.NaN()}
	switch {
	case err == nil:
		scores = e.Scores
	case !errors.As(err, &failed) && !errors.As(err, &beyond):
		return nil, err
	}
	if l.run.Config.Patience > 0 && iteration%l.every == 0 && !l.seesLess(iteration) {
		l.run.best.judge(iteration, scores.Loss, theta, starts)
	}
	return &scores, nil
}

// seesLess reports an iteration of a training that sees less of its series than in the end: its looks say little.
func (l *loop) seesLess(iteration int) bool {
	_, until := l.run.Config.horizon(iteration-1, l.longest)
	return until < l.run.Config.Iterations
}

// speedWindow is how long iterations are counted before their speed is given: a device may report many at once.
const speedWindow = 100 * time.Millisecond

// observe tells of an iteration: e has what it did and what was seen after it.
func (l *loop) observe(iteration int, e Event) {
	now := time.Now()
	e.Iteration, e.Total, e.Elapsed, e.Kept = iteration, l.run.Config.Iterations, now.Sub(l.start), l.run.Done
	if d := now.Sub(l.last); d >= speedWindow || l.perSecond == 0 && d > 0 {
		l.perSecond = float64(l.sampler.size*(iteration-l.lastDone)) / d.Seconds()
		l.last, l.lastDone = now, iteration
	}
	e.SamplesPerSecond = l.perSecond
	l.failed = errors.Join(l.failed, l.metrics.add(e))
	for _, o := range l.observers {
		o(e)
	}
}

// checkpoint saves the state after everything the metrics say of it. One that nothing could go on from would take the
// place of one that is good.
func (l *loop) checkpoint() error {
	if err := l.metrics.sync(); err != nil {
		return err
	}
	s, err := l.session.State()
	if err != nil {
		return err
	}
	if err := checkFinite(s); err != nil {
		return &FailedError{Iteration: int(s.Step), Sample: -1, Dir: l.run.Dir, Kept: l.run.Done, Err: err}
	}
	return l.run.saveCheckpoint(s, l.starts.clone())
}

// interrupted saves what was reached when the context ended the training; after a failure the last checkpoint stays.
func (l *loop) interrupted(cause error, done int) error {
	if (errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded)) && done > l.run.Done {
		return l.checkpoint()
	}
	return nil
}
