// Package kernels is the device code of the CUDA backend: CUDA C sources that do what [solver.Integrate] and the two
// gradients say, and a printer that adds a model's plans to them as device functions.
//
// [Print] gives one translation unit for one model and spec. NVRTC compiles it for a GPU; package emulate runs the same
// text on the host. A thread block owns a tile of rows for the whole solve, as package cpu's workers do: each row holds
// one sample with its own time, step and acceptance, and takes the block's next sample when its own is done. All sums have
// one fixed order and there are no atomics, so a sample's bits depend neither on the batch nor on the [Config], and the
// gradient's on the cut of the batch into blocks alone.
//
// To run them: allocate what [CallFields] lists, fill a Call (one 8-byte word per field, in order) in device memory, and
// launch the kernels that [Printed.KernelNames] lists with its address as the only parameter. A training iteration is
// prepare, differentiate, reduce, finish, update with the same Call every time: finish moves Call.progress to the next
// minibatch, so any number of iterations can be launched ahead, or stand in one graph. After a [Failure] the rest do
// nothing, and θ is as before the iteration that failed.
package kernels
