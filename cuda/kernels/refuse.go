package kernels

import (
	"errors"
	"fmt"

	"neuralode/solver"
)

// Refuse is an error for what the kernels cannot do with a batch that is otherwise right; it is errors.ErrUnsupported.
func Refuse(b solver.Batch) error {
	if b.Offsets != nil {
		return refused("a batch whose samples have times of their own")
	}
	return nil
}

func refused(what string) error {
	return fmt.Errorf("cuda: %s needs the CPU: %w", what, errors.ErrUnsupported)
}
