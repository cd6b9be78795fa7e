package neuralode

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"neuralode/cuda"
	"neuralode/cuda/driver"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

// Open returns the backend for a device: "cpu", "cuda", which is the first GPU, "cuda:1", the second and so on, or
// "auto", which is the first GPU where it can run and the CPU otherwise. note is empty, or says in one line why auto took
// the CPU, or why CUDA's kernels are not kept on disk. Asking for "cuda" where it cannot run is an error that says why.
func Open(device string) (backend solver.Backend, note string, err error) {
	if err := CheckDevice(device); err != nil {
		return nil, "", err
	}
	if device == "cpu" {
		backend, err = cpu.New(cpu.Options{})
		return backend, "", err
	}
	gpu, _ := ordinal(device)
	if backend, note, err = openCUDA(gpu); err == nil || device != "auto" {
		return backend, note, err
	}
	note = fmt.Sprintf("using the CPU: %v", err)
	if errors.Is(err, &driver.Error{Name: driver.NotBuilt}) {
		note = "using the CPU: this program is built without CUDA (make gpu-build builds one with it)"
	}
	backend, err = cpu.New(cpu.Options{})
	return backend, note, err
}

// CheckDevice reports a name that Open can never take.
func CheckDevice(device string) error {
	if _, isGPU := ordinal(device); isGPU || slices.Contains(Devices, device) {
		return nil
	}
	return fmt.Errorf("neuralode: device must be one of %q, or cuda:1 and so on for another GPU, got %q", Devices, device)
}

// ordinal is the number of the GPU that a device names as cuda:N. Every other device gets the first, 0.
func ordinal(device string) (n int, named bool) {
	number, isGPU := strings.CutPrefix(device, "cuda:")
	k, err := strconv.ParseUint(number, 10, 16)
	if !isGPU || err != nil {
		return 0, false
	}
	return int(k), true
}

// OpenFor is Open for what will be solved as the spec says: auto takes CUDA only where that supports it. A device that
// does not is an error, errors.ErrUnsupported.
func OpenFor(device string, spec solver.Spec) (backend solver.Backend, note string, err error) {
	if backend, note, err = Open(device); err != nil {
		return nil, "", err
	}
	lacks := backend.Supports(spec)
	if lacks == nil {
		return backend, note, nil
	}
	gpu, isGPU := backend.(*cuda.Backend)
	switch {
	case device == "auto" && isGPU:
		closed := gpu.Close()
		backend, err = cpu.New(cpu.Options{})
		return backend, fmt.Sprintf("using the CPU: %v", lacks), errors.Join(err, closed)
	case device == "auto":
		lacks = fmt.Errorf("%w; %s", lacks, note)
	}
	return nil, "", lacks
}

// Devices are the names that Open takes, but for those of the second GPU and others.
var Devices = []string{"auto", "cpu", "cuda"}

// CPULevels names the instruction sets the CPU backend can use here, the best last.
func CPULevels() []string { return cpu.Levels() }

// GPU describes a GPU and the libraries it is used with.
type GPU struct {
	Name    string // as "NVIDIA H100 80GB HBM3 (79.6 GiB, sm_90)"
	Driver  string // the newest CUDA that the driver knows, as "12.9"
	NVRTC   string // version, or why it cannot be used
	CUBLAS  string // the same; only wide fields need it
	Ordinal int
}

// GPUs lists the GPUs that this process can see. The error says why there is none.
func GPUs() ([]GPU, error) {
	infos, err := driver.Devices()
	if err != nil {
		return nil, err
	}
	var all []GPU
	for _, i := range infos {
		all = append(all, GPU{Name: i.String(), Driver: i.Driver.String(), NVRTC: i.NVRTC.String(),
			CUBLAS: i.CUBLAS.String(), Ordinal: i.Ordinal})
	}
	return all, nil
}

// KernelCache is the folder in which compiled kernels are kept, or why there is none.
func KernelCache() (string, error) { return driver.Cache() }

// openCUDA is the CUDA backend of a GPU, or why there is none.
func openCUDA(ordinal int) (backend solver.Backend, note string, err error) {
	b, err := cuda.New(cuda.Options{Ordinal: ordinal})
	if err != nil {
		return nil, "", err
	}
	if _, err := driver.Cache(); err != nil {
		note = fmt.Sprintf("compiled kernels are not kept: %v", err)
	}
	return b, note, nil
}
