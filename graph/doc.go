// Package graph turns Gorgonia expressions into plans.
//
// A field dz/dt = f(t, z; θ), a read-out and a loss are Go functions that add nodes to a fresh Gorgonia graph.
// [LowerField] and [LowerHead] build that graph, differentiate it symbolically (a vector-Jacobian product by
// gorgonia.Backpropagate) and lower both to a [plan.Plan], which is free of the batch size.
//
// # Writing an expression
//
// Graphs are built in float64; a plan has no precision of its own. Constants must therefore be float64:
// gorgonia.NewConstant(2.0) for numbers, and [Constant] for matrices. Time is a column [batch, 1], the state a matrix
// [batch, dim]; a bias is combined with gorgonia.BroadcastAdd(x, bias, nil, []byte{0}), time with
// gorgonia.BroadcastHadamardProd(x, t, nil, []byte{1}). No value may have more than two axes.
//
// Samples must not mix. Each graph is built for two batch sizes and both are read in lockstep: an axis whose length
// differs is the batch axis, and an operation that would combine or reorder what lies along it is an error.
//
// Some of Gorgonia's own builders are unsafe and have a replacement here: [Slice], [Concat], [SoftMax], [LogSoftMax],
// [LogSumExp] and [Constant] say why.
package graph
