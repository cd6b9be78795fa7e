// Package cuda is the backend for NVIDIA GPUs: the kernels of package kernels, compiled for a model and spec when they
// are first needed, and the memory and launches they take.
//
// [New] opens a GPU, or says why it cannot: see package driver for what a build and a machine need.
//
// Narrow models run as one fused kernel for a whole solve or gradient: a block of threads holds a few rows, each with a
// sample of its own. A small batch spreads over many blocks of few rows, a large one fills blocks with many: the bits
// of a sample's answer do not depend on which.
//
// Sums over samples, ∂L/∂θ and the loss, have the order of [solver.SumOverSamples]: within leaves of [solver.LeafSize]
// samples, then along the tree of the leaves. A block has whole leaves, one after another, or, of a batch of at most
// [Options].Small samples, two samples of a leaf. So the bits depend on the batch alone, for one arithmetic
// ([Backend.Arithmetic]): not on the number of multiprocessors, nor on what else a call of a training has to do. Two
// exceptions: wide fields, for which cuBLAS sums over rows, have an order that depends on the batch alone but is not
// that of the leaves; and a gradient too large for the GPU's memory is added up of parts that fit.
//
// A training keeps data, θ and moments on the GPU; all iterations of a call are launched at once, as one graph where
// the call before had as many. An iteration in parts has sums on the host: what a part has of the tree comes back as so
// few subtrees as there are, and a total goes to the GPU for the update.
package cuda
