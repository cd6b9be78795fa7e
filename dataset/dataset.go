// Package dataset holds the points that a network learns from or starts at: generators of two-dimensional toy problems,
// readers of CSV and .npy files, and writers of points and trajectories.
package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Task says what labels mean.
type Task uint8

const (
	Auto           Task = iota // for [Options] alone: found out from the labels
	Classification             // for [Options] alone: Binary for two classes, MultiClass for more
	Unlabelled                 // points without labels
	Binary                     // one column of 0 and 1
	MultiClass                 // one column of class indices from 0
	Regression                 // one or more columns of real numbers
	Forecast                   // points are the starts of observed series
)

var taskNames = [...]string{"auto", "classification", "unlabelled", "binary", "multiclass", "regression", "series"}

func (t Task) String() string {
	if int(t) < len(taskNames) {
		return taskNames[t]
	}
	return fmt.Sprintf("unknown(%d)", uint8(t))
}

// ParseTask is the Task of that name: "auto", "classification", "unlabelled", "binary", "multiclass", "regression" or
// "series".
func ParseTask(s string) (Task, error) {
	for t, name := range taskNames {
		if name == s {
			return Task(t), nil
		}
	}
	return 0, fmt.Errorf("dataset: task must be one of %q, got %q", taskNames, s)
}

// classes says whether labels are class indices.
func (t Task) classes() bool { return t == Classification || t == Binary || t == MultiClass }

// Dataset is n points with their labels. It is plain data: safe to read from several goroutines.
type Dataset struct {
	X        []float64 // [n, Dim], finite
	Dim      int       // at least 1
	Features []string  // [Dim], the names of the columns of X
	Named    bool      // these names and Targets come from a file's header

	Task    Task      // never Auto nor Classification
	Labels  []float64 // [n, Width], finite; the index into Classes when Task is Binary or MultiClass
	Width   int       // label columns: 0 when Unlabelled, 1 for classes
	Targets []string  // [Width], the names of the label columns
	Classes []string  // the names of the classes, at least 2, exactly 2 when Task is Binary; nil when there are none

	Series *Series // of the task Forecast: its first rows are X; nil otherwise

	Notes []string // what a reader took upon itself or found strange, a line each; for people
}

// Len is the number of points, n.
func (d *Dataset) Len() int {
	if d.Dim < 1 {
		return 0
	}
	return len(d.X) / d.Dim
}

// Check reports everything that contradicts the comments at the fields.
func (d *Dataset) Check() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("dataset: "+format, args...))
		}
	}
	require(d.Dim >= 1, "dim must be at least 1, got %d", d.Dim)
	require(d.Len() >= 1, "there must be at least one point")
	require(d.Len()*d.Dim == len(d.X), "x has %d numbers, which is no multiple of dim %d", len(d.X), d.Dim)
	require(len(d.Features) == d.Dim, "%d feature names, want %d", len(d.Features), d.Dim)
	require(d.Task >= Unlabelled && int(d.Task) < len(taskNames), "task must be one of %q, got %v",
		taskNames[Unlabelled:], d.Task)
	require(d.widthFits(), "%d label columns do not fit task %v", d.Width, d.Task)
	require(len(d.Labels) == d.Len()*max(d.Width, 0), "%d labels, want %d for %d points", len(d.Labels),
		d.Len()*max(d.Width, 0), d.Len())
	require(len(d.Targets) == d.Width, "%d label names, want %d", len(d.Targets), d.Width)
	require(d.classesFit(), "%d classes do not fit task %v", len(d.Classes), d.Task)
	if d.Series == nil { // of series a feature may not be observed
		errs = append(errs, finite("x", d.X))
	}
	errs = append(errs, finite("label", d.Labels), d.checkIndices(), d.checkSeries())
	return errors.Join(errs...)
}

func (d *Dataset) widthFits() bool {
	switch d.Task {
	case Unlabelled, Forecast:
		return d.Width == 0
	case Regression:
		return d.Width >= 1
	}
	return d.Width == 1
}

func (d *Dataset) classesFit() bool {
	switch d.Task {
	case Binary:
		return len(d.Classes) == 2
	case MultiClass:
		return len(d.Classes) >= 2
	}
	return len(d.Classes) == 0
}

// finite names the first number that is not.
func finite(what string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("dataset: %s %d is %v, want finite numbers", what, i, v)
		}
	}
	return nil
}

// checkIndices names the first label that is no class.
func (d *Dataset) checkIndices() error {
	if !d.Task.classes() {
		return nil
	}
	for i, v := range d.Labels {
		if v != math.Trunc(v) || v < 0 || v >= float64(len(d.Classes)) {
			return fmt.Errorf("dataset: label %d is %v, want a whole number from 0 to %d", i, v, len(d.Classes)-1)
		}
	}
	return nil
}

// sameCell reports that two numbers are equal, or neither was observed.
func sameCell(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// checkSeries demands that the points of the task Forecast, and of no other, are the first rows of series.
func (d *Dataset) checkSeries() error {
	if (d.Task == Forecast) != (d.Series != nil) {
		return fmt.Errorf("dataset: task %v with series: %t", d.Task, d.Series != nil)
	}
	if d.Series == nil {
		return nil
	}
	if err := d.Series.Check(); err != nil {
		return err
	}
	if d.Series.Dim != d.Dim || !slices.EqualFunc(d.Series.starts(), d.X, sameCell) {
		return errors.New("dataset: the points are not the first rows of the series")
	}
	return nil
}
