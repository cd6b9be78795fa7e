package kernels

import (
	"errors"
	"fmt"

	"neuralode/solver"
)

// Supports is an error for what the kernels cannot do of what a spec asks, whatever the model; it is
// errors.ErrUnsupported. One step for all samples would tie the rows of all blocks together in every step.
func Supports(spec solver.Spec) error {
	if _, chooses := spec.Method.(*solver.Auto); chooses {
		return refused(fmt.Sprintf("method %s", spec.Method))
	}
	if spec.Controller.Control == solver.ControlBatch {
		return refused("one step for all samples (control batch)")
	}
	return nil
}

// supportsWide is Supports for fields that do not fit into a block: there are no Jacobians of them.
func supportsWide(spec solver.Spec) error {
	if spec.Rosenbrock() != nil {
		return refused(fmt.Sprintf("method %s with a field that does not fit into a block", spec.Method))
	}
	return nil
}

// SupportsModel is Supports for a model: its lift is run elsewhere.
func SupportsModel(m solver.Model) error {
	if m.Lift != nil {
		return refused("a lift")
	}
	if len(m.Events) > 0 || m.Jump != nil {
		return refused("a model with events or jumps")
	}
	return nil
}

// SupportsBatch is Supports for a batch.
func SupportsBatch(b solver.Batch) error {
	if b.KeepSteps {
		return refused("a batch that keeps its steps")
	}
	if len(b.Jumps) > 0 {
		return refused("a batch with jumps")
	}
	return nil
}

// SupportsObjective is Supports for an objective.
func SupportsObjective(o solver.Objective) error {
	if o.ForStops {
		return refused("a derivative for the times of stops")
	}
	return nil
}

func refused(what string) error {
	return fmt.Errorf("cuda: %s needs the CPU: %w", what, errors.ErrUnsupported)
}
