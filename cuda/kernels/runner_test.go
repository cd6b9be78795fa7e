package kernels_test

import (
	"neuralode/cuda/kernels"
	"neuralode/cuda/kernels/emulate"
)

// fused runs the kernels that hold a tile in a block.
type fused struct{ *kernels.Fused }

func (k fused) rooms(c *call) {
	c.roomReals(map[*kernels.Address]int{&c.FieldShared: k.FieldShared, &c.HeadShared: k.HeadShared,
		&c.FieldWeights: k.FieldWeights, &c.HeadWeights: k.HeadWeights, &c.Partial: c.blocks * c.depth * k.Sums,
		&c.Sums: k.Sums})
}

func (k fused) record(c *call, steps int) {
	c.RecordCapacity = int64(steps)
	c.roomForSteps(c.blocks*steps, k.RecordZ)
}

func (k fused) prepare(c *call) {
	if k.NeedsShare {
		c.launch("share", 1, k.Threads, 0)
	}
	c.launch("prepare", 2, k.Threads, 0)
}

func (k fused) solve(c *call) { c.launch("solve", c.blocks, k.Threads, k.Shared) }

func (k fused) gradient(c *call) {
	c.launch("differentiate", c.blocks, k.Threads, k.Shared)
	c.launch("reduce", 2, k.Threads, 0)
	c.launch("finish", 1, k.WideThreads, 0)
}

func (k fused) update(c *call) { c.launch("update", 2, k.WideThreads, 0) }

func (k fused) solvesAlone() bool { return false }

// wide runs the schedule of the wide kernels.
type wide struct{ *kernels.Wide }

func (k wide) rooms(c *call) {
	c.Rows = int64(c.rows)
	dim, stages, tiles := c.model.Dim(), c.spec.Tableau().Stages(), c.rows/k.Tile
	c.roomReals(map[*kernels.Address]int{&c.FieldShared: k.FieldShared, &c.HeadShared: k.HeadShared,
		&c.FieldWeights: k.FieldWeights, &c.HeadWeights: k.HeadWeights, &c.Sums: k.Sums, &c.Frames: tiles * k.Frame,
		&c.State: c.rows * 2 * dim, &c.Slopes: c.rows * stages * 2 * dim, &c.Keep: c.rows * k.Keep,
		&c.Ready: tiles * k.Ready, &c.Ones: k.Ones})
	c.room(&c.Control, c.rows*kernels.WideRowBytes)
	c.room(&c.Squares, 8*k.NormBlocks)
	c.room(&c.Counters, 8*kernels.CountersLen)
}

func (k wide) record(c *call, steps int) {
	steps *= 2 // here it is the capacity of all blocks together
	c.RecordCapacity = int64(steps)
	c.roomForSteps(steps, k.RecordZ)
	c.room(&c.RecordK, c.realBytes()*steps*k.RecordK)
}

func (k wide) prepare(c *call) { k.run(c, k.Prepare) }

func (k wide) solve(c *call) {
	k.run(c, k.Begin)
	k.untilIdle(c, k.Round)
}

func (k wide) gradient(c *call) {
	k.solve(c)
	if c.Labels != 0 {
		for i := 0; i < c.losses; i += c.rows {
			k.run(c, k.Head)
		}
	}
	k.run(c, k.BeginBack)
	k.untilIdle(c, k.RoundBack)
	k.run(c, k.Finish)
}

func (k wide) update(c *call) { k.run(c, k.Update) }

func (k wide) solvesAlone() bool { return true }

// untilIdle runs rounds, and some more than needed.
func (k wide) untilIdle(c *call, round []kernels.Step) {
	counters := make([]int64, kernels.CountersLen)
	for {
		k.run(c, round)
		k.run(c, round)
		c.device.Read(c.Counters, counters)
		if counters[kernels.CounterIdle] == int64(c.rows) || !c.device.Works() {
			return
		}
	}
}

func (k wide) run(c *call, steps []kernels.Step) {
	at := c.device.Alloc(kernels.CallBytes)
	c.device.Write(at, c.Call)
	for _, s := range steps {
		if s.GEMM == nil {
			c.device.Launch(s.Kernel, s.Blocks(c.rows), s.Threads, 0, at)
			continue
		}
		for tile := range c.rows / k.Tile {
			c.multiply(s.GEMM, tile)
		}
	}
}

func (c *call) multiply(g *kernels.GEMM, tile int) {
	real := c.realBytes()
	place := func(o kernels.Operand) (at, stride uint64) {
		return o.Buffer(&c.Call) + uint64(real*(o.Offset+tile*o.PerTile)), uint64(o.Stride)
	}
	p := emulate.Product{RealBytes: uint64(real), M: uint64(g.M), N: uint64(g.N), K: uint64(g.K), Beta: uint64(g.Beta)}
	if g.TransA {
		p.TransA = 1
	}
	p.A, p.StrideA = place(g.A)
	p.B, p.StrideB = place(g.B)
	p.C, p.StrideC = place(g.C)
	c.device.Multiply(p)
}
