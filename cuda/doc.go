// Package cuda is the backend for NVIDIA GPUs: the kernels of package kernels, compiled for a model and spec when they are
// first needed, and the memory and launches they take.
//
// [New] opens a GPU, or says why it cannot: see package driver for what a build and a machine need.
//
// Narrow models run as one fused kernel for a whole solve or gradient: a block of threads holds a few rows, each with a
// sample of its own. A small batch spreads over many blocks of few rows, a large one fills blocks with many: the bits of a
// sample's answer do not depend on which, those of ∂L/∂θ depend on how the batch is cut into blocks, which its size and
// the GPU decide. The same call on the same kind of GPU gives the same bits.
//
// A training keeps data, θ and moments on the GPU; all iterations of a call are launched at once, as one graph where the
// call before had as many.
package cuda
