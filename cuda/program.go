package cuda

import (
	"context"
	"errors"
	"sync"

	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// program is a compiled model: engines behind a lock.
type program struct {
	backend *Backend
	model   solver.Model   // without a lift: what the GPU runs
	whole   solver.Model   // as it was compiled
	lifter  *solver.Lifter // of its lift, on the CPU; nil without one
	spec    solver.Spec

	mu       sync.Mutex
	closed   bool
	solving  *engine        // forward alone; nil until needed
	deriving *engine        // with the spec's gradient; nil until needed
	reading  solver.Program // of the CPU, for the head alone; nil until needed
	sessions map[*session]bool
}

var errClosed = errors.New("cuda: the program is closed")

// Close frees what the program and its sessions hold.
func (p *program) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var err error
	for _, e := range []*engine{p.solving, p.deriving} {
		if e != nil {
			err = errors.Join(err, e.close())
		}
	}
	for s := range p.sessions {
		err = errors.Join(err, s.close())
	}
	if p.reading != nil {
		err = errors.Join(err, p.reading.Close())
	}
	p.solving, p.deriving, p.reading, p.sessions = nil, nil, nil, nil
	return err
}

// engineFor opens an engine when it is first needed.
func (p *program) engineFor(e **engine, spec solver.Spec) (*engine, error) {
	if p.closed {
		return nil, errClosed
	}
	if *e == nil {
		opened, err := p.backend.newEngine(p.model, spec)
		if err != nil {
			return nil, err
		}
		*e = opened
	}
	return *e, nil
}

// Solve integrates the batch; where the GPU's memory does not hold it, in parts.
func (p *program) Solve(ctx context.Context, theta []float64, b solver.Batch) (*solver.Solution, error) {
	if err := errors.Join(solver.CheckCall(p.whole, p.spec, theta, b), kernels.SupportsBatch(b)); err != nil {
		return nil, err
	}
	b = p.resolve(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	spec := p.spec
	spec.Gradient = solver.NoGradient
	e, err := p.engineFor(&p.solving, spec)
	if err != nil {
		return nil, err
	}
	whole := &solver.Solution{}
	b = p.whole.WithRoom(b)
	theta = p.raise(theta, b)
	err = e.inParts(b.Len(p.model.Dim()), func(from, to int) error {
		s, err := e.solve(ctx, theta, part(b, p.model.Dim(), from, to))
		if err == nil {
			join(whole, s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return whole, ctx.Err()
}

// resolve prepares the signals of a batch.
func (p *program) resolve(b solver.Batch) solver.Batch {
	return b.Resolve(b.Len(p.model.Dim()), p.spec.Controller.Control)
}

// Differentiate integrates the batch and computes the gradient.
func (p *program) Differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	if err := errors.Join(solver.CheckGradient(p.whole, p.spec, theta, b, o), kernels.SupportsBatch(b),
		kernels.SupportsObjective(o)); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.differentiate(ctx, theta, p.resolve(b), o)
}

// differentiate is Differentiate of what was checked and resolved, for who holds the lock.
func (p *program) differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	b = p.whole.WithRoom(b)
	d, err := p.differentiateAll(ctx, theta, b, o)
	if err != nil {
		return nil, err
	}
	err = solver.LeaveOut(d, p.spec, b, o, func(b solver.Batch, o solver.Objective) (*solver.Derivative, error) {
		return p.differentiateAll(ctx, theta, b, o)
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// differentiateAll sums over all samples, whatever they bring. Where the GPU's memory does not hold the batch it goes
// in parts, whose ∂L/∂θ are added in their order.
func (p *program) differentiateAll(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	e, err := p.engineFor(&p.deriving, p.spec)
	if err != nil {
		return nil, err
	}
	theta = p.raise(theta, b)
	n := b.Len(p.model.Dim())
	whole := &solver.Derivative{Theta: make([]float64, len(theta))}
	err = e.inParts(n, func(from, to int) error {
		d, err := e.differentiate(ctx, theta, part(b, p.model.Dim(), from, to), partOf(o, b, p.model.Dim(), from, to))
		if err == nil {
			joinDerivative(whole, d)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	p.pullBack(whole, b)
	return whole, nil
}

// inParts calls f with the whole batch or, when that does not fit into the GPU's memory, with parts half as large,
// until they do.
func (e *engine) inParts(n int, f func(from, to int) error) error {
	size := n
	for from := 0; from < n; {
		err := f(from, min(n, from+size))
		if err == nil {
			from += size
			continue
		}
		if !errors.Is(err, &driver.Error{Name: driver.OutOfMemory}) || size == 1 {
			return err
		}
		if released := e.release(); released != nil {
			return errors.Join(err, released)
		}
		size = (size + 1) / 2
	}
	return nil
}

// join appends the solution of the next samples.
func join(whole, s *solver.Solution) {
	whole.Z1 = append(whole.Z1, s.Z1...)
	whole.Saved = append(whole.Saved, s.Saved...)
	whole.End = append(whole.End, s.End...)
	whole.Stats = append(whole.Stats, s.Stats...)
	whole.Occupancy.Rows += s.Occupancy.Rows
	whole.Occupancy.Busy += s.Occupancy.Busy
}

func joinDerivative(whole, d *solver.Derivative) {
	join(&whole.Solution, &d.Solution)
	whole.Out = append(whole.Out, d.Out...)
	whole.Losses = append(whole.Losses, d.Losses...)
	whole.Z0 = append(whole.Z0, d.Z0...)
	whole.Inputs = append(whole.Inputs, d.Inputs...)
	for i, g := range d.Theta {
		whole.Theta[i] += g
	}
	whole.Back = append(whole.Back, d.Back...)
	whole.BackStats = append(whole.BackStats, d.BackStats...)
	whole.Drift = append(whole.Drift, d.Drift...)
	whole.Spans = append(whole.Spans, d.Spans...)
	whole.Times = append(whole.Times, d.Times...)
	whole.KeepSignalBars(append(whole.SignalBars(), d.SignalBars()...))
}
