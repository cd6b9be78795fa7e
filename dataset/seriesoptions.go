package dataset

import (
	"errors"
	"fmt"
	"slices"
)

// SeriesOptions say how a file of series is read. The zero value finds out what it can from the names of the columns.
type SeriesOptions struct {
	// ID is the column that tells the series apart, by its name in the header or its number from 1. Without it, it is
	// the one column with a usual name for it, such as id, subject or patient_id; where there is none, all rows are one
	// series.
	ID string

	// Time is the column of times. Without it, it is the one column with a usual name for it, such as t or time or, where
	// there is none, of a unit such as year.
	Time string

	// Features are the columns that are fitted, in the order wanted; none means all others.
	Features []string

	// Inputs are columns of signals, known at the times of the rows, or not where one is empty or stands for a missing
	// value: see [Series.CheckSignals].
	Inputs []string

	// Constants are columns that hold the same number in all rows of a series.
	Constants []string

	// SignalsAlone leaves all columns aside but ids, times and Inputs, of one row or more a series: for
	// [Series.WithSignals]. Such series have no features.
	SignalsAlone bool

	// SinglePoints allows series of one row, which suffice to forecast from but not to fit.
	SinglePoints bool

	// Float32 says that numbers will be held as float32: one beyond its range is an error.
	Float32 bool

	Format
}

// Check reports everything that no file could satisfy.
func (o SeriesOptions) Check() error {
	var errs []error
	if name := repeated(o.named()); name != nil {
		errs = append(errs, fmt.Errorf("dataset: column %q is named twice", *name))
	}
	if slices.Contains(slices.Concat(o.Features, o.Inputs, o.Constants), "") {
		errs = append(errs, errors.New(`dataset: columns must have names, got ""`))
	}
	return errors.Join(append(errs, o.Format.Check())...)
}

// named is all columns that the options name.
func (o SeriesOptions) named() []string {
	var names []string
	for _, name := range slices.Concat([]string{o.ID, o.Time}, o.Features, o.Inputs, o.Constants, o.Drop) {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// points is the options under which the same file is read as points: they find the header.
func (o SeriesOptions) points() Options {
	named := o.named()
	return Options{Task: Unlabelled, Labels: named, Float32: o.Float32, Format: o.Format}
}

// seriesColumns says what the columns of a file of series are, by their numbers from 0; id and time are -1 without such
// a column.
type seriesColumns struct {
	columns
	id, time          int
	inputs, constants []int
}

func newSeriesColumns(count, blank int, names []string, o SeriesOptions) (*seriesColumns, error) {
	c := &seriesColumns{columns: columns{count: count}, id: -1, time: -1}
	for i := count - blank; i < count; i++ {
		c.blank = append(c.blank, i)
	}
	c.nameAll(names)
	dropped, err := c.dropped(Options{Format: o.Format}, nil, false)
	if err != nil {
		return nil, err
	}
	if c.features, err = c.all(o.Features); err == nil {
		c.inputs, err = c.all(o.Inputs)
	}
	if err == nil {
		c.constants, err = c.all(o.Constants)
	}
	if err != nil {
		return nil, err
	}
	taken := slices.Concat(dropped, c.features, c.inputs, c.constants)
	if c.time, err = c.choose(o.Time, "time", taken, isTimeName, isTimeUnit); err != nil {
		return nil, err
	}
	if c.id, err = c.choose(o.ID, "id", append(taken, c.time), isSeriesName); err != nil {
		return nil, err
	}
	if err := c.distinct(); err != nil {
		return nil, err
	}
	if o.SignalsAlone {
		c.features = nil
		return c, nil
	}
	if len(o.Features) == 0 {
		c.features = c.rest(slices.Concat(taken, []int{c.id, c.time}))
	}
	if len(c.features) == 0 {
		return nil, fmt.Errorf("no column is left for features; %s", c.list())
	}
	return c, nil
}

// all is the columns of these names.
func (c *seriesColumns) all(names []string) ([]int, error) {
	var found []int
	for _, name := range names {
		i, err := c.find(name)
		if err != nil {
			return nil, err
		}
		found = append(found, i)
	}
	return found, nil
}

// choose is the column of that name or, without one, the only column not taken that has a usual name, by the first rule
// by which one has; -1 where none has.
func (c *seriesColumns) choose(name, role string, taken []int, usual ...func(string) bool) (int, error) {
	if name != "" {
		return c.find(name)
	}
	for _, rule := range usual {
		found := -1
		for i, name := range c.names {
			switch {
			case !rule(name) || slices.Contains(taken, i):
			case found >= 0:
				return 0, fmt.Errorf("%s and %s may both be the %s: name it", c.title(found), c.title(i), role)
			default:
				found = i
			}
		}
		if found >= 0 {
			c.notes = append(c.notes, fmt.Sprintf("%s is taken for the %s", c.title(found), role))
			return found, nil
		}
	}
	return -1, nil
}

// distinct reports a column that has two roles, which its name and its number may give it.
func (c *seriesColumns) distinct() error {
	seen := map[int]bool{}
	for _, i := range slices.Concat([]int{c.id, c.time}, c.features, c.inputs, c.constants) {
		if i >= 0 && seen[i] {
			return fmt.Errorf("%s is named twice", c.title(i))
		}
		seen[i] = true
	}
	return nil
}
