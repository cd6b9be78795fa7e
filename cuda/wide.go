package cuda

import (
	"errors"

	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// wide runs the schedule of the kernels for fields that do not fit into a block: see package kernels.
type wide struct {
	*kernels.Wide
	*memory
	model   solver.Model
	spec    solver.Spec
	code    *code
	blas    *driver.BLAS
	scratch *driver.Buffer // of cuBLAS: with memory of its own it would not repeat to the bit
	rows    int
	n       int
}

// mostRows is how many samples are held at once: more would only take memory.
const mostRows = 8192

// scratchBytes is what NVIDIA advises for compute capability 9.0.
const scratchBytes = 32 << 20

func (b *Backend) newWide(x *memory, m solver.Model, spec solver.Spec) (*wide, error) {
	generated, err := kernels.GenerateWide(m, spec, b.wide)
	if err != nil {
		return nil, err
	}
	k := &wide{Wide: generated, memory: x, model: m, spec: spec}
	if k.code, err = b.load(k.Source, k.KernelNames()); err != nil {
		return nil, err
	}
	if err := k.openBLAS(b.device); err != nil {
		return nil, errors.Join(err, k.close())
	}
	return k, nil
}

func (k *wide) openBLAS(d *driver.Device) (err error) {
	if k.blas, err = k.stream.NewBLAS(); err != nil {
		return err
	}
	if k.scratch, err = d.Alloc(scratchBytes); err != nil {
		return err
	}
	return inTurn(
		func() error { return k.blas.SetMath(productMath[k.spec.Precision]) },
		func() error { return k.blas.SetWorkspace(k.scratch) },
	)
}

// productMath is how cuBLAS multiplies where not exactly.
var productMath = map[solver.Precision]driver.Math{solver.TF32: driver.TF32}

func (k *wide) close() error {
	err := k.code.close()
	if k.blas != nil {
		err = errors.Join(err, k.blas.Close())
	}
	if k.scratch != nil {
		err = errors.Join(err, k.scratch.Close())
	}
	return err
}

// allocate holds as many samples at once as make whole tiles. The record is in one part.
func (k *wide) allocate(n int, _ kernels.Cut) (sharing int, err error) {
	c := k.call
	k.n = n
	k.rows = (min(n, mostRows) + k.Tile - 1) / k.Tile * k.Tile
	c.Rows = int64(k.rows)
	c.Blocks = 1
	dim, stages, tiles := k.model.Dim(), k.spec.Tableau().Stages(), k.rows/k.Tile
	err = k.memory.rooms([]room{{&c.RecordUsed, 8},
		k.reals(&c.FieldShared, k.FieldShared), k.reals(&c.HeadShared, k.HeadShared),
		k.reals(&c.FieldWeights, k.FieldWeights), k.reals(&c.HeadWeights, k.HeadWeights), k.reals(&c.Sums, k.Sums),
		k.reals(&c.Frames, tiles*k.Frame), k.reals(&c.State, k.rows*2*dim), k.reals(&c.Slopes, k.rows*stages*2*dim),
		k.reals(&c.Keep, k.rows*k.Keep), k.reals(&c.Ready, tiles*k.Ready), k.reals(&c.Ones, k.Ones),
		{&c.Control, k.rows * kernels.WideRowBytes}, {&c.Squares, 8 * k.NormBlocks},
		{&c.Counters, 8 * kernels.CountersLen}})
	if err != nil {
		return n, err
	}
	return n, put(k.memory, &c.Occupancy, make([]int64, 2)) // rows that wait are not counted
}

func (k *wide) record(steps int) error {
	c := k.call
	c.RecordCapacity = int64(steps)
	return k.memory.roomForRecord([]room{{&c.RecordT, 8 * steps}, {&c.RecordH, 8 * steps},
		{&c.RecordPrevious, 4 * steps}, k.reals(&c.RecordZ, steps*k.RecordZ), k.reals(&c.RecordK, steps*k.RecordK)})
}

func (k *wide) prepare() error { return k.run(k.Prepare) }

func (k *wide) solve() error {
	if err := k.run(k.Begin); err != nil {
		return err
	}
	return k.untilIdle(k.Round)
}

func (k *wide) sums() int { return k.Sums }

func (k *wide) gradient() error { return inTurn(k.thereAndBack, k.reduce, k.finish) }

func (k *wide) thereAndBack() error {
	if err := k.solve(); err != nil {
		return err
	}
	if k.call.Labels != 0 {
		losses := max(k.n, int(k.call.LossRows)) // or more than there are
		for i := 0; i < losses; i += k.rows {
			if err := k.run(k.Head); err != nil {
				return err
			}
		}
	}
	if err := k.run(k.BeginBack); err != nil {
		return err
	}
	return k.untilIdle(k.RoundBack)
}

// reduce is the totals alone: the sums are made on the way.
func (k *wide) reduce() error { return k.run(k.Finish[:1]) }

func (k *wide) finish() error { return k.run(k.Finish[1:]) }

func (k *wide) update() error { return k.run(k.Update) }

func (k *wide) recordable() bool { return false }

// ahead is how many rounds are launched between two looks at how many rows are left.
const ahead = 2

// untilIdle runs rounds, and up to ahead − 1 more than needed.
func (k *wide) untilIdle(round []kernels.Step) error {
	counters := make([]int64, kernels.CountersLen)
	for {
		for range ahead {
			if err := k.run(round); err != nil {
				return err
			}
		}
		if err := take(k.memory, &k.call.Counters, counters); err != nil {
			return err
		}
		if counters[kernels.CounterIdle] == int64(k.rows) {
			return nil
		}
	}
}

func (k *wide) run(steps []kernels.Step) error {
	for _, s := range steps {
		if err := k.step(s); err != nil {
			return err
		}
	}
	return nil
}

func (k *wide) step(s kernels.Step) error {
	if s.GEMM == nil {
		return k.launch(k.code.functions[s.Kernel], s.Blocks(k.rows), s.Threads, 0)
	}
	for tile := range k.rows / k.Tile {
		if err := k.multiply(s.GEMM, tile); err != nil {
			return err
		}
	}
	return nil
}

func (k *wide) multiply(g *kernels.GEMM, tile int) error {
	at := func(o kernels.Operand) driver.Matrix {
		offset := k.realBytes * (o.Offset + tile*o.PerTile)
		return driver.Matrix{Data: driver.Pointer(o.Buffer(k.call)) + driver.Pointer(offset), Stride: o.Stride}
	}
	if k.realBytes == 8 {
		return k.blas.Dgemm(g.TransA, false, g.M, g.N, g.K, 1, at(g.A), at(g.B), g.Beta, at(g.C))
	}
	return k.blas.Sgemm(g.TransA, false, g.M, g.N, g.K, 1, at(g.A), at(g.B), float32(g.Beta), at(g.C))
}
