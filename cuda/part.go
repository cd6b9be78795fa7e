package cuda

import (
	"slices"

	"neuralode/solver"
)

// part is the samples from up to to of a batch, of states of that dimension.
func part(b solver.Batch, dim, from, to int) solver.Batch {
	inputs := len(b.Inputs) / b.Len(dim)
	p := solver.Batch{Z0: b.Z0[from*dim : to*dim], Spans: b.Spans, Inputs: b.Inputs[from*inputs : to*inputs]}
	if len(b.Spans) > 1 {
		p.Spans = b.Spans[from:to]
	}
	p.Times, p.Offsets = partOfTimes(b.Times, b.Offsets, from, to)
	p.Stops, p.StopOffsets = partOfTimes(b.Stops, b.StopOffsets, from, to)
	samples := make([]int, to-from)
	for i := range samples {
		samples[i] = from + i
	}
	p.TakeSignals(&b, samples)
	return p
}

// partOfTimes are the times of these samples: all without offsets.
func partOfTimes(times []float64, offsets []int, from, to int) ([]float64, []int) {
	if offsets == nil {
		return times, nil
	}
	some := slices.Clone(offsets[from : to+1])
	for i := range some {
		some[i] -= offsets[from]
	}
	return times[offsets[from]:offsets[to]], some
}

// partOf is the objective for that part: the same sum, so that weights by default are those of the whole batch.
func partOf(o solver.Objective, b solver.Batch, dim, from, to int) solver.Objective {
	n := b.Len(dim)
	if to-from == n {
		return o
	}
	first, _ := b.Rows(from)
	_, end := b.Rows(to - 1)
	p := solver.Objective{AtTimes: o.AtTimes, ForTimes: o.ForTimes, ForSignals: o.ForSignals, Cotangent: cut(o.Cotangent, from, to, n),
		Saved: cut(o.Saved, first, end, b.RowCount(n))}
	if o.Labels == nil {
		return p
	}
	losses := n
	if o.AtTimes {
		from, to, losses = first, end, b.RowCount(n)
		p.Mask = cut(o.Mask, from, to, losses)
	}
	counting := losses
	for _, masked := range o.Mask {
		if masked {
			counting--
		}
	}
	p.Labels, p.Weight = cut(o.Labels, from, to, losses), cut(o.Weight, from, to, losses)
	if o.Weight == nil {
		p.Weight = slices.Repeat([]float64{1 / float64(counting)}, to-from)
	}
	return p
}

// cut is the rows from up to to of x, which has n of them; nil of nil.
func cut[T any](x []T, from, to, n int) []T {
	if x == nil {
		return nil
	}
	width := len(x) / n
	return x[from*width : to*width]
}
