package graph

import (
	"gorgonia.org/gorgonia"
)

// Loss compares a model's outputs with labels.
type Loss struct {
	LabelWidth int // label columns; 0: as many as outputs
	// Func returns one loss per sample, [batch] or [batch, 1], of outputs [batch, m] and label [batch, LabelWidth],
	// under the rules of [FieldFunc].
	Func func(outputs, label *gorgonia.Node) (*gorgonia.Node, error)
}

// BinaryCrossEntropy takes the outputs as logits l and labels y in [0, 1], one per output:
// y·softplus(−l) + (1 − y)·softplus(l), the mean over the outputs. Neither it nor its gradient overflows or cancels
// for any logit.
func BinaryCrossEntropy() Loss {
	return Loss{Func: func(l, y *gorgonia.Node) (*gorgonia.Node, error) {
		var e expr
		right := e.do2(gorgonia.HadamardProd, y, e.do1(gorgonia.Softplus, e.do1(gorgonia.Neg, l)))
		wrong := e.do2(gorgonia.HadamardProd, e.do2(gorgonia.Sub, gorgonia.NewConstant(1.0), y),
			e.do1(gorgonia.Softplus, l))
		return e.mean(e.do2(gorgonia.Add, right, wrong)), e.err
	}}
}

// CrossEntropy takes the outputs as logits of classes and labels as one column per class that sum to 1, one-hot for a
// known class: −Σ y·log softmax(l). It does not overflow for any logits.
func CrossEntropy() Loss {
	return Loss{Func: func(l, y *gorgonia.Node) (*gorgonia.Node, error) {
		var e expr
		return e.do1(gorgonia.Neg, e.sum(e.do2(gorgonia.HadamardProd, y, e.do1(LogSoftMax, l)))), e.err
	}}
}

// MeanSquaredError is the mean over the outputs of (output − label)².
func MeanSquaredError() Loss {
	return Loss{Func: func(out, y *gorgonia.Node) (*gorgonia.Node, error) {
		var e expr
		return e.mean(e.do1(gorgonia.Square, e.do2(gorgonia.Sub, out, y))), e.err
	}}
}

// WeightedSquaredError is Σ weight·(output − y)² over n outputs, for labels [batch, 2n] that are the y and then their
// weights: zero where a y is not known.
func WeightedSquaredError(n int) Loss {
	return Loss{LabelWidth: 2 * n, Func: func(out, label *gorgonia.Node) (*gorgonia.Node, error) {
		var e expr
		part := func(from, to int) *gorgonia.Node {
			return e.do1(func(l *gorgonia.Node) (*gorgonia.Node, error) { return Slice(l, 1, from, to, 1) }, label)
		}
		miss := e.do1(gorgonia.Square, e.do2(gorgonia.Sub, out, part(0, n)))
		return e.sum(e.do2(gorgonia.HadamardProd, part(n, 2*n), miss)), e.err
	}}
}

// sum adds over the features of a matrix: one number per sample, as a column.
func (e *expr) sum(a *gorgonia.Node) *gorgonia.Node {
	if e.err == nil && a.Shape()[1] == 1 {
		return a
	}
	return e.column(e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Sum(a, 1) }, a))
}

// mean is the mean over the features of a matrix, as a column.
func (e *expr) mean(a *gorgonia.Node) *gorgonia.Node {
	s := e.sum(a)
	if e.err != nil || a.Shape()[1] == 1 {
		return s
	}
	return e.scale(1/float64(a.Shape()[1]), s)
}
