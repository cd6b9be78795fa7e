package train

import (
	"reflect"

	"neuralode"
	"neuralode/graph"
	"neuralode/solver"
)

// compiled is a run's model compiled for training, once for a backend.
type compiled struct {
	backend solver.Backend
	ode     *neuralode.ODE // nil until needed
	model   solver.Model
}

// compile is the run's model compiled for training. It is the run's to close.
func (r *Run) compile(backend solver.Backend) (*neuralode.ODE, error) {
	if r.compiled.of(backend) {
		return r.compiled.ode, nil
	}
	model, err := r.trained()
	if err != nil {
		return nil, err
	}
	ode, err := neuralode.Compile(backend, model, r.Model.InFieldTime(r.recipe.spec))
	if err != nil {
		return nil, err
	}
	err = r.compiled.close()
	r.compiled = compiled{backend, ode, model}
	return ode, err
}

// trained is the model as it is trained: in shooting its loss has the gaps between segments in it.
func (r *Run) trained() (solver.Model, error) {
	model := r.Model.Solver
	if r.Config.Horizon != "shooting" {
		return model, nil
	}
	head := r.Model.head()
	head.Continuity = true
	var err error
	model.Head, err = graph.LowerHead(head)
	return model, err
}

// of reports whether it is compiled for that backend.
func (c *compiled) of(backend solver.Backend) bool {
	return c.ode != nil && reflect.ValueOf(backend).Comparable() && c.backend == backend
}

func (c *compiled) close() error {
	if c.ode == nil {
		return nil
	}
	ode := c.ode
	*c = compiled{}
	return ode.Close()
}

// Predictor is the run's model as it was compiled for training, with the parameters of its last checkpoint. It is good
// until the run is closed, and closing it does nothing.
func (r *Run) Predictor(backend solver.Backend) (*Predictor, error) {
	if err := r.Model.fitsIn(r.recipe.spec.Precision); err != nil {
		return nil, err
	}
	ode, err := r.compile(backend)
	if err != nil {
		return nil, err
	}
	return predictorOf(r.Model, ode, r.recipe.spec, false), nil
}
