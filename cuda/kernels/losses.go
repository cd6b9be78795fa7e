package kernels

import "neuralode/solver"

// TimeLosses is what a Call has of an objective AtTimes.
type TimeLosses struct {
	Weight            []float64 // Call.weight
	LossWeight, Share []float64
	Masked            []int32 // nil where no loss is masked
}

// LossesAtTimes gives what n samples of a batch have of an objective AtTimes, for a gradient of that mode. The discrete one takes
// up whole weights on its way, since it is linear; the steps of the others must not depend on them.
func LossesAtTimes(o solver.Objective, b solver.Batch, n int, mode solver.Gradient) TimeLosses {
	var l TimeLosses
	l.Weight, l.Share = o.TimeWeights(b, n)
	l.LossWeight = make([]float64, len(l.Share))
	for i, w := range l.Weight {
		from, to := b.Rows(i)
		for row := from; row < to; row++ {
			l.LossWeight[row] = w * l.Share[row]
		}
	}
	if mode == solver.Discrete {
		l.Share = l.LossWeight
	}
	if o.Mask == nil {
		return l
	}
	l.Masked = make([]int32, len(o.Mask))
	for i, masked := range o.Mask {
		if masked {
			l.Masked[i] = 1
		}
	}
	return l
}

// Offsets is Call.offsets.
func Offsets(b solver.Batch) []int64 {
	offsets := make([]int64, len(b.Offsets))
	for i, v := range b.Offsets {
		offsets[i] = int64(v)
	}
	return offsets
}
