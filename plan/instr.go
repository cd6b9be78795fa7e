package plan

import "fmt"

// Op is the kind of an instruction.
type Op uint8

// The instructions. A, B and C stand for Src[0], Src[1] and Src[2]. A Row value counts as a matrix with one row per
// sample; axis 0 runs over rows (samples), axis 1 over columns (features).
const (
	MatMul    Op = iota // A·B, each transposed first where TransA, TransB say so
	Affine              // Fn(A·B + C): A a Row, B Shared (transposed where TransB), C an optional Shared row; Fn Identity or unary
	Unary               // Fn(A), element by element
	Binary              // Fn(A, B), element by element; a dimension of size 1 stretches to the other's
	Reduce              // Fn (Add or Max) along Axis, which becomes 1
	Transpose           // Aᵀ (Shared and Sum only)
	Slice               // A[From:To:Stride] along Axis
	Scatter             // the adjoint of Slice: zeros, with A at [From:To:Stride] along Axis
	Concat              // all of Src, one after another along Axis
	Broadcast           // A with dimensions of size 1 stretched to the result's
	Reshape             // A's numbers, row-major, in the result's shape (Shared and Sum only)
	opCount
)

var opNames = [opCount]string{"matmul", "affine", "unary", "binary", "reduce", "transpose", "slice", "scatter", "concat",
	"broadcast", "reshape"}

func (o Op) String() string {
	if o < opCount {
		return opNames[o]
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}

// Instr computes one value from others. In Plan.AccumulateCode the result (a MatMul of a transposed Row with a Row, or
// a Reduce of a Row along axis 0) is added to Dst; everywhere else it replaces Dst. Dst never aliases a source.
type Instr struct {
	Op             Op
	Fn             Fn
	Dst            ID
	Src            []ID
	TransA, TransB bool
	Axis           int
	From, To       int // To is exclusive
	Stride         int // at least 1
}

func (in Instr) String() string {
	return fmt.Sprintf("%%%d = %s %s %v", in.Dst, in.Op, in.Fn, in.Src)
}
