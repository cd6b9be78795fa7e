package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuralode/solver"
)

// Predictions are a model's answers for some points. What it does not give is nil.
type Predictions struct {
	Class       []int     // [n], the index into Model.Classes; −1 for a point that failed
	Probability []float64 // [n, classes], by the losses bce and softmax; NaN for a point that failed
	// [n, outputs], by a loss of numbers: the numbers, or one between those of two classes; NaN as above
	Value []float64
	Err   []error // [n], nil or why the point has no answer: a *solver.SampleError, or what the read-out gave
}

// Failed is how many points have no answer.
func (p *Predictions) Failed() (n int) {
	for _, err := range p.Err {
		if err != nil {
			n++
		}
	}
	return n
}

// Predict answers for the points x, [n, features], in the units of the training's file. A point that fails does not
// fail the call, and changes no other's answer: see Predictions.Err. Only where all samples share their steps, which
// the spec says, an answer depends on the points beside it.
func (p *Predictor) Predict(ctx context.Context, x []float64) (*Predictions, error) {
	if n := p.model.Features(); len(x) == 0 || len(x)%n != 0 {
		return nil, fmt.Errorf("train: %d numbers are no points of %d features", len(x), n)
	}
	all := &Predictions{}
	err := p.Solve(ctx, x, nil, func(from int, s *solver.Solution, _ error) error {
		out, err := p.ReadOut(ctx, s.Z1)
		if err != nil {
			return err
		}
		all.add(p.model, out, p.failures(from, s, out))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// failures says why samples of a solution have no answer.
func (p *Predictor) failures(from int, s *solver.Solution, out []float64) []error {
	errs := make([]error, len(s.End))
	for i := range errs {
		var failed *solver.SampleError
		if errors.As(s.ErrOf(i), &failed) {
			failed.Sample += from
			p.spec.Controller.Advise(failed)
			errs[i] = failed
		} else if k := notFinite(row(out, i, p.model.Outputs)); k >= 0 {
			errs[i] = fmt.Errorf("the read-out gives %v", out[i*p.model.Outputs+k])
		}
	}
	return errs
}

// notFinite is the place of the first number that is not finite, or −1.
func notFinite(x []float64) int {
	return slices.IndexFunc(x, func(v float64) bool { return !finite(v) })
}

// add appends what the outputs say, [n, outputs].
func (p *Predictions) add(m *Model, out []float64, errs []error) {
	for i, err := range errs {
		if err != nil {
			o := row(out, i, m.Outputs)
			for k := range o {
				o[k] = math.NaN()
			}
		}
	}
	p.Err = append(p.Err, errs...)
	if len(m.Classes) > 0 {
		for i, class := range m.ClassesOf(out) {
			if errs[i] != nil {
				class = -1
			}
			p.Class = append(p.Class, class)
		}
	}
	switch m.Loss {
	case "mse", "huber", "gaussian":
		p.Value = append(p.Value, out...)
	case "bce":
		for _, logit := range out {
			p.Probability = append(p.Probability, sigmoid(-logit), sigmoid(logit))
		}
	case "softmax":
		for i := range errs {
			p.Probability = appendSoftmax(p.Probability, row(out, i, m.Outputs))
		}
	}
}

// ClassesOf is the class of each row of outputs: the side of zero for a logit (bce), the side of a half for a number
// between the two classes (mse), the largest of several logits (softmax).
func (m *Model) ClassesOf(out []float64) []int {
	classes := make([]int, len(out)/m.Outputs)
	for i := range classes {
		o := row(out, i, m.Outputs)
		switch {
		case m.Loss == "bce" && o[0] > 0:
			classes[i] = 1
		case m.Loss == "mse" && o[0] > 0.5:
			classes[i] = 1
		case m.Loss == "softmax":
			classes[i] = largest(o)
		}
	}
	return classes
}

func largest(x []float64) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// sigmoid is 1/(1+e⁻ˣ), without loss where it is small.
func sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

// appendSoftmax appends the probabilities that logits give.
func appendSoftmax(p, logits []float64) []float64 {
	top, sum := logits[largest(logits)], 0.0
	for _, l := range logits {
		sum += math.Exp(l - top)
	}
	for _, l := range logits {
		p = append(p, math.Exp(l-top)/sum)
	}
	return p
}

// row is row i of x, which has width numbers in each.
func row(x []float64, i, width int) []float64 { return x[i*width : (i+1)*width] }
