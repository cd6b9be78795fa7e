package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuralode"
	"neuralode/solver"
)

// Predictor is a model compiled for a backend, with the parameters that it had then: it solves, predicts and evaluates
// as often as it is asked to. Its methods may be called from several goroutines; solves wait for each other. Close it
// when it is no longer used.
type Predictor struct {
	model *Model // with parameters that nobody changes
	spec  solver.Spec
	ode   *neuralode.ODE
	own   bool // the ODE is for nobody else
}

// Compile compiles the model for solving as spec says; it needs no gradient. It fails where the backend refuses the
// model or a parameter is infinite in the precision.
func (m *Model) Compile(backend solver.Backend, spec solver.Spec) (*Predictor, error) {
	if err := m.fitsIn(spec.Precision); err != nil {
		return nil, err
	}
	if spec.Gradient = solver.NoGradient; m.found != nil { // starts are fitted
		spec.Gradient = searchGradient(spec)
	}
	ode, err := neuralode.Compile(backend, m.Solver, m.InFieldTime(spec))
	if err != nil {
		return nil, err
	}
	return predictorOf(m, ode, spec, true), nil
}

// searchGradient is how losses are differentiated in a search: exactly, where the method has that.
func searchGradient(spec solver.Spec) solver.Gradient {
	if slices.Contains(spec.Gradients(), solver.Discrete) {
		return solver.Discrete
	}
	return spec.Gradients()[0]
}

// predictorOf is a compiled model with its parameters as they are now.
func predictorOf(m *Model, ode *neuralode.ODE, spec solver.Spec, own bool) *Predictor {
	now := *m
	now.Theta = slices.Clone(m.Theta)
	return &Predictor{model: &now, spec: spec, ode: ode, own: own}
}

// With is the predictor of the same model with other parameters, of which it keeps the memory. It is good as long as p
// is, and closing it does nothing.
func (p *Predictor) With(theta []float64) *Predictor { return p.with(theta, p.model.found) }

// with is With, with other starts of the series that were trained on.
func (p *Predictor) with(theta []float64, found *foundStarts) *Predictor {
	model, other := *p.model, *p
	model.Theta, model.found = theta, found
	other.model, other.own = &model, false
	return &other
}

// Model is the model with the parameters that are used.
func (p *Predictor) Model() *Model { return p.model }

// Backend is where it solves.
func (p *Predictor) Backend() solver.Backend { return p.ode.Backend() }

// Spec is how it solves.
func (p *Predictor) Spec() solver.Spec { return p.spec }

// Close frees what the predictor holds, once calls under way have ended. Other calls are errors after it; closing again
// is none.
func (p *Predictor) Close() error {
	if !p.own {
		return nil
	}
	return p.ode.Close()
}

// Solve integrates the points x, [n, features], over the model's span, with states kept at the times, and gives use the
// solutions of so many at once as fit into a bounded memory, in their order: from is the place of a solution's first
// sample, failed is nil or the *solver.SampleError of one of its samples, numbered as in x. With one step for all, all
// are solved at once. It ends at the first error of use.
func (p *Predictor) Solve(ctx context.Context, x, times []float64,
	use func(from int, s *solver.Solution, failed error) error) error {
	return p.solve(ctx, x, solver.Batch{Times: times}, solveBytes, use)
}

// SolveSteps is Solve with all accepted steps in place of states at times: Solution.Steps.
func (p *Predictor) SolveSteps(ctx context.Context, x []float64,
	use func(from int, s *solver.Solution, failed error) error) error {
	return p.solve(ctx, x, solver.Batch{KeepSteps: true}, solveBytes/usualSteps, use)
}

// usualSteps is how many steps SolveSteps expects a sample to take, for the memory of a block.
const usualSteps = 64

// solve is Solve of such batches with blocks of about so many bytes.
func (p *Predictor) solve(ctx context.Context, x []float64, like solver.Batch, bytes float64,
	use func(from int, s *solver.Solution, failed error) error) error {
	features := p.model.Features()
	n := len(x) / features
	block, err := p.model.block(p.spec, n, len(like.Times), bytes)
	if err != nil {
		return err
	}
	for from := 0; from < n; from += block {
		b := like
		b.Spans = []solver.Span{p.model.Span}
		p.model.startPoints(&b, x[from*features:min(n, from+block)*features])
		s, err := p.ode.SolveBatch(ctx, p.model.Theta, b)
		if err != nil {
			return err
		}
		if err := use(from, s, failure(from, s, p.spec)); err != nil {
			return err
		}
	}
	return nil
}

// ReadOut is what the read-out makes of states, [n, dim], at t1: [n, outputs], in the units of the labels where these
// are numbers.
func (p *Predictor) ReadOut(ctx context.Context, z []float64) ([]float64, error) {
	out, _, err := p.read(ctx, z, nil)
	return out, err
}

// read is ReadOut and, with labels (or nil) as the data have them, one number or class a sample and output, the loss of
// each: that of the training, between scaled numbers.
func (p *Predictor) read(ctx context.Context, z, labels []float64) (out, losses []float64, err error) {
	states := solver.States{Z: z}
	if labels != nil {
		states.Labels = p.model.labels(labels)
	}
	read, err := p.ode.ReadOut(ctx, p.model.Theta, states)
	if err != nil {
		return nil, nil, err
	}
	return p.model.LabelScale.Undo(read.Out, p.model.Outputs), read.Losses, nil
}

// fitsIn reports the first parameter that is infinite in a precision.
func (m *Model) fitsIn(p solver.Precision) error {
	if p == solver.Float64 {
		return nil
	}
	theta := m.Theta
	for _, q := range m.Solver.Params() {
		for i, v := range theta[:q.Len()] {
			if math.Abs(v) > math.MaxFloat32 {
				return fmt.Errorf("train: number %d of %s is %v, which %v does not hold: solve in float64", i, q.Name,
					v, p)
			}
		}
		theta = theta[q.Len():]
	}
	return nil
}

// failure is the solution's error with the sample's place among all.
func failure(from int, s *solver.Solution, spec solver.Spec) error {
	var failed *solver.SampleError
	err := s.Err()
	if errors.As(err, &failed) {
		failed.Sample += from
		spec.Controller.Advise(err)
	}
	return err
}
