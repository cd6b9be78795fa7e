package kernels

import (
	"errors"
	"fmt"

	"neuralode/plan"
	"neuralode/solver"
)

// Refuse is an error for what the kernels cannot do with a batch and an objective that are otherwise right; it is
// errors.ErrUnsupported.
func Refuse(b solver.Batch, o solver.Objective) error {
	if o.AtTimes {
		return refused("a loss at the times of the batch")
	}
	if b.Offsets != nil {
		return refused("a batch whose samples have times of their own")
	}
	return nil
}

// Supports is an error for what the kernels cannot do of what a spec asks, whatever the model; it is errors.ErrUnsupported.
// One step for all samples would tie the rows of all blocks together in every step.
func Supports(spec solver.Spec) error {
	if spec.Controller.Control == solver.ControlBatch {
		return refused("one step for all samples (control batch)")
	}
	return nil
}

// RefuseData is the same for the data of a training.
func RefuseData(d solver.Data) error {
	switch {
	case len(d.Times) > 0:
		return refused("a training with times of the data")
	case len(d.Spans) > 1:
		return refused("a training whose samples have spans of their own")
	case d.Weight != nil:
		return refused("a training with weights")
	}
	return nil
}

// refuseModel is the same for a model.
func refuseModel(m solver.Model) error {
	if m.Head != nil && m.Head.Input("t") != plan.None {
		return refused("a read-out that reads t")
	}
	return nil
}

func refused(what string) error {
	return fmt.Errorf("cuda: %s needs the CPU: %w", what, errors.ErrUnsupported)
}
