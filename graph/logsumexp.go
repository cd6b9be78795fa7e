package graph

import (
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/plan"
)

// SoftMax returns exp(x) / Σ exp(x) over the features of a matrix or over a vector of parameters, of x's shape; it does
// not overflow. Gorgonia merges its own SoftMax and LogSoftMax of one operand into a single node, and turns a SoftMax
// into its logarithm when a Log is taken of it anywhere.
func SoftMax(x *gorgonia.Node) (*gorgonia.Node, error) {
	return vectorAsRow(x, func(x *gorgonia.Node) (*gorgonia.Node, error) {
		return apply(&softMaxOp{base{"SoftMax", 1}}, x)
	})
}

// LogSumExp returns log Σ exp(x) over the features of a matrix, one column, or over a vector of parameters, a number;
// it does not overflow. Gorgonia's function of that name computes something else.
func LogSumExp(x *gorgonia.Node) (*gorgonia.Node, error) {
	if isVector(x) {
		var e expr
		return e.do1(func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Sum(x) },
			e.do1(LogSumExp, e.row(x))), e.err
	}
	return apply(&logSumExpOp{base{"LogSumExp", 1}}, x)
}

// LogSoftMax returns the logarithm of SoftMax, of x's shape; it does not overflow.
//
// Its Σ is a node of its own: Gorgonia's broadcast reshapes it, and under a LispMachine a reshape overwrites the
// gradient that other uses have given its operand.
func LogSoftMax(x *gorgonia.Node) (*gorgonia.Node, error) {
	if isVector(x) {
		return vectorAsRow(x, LogSoftMax)
	}
	lse, err := apply(&logSumExpOp{base{"LogSoftMax's LogSumExp", 1}}, x)
	if err != nil {
		return nil, err
	}
	return gorgonia.BroadcastSub(x, lse, nil, []byte{1})
}

type softMaxOp struct{ base }

func (op *softMaxOp) InferShape(sizes ...gorgonia.DimSizer) (tensor.Shape, error) {
	in, err := shapesOf(sizes)
	if err != nil {
		return nil, err
	}
	return in[0].Clone(), nil
}

func (op *softMaxOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	s := inputs[0].Shape()
	return evaluate(inputs, s[0], s[1], func(dst []float64, src [][]float64) {
		for i := range s[0] {
			row := src[0][i*s[1] : (i+1)*s[1]]
			lse := logSumExp(row)
			for j, x := range row {
				dst[i*s[1]+j] = math.Exp(x - lse)
			}
		}
	})
}

// logSumExp is log Σ exp(x), without overflow.
func logSumExp(row []float64) float64 {
	top := math.Inf(-1)
	for _, x := range row {
		top = max(top, x)
	}
	sum := 0.0
	for _, x := range row {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum)
}

// SymDiff is y⊙(g − Σ y⊙g).
func (op *softMaxOp) SymDiff(_ gorgonia.Nodes, y, g *gorgonia.Node) (gorgonia.Nodes, error) {
	var e expr
	return gorgonia.Nodes{e.softMaxVJP(y, g)}, e.err
}

func (e *expr) softMaxVJP(y, g *gorgonia.Node) *gorgonia.Node {
	sum := e.sum(e.do2(gorgonia.HadamardProd, y, g))
	return e.do2(gorgonia.HadamardProd, y, e.stretch(gorgonia.BroadcastSub, g, sum))
}

func (op *softMaxOp) lower(l *lowering, n node) (view, error) {
	v, err := l.notSum(n, n.kids[0])
	if err != nil {
		return view{}, err
	}
	if v.form.batch == 1 {
		return view{}, n.mixing("normalises over samples")
	}
	e, sum, _, err := l.exponentials(n, v, 1)
	if err != nil {
		return view{}, err
	}
	return l.combine(n, plan.Div, e, sum)
}

type logSumExpOp struct{ base }

func (op *logSumExpOp) InferShape(sizes ...gorgonia.DimSizer) (tensor.Shape, error) {
	in, err := shapesOf(sizes)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{in[0][0], 1}, nil
}

func (op *logSumExpOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	s := inputs[0].Shape()
	return evaluate(inputs, s[0], 1, func(dst []float64, src [][]float64) {
		for i := range dst {
			dst[i] = logSumExp(src[0][i*s[1] : (i+1)*s[1]])
		}
	})
}

// SymDiff is g⊙SoftMax(x).
func (op *logSumExpOp) SymDiff(inputs gorgonia.Nodes, _, g *gorgonia.Node) (gorgonia.Nodes, error) {
	var e expr
	y := e.do1(SoftMax, inputs[0])
	return gorgonia.Nodes{e.stretch(gorgonia.BroadcastHadamardProd, y, g)}, e.err
}

func (op *logSumExpOp) lower(l *lowering, n node) (view, error) {
	v, err := l.notSum(n, n.kids[0])
	if err != nil {
		return view{}, err
	}
	if v.form.batch == 1 {
		return view{}, n.mixing("sums over samples")
	}
	_, sum, top, err := l.exponentials(n, v, 1)
	if err != nil {
		return view{}, err
	}
	sum.form = n.form
	return l.combine(n, plan.Add, top, l.apply(n, plan.Log, sum))
}
