package dataset

import (
	"errors"
	"fmt"
	"strings"
)

var errEmpty = errors.New("there are no points in the file")

// table is the content of a file before the labels have a meaning.
type table struct {
	columns *columns
	unit    string    // what a row is called in messages
	rows    []int     // [n], the number of each row in the file
	x       []float64 // [n, features]
	labels  []cell    // [n, labels]
	known   map[string]string
}

func newTable(c *columns, unit string) *table {
	return &table{columns: c, unit: unit, known: map[string]string{}}
}

// add appends a row, of which at gives the field of a column.
func (t *table) add(row int, unlabelled bool, at func(column int) cell) error {
	for _, i := range t.columns.features {
		c := at(i)
		if err := c.err(); err != nil {
			return fmt.Errorf("%s %d, %s: %w", t.unit, row, t.columns.title(i), err)
		}
		t.x = append(t.x, c.value)
	}
	if !unlabelled {
		for _, i := range t.columns.labels {
			c := at(i)
			c.text = t.keep(c.text)
			t.labels = append(t.labels, c)
		}
	}
	t.rows = append(t.rows, row)
	return nil
}

// keep is a copy of s, the same one for equal texts: s itself would keep the whole line in memory.
func (t *table) keep(s string) string {
	if _, ok := t.known[s]; !ok {
		s = strings.Clone(s)
		t.known[s] = s
	}
	return t.known[s]
}

// dataset gives the labels their meaning.
func (t *table) dataset(o Options) (*Dataset, error) {
	if len(t.rows) == 0 {
		return nil, errEmpty
	}
	d := &Dataset{X: t.x, Dim: len(t.columns.features), Features: t.columns.featureNames(),
		Named: t.columns.names != nil, Task: o.Task}
	if d.Task == Unlabelled {
		return d, nil
	}
	d.Width, d.Targets = len(t.columns.labels), t.columns.targetNames()
	var err error
	if d.Task == Auto {
		if d.Task, err = t.task(o); err != nil {
			return nil, err
		}
	}
	if d.Task == Classification {
		d.Task = t.classification(o)
	}
	if d.Task == Regression {
		d.Labels, err = t.numbers()
		return d, err
	}
	d.Classes, d.Labels, err = t.classes(d.Task, o.Classes)
	return d, err
}
