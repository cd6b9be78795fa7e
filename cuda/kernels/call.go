package kernels

import (
	"fmt"
	"strings"
)

// Field is one 8-byte word of the parameter block that every kernel takes a pointer to.
type Field struct {
	Name string // as in the C struct
	Type string // C type
	Doc  string
}

// CallFields are the words of a Call, in order: 64-bit integers and device addresses. real is float or double by the
// spec's precision. An address may be 0 where the text says so, and where the kernels launched do not use it.
var CallFields = []Field{
	{"n", "long long", "samples of the batch"},
	{"chunk", "long long", "samples per block of solve: block b has those from b·chunk"},
	{"blocks", "long long", "of solve and differentiate: those beyond the samples do nothing"},
	{"leaf", "long long", "samples of a leaf: solver.LeafSize"},
	{"perBlock", "long long", "whole leaves that a block of differentiate has: a power of two, see LeavesPerBlock"},
	{"depth", "long long", "partial sums that such a block needs: see PartialSums"},
	{"sumFrom", "long long", "the first block's run of leaves that reduce adds"},
	{"sumTo", "long long", "behind the last; 0: all"},
	{"spanCount", "long long", "1 or n"},
	{"spans", "const double *", "[spanCount][2], t0 and t1"},
	{"saves", "long long", "number of save times: of each sample, or with offsets of all together"},
	{"saveAt", "const double *", "[saves]"},
	{"offsets", "const long long *", "[data + 1] the first save time of each sample of the data; 0: all have the same"},
	{"index", "const long long *", "[n] places in z0, inputs and labels of the samples; 0: they lie in order"},
	{"z0", "const real *", "[data][DIM]"},
	{"inputs", "const real *", "[data][INPUTS] of the field"},
	{"labels", "const real *", "[data, or times of the data][LABEL_WIDTH]; 0: cotangent is given"},
	{"weight", "const real *", "[data] what multiplies what comes out of the way back; 0: 1 each"},
	{"counting", "long long", "losses of which L is the mean: 1/counting multiplies all weights; 0: a sum"},
	{"leftOut", "const int *", "[n] 1 for a sample that has no part in anything; 0: all have"},
	{"lossRows", "long long", "room for losses that look at saved states, one a row; 0: losses at t1, one a sample"},
	{"lossWeight", "const real *", "[times of the data] weights of such losses in L"},
	{"share", "const real *", "[times of the data] the part of that which weight does not bring"},
	{"masked", "const int *", "[times of the data] 1 for a loss that does not count; 0: all count"},
	{"cancel", "const int *", "a flag that ends the solve when it is not 0; may be 0"},

	{"theta", "real *", "[THETA]"},
	{"fieldShared", "real *", "[Printed.FieldShared] scratch of the Shared and Finish sections"},
	{"headShared", "real *", "[Printed.HeadShared]"},
	{"fieldWeights", "real *", "[Printed.FieldWeights], made by prepare"},
	{"headWeights", "real *", "[Printed.HeadWeights], made by prepare"},

	{"z1", "real *", "[n][DIM] states at t1"},
	{"saved", "real *", "[rows][DIM] states at the save times, a row for each of each sample: solver.Batch.Rows"},
	{"status", "int *", "[n] solver.Status"},
	{"stats", "int *", "[n][3] accepted, rejected, evaluations"},
	{"endT", "double *", "[n] solver.End.T"},
	{"endH", "double *", "[n] solver.End.H"},
	{"occupancy", "long long *", "[blocks][2] rows and busy rows"},

	{"out", "real *", "[n or lossRows][OUT_WIDTH]"},
	{"losses", "real *", "[n or lossRows]"},
	{"cotangent", "real *", "[n][DIM] ∂L/∂z(t1): given; of losses at t1, written: the derivative of each sample's own"},
	{"savedBar", "real *", "[rows][DIM] the same at the save times: given, or of losses there, written; 0: none"},
	{"z0Bar", "real *", "[n][DIM] ∂L/∂z(t0)"},
	{"inputsBar", "real *", "[n][INPUTS] ∂L/∂inputs"},
	{"backStatus", "int *", "[n]"},
	{"backStats", "int *", "[n][3]"},
	{"backT", "double *", "[n]"},
	{"backH", "double *", "[n]"},
	{"drift", "double *", "[n] solver.Derivative.Drift (backsolve)"},

	{"recordCapacity", "long long", "accepted steps that fit into a block's part of the record (discrete gradient and adjoint)"},
	{"recordT", "double *", "[blocks][recordCapacity]"},
	{"recordH", "double *", "[blocks][recordCapacity]"},
	{"recordPrevious", "int *", "[blocks][recordCapacity] the step before of the same sample, −1 for the first"},
	{"recordZ", "real *", "[blocks][recordCapacity][RecordZ] the state before the step, or the step's dense output"},
	{"recordLast", "int *", "[n] the last step of each sample, −1 for none"},
	{"recordUsed", "long long *", "[blocks] steps taken: above recordCapacity the block did not go backward"},

	{"partial", "real *", "[blocks][depth][Printed.Sums]"},
	{"sums", "real *", "[Printed.Sums]"},
	{"totals", "double *", "[leaves][TotalsLen]"},
	{"gradient", "real *", "[THETA] ∂L/∂θ"},
	{"decision", "double *", "[DecisionLen]"},

	{"progress", "long long *", "[ProgressLen] of a training; 0 outside of one"},
	{"minibatches", "const long long *", "[iterations][MinibatchLen]"},
	{"rowOffsets", "const long long *", "of minibatches: [samples + 1] the first row of each sample, one after another; with offsets alone"},
	{"reports", "double *", "[iterations][ReportLen]"},
	{"optimizer", "const double *", "[OptimizerLen]"},
	{"m", "real *", "[THETA] first moments"},
	{"v", "real *", "[THETA] second moments; 0 for SGD"},
	{"rates", "const double *", "[iterations] learning rates"},
	{"trained", "const long long *", "[trainedRanges][2] the places of θ that are not frozen, from and to; 0: all"},
	{"trainedRanges", "long long", "how many"},

	// For the wide kernels alone. Their record has one part for all: [recordCapacity] instead of [blocks][recordCapacity].
	{"rows", "long long", "samples held at once: a multiple of Wide.Tile, the same from begin to the end of a gradient"},
	{"control", "void *", "[rows][WideRowBytes]"},
	{"frames", "real *", "[rows/Wide.Tile][Wide.Frame] row values"},
	{"state", "real *", "[rows][2·DIM]"},
	{"slopes", "real *", "[rows][stages][2·DIM]"},
	{"keep", "real *", "[rows][Wide.Keep] what ∂L/∂θ needs of a step that is not yet accepted (adjoint and backsolve)"},
	{"ready", "real *", "[rows/Wide.Tile][Wide.Ready] terms of ∂L/∂θ"},
	{"ones", "real *", "[Wide.Ones]"},
	{"squares", "double *", "[Wide.NormBlocks]"},
	{"counters", "long long *", "[CountersLen]"},
	{"recordK", "real *", "[recordCapacity][Wide.RecordK] the slopes of the step's stages (discrete gradient)"},
}

// CallBytes is the size of a Call.
func CallBytes() int { return 8 * len(CallFields) }

// printCall prints the parameter block.
func printCall(b *strings.Builder) {
	b.WriteString("\n// Call is what a launch works on. Every word has 8 bytes.\nstruct Call {\n")
	for _, f := range CallFields {
		space := " "
		if strings.HasSuffix(f.Type, "*") {
			space = ""
		}
		fmt.Fprintf(b, "\t%s%s%s; // %s\n", f.Type, space, f.Name, f.Doc)
	}
	b.WriteString("};\n")
}
