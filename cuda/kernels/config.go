package kernels

import (
	"cmp"
	"errors"
	"fmt"

	"neuralode/plan"
	"neuralode/solver"
)

// Config is how a kernel uses a thread block. It changes the speed, never the bits of a sample.
type Config struct {
	Rows    int // samples a block holds at once
	Threads int // of a block: a multiple of 32, at least Rows
	Shared  int // bytes of shared memory a block may have
	Part    int // samples of a leaf that a block takes in a gradient; 0: all. It is part of the order of the sums
}

// Latency is for small batches: few rows, so that a small batch spreads over many blocks. It returns an error that
// wraps ErrWide when not even one row fits into so many bytes of shared memory.
func Latency(m solver.Model, spec solver.Spec, shared int) (Config, error) {
	return fitRows(m, spec, Config{Rows: 2, Threads: 128, Shared: shared, Part: 2})
}

// Throughput is for large batches: as many rows as fit, so that a weight once loaded serves several samples. Its error
// is that of Latency.
func Throughput(m solver.Model, spec solver.Spec, shared int) (Config, error) {
	rows := 64
	if spec.Gradient != solver.NoGradient {
		rows = solver.LeafSize(1 << 20) // a block has one leaf at a time
	}
	return fitRows(m, spec, Config{Rows: rows, Threads: 256, Shared: shared})
}

// fitRows halves the rows until the kernels fit.
func fitRows(m solver.Model, spec solver.Spec, c Config) (Config, error) {
	for ; ; c.Rows /= 2 {
		if _, err := GenerateFused(m, spec, c); c.Rows == 1 || !errors.Is(err, ErrWide) {
			return c, err
		}
	}
}

// MaxWidth is the widest value of a plan that the fused kernels take.
const MaxWidth = 128

// wideThreads is the block size of the kernels that work on θ.
const wideThreads = 512

func (c Config) check() error {
	if c.Rows < 1 || c.Threads%32 != 0 || c.Threads < 32 || c.Threads > 1024 || c.Rows > c.Threads {
		return fmt.Errorf("kernels: a block of %d threads for %d rows: want a multiple of 32 up to 1024 and at most as many rows", c.Threads, c.Rows)
	}
	return nil
}

// ErrWide says that a plan is too wide or too large for the fused kernels.
var ErrWide = errors.New("kernels: the plan is too wide for the fused kernels")

// checkNarrow reports a row value that is too wide.
func checkNarrow(p *plan.Plan) error {
	for _, v := range p.Values {
		if v.Space == plan.Row && v.Cols > MaxWidth {
			return fmt.Errorf("%w: %v has %d columns, at most %d fit", ErrWide, v, v.Cols, MaxWidth)
		}
	}
	return nil
}

func check(m solver.Model, spec solver.Spec, c Config) error {
	if err := errors.Join(solver.CheckCompile(m, spec), c.check()); err != nil {
		return err
	}
	if err := cmp.Or(Supports(spec), SupportsModel(m)); err != nil {
		return err
	}
	err := errors.Join(checkTables(m.Field), checkNarrow(m.Field))
	if m.Head == nil || spec.Gradient == solver.NoGradient {
		return err
	}
	return errors.Join(err, checkHead(m), checkTables(m.Head), checkNarrow(m.Head))
}

func checkHead(m solver.Model) error {
	if m.Head.HasVJP() {
		return nil
	}
	return errors.New("kernels: the loss depends on nothing that can be differentiated")
}
