package cpu

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// session is a training under way: an engine of its own, the data, θ and the moments, all in the program's precision.
type session[T simd.Float] struct {
	program *program[T]

	mu       sync.Mutex // against the program's Close, which may come from another goroutine
	engine   *engine[T] // nil once closed
	opt      solver.Optimizer
	data     solver.Data // what is not in the program's precision: spans, times, offsets, mask
	z0       []T         // [samples, dim]; empty where there are features
	features []T         // [samples, features] of the lift
	amounts  []T         // [rows of jumps, amount width]
	inputs   []T         // [samples, inputs]
	labels   []T         // [losses, label width]
	n        int
	theta    []T
	m, v     []T // v is empty where the optimizer has none
	trained  []solver.Range
	step     int64
	call     call[T]

	// of the minibatch
	spans     []solver.Span
	times     []float64
	offsets   []int
	stops     []float64
	stopAt    []int
	jumps     []float64
	jumpAt    []int
	objective solver.Objective // without labels, which the call has
}

func (p *program[T]) Train(data solver.Data, opt solver.Optimizer,
	start solver.OptimizerState) (solver.Session, error) {
	if err := solver.CheckTraining(p.model, p.spec, data, opt, start); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil, errClosed
	}
	n, kept := p.model.WithRoom(data.Batch).Len(p.model.Dim()), times(data)
	kept.Batch = kept.Resolve(n, p.spec.Controller.Control)
	s := &session[T]{program: p, engine: newEngine[T](p.model, p.spec, p.backend.level, p.backend.workers), opt: opt,
		data: kept, z0: converted[T](data.Z0), features: converted[T](data.Features), amounts: converted[T](data.Amounts),
		inputs: converted[T](data.Inputs), labels: converted[T](data.Labels), n: n,
		theta: converted[T](start.Theta), m: converted[T](start.M), v: converted[T](start.V), step: start.Step}
	if s.trained = opt.Trained(len(s.theta)); !opt.Rule.HasSecondMoments() {
		s.v = nil
	}
	s.call.gradient, s.call.labels = true, []T{}
	p.sessions[s] = true
	return s, nil
}

// times is a copy of what the session keeps of the data as it is.
func times(d solver.Data) solver.Data {
	return solver.Data{
		Batch: solver.Batch{Spans: slices.Clone(d.Spans), Times: slices.Clone(d.Times),
			Offsets: slices.Clone(d.Offsets), Stops: slices.Clone(d.Stops), StopOffsets: slices.Clone(d.StopOffsets),
			Jumps: slices.Clone(d.Jumps), JumpOffsets: slices.Clone(d.JumpOffsets), Signals: d.Signals.Clone()},
		Objective: solver.Objective{AtTimes: d.AtTimes, Weight: slices.Clone(d.Weight), Mask: slices.Clone(d.Mask)},
	}
}

var errSessionClosed = errors.New("cpu: the session is closed")

// Close ends the session's goroutines, after the iteration under way.
func (s *session[T]) Close() error {
	s.program.mu.Lock()
	delete(s.program.sessions, s)
	s.program.mu.Unlock()
	s.close()
	return nil
}

func (s *session[T]) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine == nil {
		return
	}
	s.engine.team.close()
	s.engine = nil
}

func (s *session[T]) State() (solver.OptimizerState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine == nil {
		return solver.OptimizerState{}, errSessionClosed
	}
	return solver.OptimizerState{Theta: widened(s.theta), M: widened(s.m), V: widened(s.v), Step: s.step}, nil
}

func (s *session[T]) Run(ctx context.Context, minibatches [][]int, rates []float64, done func(solver.Iteration)) error {
	if err := solver.CheckRun(minibatches, rates, s.n); err != nil {
		return err
	}
	for i, indices := range minibatches {
		if err := ctx.Err(); err != nil {
			return err
		}
		it, err := s.iterate(ctx, indices, s.opt.RateOf(rates, i))
		if err != nil {
			var failed *solver.IterationError
			if errors.As(err, &failed) {
				failed.Index = i
			}
			return err
		}
		done(it)
	}
	return nil
}

// iterate is one training iteration. On an error θ and the moments are as before.
func (s *session[T]) iterate(ctx context.Context, indices []int, rate float64) (solver.Iteration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine == nil {
		return solver.Iteration{}, errSessionClosed
	}
	s.load(indices)
	s.engine.run(ctx, &s.call)
	if err := ctx.Err(); err != nil {
		return solver.Iteration{}, err
	}
	if err := s.failure(indices); err != nil {
		return solver.Iteration{}, err
	}
	it := s.call.summary()
	gradient := s.engine.gradient(&s.call)
	it.GradientNorm = s.norm(gradient)
	if !(it.GradientNorm <= math.MaxFloat64) || math.IsNaN(it.Loss) || math.IsInf(it.Loss, 0) {
		return it, s.blame(ctx, indices)
	}
	s.update(gradient, it.GradientNorm, rate)
	return it, nil
}

// load gathers the minibatch.
func (s *session[T]) load(indices []int) {
	e, c := s.engine, &s.call
	e.setTheta(s.theta)
	s.loadTimes(indices)
	e.resize(c, len(indices))
	if c.labels = c.labels[:0]; len(s.features) > 0 {
		grow(&c.features, len(indices)*e.model.Features())
	}
	for k, i := range indices {
		if c.lifting() {
			copy(c.featuresOf(k), row(s.features, i, len(s.features)/s.n))
		} else {
			copy(row(c.z0, k, e.dim), row(s.z0, i, e.dim))
		}
		copy(c.inputsOf(k), row(s.inputs, i, len(s.inputs)/s.n))
		jump, last := s.data.JumpRows(i)
		to, _ := c.batch.JumpRows(k)
		copy(c.amounts[to*e.amountWidth:], s.amounts[jump*e.amountWidth:last*e.amountWidth])
		from, to := s.lossesOf(i)
		c.labels = append(c.labels, s.labels[from*e.labelWidth:to*e.labelWidth]...)
	}
	s.loadWeights(indices)
}

// lossesOf are the losses of a sample of the data, from up to to.
func (s *session[T]) lossesOf(i int) (from, to int) {
	if s.data.AtTimes {
		return s.data.Rows(i)
	}
	return i, i + 1
}

// loadTimes gathers the spans, times, stops and signals of the minibatch.
func (s *session[T]) loadTimes(indices []int) {
	b, d := &s.call.batch, &s.data.Batch
	b.Spans, b.Times, b.Stops = d.Spans, d.Times, d.Stops
	b.TakeSignals(d, indices)
	if len(d.Spans) > 1 {
		s.spans = s.spans[:0]
		for _, i := range indices {
			s.spans = append(s.spans, d.Spans[i])
		}
		b.Spans = s.spans
	}
	if d.Offsets != nil {
		s.times, s.offsets = gather(s.times, s.offsets, indices, d.TimesOf)
		b.Times, b.Offsets = s.times, s.offsets
	}
	if d.StopOffsets != nil {
		s.stops, s.stopAt = gather(s.stops, s.stopAt, indices, d.StopsOf)
		b.Stops, b.StopOffsets = s.stops, s.stopAt
	}
	if b.Jumps = d.Jumps; d.JumpOffsets != nil {
		s.jumps, s.jumpAt = gather(s.jumps, s.jumpAt, indices, d.JumpsOf)
		b.Jumps, b.JumpOffsets = s.jumps, s.jumpAt
	}
}

// gather puts the times of samples one after the other.
func gather(times []float64, offsets, samples []int, of func(sample int) []float64) ([]float64, []int) {
	times, offsets = times[:0], append(offsets[:0], 0)
	for _, i := range samples {
		times = append(times, of(i)...)
		offsets = append(offsets, len(times))
	}
	return times, offsets
}

// loadWeights gathers the weights and the mask of the minibatch's losses.
func (s *session[T]) loadWeights(indices []int) {
	o := &s.objective
	o.AtTimes, o.Weight, o.Mask = s.data.AtTimes, o.Weight[:0], o.Mask[:0]
	for _, i := range indices {
		from, to := s.lossesOf(i)
		if s.data.Weight != nil {
			o.Weight = append(o.Weight, s.data.Weight[from:to]...)
		}
		if s.data.Mask != nil {
			o.Mask = append(o.Mask, s.data.Mask[from:to]...)
		}
	}
	s.engine.loadWeights(&s.call, *o)
}

// failure is an error for the first sample that did not go forward and backward.
func (s *session[T]) failure(indices []int) error {
	return solver.FailedIteration(&solver.Derivative{Solution: solver.Solution{End: s.call.end}, Back: s.call.back},
		indices)
}

// blame looks for the sample that made the loss or its gradient not finite, by differentiating the minibatch once more.
func (s *session[T]) blame(ctx context.Context, indices []int) error {
	c := &s.call
	b, o := c.batch, s.objective
	c.putBack(&b)
	o.Labels = widened(c.labels)
	d, err := s.engine.differentiate(ctx, widened(s.theta), b, o)
	if err != nil {
		return err
	}
	if err := solver.FailedIteration(d, indices); err != nil {
		return err
	}
	return solver.NonFiniteIteration()
}

// summary is what the iteration cost.
func (c *call[T]) summary() solver.Iteration {
	it := solver.Summarize(&solver.Solution{Stats: c.stats})
	it.Loss = solver.SumOverSamples(c.n, c.lossOf)
	return it
}

// norm is the 2-norm of the gradient over the parameters that are trained.
func (s *session[T]) norm(gradient []T) float64 {
	squares := 0.0
	for _, r := range s.trained {
		squares += simd.SumSquares(gradient[r.From:r.To])
	}
	return math.Sqrt(squares)
}

// update is one update of the optimizer.
func (s *session[T]) update(gradient []T, norm, rate float64) {
	s.step++
	u := solver.UpdateOf[T](s.opt, s.step, norm, rate)
	for _, r := range s.trained {
		v := s.v
		if len(v) > 0 {
			v = v[r.From:r.To]
		}
		s.engine.kern.Update(u, s.theta[r.From:r.To], s.m[r.From:r.To], v, gradient[r.From:r.To])
	}
}
