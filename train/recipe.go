package train

import (
	"errors"

	"neuralode/graph"
	"neuralode/solver"
)

// recipe is what the names in a configuration stand for.
type recipe struct {
	activation graph.Activation
	spec       solver.Spec
	optimizer  solver.Optimizer // without what is frozen
	schedule   solver.Schedule
}

func (c Config) recipe() (r recipe, err error) {
	var errs [4]error
	r.activation, errs[0] = graph.ParseActivation(c.Activation)
	r.spec, errs[1] = c.Spec()
	r.optimizer, errs[2] = c.optimizer()
	r.schedule, errs[3] = c.schedule()
	return r, errors.Join(errs[:]...)
}
