package solver

import (
	"errors"
	"fmt"
	"slices"
)

// Data is a data set that stays with the backend for a whole training: a batch, of which each minibatch has some
// samples, and the head's loss of it. What is the mean of a loss without weights is the mean over the minibatch.
type Data struct {
	Batch
	Objective
}

// Labelled is the data of samples that all have one span, with a loss at its end. It keeps z0 and labels.
func Labelled(z0, labels []float64, span Span) Data {
	return Data{Batch: Batch{Z0: z0, Spans: []Span{span}}, Objective: Objective{Labels: labels}}
}

func (d Data) check(m Model, spec Spec) error {
	if err := checkFeatures(m, d.Batch); err != nil {
		return err
	}
	d.Batch = m.WithRoom(d.Batch)
	n := d.Len(m.Dim())
	err := errors.Join(d.Batch.Check(m.Dim(), spec), checkInputs(m, d.Batch), checkAmounts(m, d.Batch), checkMoments(m, d.Batch),
		checkTime(m, spec, d.Batch))
	if err != nil || m.Head == nil {
		return err
	}
	if d.Cotangent != nil || d.Saved != nil {
		return errors.New("solver: training wants labels, got cotangents")
	}
	if err := d.Objective.Check(m, n, d.RowCount(n)); err != nil || !d.AtTimes {
		return err
	}
	for i := range n {
		if len(d.TimesOf(i)) == 0 {
			return fmt.Errorf("solver: sample %d of the data has no times, and so no loss", i)
		}
	}
	return nil
}

// Minibatch copies out the samples with the given indices, which must pass [CheckRun].
func (d Data) Minibatch(m Model, indices []int) (Batch, Objective) {
	return m.pick(d.Batch, indices), d.Objective.pick(d.Batch, indices, m.WithRoom(d.Batch).Len(m.Dim()))
}

// Clone shares nothing with d.
func (d Data) Clone() Data {
	d.Batch = Batch{Z0: slices.Clone(d.Z0), Features: slices.Clone(d.Features), Spans: slices.Clone(d.Spans),
		Times: slices.Clone(d.Times), Offsets: slices.Clone(d.Offsets), Stops: slices.Clone(d.Stops),
		StopOffsets: slices.Clone(d.StopOffsets), Jumps: slices.Clone(d.Jumps), JumpOffsets: slices.Clone(d.JumpOffsets),
		Amounts: slices.Clone(d.Amounts), Inputs: slices.Clone(d.Inputs), Signals: d.Signals.Clone()}
	d.Labels, d.Weight, d.Mask = slices.Clone(d.Labels), slices.Clone(d.Weight), slices.Clone(d.Mask)
	return d
}

// CheckRun reports what is wrong with the minibatches and learning rates of a [Session.Run]: indices outside of a data
// set of n samples, empty minibatches, and what [CheckRates] reports.
func CheckRun(minibatches [][]int, rates []float64, n int) error {
	var errs []error
	if err := CheckRates(rates, len(minibatches)); err != nil { // a list of nil would allocate
		errs = append(errs, err)
	}
	for k, indices := range minibatches {
		if len(indices) == 0 {
			errs = append(errs, fmt.Errorf("solver: minibatch %d is empty", k))
		}
		for _, i := range indices {
			if i < 0 || i >= n {
				errs = append(errs, fmt.Errorf("solver: minibatch %d has index %d, want 0 to %d", k, i, n-1))
				break
			}
		}
	}
	return errors.Join(errs...)
}
