package dataset

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"neuralode/dataset/internal/npy"
)

// WriteCSV writes a header, the features and then the labels to w, classes by their names. Given the same Task and
// Classes, [ReadCSV] reads the same points again, unless a name is empty, a number or a missing value to pandas, or has
// space at an end. It writes nothing when [Dataset.Check] reports an error.
func (d *Dataset) WriteCSV(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	_ = c.Write(slices.Concat(d.Features, d.Targets))
	fields := make([]string, d.Dim+d.Width)
	for i := range d.Len() {
		for j := range d.Dim {
			fields[j] = shortest(d.X[i*d.Dim+j])
		}
		for j := range d.Width {
			fields[d.Dim+j] = d.label(i*d.Width + j)
		}
		_ = c.Write(fields)
	}
	c.Flush()
	return c.Error() // the first error of all writes
}

// label is a label as text.
func (d *Dataset) label(i int) string {
	if d.Task.classes() {
		return d.Classes[int(d.Labels[i])]
	}
	return shortest(d.Labels[i])
}

// WriteNPY writes an array [n, Dim+Width] of float64 to w: the features, then the labels, classes by their indices. It
// writes nothing when [Dataset.Check] reports an error.
func (d *Dataset) WriteNPY(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	a := npy.Array{Shape: []int{d.Len(), d.Dim + d.Width}}
	for i := range d.Len() {
		a.Data = append(a.Data, d.X[i*d.Dim:(i+1)*d.Dim]...)
		a.Data = append(a.Data, d.Labels[i*d.Width:(i+1)*d.Width]...)
	}
	return a.Write(w)
}

// WriteArray writes numbers [shape] to w as a NumPy array of float64 in C order; numbers that do not fill the shape are
// an error before anything is written.
func WriteArray(w io.Writer, data []float64, shape ...int) error {
	a := npy.Array{Shape: shape, Data: data}
	if err := a.Write(w); err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	return nil
}
