package neuralode

import (
	"context"
	"errors"
	"fmt"

	"neuralode/graph"
	"neuralode/plan"
	"neuralode/solver"
)

// ODE is a neural ordinary differential equation dz/dt = f(t, z; θ), compiled for a backend: a layer that maps z(t0) to
// z(t1), and, with a head, a model with a loss. Its methods may be called from several goroutines; calls wait for each
// other. They read their arguments during the call only, and what they return belongs to the caller. theta is flat, in
// the order of Params; z0 is [samples, dim], row-major. Wrong lengths and times that are not finite are errors before
// any work; when ctx ends the error is ctx's. Solve, Gradient and VJP are for one time span and the states at its ends;
// SolveBatch, Predict and Differentiate take everything else that a batch may have.
type ODE struct {
	model   solver.Model
	spec    solver.Spec
	backend solver.Backend
	program solver.Program
}

// New lowers a field, and a head unless it is nil, and compiles them for the backend as spec says. It reports
// everything Lower and Compile do. Close the ODE when it is no longer used.
func New(backend solver.Backend, field graph.Field, head *graph.Head, spec solver.Spec) (*ODE, error) {
	model, err := Lower(field, head)
	if err != nil {
		return nil, err
	}
	return Compile(backend, model, spec)
}

// Lower makes the plans of a field with its events and its jump, and of a head unless it is nil, for [Compile]: once, however often they are
// compiled. It reports everything graph.LowerField, graph.LowerEvent, graph.LowerJump and graph.LowerHead do.
func Lower(field graph.Field, head *graph.Head) (m solver.Model, err error) {
	if m.Field, err = graph.LowerField(field); err != nil {
		return solver.Model{}, err
	}
	if err := lowerMoments(&m, field); err != nil {
		return solver.Model{}, err
	}
	if head != nil {
		if m.Head, err = graph.LowerHead(*head); err != nil {
			return solver.Model{}, err
		}
	}
	return m, nil
}

// lowerMoments makes the plans of the field's events and of its jump.
func lowerMoments(m *solver.Model, field graph.Field) (err error) {
	if field.Jump != nil {
		if m.Jump, err = graph.LowerJump(field, *field.Jump); err != nil {
			return err
		}
	}
	for _, e := range field.Events {
		condition, reset, err := graph.LowerEvent(field, e)
		if err != nil {
			return err
		}
		m.Events = append(m.Events, solver.Event{Name: e.Name, Condition: condition, Reset: reset, Direction: e.Direction,
			Terminal: e.Terminal})
	}
	return nil
}

// WithLift is the model with a lift, which makes the initial states of batches that give features in place of z0. Its
// parameters follow the others in θ. It reports everything graph.LowerLift does.
func WithLift(m solver.Model, lift graph.Lift) (solver.Model, error) {
	p, err := graph.LowerLift(lift)
	m.Lift = p
	return m, err
}

// Compile compiles plans for the backend as spec says. It keeps the memory of both, which must not change as long as
// the ODE is used, and reports everything the backend's Compile does. Close the ODE when it is no longer used.
func Compile(backend solver.Backend, model solver.Model, spec solver.Spec) (*ODE, error) {
	program, err := backend.Compile(model, spec)
	if err != nil {
		return nil, err
	}
	return &ODE{model: model, spec: spec, backend: backend, program: program}, nil
}

// Params lists the parameters in the order in which they lie in the flat θ that the methods take.
func (o *ODE) Params() []plan.Param { return o.model.Params() }

// Backend is where the ODE is solved.
func (o *ODE) Backend() solver.Backend { return o.backend }

// LabelWidth is the number of label columns that the loss of the head reads; 0 without a head.
func (o *ODE) LabelWidth() int { return o.model.LabelWidth() }

// Dim is the number of components of z.
func (o *ODE) Dim() int { return o.model.Dim() }

// Solve returns the solution from z0 over t0 to t1; t1 < t0 integrates backward. Check Solution.Err: a sample that
// fails numerically is no error of the call.
func (o *ODE) Solve(ctx context.Context, theta, z0 []float64, t0, t1 float64) (*solver.Solution, error) {
	return o.SolveBatch(ctx, theta, over(z0, t0, t1))
}

// SolveBatch returns the solution of a batch, with its states at the batch's times in Solution.Saved. Check
// Solution.Err.
func (o *ODE) SolveBatch(ctx context.Context, theta []float64, b solver.Batch) (*solver.Solution, error) {
	return o.program.Solve(ctx, theta, b)
}

// SolveAt returns the states of samples at times in order, from z0 at the first on: Solution.Saved, [samples, times,
// dim]. A field that reads signals wants them, and no other has any. Check Solution.Err.
func (o *ODE) SolveAt(ctx context.Context, theta, z0, times []float64,
	signals ...solver.Signals) (*solver.Solution, error) {
	if len(times) == 0 {
		return nil, errors.New("neuralode: SolveAt wants at least one time, that of z0")
	}
	b := over(z0, times[0], times[len(times)-1])
	if b.Times = times; len(signals) > 1 {
		return nil, fmt.Errorf("neuralode: SolveAt wants all signals in one Signals, got %d", len(signals))
	}
	for _, u := range signals {
		b.Signals = u
	}
	return o.SolveBatch(ctx, theta, b)
}

// over is the batch of one span.
func over(z0 []float64, t0, t1 float64) solver.Batch {
	return solver.Batch{Z0: z0, Spans: []solver.Span{{T0: t0, T1: t1}}}
}

// Gradient returns the loss of the head over the samples, its mean, and the derivatives of that mean for z0 and θ.
// labels is [samples, label width]. The spec must have a gradient mode and the ODE a head. Check Derivative.Err.
func (o *ODE) Gradient(ctx context.Context, theta, z0, labels []float64, t0, t1 float64) (*solver.Derivative, error) {
	if o.model.Head == nil {
		return nil, fmt.Errorf("neuralode: Gradient needs a head with a loss; use VJP for cotangents of your own")
	}
	return o.Differentiate(ctx, theta, over(z0, t0, t1), solver.Objective{Labels: labels})
}

// VJP returns the solution and the product of cotangent, ∂L/∂z(t1) as [samples, dim], with its Jacobian: ∂L/∂z0 and
// ∂L/∂θ. The spec must have a gradient mode. Check Derivative.Err.
func (o *ODE) VJP(ctx context.Context, theta, z0, cotangent []float64, t0, t1 float64) (*solver.Derivative, error) {
	if cotangent == nil {
		cotangent = []float64{} // too short, not left out: nil would ask for the head's loss
	}
	return o.Differentiate(ctx, theta, over(z0, t0, t1), solver.Objective{Cotangent: cotangent})
}

// Differentiate returns the solution of a batch and the derivatives of an objective: the loss of the head at t1 or at
// the batch's times, or cotangents of the states there, for z0, θ, inputs and, where the objective asks for them, t0,
// t1, the times and the values of signals. The spec must have a gradient mode. Check Derivative.Err.
func (o *ODE) Differentiate(ctx context.Context, theta []float64, b solver.Batch,
	objective solver.Objective) (*solver.Derivative, error) {
	return o.program.Differentiate(ctx, theta, b, objective)
}

// Ranges are the places in θ of the parameters of these names, for solver.Optimizer.Frozen: see solver.Ranges.
func (o *ODE) Ranges(names ...string) ([]solver.Range, error) {
	return solver.Ranges(o.model.Params(), names)
}

// Train opens a session that trains a copy of theta, with no moments yet, on a copy of the data. A schedule's learning
// rates are given to the session's Run. The spec must have a gradient mode and the ODE a head. Close the session when
// it is no longer used; closing the ODE closes it too.
func (o *ODE) Train(data solver.Data, opt solver.Optimizer, theta []float64) (solver.Session, error) {
	return o.TrainFrom(data, opt, solver.NewOptimizerState(theta))
}

// TrainFrom is Train from the state of an optimizer, such as another session's.
func (o *ODE) TrainFrom(data solver.Data, opt solver.Optimizer, start solver.OptimizerState) (solver.Session, error) {
	return o.program.Train(data, opt, start)
}

// Close frees what the ODE holds, once calls under way have ended. Other calls are errors after it; closing again is
// none.
func (o *ODE) Close() error { return o.program.Close() }
