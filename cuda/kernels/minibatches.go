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
		m.put(d, samples, samples, CutOf(len(samples)))
	}
	return m
}

// PartOf prepares the leaves from up to to of a minibatch, with their weights in the whole.
func PartOf(d solver.Data, minibatch []int, from, to int) (Minibatches, Cut) {
	var m Minibatches
	n := len(minibatch)
	cut := CutPart(n, from, to)
	m.put(d, minibatch[from*cut.Leaf:min(n, to*cut.Leaf)], minibatch, cut)
	return m, cut
}

// put appends some of the samples of a minibatch.
func (m *Minibatches) put(d solver.Data, samples, minibatch []int, cut Cut) {
	first, offset, counting := len(m.Index), len(m.RowOffsets), 0
	if d.Weight == nil {
		counting = countingOf(d, minibatch)
	}
	rows := m.add(d, samples)
	for _, v := range []int{first, len(samples), offset, counting, cut.Leaf, cut.PerBlock} {
		m.Table = append(m.Table, int64(v))
	}
	m.Samples, m.Rows = max(m.Samples, len(samples)), max(m.Rows, rows)
}

// countingOf is how many losses of the samples count.
func countingOf(d solver.Data, samples []int) int {
	if !d.AtTimes {
		return len(samples)
	}
	n := 0
	for _, i := range samples {
		from, to := d.Rows(i)
		n += unmasked(d.Mask, from, to)
	}
	return n
}

// add appends the samples of a minibatch; it returns how many rows they have.
func (m *Minibatches) add(d solver.Data, samples []int) int {
	rows := 0
	for _, i := range samples {
		from, to := d.Rows(i)
		m.Index = append(m.Index, int64(i))
		m.RowOffsets = append(m.RowOffsets, int64(rows))
		rows += to - from
	}
	m.RowOffsets = append(m.RowOffsets, int64(rows))
	return rows
}
