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
	sessions []*session[T]
}

var errClosed = errors.New("cpu: the program is closed")

func newProgram[T simd.Float](b backend, m solver.Model, spec solver.Spec) *program[T] {
	return &program[T]{backend: b, model: m, spec: spec, engine: newEngine[T](m, spec, b.level, b.workers)}
}

func (p *program[T]) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil
	}
	p.engine.team.close()
	p.engine = nil
	for _, s := range p.sessions {
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
	p.load(c, theta, b)
	p.engine.run(ctx, c)
	s := solution(c)
	return &s, ctx.Err()
}

// load fills the call and the engine from the caller's arguments.
func (p *program[T]) load(c *call[T], theta []float64, b solver.Batch) {
	e := p.engine
	convert(e.theta, theta)
	e.setTheta(e.theta)
	e.resize(c, b.Len(e.dim))
	c.spans = b.Spans
	convert(c.z0, b.Z0)
}

func (p *program[T]) Differentiate(ctx context.Context, theta []float64, b solver.Batch, o solver.Objective) (*solver.Derivative, error) {
	if err := solver.CheckGradient(p.model, p.spec, theta, b, o); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil, errClosed
	}
	c := &call[T]{gradient: true}
	p.load(c, theta, b)
	loadObjective(c, o)
	p.engine.run(ctx, c)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := &solver.Derivative{Solution: solution(c), Z0: widened(c.z0Bar), Theta: widened(p.engine.gradient(c)),
		Back: c.back, BackStats: c.backStats}
	if o.Labels != nil {
		d.Out, d.Losses, d.Loss = widened(c.out), widened(c.losses), lossOf(c)
	}
	return d, nil
}

func loadObjective[T simd.Float](c *call[T], o solver.Objective) {
	if o.Labels != nil {
		c.labels = converted[T](o.Labels)
		if o.Weight != nil {
			c.weight = converted[T](o.Weight)
		}
		return
	}
	convert(c.cotangent, o.Cotangent)
	if o.Saved != nil {
		c.savedBar = converted[T](o.Saved)
	}
}

func solution[T simd.Float](c *call[T]) solver.Solution {
	s := solver.Solution{Z1: widened(c.z1), End: c.end, Stats: c.stats}
	if len(c.saveAt) > 0 {
		s.Saved = widened(c.saved)
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
