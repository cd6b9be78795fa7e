package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuralode"
	"neuralode/safetensors"
	"neuralode/solver"
)

// Polish is how the end of a run went: a search by L-BFGS for the last digits, from where its iterations came to, over
// all that is trained on at once, in float64 where the device has that.
type Polish struct {
	Iterations    int     // of the search
	Before, After float64 // the loss of what is trained on, NaN where it cannot be solved from what the iterations came to
	// the loss of what is held out, NaN where nothing is, or where it could not be solved
	HeldBefore, HeldAfter float64
	Kept                  bool // the model's: it is no worse on what is held out
}

// polished is what a polish came to: part of a run's state, so that it is done once.
type polished struct {
	Polish
	theta  []float64
	starts *startTable // nil where none are learnt
}

// Polished is how the run was polished; ok is false where it was not, or not yet.
func (r *Run) Polished() (p Polish, ok bool) {
	if r.polished == nil {
		return Polish{}, false
	}
	return r.polished.Polish, true
}

// polish searches on from what the iterations came to, and saves it. When ctx ends the run stays as they left it, and a
// run that goes on does it anew.
func (l *loop) polish(ctx context.Context, backend solver.Backend) error {
	r := l.run
	if r.Config.Polish == 0 || r.polished != nil {
		return nil
	}
	ode, err := r.compilePolish(backend)
	if err != nil {
		return err
	}
	defer ode.Close()
	b, o, samples, starts, searched := r.polishData()
	frozen, err := solver.Ranges(r.Model.params(), r.Config.Freeze)
	if err != nil {
		return err
	}
	before, err := l.heldLoss(ctx, r.Model.Theta, r.Model.found)
	if err != nil {
		return err
	}
	found, err := ode.Minimize(ctx, r.Model.Theta, b, o, neuralode.MinimizeOptions{Iterations: r.Config.Polish,
		Z0: searched, Frozen: frozen})
	var failed *solver.SampleError
	if errors.As(err, &failed) { // there is nothing to search from: the run stays as its iterations left it
		found, err = &neuralode.Minimum{Theta: slices.Clone(r.Model.Theta), Began: math.NaN(), Loss: math.NaN()}, nil
		searched = false
	}
	if err != nil {
		return fmt.Errorf("train: polish: %w", err)
	}
	p := &polished{theta: found.Theta, starts: starts, Polish: Polish{Iterations: found.Iterations,
		Before: found.Began, After: found.Loss, HeldBefore: before}}
	if r.dtype() == safetensors.F32 {
		for i, v := range p.theta {
			p.theta[i] = float64(float32(v))
		}
	}
	for k, i := range samples {
		if searched {
			copy(starts.of(i), row(found.Z0, k, starts.dim))
			starts.steps[i] = max(starts.steps[i], 1) // it is found, though the iterations may not have come to it
		}
	}
	if p.HeldAfter, err = l.heldLoss(ctx, p.theta, r.foundIn(starts)); err != nil {
		return err
	}
	p.Kept = finite(p.After) && checkFinite(solver.NewOptimizerState(p.theta)) == nil && !(p.HeldAfter > p.HeldBefore) &&
		(finite(p.HeldAfter) || !finite(p.HeldBefore))
	r.polished = p
	return r.saveCheckpoint(r.state, r.starts)
}

// compilePolish compiles the model for the search, with the run's tolerances: at looser ones a net learns what its solves
// do, and at others it is another's.
func (r *Run) compilePolish(backend solver.Backend) (*neuralode.ODE, error) {
	spec := r.recipe.spec
	spec.Gradient = searchGradient(spec)
	double := spec
	if double.Precision = solver.Float64; backend.Supports(double) == nil {
		spec = double
	}
	model, err := r.trained()
	if err != nil {
		return nil, err
	}
	return neuralode.Compile(backend, model, r.Model.InFieldTime(spec))
}

// polishData is all that the last iteration could have seen, the samples of its view, and its starts, nil where none are
// learnt. They are searched too, but for those of segments, which stay where they are.
func (r *Run) polishData() (b solver.Batch, o solver.Objective, samples []int, starts *startTable, searched bool) {
	see, _ := r.Config.horizon(r.Chosen()-1, r.longest())
	v := r.view(see)
	table := r.starts
	if r.best.theta != nil {
		table = r.best.starts
	}
	if table == nil {
		b, o = v.data.Minibatch(r.compiled.model, v.rows)
		return b, o, v.rows, nil, false
	}
	table = table.clone()
	s := r.openStarts(r.compiled.ode, v, see, solver.Optimizer{}, r.state, table)
	b, o = v.data.Minibatch(s.model, v.rows)
	s.place(v.rows, &b, &o)
	for i := range o.Weight {
		o.Weight[i] /= float64(max(counting(o.Mask), 1))
	}
	return b, o, v.rows, table, r.Config.Start == learntStart && see.Parts != Segments
}

// heldLoss is the loss of what is held out, NaN where there is none or where it cannot be solved.
func (l *loop) heldLoss(ctx context.Context, theta []float64, found *foundStarts) (float64, error) {
	if l.predictor == nil {
		return math.NaN(), nil
	}
	e, err := l.predictor.with(theta, found).Evaluate(ctx, l.checked)
	var failed *solver.SampleError
	var beyond *readOutError
	switch {
	case err == nil:
		return e.Loss, nil
	case ctx.Err() != nil || !errors.As(err, &failed) && !errors.As(err, &beyond):
		return 0, err
	}
	return math.NaN(), nil
}

// addTo puts it into a state.
func (p *polished) addTo(file *safetensors.File, dtype safetensors.DType) {
	if p == nil {
		return
	}
	kept := int64(0)
	if p.Kept {
		kept = 1
	}
	file.Tensors["polished.theta"] = safetensors.Tensor{DType: dtype, Shape: []int{len(p.theta)}, Floats: p.theta}
	file.Tensors["polished.search"] = safetensors.Int64([]int64{int64(p.Iterations), kept}, 2)
	file.Tensors["polished.losses"] = safetensors.Float64([]float64{p.Before, p.After, p.HeldBefore, p.HeldAfter}, 4)
	p.starts.addTo(file, polishedStarts)
}

// polishedIn reads what addTo wrote, of n parameters; nil where there is none.
func polishedIn(file *safetensors.Reader, n int) (*polished, error) {
	if !slices.Contains(slices.Collect(file.Names()), "polished.theta") {
		return nil, nil
	}
	p := &polished{}
	var errs [3]error
	p.theta, errs[0] = file.Finite("polished.theta", n)
	search, err := file.Ints("polished.search", 2)
	errs[1] = err
	losses, err := file.Floats("polished.losses", 4)
	errs[2] = err
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	p.Polish = Polish{int(search[0]), losses[0], losses[1], losses[2], losses[3], search[1] == 1}
	return p, nil
}
