package cuda

import (
	"errors"

	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// fused runs the kernels that hold a tile of rows in a block for a whole solve or gradient.
type fused struct {
	*kernels.Fused
	*memory
	code      *code
	part      int // samples of a leaf that a block takes in a gradient, or 0
	atOnce    int // blocks that the GPU runs beside each other
	blocks    int
	gradients bool
}

func (b *Backend) newFused(x *memory, m solver.Model, spec solver.Spec, config kernels.Config) (*fused, error) {
	generated, err := kernels.GenerateFused(m, spec, config)
	if err != nil {
		return nil, err
	}
	k := &fused{Fused: generated, memory: x, part: config.Part, gradients: spec.Gradient != solver.NoGradient}
	if k.code, err = b.load(generated.Source, generated.KernelNames()); err != nil {
		return nil, err
	}
	if err := k.fit(b.device.Info().Multiprocessors); err != nil {
		return nil, errors.Join(err, k.close())
	}
	return k, nil
}

// main is the kernel that holds the rows.
func (k *fused) main() *driver.Function {
	if k.gradients {
		return k.code.functions["differentiate"]
	}
	return k.code.functions["solve"]
}

// fit lets the main kernel have its shared memory and asks how many of its blocks run at once.
func (k *fused) fit(multiprocessors int) error {
	if err := k.main().SetMaxShared(k.Shared); err != nil {
		return err
	}
	each, err := k.main().Occupancy(k.Threads, k.Shared)
	k.atOnce = max(1, each) * multiprocessors
	return err
}

// allocate cuts the samples into blocks, each with a part of the record. A solve has as many as run at once, each of a
// tile's rows at least; a gradient has those that the order of its sums wants.
func (k *fused) allocate(n int, cut kernels.Cut) (sharing int, err error) {
	c := k.call
	partial := 0
	if k.gradients {
		k.blocks, sharing = cut.Blocks(n, k.part), cut.Leaf
		if k.part > 0 {
			sharing = k.part
		}
		partial = k.blocks * cut.Depth * k.Sums
	} else {
		k.blocks = min((n+k.Rows-1)/k.Rows, k.atOnce)
		sharing = (n + k.blocks - 1) / k.blocks
		k.blocks = (n + sharing - 1) / sharing
	}
	c.Chunk = int64(sharing)
	c.Blocks = int64(k.blocks)
	return sharing, k.rooms([]room{{&c.Occupancy, 16 * k.blocks}, {&c.RecordUsed, 8 * k.blocks},
		k.reals(&c.FieldShared, k.FieldShared), k.reals(&c.HeadShared, k.HeadShared),
		k.reals(&c.FieldWeights, k.FieldWeights), k.reals(&c.HeadWeights, k.HeadWeights), k.reals(&c.Partial, partial),
		k.reals(&c.Sums, k.Sums)})
}

func (k *fused) record(steps int) error {
	c := k.call
	c.RecordCapacity = int64(steps)
	n := k.blocks * steps
	return k.roomForRecord([]room{{&c.RecordT, 8 * n}, {&c.RecordH, 8 * n}, {&c.RecordPrevious, 4 * n},
		k.reals(&c.RecordZ, n*k.RecordZ)})
}

// flatBlocks is how many blocks work on θ.
const flatBlocks = 16

func (k *fused) run(kernel string, blocks, threads, shared int) error {
	return k.launch(k.code.functions[kernel], blocks, threads, shared)
}

func (k *fused) prepare() error {
	if k.NeedsShare {
		if err := k.run("share", 1, k.Threads, 0); err != nil {
			return err
		}
	}
	return k.run("prepare", flatBlocks, k.Threads, 0)
}

func (k *fused) solve() error { return k.run("solve", k.blocks, k.Threads, k.Shared) }

func (k *fused) sums() int { return k.Sums }

func (k *fused) gradient() error { return inTurn(k.thereAndBack, k.reduce, k.finish) }

func (k *fused) thereAndBack() error { return k.run("differentiate", k.blocks, k.Threads, k.Shared) }

func (k *fused) reduce() error { return k.run("reduce", flatBlocks, k.Threads, 0) }

func (k *fused) finish() error { return k.run("finish", 1, k.WideThreads, 0) }

func (k *fused) update() error { return k.run("update", flatBlocks, k.WideThreads, 0) }

func (k *fused) recordable() bool { return true }

func (k *fused) close() error { return k.code.close() }
