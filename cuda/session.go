package cuda

import (
	"context"
	"errors"
	"slices"

	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// session is a training under way: data, θ and moments are on the GPU.
type session struct {
	*engine
	program  *program
	samples  int         // of the data set
	data     solver.Data // what of it is not on the GPU alone: spans, times, weights, masks
	step     int64       // updates done
	opt      solver.Optimizer
	last     shape // of the launches of the call before
	graph    *driver.Graph
	captured shape // what the graph has
}

// shape is what a recorded graph depends on beside the Call.
type shape struct {
	runner     runner
	iterations int
	n          int
}

// Train copies the data set to the GPU and opens a session.
func (p *program) Train(data solver.Data, opt solver.Optimizer, start solver.OptimizerState) (solver.Session, error) {
	if err := errors.Join(solver.CheckTraining(p.whole, p.spec, data, opt, start),
		kernels.SupportsBatch(data.Batch)); err != nil {
		return nil, err
	}
	if p.lifter != nil {
		return p.trainLifted(data, opt, start), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	e, err := p.backend.newEngine(p.model, p.spec)
	if err != nil {
		return nil, err
	}
	data.Signals = data.Signals.Clone()
	data.Batch = p.resolve(data.Batch)
	s := &session{engine: e, program: p, samples: data.Len(p.model.Dim()), data: times(data), step: start.Step,
		opt: opt}
	if err := s.open(data, start); err != nil {
		return nil, errors.Join(err, e.close())
	}
	p.sessions[s] = true
	return s, nil
}

func (s *session) open(data solver.Data, start solver.OptimizerState) error {
	if !s.opt.Rule.HasSecondMoments() {
		start.V = nil
	}
	trained := kernels.Trained(s.opt, len(start.Theta))
	s.call.TrainedRanges = int64(len(trained) / 2)
	return inTurn(
		func() error { return s.putBatch(data.Batch) },
		func() error { return s.putLabels(data.Batch, data.Objective, s.samples) },
		func() error { return s.putReals(&s.call.Theta, start.Theta) },
		func() error { return s.putReals(&s.call.M, start.M) },
		func() error { return s.putReals(&s.call.V, start.V) },
		func() error { return put(s.memory, &s.call.Optimizer, kernels.Optimizer(s.opt)) },
		func() error { return put(s.memory, &s.call.Trained, trained) },
	)
}

// times is a copy of what there is of the data beside the states, inputs and labels.
func times(d solver.Data) solver.Data {
	kept := solver.Data{
		Batch: solver.Batch{Spans: slices.Clone(d.Spans), Times: slices.Clone(d.Times),
			Offsets: slices.Clone(d.Offsets), Stops: slices.Clone(d.Stops), StopOffsets: slices.Clone(d.StopOffsets)},
		Objective: solver.Objective{AtTimes: d.AtTimes, Weight: slices.Clone(d.Weight), Mask: slices.Clone(d.Mask)},
	}
	kept.TakeSignals(&d.Batch, nil)
	return kept
}

// inTurn is the error of the first step that fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

var errSessionClosed = errors.New("cuda: the session is closed")

// Close frees the session's memory and graph.
func (s *session) Close() error {
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	if s.check() != nil {
		return nil
	}
	delete(s.program.sessions, s)
	return s.close()
}

// check is an error where the session or its program is closed. The program is locked.
func (s *session) check() error {
	switch {
	case s.program.closed:
		return errClosed
	case !s.program.sessions[s]:
		return errSessionClosed
	}
	return nil
}

func (s *session) close() error {
	var err error
	if s.graph != nil {
		err = s.graph.Close()
	}
	return errors.Join(err, s.engine.close())
}

// State copies out θ and the moments.
func (s *session) State() (solver.OptimizerState, error) {
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	state := solver.OptimizerState{Step: s.step}
	if err := s.check(); err != nil {
		return state, err
	}
	fields := map[*kernels.Address]*[]float64{&s.call.Theta: &state.Theta, &s.call.M: &state.M}
	if s.opt.Rule.HasSecondMoments() {
		fields[&s.call.V] = &state.V
	}
	for field, to := range fields {
		x, err := s.takeReals(field, s.model.ThetaLen())
		if err != nil {
			return state, err
		}
		*to = x
	}
	return state, nil
}

// Run launches all iterations of minibatches of one class at once, and once more from where the record of steps was too
// small. It looks at ctx before.
func (s *session) Run(ctx context.Context, minibatches [][]int, rates []float64, done func(solver.Iteration)) error {
	if err := solver.CheckRun(minibatches, rates, s.samples); err != nil {
		return err
	}
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	if err := s.check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || len(minibatches) == 0 {
		return err
	}
	for from := 0; from < len(minibatches); {
		to := from + s.alike(minibatches[from:])
		all := kernels.Rates(s.opt, rates, len(minibatches))
		if err := s.runAlike(ctx, minibatches[from:to], all[from:to], done); err != nil {
			var failed *solver.IterationError
			if errors.As(err, &failed) {
				failed.Index += from
			}
			return err
		}
		from = to
	}
	return nil
}

// alike is how many of the minibatches, from the first on, have one class: what a minibatch gives depends on no other.
func (s *session) alike(minibatches [][]int) int {
	for i, m := range minibatches {
		if s.backend.classOf(len(m)) != s.backend.classOf(len(minibatches[0])) {
			return i
		}
	}
	return len(minibatches)
}

// runAlike launches the iterations of minibatches of one class.
func (s *session) runAlike(ctx context.Context, minibatches [][]int, rates []float64,
	done func(solver.Iteration)) error {
	if err := s.uploadMinibatches(minibatches, rates); err != nil {
		return err
	}
	for from := 0; from < len(minibatches); {
		if err := s.launch(len(minibatches) - from); err != nil {
			return err
		}
		to, failure, err := s.report(from, done)
		if err != nil {
			return err
		}
		if failure != kernels.NoFailure {
			if err := s.recover(ctx, failure, minibatches[to], to); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// uploadMinibatches copies the minibatches and learning rates, and makes room for the largest.
func (s *session) uploadMinibatches(minibatches [][]int, rates []float64) error {
	m := kernels.MinibatchesOf(s.data, minibatches)
	s.call.Cancel = 0
	return inTurn(
		func() error { return s.begin(m.Samples, m.Rows) },
		func() error { return s.putMinibatches(m) },
		func() error { return put(s.memory, &s.call.Rates, rates) },
		func() error { return put(s.memory, &s.call.Progress, []int64{0, s.step, 0, 0}) },
		func() error { return s.room(&s.call.Reports, 8*kernels.ReportLen*len(minibatches)) },
		s.send,
	)
}

// putMinibatches copies what a Call has of minibatches.
func (s *session) putMinibatches(m kernels.Minibatches) error {
	return inTurn(
		func() error { return s.roomAtTimes(s.data.Objective) },
		func() error { return put(s.memory, &s.call.Index, m.Index) },
		func() error { return put(s.memory, &s.call.Minibatches, m.Table) },
		func() error { return put(s.memory, &s.call.RowOffsets, m.RowOffsets) },
	)
}

// launch puts k iterations on the stream and waits: as a graph, when the call before had the same shape.
func (s *session) launch(k int) error {
	now := shape{s.now, k, s.n}
	if s.now.recordable() && now == s.last && now != s.captured {
		if err := s.capture(now); err != nil {
			return err
		}
	}
	s.last = now
	var err error
	if s.graph != nil && now == s.captured {
		err = s.stream.LaunchGraph(s.graph)
	} else {
		err = s.iterations(k)
	}
	if err != nil {
		return err
	}
	return s.stream.Synchronize()
}

// capture records k iterations in place of what was recorded before.
func (s *session) capture(now shape) error {
	if s.graph != nil {
		s.captured = shape{}
		if err := s.graph.Close(); err != nil {
			return err
		}
		s.graph = nil
	}
	graph, err := s.stream.Capture(func() error { return s.iterations(now.iterations) })
	if err != nil {
		return err
	}
	s.graph, s.captured = graph, now
	return nil
}

func (s *session) iterations(k int) error {
	for range k {
		if err := inTurn(s.now.prepare, s.now.gradient, s.now.update); err != nil {
			return err
		}
	}
	return nil
}

// report passes on what the iterations after from have left, and says how many of the call's are done and why no more.
func (s *session) report(from int, done func(solver.Iteration)) (to int, failure kernels.Failure, err error) {
	progress := make([]int64, kernels.ProgressLen)
	if err := take(s.memory, &s.call.Progress, progress); err != nil {
		return from, 0, err
	}
	to = int(progress[kernels.ProgressNext])
	reports := make([]float64, kernels.ReportLen*to)
	if err := take(s.memory, &s.call.Reports, reports); err != nil {
		return from, 0, err
	}
	s.step = progress[kernels.ProgressStep]
	for i := from; i < to; i++ {
		r := reports[kernels.ReportLen*i:]
		done(solver.Iteration{Loss: r[kernels.ReportLoss], GradientNorm: r[kernels.ReportNorm],
			NFEMean: r[kernels.ReportNFE], NFEMax: int(r[kernels.ReportNFEMax]),
			Accepted: int(r[kernels.ReportAccepted]), Rejected: int(r[kernels.ReportRejected])})
	}
	return to, kernels.Failure(progress[kernels.ProgressFailure]), nil
}

// recover makes room for the steps of minibatch k where that was the failure, so that the training can go on from
// there; other failures are errors.
func (s *session) recover(ctx context.Context, failure kernels.Failure, minibatch []int, k int) error {
	var err error
	switch failure {
	case kernels.RecordFull:
		fits, err := s.recordFits()
		if fits || err != nil {
			return errors.Join(errors.New("cuda: the record of steps is full and not full"), err)
		}
		return put(s.memory, &s.call.Progress, []int64{int64(k), s.step, 0, 0})
	case kernels.NotFinite:
		err = s.blame(ctx, minibatch)
	default:
		err = s.failure(minibatch)
	}
	var failed *solver.IterationError
	if errors.As(err, &failed) {
		failed.Index = k
	}
	return err
}

// failure names the sample of a minibatch that did not go forward and backward.
func (s *session) failure(minibatch []int) error {
	s.n = len(minibatch)
	d := solver.Derivative{}
	var err error
	if d.End, d.Back, err = s.ended(); err != nil {
		return err
	}
	return solver.FailedIteration(&d, minibatch)
}

// ended is how the samples ended, forward and backward.
func (s *session) ended() (end, back []solver.End, err error) {
	if end, _, err = s.ends(&s.call.Status, &s.call.EndT, &s.call.EndH, &s.call.Stats); err != nil {
		return nil, nil, err
	}
	back, _, err = s.ends(&s.call.BackStatus, &s.call.BackT, &s.call.BackH, &s.call.BackStats)
	return end, back, err
}

// blame looks for the sample that made the loss or its gradient not finite.
func (s *session) blame(ctx context.Context, minibatch []int) error {
	d, err := s.differentiateAgain(ctx, minibatch)
	if err != nil {
		return err
	}
	if err := solver.FailedIteration(d, minibatch); err != nil {
		return err
	}
	return solver.NonFiniteIteration()
}

// differentiateAgain is the derivative of a minibatch, in which what is not finite is a failure of its sample.
func (s *session) differentiateAgain(ctx context.Context, minibatch []int) (*solver.Derivative, error) {
	theta, err := s.takeReals(&s.call.Theta, s.model.ThetaLen())
	if err != nil {
		return nil, err
	}
	data, err := s.wholeData()
	if err != nil {
		return nil, err
	}
	b, o := data.Minibatch(s.model, minibatch)
	return s.program.differentiate(ctx, theta, b, o)
}

// wholeData copies out the data set.
func (s *session) wholeData() (d solver.Data, err error) {
	d = s.data
	if d.Z0, err = s.takeReals(&s.call.Z0, s.samples*s.model.Dim()); err != nil {
		return d, err
	}
	if d.Inputs, err = s.takeReals(&s.call.Inputs, s.samples*int(s.call.Constants)); err != nil {
		return d, err
	}
	losses := s.samples
	if d.AtTimes {
		losses = d.RowCount(s.samples)
	}
	d.Labels, err = s.takeReals(&s.call.Labels, losses*s.model.LabelWidth())
	return d, err
}
