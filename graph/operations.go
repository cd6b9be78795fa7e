package graph

import (
	"slices"
	"strings"

	"neuralode/plan"
)

// The package's documentation, what an error lists and the tests are all made from the tables of this file.

// supported are the builders that an expression may be made of, by what they do.
func supported() []struct{ what, builders string } {
	return []struct{ what, builders string }{
		{"functions of each number", functionBuilders(1, false) + " Expm1 LeakyRelu Mish Rectify"},
		{"functions of two values of one shape, or of a number and any value",
			functionBuilders(2, false) + " BinaryXent Div ReduceAdd ReduceMul"},
		{"comparisons, as 1 or 0 (with retSame true)", functionBuilders(2, true)},
		{"both with one row for all samples ([]byte{0}) or one number for each ([]byte{1})",
			"Auto Broadcast BroadcastAdd BroadcastEq BroadcastGt BroadcastGte BroadcastHadamardDiv " +
				"BroadcastHadamardProd BroadcastLt BroadcastLte BroadcastNe BroadcastPow BroadcastSub"},
		{"products of samples with parameters, and of parameters", "Mul Tensordot"},
		{"along the features, and of parameters along any axis (each of several largest has Max's whole gradient)",
			"KeepDims Max Mean Norm SizeOf SoftMax Sum"},
		{"the same numbers in another place", "Concat Ravel Reshape Slice Transpose Unconcat"},
		{"numbers", "NewConstant"},
		{"of this package", "graph.Concat graph.Constant graph.Elu graph.Gelu graph.LogSoftMax graph.LogSumExp graph.Relu " +
			"graph.Slice graph.SoftMax"},
		{"derivatives of all these", "graph.Grad"},
	}
}

// functionBuilders lists Gorgonia's builders for the functions of plans.
func functionBuilders(arity int, comparisons bool) string {
	var names []string
	for _, f := range plan.Functions() {
		if f.Arity == arity && f.Gorgonia != "" && (f.Fn >= plan.Lt && f.Fn <= plan.Ne) == comparisons {
			names = append(names, builderOf(f))
		}
	}
	return strings.Join(names, " ")
}

// builderOf is the name of Gorgonia's builder for a function: its own, but for a few.
func builderOf(f plan.Function) string {
	if name, ok := map[plan.Fn]string{plan.Mul: "HadamardProd", plan.Div: "HadamardDiv", plan.Max: "MaxBetween",
		plan.Min: "MinBetween"}[f.Fn]; ok {
		return name
	}
	return strings.ToUpper(f.Name[:1]) + f.Name[1:]
}

// refusal is why builders of Gorgonia cannot stand in an expression, and what to write instead.
type refusal struct {
	builders string
	ops      string // their operations: names of types, or what elementwise functions print
	remedy   string
}

// refused lists the builders of Gorgonia that are no part of an expression.
var refused = []refusal{
	{"Log2", "log2", "divide gorgonia.Log by the constant ln 2: Gorgonia's own gradient of Log2 is wrong"},
	{"InverseSqrt", "invSqrt", "use gorgonia.Inverse of gorgonia.Sqrt: Gorgonia's own gradient of InverseSqrt is wrong"},
	{"Ceil Floor", "ceil floor", "make steps of comparisons, such as gorgonia.Gt(x, gorgonia.NewConstant(1.0), true)"},
	{"LogSoftMax", "", "use graph.LogSoftMax: Gorgonia takes it for the SoftMax of the same operand"},
	{"LogSumExp", "", "use graph.LogSumExp: Gorgonia's computes something else"},
	{"Sparsemax", "sparsemaxOp", "use graph.SoftMax"},
	{"At", "atOp", "use graph.Slice, which keeps both axes"},
	{"ByIndices", "byIndicesOp", "use graph.Slice and graph.Concat, or gorgonia.Mul with a graph.Constant of zeros and ones"},
	{"DiagFlat", "diagFlatOp", "gorgonia.BroadcastHadamardProd(x, d, nil, []byte{0}) is x times the diagonal matrix of d"},
	{"BatchedMatMul", "batchedMatMul", "use gorgonia.Mul of two matrices"},
	{"OuterProd", "", "reshape to a column and a row and use gorgonia.BroadcastHadamardProd"},
	{"ConvType", "dtConvOp", "graphs are built in float64; the solver's precision is chosen with the solver"},
	{"NewScalar NewVector NewMatrix NewTensor NodeFromAny", "", "a number is gorgonia.NewConstant(2.0), a matrix " +
		"graph.Constant(z.Graph(), rows, cols, data), what is trained a graph.Param: Gorgonia takes inputs of equal name for one"},
	{"OneHotVector", "constantTensor", "use graph.Constant(z.Graph(), 1, n, data): Gorgonia takes matrix constants that print alike for one"},
	{"BinomialRandomNode Dropout GaussianRandomNode UniformRandomNode", "randomOp dropoutOp",
		"an expression must give the same each time; draw numbers outside and pass them as a graph.Constant or a graph.Param"},
	{"BatchNorm", "BatchNormOp batchnormDiffOp",
		"it mixes samples; normalise each sample over its features with gorgonia.Mean, " +
			"or scale by a graph.Param"},
	{"AveragePool1D AveragePool2D Conv1d Conv2d GlobalAveragePool2D GroupNorm Im2Col MaxPool1D MaxPool2D Upsample2D YOLOv3",
		"im2colOp maxPoolOp avgPoolOp globalAveragePoolOp GroupNormOp upsampleOp yoloOp",
		"values have two axes, [batch, features]; a convolution is gorgonia.Mul with a matrix that repeats its weights"},
	{"Backpropagate Grad", "", "use graph.Grad: every later differentiation of the graph would take Gorgonia's derivatives for its own"},
	{"Read Set", "readOp letOp", "use the node itself: these are for Gorgonia's machines"},
	{"CTCLoss", "ctcLossOp", "a loss is one number for each sample; write it of the operations that are supported"},
}

// remedy is what to do about an operation that is refused, or "".
func remedy(key string) string {
	for _, r := range refused {
		if slices.Contains(strings.Fields(r.ops), key) {
			return r.remedy
		}
	}
	return ""
}

// remedyFor is what to do about a builder that is refused.
func remedyFor(builder string) string {
	for _, r := range refused {
		if slices.Contains(strings.Fields(r.builders), builder) {
			return r.remedy
		}
	}
	return ""
}
