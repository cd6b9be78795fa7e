package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

var errEmpty = errors.New("there are no points in the file")

// table is the content of a file before the labels have a meaning.
type table struct {
	columns *columns
	unit    string // what a row is called in messages
	options Options
	notes   []string

	n      int
	x      []float64 // [n, features]
	labels labels
	kinds  []kind // [columns], number or logical once a field was taken as a number, before that missing
}

func newTable(c *columns, unit string, o Options) *table {
	t := &table{columns: c, unit: unit, options: o, notes: c.notes, kinds: slices.Repeat([]kind{missing}, c.count)}
	t.labels.known = map[string]int32{}
	t.labels.real = o.Task == Regression || len(c.labels) > 1
	return t
}

// add appends a row, of which at gives the field of a column.
func (t *table) add(row int, at func(column int) cell) error {
	if err := t.checkBlank(row, at); err != nil {
		return err
	}
	for _, i := range t.columns.features {
		v, err := t.number(row, i, at(i))
		if err != nil {
			return err
		}
		t.x = append(t.x, v)
	}
	for _, i := range t.columns.labels {
		if err := t.addLabel(row, i, at(i)); err != nil {
			return err
		}
	}
	t.n++
	return nil
}

// checkBlank reports content in a column that was taken for a blank one.
func (t *table) checkBlank(row int, at func(column int) cell) error {
	for _, i := range t.columns.blank {
		if c := at(i); c.text != "" {
			return t.errorAt(row, i, fmt.Errorf("%.40q in a column that is empty before: drop it, or give it a name",
				c.text))
		}
	}
	return nil
}

// number is a field as a number. A column is of numbers or of true and false, not of both.
func (t *table) number(row, column int, c cell) (float64, error) {
	if err := c.problem(); err != nil {
		return 0, t.errorAt(row, column, fmt.Errorf("%w%s", err, t.remedy(column, c)))
	}
	if k := t.kinds[column]; k != missing && k != c.kind {
		return 0, t.errorAt(row, column, fmt.Errorf("%.40q: the column mixes numbers with true and false", c.name()))
	}
	t.kinds[column] = c.kind
	if t.options.Float32 && math.IsInf(float64(float32(c.value)), 0) {
		return 0, t.errorAt(row, column,
			fmt.Errorf("%.40q is beyond float32, which ends at 3.4e38: scale the column, or say precision float64",
				c.name()))
	}
	return c.value, nil
}

// remedy is what to do about a field that is no finite number.
func (t *table) remedy(column int, c cell) string {
	switch {
	case c.hasComma() && !t.options.DecimalComma:
		return ": say decimal-comma if the comma stands for the point, or else write the number without"
	case c.kind == word && slices.Contains(t.columns.labels, column):
		return ": if labels are classes, name the task"
	case c.kind == word:
		return ": drop leaves a column out"
	case c.kind == missing:
		return ": fill it in, remove the " + t.unit + ", or drop the column"
	}
	return ""
}

// errorAt puts the place of a field before an error.
func (t *table) errorAt(row, column int, err error) error {
	return fmt.Errorf("%s %d, %s: %w", t.unit, row, t.columns.title(column), err)
}

// dataset gives the labels their meaning.
func (t *table) dataset(o Options) (*Dataset, error) {
	if t.n == 0 {
		return nil, errEmpty
	}
	d := &Dataset{X: t.x, Dim: len(t.columns.features), Features: t.columns.featureNames(),
		Named: t.columns.names != nil, Task: o.Task, Notes: t.notes}
	if d.Task == Unlabelled {
		return d, nil
	}
	d.Width, d.Targets = len(t.columns.labels), t.columns.targetNames()
	var err error
	if d.Task, err = t.decide(); err != nil {
		return nil, err
	}
	if d.Task == Regression {
		d.Labels = t.labels.numbers
	} else if d.Classes, d.Labels, err = t.classes(d.Task); err != nil {
		return nil, err
	}
	d.observe(o.Float32 && !o.Centred)
	return d, nil
}
