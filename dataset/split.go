package dataset

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Split draws rows to be held out of a training, about the given fraction of all, in [0, 1), and returns the indices of
// the others and of these, each in ascending order. Of each class the same fraction is held out, as nearly as whole
// rows can be, and one row stays at least, so that a class of one row is never held out; without classes one row stays
// of all.
//
// It is a function of its arguments. A fraction outside of its range is an error.
func (d *Dataset) Split(fraction float64, rng *rand.Rand) (training, held []int, err error) {
	if !(fraction >= 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("dataset: the fraction to hold out must be at least 0 and below 1, got %v",
			fraction)
	}
	classes := d.rowsByClass()
	for k, n := range shares(classes, fraction) {
		rows := classes[k]
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		held, training = append(held, rows[:n]...), append(training, rows[n:]...)
	}
	slices.Sort(held)
	slices.Sort(training)
	return training, held, nil
}

// rowsByClass are the rows of each class, or all as one.
func (d *Dataset) rowsByClass() [][]int {
	if !d.Task.classes() {
		all := make([]int, d.Len())
		for i := range all {
			all[i] = i
		}
		return [][]int{all}
	}
	classes := make([][]int, len(d.Classes))
	for i, class := range d.Labels {
		classes[int(class)] = append(classes[int(class)], i)
	}
	return classes
}

// shares are how many rows of each class are held out: the whole parts of their quotas, and one more of those with the
// largest rests until the sum is right (Hamilton's method), but never all.
func shares(classes [][]int, fraction float64) []int {
	n, order := make([]int, len(classes)), make([]int, len(classes))
	rest, total, missing := make([]float64, len(classes)), 0, 0
	for k, rows := range classes {
		quota := fraction * float64(len(rows))
		n[k] = min(int(quota), max(0, len(rows)-1))
		rest[k], order[k] = quota-float64(n[k]), k
		total, missing = total+len(rows), missing-n[k]
	}
	missing += int(math.Round(fraction * float64(total)))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for _, k := range order {
		if missing > 0 && rest[k] > 0 && n[k]+1 < len(classes[k]) {
			n[k], missing = n[k]+1, missing-1
		}
	}
	return n
}

// Select is the rows of d, in the order given, in new memory.
func (d *Dataset) Select(rows []int) *Dataset {
	some := *d
	some.X, some.Labels = make([]float64, 0, len(rows)*d.Dim), make([]float64, 0, len(rows)*d.Width)
	for _, i := range rows {
		some.X = append(some.X, d.X[i*d.Dim:(i+1)*d.Dim]...)
		some.Labels = append(some.Labels, d.Labels[i*d.Width:(i+1)*d.Width]...)
	}
	if d.Series != nil {
		some.Series = d.Series.Select(rows)
	}
	return &some
}
