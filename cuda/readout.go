package cuda

import (
	"context"

	"neuralode/solver"
	"neuralode/solver/cpu"
)

// ReadOut runs the head on the CPU: states come from there, and a head is a small part of a solve. TF32 is float32
// here.
func (p *program) ReadOut(ctx context.Context, theta []float64, s solver.States) (*solver.Readings, error) {
	if err := solver.CheckReadOut(p.whole, theta, s); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	if p.reading == nil {
		var err error
		if p.reading, err = compileReading(p.model, p.spec); err != nil {
			return nil, err
		}
	}
	return p.reading.ReadOut(ctx, theta[:p.model.ThetaLen()], s)
}

// compileReading compiles the model for the CPU, forward alone.
func compileReading(m solver.Model, spec solver.Spec) (solver.Program, error) {
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		return nil, err
	}
	spec.Gradient = solver.NoGradient
	if spec.Precision == solver.TF32 {
		spec.Precision = solver.Float32
	}
	return backend.Compile(m, spec)
}
