package cpu

import (
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// atTimes are the weights of a loss that looks at the states at the times of the batch (see
// [solver.Objective.TimeWeights]).
type atTimes[T simd.Float] struct {
	mask   []bool // [rows] or nil
	weight []T    // [rows] of the loss
	// [rows] of what the way back takes up: without the sample's weight where that multiplies what comes out
	share []T
}

// loadAtTimes prepares the call for such a loss.
func (e *engine[T]) loadAtTimes(c *call[T], o solver.Objective) {
	if c.atTimes == nil {
		c.atTimes = &atTimes[T]{}
	}
	sample, share := o.TimeWeights(c.batch, c.n)
	a, rows := c.atTimes, len(share)
	grow(&c.weight, c.n)
	convert(c.weight, sample)
	grow(&a.weight, rows)
	grow(&a.share, rows)
	a.mask = o.Mask
	for i, w := range sample {
		from, to := c.batch.Rows(i)
		for row := from; row < to; row++ {
			a.weight[row], a.share[row] = T(w*share[row]), T(share[row])
			if e.spec.Gradient == solver.Discrete {
				a.share[row] = a.weight[row]
			}
		}
	}
	grow(&c.savedBar, rows*c.dim)
	e.resizeLosses(c, rows)
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
			list = append(list, loss{i, i, c.end[i].T})
			continue
		}
		from, _ := c.batch.Rows(i)
		for j, t := range c.timesBack(i).times {
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

// lossOf is the weighted sum of a sample's losses.
func (a *atTimes[T]) lossOf(c *call[T], sample int) float64 {
	sum := 0.0
	from, _ := c.batch.Rows(sample)
	for row := from; row < from+len(c.timesBack(sample).times); row++ {
		if a.mask == nil || !a.mask[row] {
			sum += float64(a.weight[row]) * float64(c.losses[row])
		}
	}
	return sum
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
