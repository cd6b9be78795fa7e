// Package kernels is the device code of the CUDA backend: CUDA C sources that do what [solver.Integrate] and the
// gradients say, and a printer that adds a model's plans to them as device functions.
//
// # Fused kernels
//
// [GenerateFused] gives one translation unit for one model and spec. NVRTC compiles it for a GPU; package emulate runs
// the same text on the host. A thread block owns a tile of rows for the whole solve, as package cpu's workers do: each
// row holds one sample with its own time, step and acceptance, and takes the block's next sample when its own is done.
// All sums have one fixed order and there are no atomics, so a sample's bits depend neither on the batch nor on the
// [Config], and the gradient's on the batch, Config.Part and, within a leaf, Config.Rows: blocks own whole leaves, or a
// fixed part of one, and what they sum is added along the tree of the leaves (leaves.cu), however many leaves a block
// has (Call.perBlock).
//
// To run them: allocate what the fields of a [Call] say, copy it to device memory, and
// launch the kernels that [Fused.KernelNames] lists with its address as the only parameter. A training iteration is
// prepare, differentiate, reduce, finish, update with the same Call every time: finish moves Call.progress to the next
// minibatch, so any number of iterations can be launched ahead, or stand in one graph. After a [Failure] the rest do
// nothing, and θ is as before the iteration that failed.
//
// # Gradients
//
// The adjoint and backsolve are one source (adjoint.cu, wideadjoint.cu), compiled for a state of a or of [z, a]. The
// adjoint and the discrete gradient need what the forward solve has recorded of its accepted steps, in parts of
// Call.recordCapacity steps, one for each block. A step takes 20 bytes and Fused.RecordZ reals: the state, DIM, for the
// discrete gradient; the coefficients of its dense output, (degree + 1)·DIM, 5·DIM with Dopri5, for the adjoint. The
// wide kernels' discrete gradient takes Wide.RecordK reals more, the slopes of (stages − 1)·DIM. Where a part was too
// small, Call.recordUsed says how many steps there were, and nothing has gone backward: make room and launch again.
// Backsolve needs no record.
//
// Samples that fail on the way back have a status, and zeros for ∂L/∂z0; their terms in Call.gradient and their losses
// are not left out here but on the host ([solver.LeaveOut]). An iteration of a training with such a sample is a
// [Failure].
//
// # Wide kernels
//
// A plan that does not fit into a block ([ErrWide]) is printed by [GenerateWide], which takes any plan. Rows lie in
// device memory, Call.rows of them, and are evaluated together: matrix products are left to a library, what follows a
// product is one fused kernel. Between two evaluations a block per row takes the result, judges the step if it was the
// last stage, and writes the row's next argument; rows are at different stages of different steps, and none waits for
// another. Row r has the samples r, r + rows, r + 2·rows, ….
//
// [Wide] holds the schedule as data: lists of [Step], each a launch or a [GEMM], to run one after another on one stream
// with the same Call; any run of them can be captured in a graph. A solve is Prepare, Begin, then Round again and
// again. A gradient goes on with Head once for every Call.rows samples (where there are labels), BeginBack, RoundBack
// again and again, and Finish; a training iteration ends with Update. A round is one step for every row (a sample's
// first step takes up to two evaluations more), back with the sums of ∂L/∂θ at its end, and must be run whole. No
// decision comes to the host: it launches rounds ahead and looks now and then whether Call.counters[CounterIdle] has
// reached Call.rows. Rounds after that change nothing, and neither does anything after a Failure. Where the record was
// too small (Call.recordUsed), the caller makes room and repeats from Begin. Call.occupancy is not written.
//
// Call.rows is any multiple of the tile, for instance the batch's size rounded up, or what memory holds. The record is
// one part, and Call.blocks is 1.
//
// A product always has the same shape, that of a tile, whatever the batch: so a library that chooses its algorithm by
// shape always takes the same one, and a sample's bits depend neither on its row nor on the other rows nor on their
// number, as long as every row of a product is summed in the same order. The kernels of cuBLAS do that in practice,
// without promising it; a test on the device has to show it. ∂L/∂θ is summed by products over the rows of a tile, tile
// after tile and round after round: its bits depend on the order of the batch and on Call.rows, not on timing, provided
// cuBLAS runs on one stream without atomics (its defaults) and in full precision (no TF32).
package kernels
