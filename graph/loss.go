package graph

import (
	"errors"
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
)

// Loss compares a model's outputs with labels: with Func or, where it has parameters of its own, ParamFunc.
type Loss struct {
	LabelWidth int // label columns; 0: as many as outputs
	// Func returns one loss per sample, [batch] or [batch, 1], of outputs [batch, m] and label [batch, LabelWidth],
	// under the rules of [FieldFunc].
	Func func(outputs, label *gorgonia.Node) (*gorgonia.Node, error)

	Params []Param // of the loss, such as a noise; they lie in θ behind those of the read-out, and begin at 0
	// ParamFunc is Func with the Params.
	ParamFunc func(outputs, label *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error)

	each eachLoss // of a loss that is the mean of one for each output; nil of others
}

// eachLoss is a loss of each output and its label, [batch, m], of a loss that has theta for parameters.
type eachLoss func(e *expr, outputs, label *gorgonia.Node, theta []*gorgonia.Node) *gorgonia.Node

// call adds the loss's nodes.
func (l Loss) call(outputs, label *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
	if l.ParamFunc == nil {
		return l.Func(outputs, label)
	}
	return l.ParamFunc(outputs, label, theta)
}

// meanOf is the mean of a loss for each output.
func meanOf(each eachLoss, params ...Param) Loss {
	l := Loss{Params: params, each: each}
	if len(params) == 0 {
		l.Func = func(out, y *gorgonia.Node) (*gorgonia.Node, error) {
			var e expr
			return e.mean(each(&e, out, y, nil)), e.err
		}
		return l
	}
	l.ParamFunc = func(out, y *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
		var e expr
		return e.mean(each(&e, out, y, theta)), e.err
	}
	return l
}

// Weighted is Σ weight·loss over n outputs of a loss that is the mean of one for each, for labels [batch, 2n] that are
// the y and then their weights: zero where a y is not known. Lowering reports a loss that is no such mean, as those of
// classes are.
func (l Loss) Weighted(n int) Loss {
	each := l.each
	return Loss{LabelWidth: 2 * n, Params: l.Params,
		ParamFunc: func(out, label *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			if each == nil {
				return nil, errors.New("graph: Weighted wants a loss that is the mean of one for each output: " +
					"MeanSquaredError, Huber or GaussianNLL")
			}
			var e expr
			losses := each(&e, out, e.columns(label, 0, n), theta)
			return e.sum(e.do2(gorgonia.HadamardProd, e.columns(label, n, 2*n), losses)), e.err
		}}
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

// WeightedLabels are the labels of a Weighted loss for y, [rows, n], and the weights of the n outputs: [rows, 2n], with
// zero for an y that is not a number, and for its weight.
func WeightedLabels(y, weights []float64) []float64 {
	n := len(weights)
	labels := make([]float64, 2*len(y))
	for i, v := range y {
		if at := i/n*2*n + i%n; !math.IsNaN(v) {
			labels[at], labels[at+n] = v, weights[i%n]
		}
	}
	return labels
}

// MeanSquaredError is the mean over the outputs of (output − label)².
func MeanSquaredError() Loss { return meanOf(squaredError) }

func squaredError(e *expr, out, y *gorgonia.Node, _ []*gorgonia.Node) *gorgonia.Node {
	return e.do1(gorgonia.Square, e.do2(gorgonia.Sub, out, y))
}

// WeightedSquaredError is the [Loss.Weighted] MeanSquaredError: Σ weight·(output − y)².
func WeightedSquaredError(n int) Loss { return MeanSquaredError().Weighted(n) }

// Huber is the mean over the outputs of r²/2 of r = output − label where |r| is at most delta, and of delta·(|r| −
// delta/2) beyond (Huber 1964): observations far off count by their distance, not its square. Lowering reports a delta
// that is not positive.
func Huber(delta float64) Loss {
	return meanOf(func(e *expr, out, y *gorgonia.Node, _ []*gorgonia.Node) *gorgonia.Node {
		if e.err == nil && !(delta > 0 && delta <= math.MaxFloat64) {
			e.err = fmt.Errorf("graph: the delta of a Huber loss must be positive and finite, got %v", delta)
		}
		r := e.do1(gorgonia.Abs, e.do2(gorgonia.Sub, out, y))
		beyond := e.do1(Relu, e.shift(-delta, r))
		within := e.do1(gorgonia.Square, e.do2(gorgonia.Sub, r, beyond))
		return e.do2(gorgonia.Add, e.scale(0.5, within), e.scale(delta, beyond))
	})
}

// GaussianNLL is the negative log-likelihood of labels that are n outputs with Gaussian noise, the mean over the
// outputs of (r/σ)²/2 + log σ + log(2π)/2 for r = output − label. The noise σ of each output is learnt: [NoiseOf] the
// parameter `loss.noise` [n].
func GaussianNLL(n int) Loss {
	return meanOf(func(e *expr, out, y *gorgonia.Node, theta []*gorgonia.Node) *gorgonia.Node {
		logNoise := e.scale(noiseUnit, e.row(theta[0]))
		inUnits := e.onRows(gorgonia.BroadcastHadamardProd, e.do2(gorgonia.Sub, out, y),
			e.do1(gorgonia.Exp, e.do1(gorgonia.Neg, logNoise)))
		return e.onRows(gorgonia.BroadcastAdd, e.scale(0.5, e.do1(gorgonia.Square, inUnits)),
			e.shift(math.Log(2*math.Pi)/2, logNoise))
	}, Param{"loss.noise", []int{n}})
}

// noiseUnit is how much one unit of a noise's parameter is in log σ. An update of Adam moves a parameter by its learning
// rate, which suits weights; log σ has units to go.
const noiseUnit = 10

// NoiseOf is the σ of a parameter p of [GaussianNLL], e to the power of 10·p.
func NoiseOf(p float64) float64 { return math.Exp(noiseUnit * p) }

// columns are the columns of a matrix from one up to another.
func (e *expr) columns(a *gorgonia.Node, from, to int) *gorgonia.Node {
	return e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) { return Slice(a, 1, from, to, 1) }, a)
}

// onRows combines a matrix with one row for all samples.
func (e *expr) onRows(f builderB, a, row *gorgonia.Node) *gorgonia.Node {
	return e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return f(a, b, nil, []byte{0}) }, a, row)
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
