package dataset

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// ReadSeriesCSV reads series from lines of fields, a row for each observation: which series it belongs to, its time,
// and what was observed; name stands for the file in errors. A feature that is empty or stands for a missing value was
// not observed. The text, its separator, header and numbers are those of [ReadCSV].
//
// Errors are one line and name the file, the line and the column. Beside those of the text these are errors: rows of a
// series that do not follow each other; a time or id that is missing; times that do not rise within a series, or stand
// there twice; a series of one row, unless the options allow it; a feature that is never observed; a constant that
// changes within a series.
func ReadSeriesCSV(name string, r io.Reader, o SeriesOptions) (*Series, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s, err := readSeriesCSV(r, o)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	return s, nil
}

// ReadSeries reads the series in the file at path: text, an array or named arrays, as the name ends. See [ReadSeriesCSV],
// [ReadSeriesNPY] and [ReadSeriesNPZ]. A file that memory has no room for is a *memory.Error before it is read.
func ReadSeries(path string, o SeriesOptions) (*Series, error) {
	f, err := openWhole(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch ending(path) {
	case ".npy":
		return ReadSeriesNPY(path, f, o)
	case ".npz":
		info, err := f.Stat()
		if err != nil {
			return nil, fmt.Errorf("dataset: %w", err)
		}
		return ReadSeriesNPZ(path, f, info.Size(), o)
	case ".tsv":
		o.tabbed()
	}
	return ReadSeriesCSV(path, f, o)
}

func readSeriesCSV(r io.Reader, o SeriesOptions) (*Series, error) {
	l, names, err := openLines(r, o.points())
	if err != nil {
		return nil, err
	}
	c, err := newSeriesColumns(l.count(), l.blankEnd(), names, o)
	if err != nil {
		return nil, err
	}
	if c.time < 0 {
		return nil, fmt.Errorf("no column is called t, time or year or the like, and none is named as the time-column; %s",
			c.list())
	}
	t := newSeriesTable(c, o)
	t.out.Notes = append(l.notes, t.out.Notes...)
	if err := l.each(func() error { return t.add(l.line, l.cell) }); err != nil {
		return nil, err
	}
	return t.series()
}

// seriesTable gathers the rows of series.
type seriesTable struct {
	*table
	columns *seriesColumns
	options SeriesOptions
	out     *Series

	began    map[string]int // the first row of each series
	row      int            // the last
	observed []bool         // [Dim], each feature somewhere
}

func newSeriesTable(c *seriesColumns, o SeriesOptions) *seriesTable {
	t := &seriesTable{table: newTable(&c.columns, "line", o.points()), columns: c, options: o, began: map[string]int{},
		observed: make([]bool, len(c.features))}
	t.out = &Series{Dim: len(c.features), Features: c.featureNames(),
		ConstantNames: c.name(c.constants, "c"), IDName: "id", TimeName: "t", Named: c.names != nil,
		Notes: c.notes}
	if len(c.inputs) > 0 {
		t.out.Signals = &Signals{Names: c.name(c.inputs, "u")}
	}
	if c.names != nil {
		t.out.TimeName = c.names[c.time]
	}
	if c.names != nil && c.id >= 0 {
		t.out.IDName = c.names[c.id]
	}
	return t
}

// add appends a row, of which at gives the field of a column.
func (t *seriesTable) add(row int, at func(column int) cell) error {
	if err := t.checkBlank(row, at); err != nil {
		return err
	}
	if err := t.enter(row, at); err != nil {
		return err
	}
	if err := t.addTime(row, at(t.columns.time)); err != nil {
		return err
	}
	for k, i := range t.columns.features {
		if err := t.observe(row, i, k, at(i)); err != nil {
			return err
		}
	}
	for _, i := range t.columns.inputs {
		v, c := notObserved, at(i)
		if c.kind != missing {
			var err error
			if v, err = t.number(row, i, c); err != nil {
				return err
			}
		}
		t.out.Signals.Values = append(t.out.Signals.Values, v)
	}
	t.row = row
	return t.addConstants(row, at)
}

// enter begins a new series where the id is another than in the row before.
func (t *seriesTable) enter(row int, at func(column int) cell) error {
	name := ""
	if t.columns.id >= 0 {
		c := at(t.columns.id)
		if c.kind == missing {
			return t.errorAt(row, t.columns.id, fmt.Errorf("%w: fill it in or remove the %s", c.problem(), t.unit))
		}
		name = c.name()
	}
	n := len(t.out.IDs)
	if n > 0 && t.out.IDs[n-1] == name {
		return nil
	}
	if began, ok := t.began[name]; ok {
		return t.errorAt(row, t.columns.id, fmt.Errorf(
			"series %.40q, which began in %s %d, comes back after %.40q: put its rows together", name, t.unit, began,
			t.out.IDs[n-1]))
	}
	if err := t.leave(); err != nil {
		return err
	}
	name = strings.Clone(name) // the field keeps its whole line in memory
	if err := checkUTF8(name); err != nil {
		return t.errorAt(row, t.columns.id, err)
	}
	t.began[name] = row
	t.out.IDs, t.out.Offsets = append(t.out.IDs, name), append(t.out.Offsets, len(t.out.Times))
	return nil
}

// leave ends the last series.
func (t *seriesTable) leave() error {
	n := len(t.out.IDs)
	if n == 0 || t.options.SinglePoints || t.options.SignalsAlone || len(t.out.Times)-t.out.Offsets[n-1] > 1 {
		return nil
	}
	return fmt.Errorf("%s %d: series %.40q has this row alone: want two at least", t.unit, t.row, t.out.IDs[n-1])
}

func (t *seriesTable) addTime(row int, c cell) error {
	if err := t.timeProblem(c); err != nil {
		return t.errorAt(row, t.columns.time, err)
	}
	v, err := t.number(row, t.columns.time, c)
	if err != nil {
		return err
	}
	if at := len(t.out.Times); at > t.out.Offsets[len(t.out.IDs)-1] {
		last := t.out.Times[at-1]
		switch {
		case v == last:
			return t.errorAt(row, t.columns.time, fmt.Errorf("%.40q is the time of %s %d too", c.name(), t.unit, t.row))
		case v < last:
			return t.errorAt(row, t.columns.time,
				fmt.Errorf("%.40q is before the %v of %s %d: sort the rows of a series by time%s",
					c.name(), last, t.unit, t.row, t.remedyOneSeries()))
		}
	}
	t.out.Times = append(t.out.Times, v)
	return nil
}

// timeProblem says why a field is no time, where there is more to do about it than about any other that is no number.
func (t *seriesTable) timeProblem(c cell) error {
	switch {
	case c.kind == missing:
		return fmt.Errorf("%w: fill it in or remove the %s", c.problem(), t.unit)
	case c.kind == word && !c.hasComma(), c.kind == logical:
		return fmt.Errorf("%.40q is not a number: write times as numbers, such as days since the first", c.name())
	}
	return nil
}

// remedyOneSeries is what to do where all rows are one series for want of an id.
func (t *seriesTable) remedyOneSeries() string {
	if t.columns.id >= 0 {
		return ""
	}
	return ", or name the column that tells several series apart"
}

// observe appends feature k, or NaN where it was not observed.
func (t *seriesTable) observe(row, column, k int, c cell) error {
	if c.kind == missing {
		t.out.X = append(t.out.X, notObserved)
		return nil
	}
	v, err := t.number(row, column, c)
	t.out.X = append(t.out.X, v)
	t.observed[k] = true
	return err
}

// addConstants keeps the constants of a series' first row, and compares those of the others.
func (t *seriesTable) addConstants(row int, at func(column int) cell) error {
	n := len(t.out.IDs)
	for k, i := range t.columns.constants {
		v, err := t.number(row, i, at(i))
		if err != nil {
			return err
		}
		if place := (n-1)*len(t.columns.constants) + k; place == len(t.out.Constants) {
			t.out.Constants = append(t.out.Constants, v)
		} else if was := t.out.Constants[place]; v != was {
			return t.errorAt(row, i, fmt.Errorf(
				"%.40q is not the %v of the rows before, and constants do not change in a series", at(i).name(), was))
		}
	}
	return nil
}

// series is what was gathered.
func (t *seriesTable) series() (*Series, error) {
	if len(t.out.Times) == 0 {
		return nil, errors.New("there are no rows in the file")
	}
	if err := t.leave(); err != nil {
		return nil, err
	}
	for k, seen := range t.observed {
		if !seen {
			return nil, fmt.Errorf("%s is never observed: drop leaves it out", t.columns.title(t.columns.features[k]))
		}
	}
	t.out.Offsets = append(t.out.Offsets, len(t.out.Times))
	if u := t.out.Signals; u != nil { // known at the times of the rows
		u.Times, u.Offsets = t.out.Times, t.out.Offsets
	}
	return t.out, nil
}
