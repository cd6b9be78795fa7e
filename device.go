package neuralode

import (
	"fmt"

	"neuralode/solver"
	"neuralode/solver/cpu"
)

// Open returns the backend for a device: "cpu", "cuda", or "auto", which is CUDA where it can run and the CPU otherwise.
// note is empty, or says in one line why auto took the CPU. Asking for "cuda" where it cannot run is an error that says
// why.
func Open(device string) (backend solver.Backend, note string, err error) {
	switch device {
	case "cpu":
		backend, err = cpu.New(cpu.Options{})
	case "cuda":
		backend, err = openCUDA()
	case "auto":
		if backend, err = openCUDA(); err == nil {
			return backend, "", nil
		}
		note = fmt.Sprintf("using the CPU: %v", err)
		backend, err = cpu.New(cpu.Options{})
	default:
		err = fmt.Errorf("neuralode: device must be one of %q, got %q", Devices, device)
	}
	return backend, note, err
}

// Devices are the names Open takes.
var Devices = []string{"auto", "cpu", "cuda"}

// CPULevels names the instruction sets the CPU backend can use here, the best last.
func CPULevels() []string { return cpu.Levels() }

// openCUDA is the CUDA backend, or why there is none.
func openCUDA() (solver.Backend, error) {
	return nil, fmt.Errorf("no GPU: built without CUDA")
}
