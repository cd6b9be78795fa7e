package solver

import "math"

// FailEmptySpans gives the status NonFinite to samples whose span is empty and whose start, which is their answer, is
// not finite: no step looked at it. It is for backends.
func FailEmptySpans(s *Solution, b Batch) {
	dim := len(b.Z0) / len(s.End)
	for i, end := range s.End {
		if span := b.Span(i); end.Status == OK && span.T0 == span.T1 && !finite(b.Z0[i*dim:(i+1)*dim]) {
			s.End[i].Status = NonFinite
		}
	}
}

// LeaveOut completes a derivative in which samples failed, or brought numbers that are not finite: their status says
// so, ∂L/∂z0 is zeros for them, and ∂L/∂θ is the sum over all others, each with its weight in the whole batch. Loss is
// that over all samples whose loss is finite, also of those that failed on the way back. ∂L/∂θ of a batch in which
// nobody is left is NaN. Under [ControlBatch] all fail with the first.
//
// It is for backends: their Differentiate passes what it computed, and again, which differentiates another batch with
// the same parameters. It is called where a sample failed after it had gone forward, or ∂L/∂θ is not finite. Its errors
// are again's.
func LeaveOut(d *Derivative, spec Spec, b Batch, o Objective, again func(Batch, Objective) (*Derivative, error)) error {
	l := &leaveOut{d: d, b: b, o: o, again: again, dim: len(b.Z0) / len(d.End)}
	if err := l.leaveOut(spec); err != nil {
		return err
	}
	l.sumSignals()
	return nil
}

// leaveOut is LeaveOut but for the signals, of which it clears what failed.
func (l *leaveOut) leaveOut(spec Spec) error {
	d, b := l.d, l.b
	FailEmptySpans(&d.Solution, b)
	l.clearFailed()
	l.judgeInputs()
	l.judgeLosses()
	l.shareFailure(spec)
	left := l.left()
	if len(left) > 0 && len(left) == l.arrived() && finite(d.Theta) {
		return nil
	}
	theta, err := l.sum(left)
	if err != nil {
		return err
	}
	if len(left) > 0 && !finite(theta) {
		if left, err = l.blame(left); err != nil {
			return err
		}
		theta, err = l.sum(left)
	}
	d.Theta = theta
	return err
}

// leaveOut is a LeaveOut under way.
type leaveOut struct {
	d     *Derivative
	b     Batch
	o     Objective
	again func(Batch, Objective) (*Derivative, error)
	dim   int
}

// fail says that a sample that arrived failed on the way back.
func (l *leaveOut) fail(i int, end End) {
	l.d.Back[i] = end
	l.clear(i)
}

// clear leaves zeros for the derivatives of sample i.
func (l *leaveOut) clear(i int) {
	clear(row(l.d.Z0, i, l.dim))
	clear(row(l.d.Inputs, i, l.inputs()))
	for _, own := range l.crossings(i) {
		clear(own)
	}
	if l.d.Spans != nil {
		l.d.Spans[i] = Span{}
		clear(l.timesOf(i))
	}
	if l.d.signalBars != nil {
		clear(l.d.signalBars[i])
	}
}

// timesOf are the derivatives for the save times of sample i.
func (l *leaveOut) timesOf(i int) []float64 {
	from, to := l.b.Rows(i)
	return l.d.Times[from:to]
}

// crossings are the derivatives for the jumps, their amounts and the stops of sample i.
func (l *leaveOut) crossings(i int) [3][]float64 {
	var own [3][]float64
	from, to := l.b.JumpRows(i)
	if l.d.Jumps != nil {
		own[0] = l.d.Jumps[from:to]
	}
	if rows := rowCount(l.b.Jumps, l.b.JumpOffsets, len(l.d.End)); rows > 0 {
		width := len(l.d.Amounts) / rows
		own[1] = l.d.Amounts[from*width : to*width]
	}
	if from, to = l.b.StopRows(i); l.d.Stops != nil {
		own[2] = l.d.Stops[from:to]
	}
	return own
}

// inputs is the number of the field's inputs.
func (l *leaveOut) inputs() int { return len(l.d.Inputs) / len(l.d.End) }

// clearFailed leaves zeros for the derivatives of the samples that did not arrive, or not come back.
func (l *leaveOut) clearFailed() {
	for i, end := range l.d.End {
		if end.Status != OK || l.d.Back[i].Status != OK {
			l.clear(i)
		}
	}
}

// judgeInputs fails the samples whose derivatives for their inputs, signals or times are not finite.
func (l *leaveOut) judgeInputs() {
	for i := range l.d.End {
		good := finite(row(l.d.Inputs, i, l.inputs()))
		if l.d.Spans != nil {
			good = good && finite([]float64{l.d.Spans[i].T0, l.d.Spans[i].T1}) && finite(l.timesOf(i))
		}
		if l.d.signalBars != nil {
			good = good && finite(l.d.signalBars[i])
		}
		for _, own := range l.crossings(i) {
			good = good && finite(own)
		}
		if !good {
			l.fail(i, End{Status: NonFinite, T: l.d.Back[i].T})
		}
	}
}

// judgeLosses fails the samples of which a loss is not finite, and sums those of the others.
func (l *leaveOut) judgeLosses() {
	if l.d.Losses == nil {
		return
	}
	weights := l.o.weights(l.b, len(l.d.End))
	l.d.Loss = SumOverSamples(len(l.d.End), func(i int) float64 { return l.lossOf(i, weights) })
}

// lossOf is the weighted sum of the losses of sample i; 0 where it failed, or now fails.
func (l *leaveOut) lossOf(i int, weights []float64) float64 {
	sum := 0.0
	from, to := l.o.losses(l.b, i)
	for k := from; k < to; k++ {
		loss := l.d.Losses[k]
		switch {
		case !l.reached(i, k), l.o.masked(k):
			l.noLoss(k)
		case finite([]float64{loss}):
			sum += weights[k] * loss
		default:
			if l.d.Back[i].Status == OK {
				l.fail(i, End{Status: NonFinite, T: l.d.End[i].T})
			}
			return 0
		}
	}
	return sum
}

// reached reports whether sample i came to the state of a loss.
func (l *leaveOut) reached(i, loss int) bool {
	_, ok := l.o.lossTime(l.b, i, loss, l.d.End[i])
	return ok
}

// noLoss says that there is none.
func (l *leaveOut) noLoss(k int) {
	l.d.Losses[k] = math.NaN()
	width := len(l.d.Out) / len(l.d.Losses)
	copy(row(l.d.Out, k, width), notANumber(width))
}

// shareFailure fails everybody with the first, where all share their steps.
func (l *leaveOut) shareFailure(spec Spec) {
	if spec.Controller.Control != ControlBatch {
		return
	}
	for _, end := range l.d.Back {
		if end.Status == OK {
			continue
		}
		for i := range l.d.Back {
			l.fail(i, end)
		}
		return
	}
}

// left are the samples that went forward and backward.
func (l *leaveOut) left() []int {
	var left []int
	for i, end := range l.d.End {
		if end.Status == OK && l.d.Back[i].Status == OK {
			left = append(left, i)
		}
	}
	return left
}

func (l *leaveOut) arrived() int {
	n := 0
	for _, end := range l.d.End {
		if end.Status == OK {
			n++
		}
	}
	return n
}

// sum is ∂L/∂θ of the samples; NaN for none.
func (l *leaveOut) sum(samples []int) ([]float64, error) {
	if len(samples) == 0 {
		theta := make([]float64, len(l.d.Theta))
		for i := range theta {
			theta[i] = math.NaN()
		}
		return theta, nil
	}
	if len(samples) == len(l.d.End) {
		return l.d.Theta, nil
	}
	d, err := l.again(l.b.pick(samples, l.dim), l.objective(samples))
	if err != nil {
		return nil, err
	}
	return d.Theta, nil
}

// blame fails the samples whose own ∂L/∂θ is not finite and returns the others; where nobody alone is to blame, all
// are.
func (l *leaveOut) blame(samples []int) ([]int, error) {
	var good []int
	for _, i := range samples {
		theta, err := l.sum([]int{i})
		if err != nil {
			return nil, err
		}
		if len(l.d.End) > 1 && finite(theta) {
			good = append(good, i)
		}
	}
	if len(good) == len(samples) {
		good = nil
	}
	isGood := map[int]bool{}
	for _, i := range good {
		isGood[i] = true
	}
	for _, i := range samples {
		if !isGood[i] {
			l.fail(i, End{Status: NonFinite, T: l.d.Back[i].T})
		}
	}
	return good, nil
}

// objective keeps each loss's weight in the whole batch.
func (l *leaveOut) objective(samples []int) Objective {
	n, o := len(l.d.End), l.o
	if o.Labels != nil {
		o.Weight = o.weights(l.b, n)
	}
	return o.pick(l.b, samples, n)
}

// pick copies out rows of x; nil of nil.
func pick(x []float64, rows []int, width int) []float64 {
	if x == nil {
		return nil
	}
	y := make([]float64, 0, len(rows)*width)
	for _, i := range rows {
		y = append(y, x[i*width:(i+1)*width]...)
	}
	return y
}
