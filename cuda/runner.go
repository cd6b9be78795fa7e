package cuda

import (
	"errors"
	"math/bits"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// runner launches a model's kernels on the stream of its memory. The Call must have been sent before.
type runner interface {
	// place makes room for n samples, beside what every call has, and cuts them. It returns how many of them share a part
	// of the record of steps.
	place(n int) (sharing int, err error)
	// record makes room for that many steps in each part of the record.
	record(steps int) error

	prepare() error  // after θ has changed
	solve() error    // forward alone
	gradient() error // forward and back
	update() error   // in a training

	// recordable reports whether the launches can be recorded: none depends on what the host learns between them.
	recordable() bool
	close() error
}

// class is a size of batches that have kernels in common: the rows of a block of the fused kernels.
type class int

// The rows of a block of the kernels for small and for large batches, and how many blocks of those for small ones a
// multiprocessor runs beside each other.
const (
	latencyRows    class = 2
	throughputRows class = 64
	latencyBlocks        = 4
)

// classOf is the class of batches of n samples. Under one step for the whole batch a block must hold all of them.
func (b *Backend) classOf(spec solver.Spec, n int) class {
	if spec.Controller.Control == solver.ControlBatch {
		return max(latencyRows, class(1)<<bits.Len(uint(n-1)))
	}
	if n > int(latencyRows)*latencyBlocks*b.device.Info().Multiprocessors {
		return throughputRows
	}
	return latencyRows
}

// newRunner loads the kernels of a class: fused ones where they fit, else wide ones.
func (b *Backend) newRunner(x *memory, m solver.Model, spec solver.Spec, c class) (runner, error) {
	config, err := b.configure(m, spec, c)
	if errors.Is(err, kernels.ErrWide) {
		return b.newWide(x, m, spec)
	}
	if err != nil {
		return nil, err
	}
	return b.newFused(x, m, spec, config)
}

// mostThreads is the size of the largest block.
const mostThreads = 1024

// configure is the configuration of the fused kernels of a class. The error wraps kernels.ErrWide where they do not fit.
func (b *Backend) configure(m solver.Model, spec solver.Spec, c class) (kernels.Config, error) {
	switch {
	case spec.Controller.Control == solver.ControlBatch && c > mostThreads:
		return kernels.Config{}, kernels.ErrWide
	case spec.Controller.Control == solver.ControlBatch:
		config := kernels.Config{Rows: int(c), Threads: max(256, int(c)), Shared: b.shared()}
		_, err := kernels.Print(m, spec, config)
		return config, err
	case c == throughputRows:
		return kernels.Throughput(m, spec, b.shared())
	}
	return kernels.Latency(m, spec, b.shared())
}
