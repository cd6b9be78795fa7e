package kernels

import (
	"slices"

	"neuralode/solver"
)

// TimeLosses is what a Call has of losses that look at saved states.
type TimeLosses struct {
	Weight            []float64 // Call.weight
	LossWeight, Share []float64
	Masked            []int32 // nil where no loss is masked
}

// LossesAtTimes gives what n samples of a batch have of an objective AtTimes. Where that has no weights of its own they
// are 1: Call.counting makes the mean.
func LossesAtTimes(o solver.Objective, b solver.Batch, n int) TimeLosses {
	var l TimeLosses
	if o.Weight == nil {
		o.Weight = slices.Repeat([]float64{1}, b.RowCount(n))
	}
	l.Weight, l.Share = o.TimeWeights(b, n)
	l.LossWeight = make([]float64, len(l.Share))
	for i, w := range l.Weight {
		from, to := b.Rows(i)
		for row := from; row < to; row++ {
			l.LossWeight[row] = w * l.Share[row]
		}
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

// Counting is Call.counting for n samples of a batch.
func Counting(o solver.Objective, b solver.Batch, n int) int {
	switch {
	case o.Weight != nil:
		return 0
	case o.AtTimes:
		return unmasked(o.Mask, 0, b.RowCount(n))
	}
	return n
}

// unmasked is how many of the losses from up to to count.
func unmasked(mask []bool, from, to int) int {
	n := to - from
	for i := from; mask != nil && i < to; i++ {
		if mask[i] {
			n--
		}
	}
	return n
}

// Offsets are Call.offsets or Call.stopOffsets.
func Offsets(from []int) []int64 {
	offsets := make([]int64, len(from))
	for i, v := range from {
		offsets[i] = int64(v)
	}
	return offsets
}
