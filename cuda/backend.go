package cuda

import (
	"errors"

	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// Options say which GPU to use.
type Options struct {
	Ordinal int                // as driver.Open takes it; 0 is the first
	Wide    kernels.WideConfig // of fields that do not fit into a block; the zero value is kernels.DefaultWide()
	Small   int                // the most samples of a batch for kernels that spread a leaf over many blocks; 0 is 1024
}

// Backend runs models on one GPU. It may be used by several goroutines.
type Backend struct {
	device       *driver.Device
	architecture string
	wide         kernels.WideConfig
	small        int
}

var _ solver.Backend = (*Backend)(nil)

// New opens a GPU. The error is a *driver.Error that says why there is none: a program built without CUDA, no driver,
// no GPU, no NVRTC.
func New(o Options) (*Backend, error) {
	device, err := driver.Open(o.Ordinal)
	if err != nil {
		return nil, err
	}
	architecture, err := driver.Architecture(device.Info().Compute)
	if err != nil {
		return nil, errors.Join(err, device.Close())
	}
	b := &Backend{device, architecture, o.Wide, o.Small}
	if o.Small <= 0 {
		b.small = smallBatch
	}
	if o.Wide == (kernels.WideConfig{}) {
		b.wide = kernels.DefaultWide()
	}
	return b, nil
}

// Device is "cuda (NVIDIA H100 80GB HBM3 (79.6 GiB, sm_90))".
func (b *Backend) Device() string { return "cuda (" + b.device.Info().String() + ")" }

// Arithmetic is "NVIDIA H100 80GB HBM3, NVRTC 12.9".
func (b *Backend) Arithmetic() string {
	info := b.device.Info()
	return info.Name + ", NVRTC " + info.NVRTC.String()
}

// Close gives the GPU back. Programs must have been closed before.
func (b *Backend) Close() error { return b.device.Close() }

// sharedReserve is what the GPU itself takes of a block's shared memory.
const sharedReserve = 1 << 10

// shared is how much shared memory a block may have.
func (b *Backend) shared() int {
	info := b.device.Info()
	return max(info.SharedPerBlock, info.SharedPerBlockOptIn) - sharedReserve
}

// Supports is an error for one step for all samples, which needs the CPU.
func (b *Backend) Supports(spec solver.Spec) error { return kernels.Supports(spec) }

// fits reports what the kernels cannot do of model and spec. What does not fit into a block has wide kernels, where the
// method has.
func (b *Backend) fits(m solver.Model, spec solver.Spec) error {
	if spec.Rosenbrock() != nil {
		if _, err := kernels.Latency(m, spec, b.shared()); err == nil || !errors.Is(err, kernels.ErrWide) {
			return err
		}
	}
	_, err := kernels.GenerateWide(m, spec, b.wide)
	return err
}

// Compile prepares a model. Kernels are compiled when a call first needs them. A model or spec that the GPU cannot
// run is an error here.
func (b *Backend) Compile(m solver.Model, spec solver.Spec) (solver.Program, error) {
	if err := solver.CheckCompile(m, spec); err != nil { // of the lift, which the kernels do not have
		return nil, err
	}
	whole := m
	m.Lift = nil
	if err := b.fits(m, spec); err != nil {
		return nil, err
	}
	return &program{backend: b, model: m, whole: whole, lifter: solver.NewLifter(whole), spec: spec,
		sessions: map[*session]bool{}}, nil
}
