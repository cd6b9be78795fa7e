package cpu

import (
	"context"
	"errors"
	"sync"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// program is a compiled model: one engine behind a lock.
type program[T simd.Float] struct {
	backend backend
	model   solver.Model
	spec    solver.Spec

	mu       sync.Mutex
	engine   *engine[T] // nil once closed
	sessions map[*session[T]]bool
}

var errClosed = errors.New("cpu: the program is closed")

func newProgram[T simd.Float](b backend, m solver.Model, spec solver.Spec) *program[T] {
	return &program[T]{backend: b, model: m, spec: spec, engine: newEngine[T](m, spec, b.level, b.workers),
		sessions: map[*session[T]]bool{}}
}

func (p *program[T]) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil
	}
	p.engine.team.close()
	p.engine = nil
	for s := range p.sessions {
		s.close()
	}
	return nil
}

func (p *program[T]) Solve(ctx context.Context, theta []float64, b solver.Batch) (*solver.Solution, error) {
	if err := solver.CheckCall(p.model, p.spec, theta, b); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil, errClosed
	}
	c := &call[T]{}
	p.engine.load(c, theta, p.engine.resolve(p.model.WithRoom(b)))
	p.engine.run(ctx, c)
	s := result(c)
	c.putBack(&b)
	solver.FailEmptySpans(&s, b)
	return &s, ctx.Err()
}

// differentiate is Program.Differentiate.
func (e *engine[T]) differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	b = e.resolve(e.model.WithRoom(b))
	d, err := e.differentiateAll(ctx, theta, b, o)
	if err != nil {
		return nil, err
	}
	err = solver.LeaveOut(d, e.spec, b, o, func(b solver.Batch, o solver.Objective) (*solver.Derivative, error) {
		return e.differentiateAll(ctx, theta, b, o)
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// differentiateAll sums over all samples, whatever they bring.
func (e *engine[T]) differentiateAll(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	c := &call[T]{gradient: true, forSignals: o.ForSignals, forStops: o.ForStops,
		eventTimes: o.EventTimes}
	e.load(c, theta, b)
	e.loadObjective(c, o)
	e.run(ctx, c)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.lifting() {
		convert(b.Z0, c.z0) // where LeaveOut looks
	}
	d := &solver.Derivative{Solution: result(c), Z0: widened(c.z0Bar), Theta: widened(e.gradient(c)),
		Back: c.back, BackStats: c.backStats, Drift: c.drift}
	if e.inputs > 0 {
		d.Inputs = widened(c.inputsBar)
	}
	d.KeepSignalBars(c.signalBars)
	if o.Labels != nil {
		d.Out, d.Losses = widened(c.out), widened(c.losses) // LeaveOut sums them
	}
	if b.Amounts != nil {
		d.Amounts = widened(c.amountsBar)
	}
	d.Jumps, d.Stops = c.jumpBar, c.stopBar
	if o.ForTimes {
		return d, e.timeDerivatives(ctx, c, d)
	}
	return d, nil
}

// resolve prepares the signals of a batch.
func (e *engine[T]) resolve(b solver.Batch) solver.Batch {
	return b.Resolve(b.Len(e.dim), e.spec.Controller.Control)
}

// load fills the call and the engine from the caller's arguments.
func (e *engine[T]) load(c *call[T], theta []float64, b solver.Batch) {
	convert(e.theta, theta)
	e.setTheta(e.theta)
	c.batch = b
	e.resize(c, b.Len(e.dim))
	convert(c.amounts, b.Amounts)
	if convert(c.z0, b.Z0); len(e.model.Events) > 0 {
		c.events = make([][]solver.Occurrence, c.n)
	}
	convert(c.inputs, b.Inputs)
	c.features = converted[T](b.Features)
	if b.KeepSteps {
		c.tracks = make([]solver.Track, c.n)
	}
}

func (p *program[T]) Differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	if err := solver.CheckGradient(p.model, p.spec, theta, b, o); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil, errClosed
	}
	return p.engine.differentiate(ctx, theta, b, o)
}

func (e *engine[T]) loadObjective(c *call[T], o solver.Objective) {
	if o.Labels != nil {
		c.labels = converted[T](o.Labels)
		e.loadWeights(c, o)
		return
	}
	convert(c.cotangent, o.Cotangent)
	if o.Saved != nil {
		c.savedBar = converted[T](o.Saved)
	}
}

// loadWeights prepares the call for the weights and the mask of an objective with labels.
func (e *engine[T]) loadWeights(c *call[T], o solver.Objective) {
	switch {
	case o.AtTimes:
		e.loadAtTimes(c, o)
	case o.Weight != nil:
		grow(&c.weight, len(o.Weight))
		convert(c.weight, o.Weight)
	default:
		c.weight = nil
	}
}

func result[T simd.Float](c *call[T]) solver.Solution {
	s := solver.Solution{Z1: widened(c.z1), End: c.end, Stats: c.stats, Events: c.events}
	if len(c.saved) > 0 {
		s.Saved = widened(c.saved)
	}
	if c.tracks != nil {
		s.Steps = solver.JoinTracks(c.tracks)
	}
	for _, o := range c.occupancy {
		s.Occupancy.Rows += o.Rows
		s.Occupancy.Busy += o.Busy
	}
	return s
}

func widened[T simd.Float](x []T) []float64 {
	y := make([]float64, len(x))
	convert(y, x)
	return y
}
