package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"neuralode/memory"
)

// Options say how a file is read. The zero value reads labelled points whose label is the last column.
type Options struct {
	// Task is what the labels mean. Auto takes several label columns as Regression. It takes one column as classes when
	// it is text, or when its numbers are two whole numbers, or the whole numbers from 0 or 1 up to some k with none
	// missing, at most half as many as there are points and at most 10 000: two classes are Binary, more are
	// MultiClass. Any other column of numbers is Regression. A mixture of text and numbers, a class spelled in two
	// ways, such as 1 and 1.0, numbers with a comma, and ten texts or more of which most differ are errors.
	Task Task

	// Labels are the label columns, each by its name in the header or by its number from 1; none means the last column
	// that is neither dropped nor a wanted feature.
	Labels []string

	// Classes, when not empty, are the names of the classes in the order of their indices, as [Dataset].Classes of the
	// data a model was trained with. Without it, the classes are those in the file, text in the order of strings and
	// numbers in that of numbers, and fewer than two are an error. Labels that are classes are texts: 7 and 007 differ.
	// Under Auto 1.0 has the name 1, and a label 1.0 is of the class 1 where that is the only class and label of this
	// value.
	Classes []string

	// Features, when not empty, are the names of the features in the order wanted, as [Dataset].Features of the data a
	// model was trained with. Of a file whose header has all of these they are read in that order, and other columns
	// are left out; any other file is read in its own order.
	Features []string

	// Keep are columns of unlabelled points that [OpenPoints] carries along as text, each by its name in the header or
	// by its number from 1; "*" stands for all. They are no features unless they are among the features wanted, or
	// meant by "*".
	Keep []string

	// Float32 says that numbers will be held as float32: one beyond its range is an error.
	Float32 bool

	// Centred says that columns will be scaled by [Standardise] before that: values that differ by little beside their
	// size stay apart.
	Centred bool

	Format
}

// Check reports everything that no file could satisfy.
func (o Options) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("dataset: "+format, args...)) }
	if o.Task >= Forecast {
		fail("task must be one of %q, got %v", taskNames[:Forecast], o.Task)
	}
	if o.Task == Unlabelled && len(o.Labels) > 0 {
		fail("unlabelled points have no label columns, got %q", o.Labels)
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
	if len(o.Keep) > 0 && o.Task != Unlabelled {
		fail("columns are kept beside unlabelled points, got task %v", o.Task)
	}
	if name := repeated(o.Keep); name != nil {
		fail("column %q is kept twice", *name)
	}
	if name := repeated(o.Classes); name != nil {
		fail("class %q is there twice", *name)
	}
	if name := repeated(o.Features); name != nil {
		fail("feature %q is there twice", *name)
	}
	return errors.Join(append(errs, o.Format.Check())...)
}

// Endings are those of the names of files that [ReadFile] reads, for messages; .npz is of series.
const Endings = ".csv, .tsv, .txt or .npy, or one of these and .gz, or .npz"

// ending is that of a file's name in lower case, without the .gz of a compressed one.
func ending(path string) string {
	return filepath.Ext(strings.TrimSuffix(strings.ToLower(path), ".gz"))
}

// Readable reports whether a file's name ends as one that [ReadFile] reads.
func Readable(path string) bool { return readerOf(path) != nil }

func readerOf(path string) func(name string, r io.Reader, o Options) (*Dataset, error) {
	switch ending(path) {
	case ".csv", ".txt":
		return ReadCSV
	case ".tsv":
		return readTSV
	case ".npy":
		return ReadNPY
	case ".npz":
		return noPoints
	}
	return nil
}

// readTSV is ReadCSV with a tab for separator, unless the options say another.
func readTSV(name string, r io.Reader, o Options) (*Dataset, error) {
	o.tabbed()
	return ReadCSV(name, r, o)
}

// memoryPerByte is how many bytes of memory a byte of a file takes while it is read: an array's own and its numbers
// twice, and text is shorter than its numbers only where these have few digits.
const memoryPerByte = 3

// ReadFile reads the points in the file at path: text or .npy, as the name ends. See [ReadCSV] and [ReadNPY]. A file
// that memory has no room for is a *memory.Error before it is read.
func ReadFile(path string, o Options) (*Dataset, error) {
	f, err := openWhole(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readerOf(path)(path, f, o)
}

// openWhole opens a file that is to be read at once: its name ends as one that is read, and memory has room for it.
func openWhole(path string) (*os.File, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	if err := CheckSize(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// open opens a file whose name ends as one that is read.
func open(path string) (*os.File, error) {
	if err := CheckEnding(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return f, nil
}

// CheckSize is a *memory.Error for a file that memory has no room for when it is read.
func CheckSize(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	return memory.Check(memoryPerByte*float64(info.Size()), "dataset: %s, of %d bytes", path, info.Size())
}

// CheckEnding reports a name that does not end as those of the files that [ReadFile] reads, and what to do.
func CheckEnding(path string) error {
	if Readable(path) {
		return nil
	}
	remedy := ""
	switch strings.ToLower(filepath.Ext(strings.TrimSuffix(path, ".gz"))) {
	case ".xlsx", ".xls", ".ods", ".parquet", ".feather", ".json", ".h5", ".mat", ".pkl":
		remedy = ": save the table as CSV"
	}
	return fmt.Errorf("dataset: want a file that ends in %s, got %q%s", Endings, path, remedy)
}
