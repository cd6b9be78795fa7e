package cuda

import (
	"errors"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// runner launches a model's kernels on the stream of its memory. The Call must have been sent before.
type runner interface {
	// allocate makes room for n samples, beside what every call has, for a gradient cut in that way. It returns how
	// many of them share a part of the record of steps.
	allocate(n int, cut kernels.Cut) (sharing int, err error)
	// record makes room for that many steps in each part of the record.
	record(steps int) error

	prepare() error      // after θ has changed
	solve() error        // forward alone
	sums() int           // numbers that are summed over samples
	gradient() error     // forward and back, the sums, and what follows them
	thereAndBack() error // the first part of it: forward and back
	reduce() error       // the second: the sums of some runs of leaves, and the totals of all leaves
	finish() error       // the third
	update() error       // in a training

	// recordable reports whether the launches can be recorded: none depends on what the host learns between them.
	recordable() bool
	close() error
}

// class is a size of batches that have kernels in common: the rows of a block of the fused kernels.
type class int

// The rows of a block of the kernels for small and for large batches.
const (
	latencyRows    class = 2
	throughputRows class = 64
)

// smallBatch is how many samples the kernels for small batches take at most: there are as many blocks of their rows
// beside each other on an H100. It is the same on every GPU, since it is part of the order of the sums.
const smallBatch = 1024

// classOf is the class of batches of n samples.
func (b *Backend) classOf(n int) class {
	if n > b.small {
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

// configure is the configuration of the fused kernels of a class. The error wraps kernels.ErrWide where they do not
// fit.
func (b *Backend) configure(m solver.Model, spec solver.Spec, c class) (kernels.Config, error) {
	if c == throughputRows {
		return kernels.Throughput(m, spec, b.shared())
	}
	return kernels.Latency(m, spec, b.shared())
}
