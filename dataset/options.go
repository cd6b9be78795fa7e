package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options say how a file is read. The zero value reads labelled points whose label is the last column.
type Options struct {
	// Task is what the labels mean. Auto takes several label columns as Regression. It takes one column as classes when
	// it is text, or when its numbers are two whole numbers, or the whole numbers from 0 or 1 up to some k with none
	// missing and at most half as many as there are points: two classes are Binary, more are MultiClass. Any other
	// column of numbers is Regression, and a mixture of text and numbers is an error.
	Task Task

	// Labels are the label columns, each by its name in the header or by its number from 1; none means the last column.
	// When Task is Unlabelled, they are columns to leave out, and none means none.
	Labels []string

	// Classes, when not empty, are the names of the classes in the order of their indices, as [Dataset].Classes of
	// the data a model was trained with. Without it, the classes are those in the file, text in the order of strings
	// and numbers in that of numbers, and fewer than two are an error.
	Classes []string

	// Features, when not empty, are the names of the features in the order wanted, as [Dataset].Features of the data a
	// model was trained with. A file whose header names exactly these is read in that order; any other in its own.
	Features []string

	// Header says whether the first line of a CSV file names the columns.
	Header Header
}

// Header says whether a file names its columns.
type Header uint8

const (
	DetectHeader Header = iota // there is one when Labels has a name in it, or when none of its fields is a number
	WithHeader
	WithoutHeader
)

// Check reports everything that no file could satisfy.
func (o Options) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("dataset: "+format, args...)) }
	if int(o.Task) >= len(taskNames) {
		fail("task must be one of %q, got %v", taskNames, o.Task)
	}
	if o.Header > WithoutHeader {
		fail("header must be detected, there or not there, got %d", o.Header)
	}
	if len(o.Labels) > 1 && (o.Task.classes() || len(o.Classes) > 0) {
		fail("classes are in one column, got %d label columns", len(o.Labels))
	}
	if len(o.Classes) > 0 && (o.Task == Unlabelled || o.Task == Regression) {
		fail("task %v has no classes, got %d", o.Task, len(o.Classes))
	}
	if len(o.Classes) == 1 || o.Task == Binary && len(o.Classes) > 2 {
		fail("%d classes do not make task %v", len(o.Classes), o.Task)
	}
	twice := func(what string, names []string) {
		for i, name := range names {
			if slices.Contains(names[:i], name) {
				fail("%s %q is there twice", what, name)
			}
		}
	}
	twice("class", o.Classes)
	twice("feature", o.Features)
	return errors.Join(errs...)
}

// Readable reports whether a file's name ends as one that [ReadFile] reads.
func Readable(path string) bool { return readerOf(path) != nil }

func readerOf(path string) func(name string, r io.Reader, o Options) (*Dataset, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return ReadCSV
	case ".npy":
		return ReadNPY
	}
	return nil
}

// ReadFile reads the points in the file at path: CSV or .npy, as the name ends. See [ReadCSV] and [ReadNPY].
func ReadFile(path string, o Options) (*Dataset, error) {
	read := readerOf(path)
	if read == nil {
		return nil, fmt.Errorf("dataset: %s: want a file that ends in .csv or .npy", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	return read(path, f, o)
}
