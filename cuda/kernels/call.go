package kernels

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

// Address is one in the memory of the device; 0 is none.
type Address = uint64

// Call is the parameter block that every kernel takes a pointer to, and the struct of that name in CUDA C is printed
// from it: words of 8 bytes, of which the tags say the C type of what an address points to, and what the word is. real
// is float or double by the spec's precision. An address may be 0 where the text says so, and where the kernels
// launched do not use it.
type Call struct {
	N          int64   `doc:"samples of the batch"`
	Chunk      int64   `doc:"samples per block of solve: block b has those from b·chunk"`
	Blocks     int64   `doc:"of solve and differentiate: those beyond the samples do nothing"`
	Leaf       int64   `doc:"samples of a leaf: solver.LeafSize"`
	PerBlock   int64   `doc:"whole leaves that a block of differentiate has: a power of two, see LeavesPerBlock"`
	Depth      int64   `doc:"partial sums that such a block needs: see PartialSums"`
	SumFrom    int64   `doc:"the first block's run of leaves that reduce adds"`
	SumTo      int64   `doc:"behind the last; 0: all"`
	SpanCount  int64   `doc:"1 or n"`
	Spans      Address `c:"const double *" doc:"[spanCount][2], t0 and t1"`
	Saves      int64   `doc:"number of save times: of each sample, or with offsets of all together"`
	SaveAt     Address `c:"const double *" doc:"[saves]"`
	Offsets    Address `c:"const long long *" doc:"[data + 1] the first save time of each sample of the data; 0: all have the same"`
	Index      Address `c:"const long long *" doc:"[n] places in z0, inputs and labels of the samples; 0: they lie in order"`
	Z0         Address `c:"const real *" doc:"[data][DIM]"`
	Inputs     Address `c:"const real *" doc:"[data][constants] of the field"`
	Labels     Address `c:"const real *" doc:"[data, or times of the data][LABEL_WIDTH]; 0: cotangent is given"`
	Weight     Address `c:"const real *" doc:"[data] what multiplies what comes out of the way back; 0: 1 each"`
	Counting   int64   `doc:"losses of which L is the mean: 1/counting multiplies all weights; 0: a sum"`
	LeftOut    Address `c:"const int *" doc:"[n] 1 for a sample that has no part in anything; 0: all have"`
	LossRows   int64   `doc:"room for losses that look at saved states, one a row; 0: losses at t1, one a sample"`
	LossWeight Address `c:"const real *" doc:"[times of the data] weights of such losses in L"`
	Share      Address `c:"const real *" doc:"[times of the data] the part of that which weight does not bring"`
	Masked     Address `c:"const int *" doc:"[times of the data] 1 for a loss that does not count; 0: all count"`
	Cancel     Address `c:"const int *" doc:"a flag that ends the solve when it is not 0; may be 0"`

	Stops       int64   `doc:"number of stops: of each sample, or with stopOffsets of all together"`
	StopAt      Address `c:"const double *" doc:"[stops]"`
	StopOffsets Address `c:"const long long *" doc:"[data + 1] the first stop of each sample of the data; 0: all have the same"`
	FineStops   int64   `doc:"1: times beside stops are told apart in double precision: solver.Batch.StopPrecision"`

	Constants   int64   `doc:"inputs of the field that are constants of the samples: the first"`
	Signals     int64   `doc:"signals of a recording, which the others are of, with or without their derivatives; 0: none"`
	Hermite     int64   `doc:"1: they are Hermite splines; 0: they are linear between knots"`
	RecordingOf Address `c:"const long long *" doc:"[data] the recording of each sample; 0: all have the one there is"`
	Knots       Address `c:"const long long *" doc:"[recordings][signals][KNOTS_LEN] solver.Courses.Knots"`
	KnotAt      Address `c:"const double *" doc:"times of knots"`
	KnotValue   Address `c:"const real *" doc:"values at knots"`

	SignalsBar   Address `c:"double *" doc:"∂L/∂values of each sample's signals, as solver.Courses.Add has them; 0: nobody asks"`
	SignalsBarAt Address `c:"const long long *" doc:"[n + 1] the first of each sample"`

	Theta        Address `c:"real *" doc:"[THETA]"`
	FieldShared  Address `c:"real *" doc:"[Fused.FieldShared] scratch of the Shared and Finish sections"`
	HeadShared   Address `c:"real *" doc:"[Fused.HeadShared]"`
	FieldWeights Address `c:"real *" doc:"[Fused.FieldWeights], made by prepare"`
	HeadWeights  Address `c:"real *" doc:"[Fused.HeadWeights], made by prepare"`

	Z1        Address `c:"real *" doc:"[n][DIM] states at t1"`
	Saved     Address `c:"real *" doc:"[rows][DIM] states at the save times, a row for each of each sample: solver.Batch.Rows"`
	Status    Address `c:"int *" doc:"[n] solver.Status"`
	Stats     Address `c:"int *" doc:"[n][4] accepted, rejected, evaluations, Jacobians"`
	EndT      Address `c:"double *" doc:"[n] solver.End.T"`
	EndH      Address `c:"double *" doc:"[n] solver.End.H"`
	Occupancy Address `c:"long long *" doc:"[blocks][2] rows and busy rows"`

	Out        Address `c:"real *" doc:"[n or lossRows][OUT_WIDTH]"`
	Losses     Address `c:"real *" doc:"[n or lossRows]"`
	Cotangent  Address `c:"real *" doc:"[n][DIM] ∂L/∂z(t1): given; of losses at t1, written: the derivative of each sample's own"`
	SavedBar   Address `c:"real *" doc:"[rows][DIM] the same at the save times: given, or of losses there, written; 0: none"`
	Z0Bar      Address `c:"real *" doc:"[n][DIM] ∂L/∂z(t0)"`
	InputsBar  Address `c:"real *" doc:"[n][INPUTS] ∂L/∂inputs, of which those of signals say nothing"`
	BackStatus Address `c:"int *" doc:"[n]"`
	BackStats  Address `c:"int *" doc:"[n][4]"`
	BackT      Address `c:"double *" doc:"[n]"`
	BackH      Address `c:"double *" doc:"[n]"`
	Drift      Address `c:"double *" doc:"[n] solver.Derivative.Drift (backsolve)"`

	RecordCapacity int64   `doc:"accepted steps that fit into a block's part of the record (discrete gradient and adjoint)"`
	RecordT        Address `c:"double *" doc:"[blocks][recordCapacity]"`
	RecordH        Address `c:"double *" doc:"[blocks][recordCapacity]"`
	RecordPrevious Address `c:"int *" doc:"[blocks][recordCapacity] the step before of the same sample, −1 for the first"`
	RecordZ        Address `c:"real *" doc:"[blocks][recordCapacity][RecordZ] the state before the step, or the step's dense output"`
	RecordLast     Address `c:"int *" doc:"[n] the last step of each sample, −1 for none"`
	RecordUsed     Address `c:"long long *" doc:"[blocks] steps taken: above recordCapacity the block did not go backward"`

	Partial  Address `c:"real *" doc:"[blocks][depth][Fused.Sums]"`
	Sums     Address `c:"real *" doc:"[Fused.Sums]"`
	Totals   Address `c:"double *" doc:"[leaves][TotalsLen]"`
	Gradient Address `c:"real *" doc:"[THETA] ∂L/∂θ"`
	Decision Address `c:"double *" doc:"[DecisionLen]"`

	Progress      Address `c:"long long *" doc:"[ProgressLen] of a training; 0 outside of one"`
	Minibatches   Address `c:"const long long *" doc:"[iterations][MinibatchLen]"`
	RowOffsets    Address `c:"const long long *" doc:"of minibatches: [samples + 1] the first row of each sample, one after another; with offsets alone"`
	Reports       Address `c:"double *" doc:"[iterations][ReportLen]"`
	Optimizer     Address `c:"const double *" doc:"[OptimizerLen]"`
	M             Address `c:"real *" doc:"[THETA] first moments"`
	V             Address `c:"real *" doc:"[THETA] second moments; 0 for SGD"`
	Rates         Address `c:"const double *" doc:"[iterations] learning rates"`
	Trained       Address `c:"const long long *" doc:"[trainedRanges][2] the places of θ that are not frozen, from and to; 0: all"`
	TrainedRanges int64   `doc:"how many"`

	// For the wide kernels alone. Their record has one part for all: [recordCapacity] instead of
	// [blocks][recordCapacity].
	Rows     int64   `doc:"samples held at once: a multiple of Wide.Tile, the same from begin to the end of a gradient"`
	Control  Address `c:"void *" doc:"[rows][WideRowBytes]"`
	Frames   Address `c:"real *" doc:"[rows/Wide.Tile][Wide.Frame] row values"`
	State    Address `c:"real *" doc:"[rows][2·DIM]"`
	Slopes   Address `c:"real *" doc:"[rows][stages][2·DIM]"`
	Keep     Address `c:"real *" doc:"[rows][Wide.Keep] what ∂L/∂θ needs of a step that is not yet accepted (adjoint and backsolve)"`
	Ready    Address `c:"real *" doc:"[rows/Wide.Tile][Wide.Ready] terms of ∂L/∂θ"`
	Ones     Address `c:"real *" doc:"[Wide.Ones]"`
	Squares  Address `c:"double *" doc:"[Wide.NormBlocks]"`
	Counters Address `c:"long long *" doc:"[CountersLen]"`
	RecordK  Address `c:"real *" doc:"[recordCapacity][Wide.RecordK] the slopes of the step's stages (discrete gradient)"`
}

// CallBytes is the size of a Call.
const CallBytes = int(unsafe.Sizeof(Call{}))

// Words are those of the call, in its memory.
func (c *Call) Words() []uint64 { return unsafe.Slice((*uint64)(unsafe.Pointer(c)), CallBytes/8) }

// Name is that of one of the call's addresses, as CUDA C has it.
func (c *Call) Name(field *Address) string {
	at := uintptr(unsafe.Pointer(field)) - uintptr(unsafe.Pointer(c))
	for f := range callFields() {
		if f.Offset == at {
			return nameInC(f.Name)
		}
	}
	panic("kernels: the address of no field of the call") // of another call
}

// callFields are those of a Call.
func callFields() func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		t := reflect.TypeFor[Call]()
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// nameInC begins with a small letter.
func nameInC(name string) string {
	first, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[n:]
}

// printCall prints the parameter block.
func printCall(b *strings.Builder) {
	b.WriteString("\n// Call is what a launch works on. Every word has 8 bytes.\nstruct Call {\n")
	for f := range callFields() {
		c := "long long "
		if f.Type.Kind() == reflect.Uint64 {
			c = f.Tag.Get("c")
		}
		fmt.Fprintf(b, "\t%s%s; // %s\n", c, nameInC(f.Name), f.Tag.Get("doc"))
	}
	b.WriteString("};\n")
}
