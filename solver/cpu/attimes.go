package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// atTimes are the weights of a loss that looks at the states at the times of the batch (see [solver.Objective.TimeWeights]).
type atTimes[T simd.Float] struct {
	mask   []bool // [rows] or nil
	weight []T    // [rows] of the loss
	share  []T    // [rows] of what the way back takes up: without the sample's weight where that multiplies what comes out
}

// loadAtTimes prepares the call for such a loss.
func (e *engine[T]) loadAtTimes(c *call[T], o solver.Objective) {
	sample, share := o.TimeWeights(c.batch, c.n)
	c.weight = converted[T](sample)
	a := &atTimes[T]{mask: o.Mask, weight: make([]T, len(share)), share: converted[T](share)}
	for i, w := range sample {
		from, to := c.batch.Rows(i)
		for row := from; row < to; row++ {
			a.weight[row] = T(w * share[row])
		}
	}
	if e.spec.Gradient == solver.Discrete {
		a.share = a.weight
	}
	c.atTimes, c.savedBar = a, make([]T, len(share)*c.dim)
	e.resizeLosses(c, len(share))
}

// loss is a loss to compute: the number it has among all, the sample it belongs to, and the time of the state.
type loss struct {
	number, sample int
	t              float64
}

// lossesOf lists those of the samples.
func (c *call[T]) lossesOf(list []loss, samples []int) []loss {
	for _, i := range samples {
		if c.atTimes == nil {
			list = append(list, loss{i, i, c.batch.Span(i).T1})
			continue
		}
		from, _ := c.batch.Rows(i)
		for j, t := range c.batch.TimesOf(i) {
			if c.atTimes.mask == nil || !c.atTimes.mask[from+j] {
				list = append(list, loss{from + j, i, c.batch.Span(i).SaveTime(t)})
			}
		}
	}
	return list
}

// lossWeight is that of a loss in L.
func (c *call[T]) lossWeight(l loss) T {
	if c.atTimes == nil {
		return c.weightOf(l.sample)
	}
	return c.atTimes.weight[l.number]
}

// takeUp adds the share of each of the losses to the cotangents that were computed.
func (a *atTimes[T]) takeUp(c *call[T], losses []loss) {
	for _, l := range losses {
		bar := row(c.savedBar, l.number, c.dim)
		for k := range bar {
			bar[k] *= a.share[l.number]
		}
	}
}
