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
// gorgonia.BroadcastHadamardProd(x, t, nil, []byte{1}). No value may have more than two axes. Package graph/expr has
// builders for formulae, which repeat rows and columns by themselves and leave no error to look at in each term.
//
// Samples must not mix. Each graph is built for two batch sizes and both are read in lockstep: an axis whose length
// differs is the batch axis, and an operation that would combine or reorder what lies along it is an error.
//
// # Derivatives inside an expression
//
// [Grad] takes them: for the force of a potential, a Hamiltonian field, the divergence of a normalizing flow, a penalty
// on a gradient. gorgonia.Grad and gorgonia.Backpropagate leave derivatives on the nodes which every later
// differentiation takes for its own; lowering refuses a graph on which a function called them. It also refuses values
// that a function binds to nodes, since they would be lost, and constants with a name, since Gorgonia takes two of one
// name for one.
//
// # Where Gorgonia is replaced
//
// Some of Gorgonia's own builders are unsafe and have a replacement here: [Slice], [Concat], [SoftMax], [LogSoftMax],
// [LogSumExp] and [Constant] say why.
//
// # Operations
//
// An expression is made of the builders in this list, Gorgonia's where no package is named. Each is tested, in value
// and gradient, against Gorgonia's TapeMachine and against differences.
//
//   - functions of each number: Neg, Exp, Log, Log1p, Tanh, Sigmoid, Softplus, Sin, Cos, Square, Cube, Sqrt, Inverse,
//     Abs, Sign, Expm1, LeakyRelu, Mish, Rectify
//   - functions of two values of one shape, or of a number and any value: Add, Sub, HadamardProd, HadamardDiv, Pow,
//     MaxBetween, MinBetween, BinaryXent, Div, ReduceAdd, ReduceMul
//   - comparisons, as 1 or 0 (with retSame true): Lt, Lte, Gt, Gte, Eq, Ne
//   - both with one row for all samples ([]byte{0}) or one number for each ([]byte{1}): Auto, Broadcast, BroadcastAdd,
//     BroadcastEq, BroadcastGt, BroadcastGte, BroadcastHadamardDiv, BroadcastHadamardProd, BroadcastLt, BroadcastLte,
//     BroadcastNe, BroadcastPow, BroadcastSub
//   - products of samples with parameters, and of parameters: Mul, Tensordot
//   - along the features, and of parameters along any axis (each of several largest has Max's whole gradient):
//     KeepDims, Max, Mean, Norm, SizeOf, SoftMax, Sum
//   - the same numbers in another place: Concat, Ravel, Reshape, Slice, Transpose, Unconcat
//   - numbers: NewConstant
//   - of this package: graph.Concat, graph.Constant, graph.Elu, graph.Gelu, graph.LogSoftMax, graph.LogSumExp,
//     graph.Relu, graph.Slice, graph.SoftMax
//   - derivatives of all these: graph.Grad
//
// All others are refused by an error that says what to write instead:
//
//   - Log2: divide gorgonia.Log by the constant ln 2: Gorgonia's own gradient of Log2 is wrong
//   - InverseSqrt: use gorgonia.Inverse of gorgonia.Sqrt: Gorgonia's own gradient of InverseSqrt is wrong
//   - Ceil, Floor: make steps of comparisons, such as gorgonia.Gt(x, gorgonia.NewConstant(1.0), true)
//   - LogSoftMax: use graph.LogSoftMax: Gorgonia takes it for the SoftMax of the same operand
//   - LogSumExp: use graph.LogSumExp: Gorgonia's computes something else
//   - Sparsemax: use graph.SoftMax
//   - At: use graph.Slice, which keeps both axes
//   - ByIndices: use graph.Slice and graph.Concat, or gorgonia.Mul with a graph.Constant of zeros and ones
//   - DiagFlat: gorgonia.BroadcastHadamardProd(x, d, nil, []byte{0}) is x times the diagonal matrix of d
//   - BatchedMatMul: use gorgonia.Mul of two matrices
//   - OuterProd: reshape to a column and a row and use gorgonia.BroadcastHadamardProd
//   - ConvType: graphs are built in float64; the solver's precision is chosen with the solver
//   - NewScalar, NewVector, NewMatrix, NewTensor, NodeFromAny: a number is gorgonia.NewConstant(2.0), a matrix
//     graph.Constant(z.Graph(), rows, cols, data), what is trained a graph.Param: Gorgonia takes inputs of equal name
//     for one
//   - OneHotVector: use graph.Constant(z.Graph(), 1, n, data): Gorgonia takes matrix constants that print alike for one
//   - BinomialRandomNode, Dropout, GaussianRandomNode, UniformRandomNode: an expression must give the same each time;
//     draw numbers outside and pass them as a graph.Constant or a graph.Param
//   - BatchNorm: it mixes samples; normalise each sample over its features with gorgonia.Mean, or scale by a
//     graph.Param
//   - AveragePool1D, AveragePool2D, Conv1d, Conv2d, GlobalAveragePool2D, GroupNorm, Im2Col, MaxPool1D, MaxPool2D,
//     Upsample2D, YOLOv3: values have two axes, [batch, features]; a convolution is gorgonia.Mul with a matrix that
//     repeats its weights
//   - Backpropagate, Grad: use graph.Grad: every later differentiation of the graph would take Gorgonia's derivatives
//     for its own
//   - Read, Set: use the node itself: these are for Gorgonia's machines
//   - CTCLoss: a loss is one number for each sample; write it of the operations that are supported
package graph
