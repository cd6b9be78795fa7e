package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuralode/dataset"
	"neuralode/solver"
)

// A short fit of starts: so many updates of Adam, with a rate that falls from the first along half a cosine to 0. States
// are scaled, so that a start is a few tenths from the first observation at most where that is its noise.
const (
	fitUpdates = 60
	fitRate    = 0.05
)

// Starts are the states, [series, dim] in units of the field, that solves of series begin with. Of a model without
// learnt ones they are nil: it makes them of what was observed, and series of which it cannot are an error, see
// [Model.CheckStarts]. Otherwise they are those that the training has found for the series that it saw, and for others,
// each for itself, the best of a short fit to all that was observed of them.
func (p *Predictor) Starts(ctx context.Context, s *dataset.Series) ([]float64, error) {
	if err := p.model.CheckStarts(s); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if p.model.found == nil {
		return nil, nil
	}
	z, dim := p.model.batch(s).Z0, p.model.Net.Dim()
	at, unknown := p.model.found.byKey(), []int{}
	for i := range s.Len() {
		if k, ok := at[startKey(s, i)]; ok {
			copy(row(z, i, dim), row(p.model.found.z, k, dim))
		} else {
			unknown = append(unknown, i)
		}
	}
	for len(unknown) > 0 {
		n, rows := 0, 0
		for n < len(unknown) && (n == 0 || rows < seriesRows) {
			rows += len(s.TimesOf(unknown[n]))
			n++
		}
		found, err := p.fitStarts(ctx, s.Select(unknown[:n]))
		if err != nil {
			return nil, err
		}
		for k, i := range unknown[:n] {
			copy(row(z, i, dim), row(found, k, dim))
		}
		unknown = unknown[n:]
	}
	return z, nil
}

// fitStarts are the starts that fit what was observed of series best, each of its own.
func (p *Predictor) fitStarts(ctx context.Context, s *dataset.Series) ([]float64, error) {
	data := p.model.seriesData(s)
	n := s.Dim
	for _, first := range s.Offsets[:s.Len()] {
		data.Mask[first] = !weighty(data.Labels[2*n*first+n : 2*n*(first+1)])
	}
	data.Labels = widened(data.Labels, s.Rows(), p.ode.LabelWidth())
	data.Weight = slices.Repeat([]float64{1}, s.Rows())
	table := newStartTable(data.Z0, p.model.Net.Dim(), nil)
	best, loss := slices.Clone(table.z), slices.Repeat([]float64{math.Inf(1)}, s.Len())
	for k := range fitUpdates + 1 {
		b := data.Batch
		b.Z0 = table.z
		d, err := p.ode.Differentiate(ctx, p.model.Theta, b, data.Objective)
		if err != nil {
			return nil, err
		}
		rate := fitRate * (1 + math.Cos(math.Pi*float64(k)/fitUpdates)) / 2
		for i := range s.Len() {
			if d.End[i].Status != solver.OK || d.Back[i].Status != solver.OK {
				continue
			}
			if l := rowLoss(d, data, i); l < loss[i] {
				loss[i] = l
				copy(row(best, i, table.dim), table.of(i))
			}
			table.update(i, row(d.Z0, i, table.dim), rate)
		}
	}
	return best, nil
}

// rowLoss is the sum of the losses of sample i.
func rowLoss(d *solver.Derivative, data solver.Data, i int) (sum float64) {
	from, to := data.Rows(i)
	for r := from; r < to; r++ {
		if !data.Mask[r] {
			sum += d.Losses[r]
		}
	}
	return sum
}

// widened are rows of labels with zeros behind them up to a width.
func widened(labels []float64, rows, width int) []float64 {
	if rows == 0 || len(labels) == rows*width {
		return labels
	}
	own := len(labels) / rows
	wide := make([]float64, rows*width)
	for r := range rows {
		copy(wide[r*width:], labels[r*own:(r+1)*own])
	}
	return wide
}

// Scored are starts of series, as [Predictor.Starts], and the series with what the starts were not fitted to: a model is
// scored by these. Of series that the training has seen they have all rows. The starts of others are fitted to the first
// half of their rows, and these are not observed in them.
func (p *Predictor) Scored(ctx context.Context, s *dataset.Series) (starts []float64, scored *dataset.Series, err error) {
	fitted, scored := p.model.parted(s)
	starts, err = p.Starts(ctx, fitted)
	return starts, scored, err
}

// parted are the series with the rows that starts are fitted to, and with those that they are scored by.
func (m *Model) parted(s *dataset.Series) (fitted, scored *dataset.Series) {
	if m.found == nil {
		return s, s
	}
	at := m.found.byKey()
	half := func(i int) (end int) {
		if _, found := at[startKey(s, i)]; found {
			return 0
		}
		return s.Offsets[i] + (s.Offsets[i+1]-s.Offsets[i]+1)/2
	}
	fitted = s.HideRows(func(i int) (from, to int) {
		if end := half(i); end > 0 {
			return end, s.Offsets[i+1]
		}
		return 0, 0
	})
	scored = s.HideRows(func(i int) (from, to int) { return s.Offsets[i] + 1, max(half(i), s.Offsets[i]+1) })
	return fitted, scored
}

// Unknown is how many of some series a model with learnt starts has not been trained on, so that their starts are
// fitted; 0 of other models.
func (m *Model) Unknown(s *dataset.Series) (n int) {
	if m.found == nil {
		return 0
	}
	at := m.found.byKey()
	for i := range s.Len() {
		if _, ok := at[startKey(s, i)]; !ok {
			n++
		}
	}
	return n
}
