package kernels

import "neuralode/solver"

// Step is one step of a schedule: the launch of a kernel with the Call's address, or a matrix product.
type Step struct {
	Kernel  string
	Threads int // of a block

	blocks, threadsPerRow int

	GEMM *GEMM // nil for a launch
}

// Blocks is how many blocks of the kernel to launch for that many rows.
func (s Step) Blocks(rows int) int {
	if s.blocks > 0 {
		return s.blocks
	}
	return (rows*s.threadsPerRow + s.Threads - 1) / s.Threads
}

// GEMM is a matrix product for every tile: C = op(A)·B + Beta·C, with M rows, N columns and K terms, all stored by
// rows. Tiles may run at the same time, but where C is the same for all (PerTile 0) they must run in their order.
type GEMM struct {
	M, N, K int
	TransA  bool // op transposes: A is K by M
	A, B, C Operand
	Beta    float64 // 0 or 1
}

// Operand is a matrix in a buffer: row i of tile t begins at Offset + t·PerTile + i·Stride, counted in reals.
type Operand struct {
	Buffer                  func(*Call) Address
	Offset, Stride, PerTile int
}

// Wide kernels that go over an array in strides have at most so many blocks.
const mostBlocks = 512

// over launches a kernel on n elements, in strides where they are many.
func (k *Wide) over(kernel string, n int) Step {
	t := k.config.Threads
	return Step{Kernel: kernel, Threads: t, blocks: min(max((n+t-1)/t, 1), mostBlocks)}
}

// each launches a kernel with a block for every row.
func (k *Wide) each(kernel string) Step {
	return Step{Kernel: kernel, Threads: k.config.RowThreads, threadsPerRow: k.config.RowThreads}
}

func (k *Wide) schedule() {
	k.Prepare = []Step{k.over("prepare", max(k.FieldWeights, k.HeadWeights))}
	if len(k.model.Field.SharedCode) > 0 || k.model.Head != nil && len(k.model.Head.SharedCode) > 0 {
		k.Prepare = append([]Step{k.over("share", 1)}, k.Prepare...)
	}
	k.Begin = []Step{k.over("clear", max(k.Sums, k.Ones)), k.each("beginForward")}
	forward := k.section(k.field, "Forward", k.model.Field.ForwardCode)
	k.Round = k.evaluations(forward, "advanceForward")
	if k.spec.Gradient == solver.NoGradient {
		return
	}
	k.scheduleHead()
	k.scheduleBack(append(forward[:len(forward):len(forward)],
		k.section(k.field, "Backward", k.model.Field.BackwardCode)...))
	k.scheduleFinish()
}

// evaluations repeats an evaluation and what follows it, so that every row tries one step.
func (k *Wide) evaluations(evaluation []Step, advance string) []Step {
	var round []Step
	for range k.window() {
		round = append(round, evaluation...)
		round = append(round, k.each(advance))
	}
	return round
}

func (k *Wide) scheduleHead() {
	if k.head == nil {
		return
	}
	k.Head = append([]Step{k.each("loadHead")}, k.section(k.head, "Forward", k.model.Head.ForwardCode)...)
	k.Head = append(k.Head, k.section(k.head, "Backward", k.model.Head.BackwardCode)...)
	k.Head = append(k.Head, k.each("storeHead"))
	k.Head = append(k.Head, k.sums(k.head, k.field.weights.sumsLen)...)
	k.Head = append(k.Head, Step{Kernel: "passHead", Threads: k.config.RowThreads, blocks: 1})
}

func (k *Wide) scheduleBack(evaluation []Step) {
	clear := Step{Kernel: "clearReady", Threads: k.config.Threads, threadsPerRow: min(max(k.Ready/k.Tile, 1), 64)}
	k.BeginBack = []Step{clear, k.each("beginBackward")}
	k.RoundBack = k.evaluations(evaluation, "advanceBackward")
	k.RoundBack = append(k.RoundBack, k.sums(k.field, 0)...)
	k.RoundBack = append(k.RoundBack, k.each("consume"))
}

func (k *Wide) scheduleFinish() {
	k.Finish = []Step{{Kernel: "total", Threads: k.config.RowThreads, blocks: 8}}
	if len(k.model.Field.FinishCode) > 0 || k.head != nil && len(k.model.Head.FinishCode) > 0 {
		k.Finish = append(k.Finish, Step{Kernel: "finish", Threads: wideThreads, blocks: 1})
	}
	k.Finish = append(k.Finish, Step{Kernel: "gradient", Threads: wideThreads, blocks: k.NormBlocks},
		Step{Kernel: "conclude", Threads: k.config.RowThreads, blocks: 1})
	updates := min((k.model.ThetaLen()+wideThreads-1)/wideThreads, mostBlocks)
	k.Update = []Step{{Kernel: "update", Threads: wideThreads, blocks: max(updates, 1)}}
}
