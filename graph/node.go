package graph

import (
	"fmt"
	"reflect"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/plan"
)

// node is what a lowering rule sees: the pair, its form and its operands, not yet lowered.
type node struct {
	pair
	form form
	kids []pair
}

func (n node) op() gorgonia.Op { return n.pair[0].Op() }

func (n node) name() string { return n.pair[0].Name() }

func (n node) errorf(format string, args ...any) error { return nodeError(n.pair[0], format, args...) }

// opType is the name of the operation's Go type, without package and pointer.
func opType(op gorgonia.Op) string {
	t := reflect.TypeOf(op)
	if t == nil {
		return ""
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !gorgonias(op) {
		return t.PkgPath() + "." + t.Name()
	}
	return t.Name()
}

// gorgonias reports whether the operation is one of Gorgonia's own.
func gorgonias(op gorgonia.Op) bool {
	t := reflect.TypeOf(op)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.HasPrefix(t.PkgPath(), "gorgonia.org/gorgonia")
}

// opKey tells operations apart that must be equal at both batch sizes. Shapes, sizes and numbers are compared
// elsewhere.
func opKey(op gorgonia.Op) string {
	switch t := opType(op); t {
	case "", "reshapeOp", "sizeOp", "constantScalar":
		return t
	default:
		return t + " " + op.String()
	}
}

// opField reads an unexported field of a Gorgonia operation; Gorgonia offers no other way to its parameters. The
// module's version is pinned, and a test lowers one graph per operation.
func opField(op gorgonia.Op, name string) reflect.Value {
	v := reflect.ValueOf(op)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v.FieldByName(name)
}

func opInts(op gorgonia.Op, name string) []int {
	v := opField(op, name)
	list := make([]int, v.Len())
	for i := range list {
		list[i] = int(v.Index(i).Int())
	}
	return list
}

// rule lowers one node by the type of its operation.
func (l *lowering) rule(n node) (view, error) {
	if op, ok := n.op().(lowerer); ok {
		return op.lower(l, n)
	}
	switch opType(n.op()) {
	case "constantScalar":
		return l.constantNode(n)
	case "constantTensor":
		return view{}, n.errorf("a matrix constant of gorgonia.NewConstant is not supported; %s",
			remedy("constantTensor"))
	case "sizeOp":
		return l.size(n)
	case "elemUnaryOp":
		return l.unary(n)
	case "elemBinOp", "maxBetween", "minBetween":
		return l.binary(n)
	case "linAlgBinOp":
		return l.linear(n)
	case "tensordotOp":
		return l.tensordot(n)
	case "sumOp":
		return l.reduction(n, plan.Add)
	case "maxOp":
		return l.reduction(n, plan.Max)
	case "repeatOp":
		return l.repeat(n)
	case "reshapeOp":
		return l.reshape(n)
	case "transposeOp":
		return l.transpose(n)
	case "sliceOp", "sliceIncrOp":
		if _, all := slicesAll(n.pair[0], n.kids[0][0]); all {
			return l.view(n.kids[len(n.kids)-1])
		}
		if opType(n.op()) == "sliceOp" {
			return l.slice(n)
		}
		return l.sliceAdjoint(n)
	case "concatOp":
		return l.concat(n, int(opField(n.op(), "axis").Int()))
	case "softmaxOp":
		return l.softmax(n)
	case "softmaxDiffOp":
		return l.softmaxAdjoint(n)
	}
	return view{}, unsupported(n.pair[0])
}

// lowerer is implemented by this package's own operations.
type lowerer interface {
	lower(l *lowering, n node) (view, error)
}

// constantNode lowers a number that is part of the expression.
func (l *lowering) constantNode(n node) (view, error) {
	x, ok := numbers(n.pair[0].Value())
	y, same := numbers(n.pair[1].Value())
	if !ok || !same {
		return view{}, n.errorf("constant of type %v, want float64; write gorgonia.NewConstant(2.0)", n.pair[0].Dtype())
	}
	if x[0] != y[0] && x[0] == x[0] {
		return view{}, n.errorf("constant depends on the batch size: %g with %d, %g with %d", x[0], batchSizes[0], y[0],
			batchSizes[1])
	}
	return view{form: n.form, id: l.constant(x[0])}, nil
}

// numbers copies the content of a float64 value.
func numbers(v gorgonia.Value) ([]float64, bool) {
	switch v := v.(type) {
	case *gorgonia.F64:
		return []float64{float64(*v)}, true
	case *tensor.Dense:
		if data, ok := v.Data().([]float64); ok {
			return append([]float64(nil), data...), true
		}
		if x, ok := v.Data().(float64); ok {
			return []float64{x}, true
		}
	}
	return nil, false
}

// size lowers the length of an axis, which a mean divides by.
func (l *lowering) size(n node) (view, error) {
	a, b := opField(n.pair[0].Op(), "val").Int(), opField(n.pair[1].Op(), "val").Int()
	if a != b {
		return view{}, n.errorf("is the batch size; a mean over samples mixes them, take it over features")
	}
	return view{form: n.form, id: l.constant(float64(a))}, nil
}

// mixing is the error for an operation that would let samples meet.
func (n node) mixing(how string) error {
	return n.errorf("operation %v %s, which mixes samples; every sample's result may depend on that sample alone "+
		"(work along the features, axis 1)", fmt.Sprint(n.op()), how)
}
