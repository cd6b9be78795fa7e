package kernels

import "neuralode/solver"

// Minibatches are what a Call has of the minibatches of a training, and the most samples and rows of one.
type Minibatches struct {
	Table, Index, RowOffsets []int64
	Samples, Rows            int
}

// MinibatchesOf prepares them.
func MinibatchesOf(d solver.Data, minibatches [][]int) Minibatches {
	var m Minibatches
	for _, samples := range minibatches {
		first, offset := len(m.Index), len(m.RowOffsets)
		rows, counting := m.add(d, samples)
		leaf := solver.LeafSize(len(samples))
		if d.Weight != nil {
			counting = 0
		}
		m.Table = append(m.Table, int64(first), int64(len(samples)), int64(offset), int64(counting), int64(leaf),
			int64(LeavesPerBlock((len(samples)+leaf-1)/leaf)))
		m.Samples, m.Rows = max(m.Samples, len(samples)), max(m.Rows, rows)
	}
	return m
}

// add appends the samples of a minibatch; it returns how many rows they have, and how many losses count.
func (m *Minibatches) add(d solver.Data, samples []int) (rows, counting int) {
	for _, i := range samples {
		from, to := d.Rows(i)
		m.Index = append(m.Index, int64(i))
		m.RowOffsets = append(m.RowOffsets, int64(rows))
		rows += to - from
		if d.AtTimes {
			counting += unmasked(d.Mask, from, to)
		} else {
			counting++
		}
	}
	m.RowOffsets = append(m.RowOffsets, int64(rows))
	return rows, counting
}
