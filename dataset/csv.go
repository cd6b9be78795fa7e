package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadCSV reads points from comma-separated lines; name stands for the file in errors. Features are numbers, labels
// numbers or text. Space around fields, blank lines, lines that begin with # and a byte-order mark are skipped.
//
// Errors are one line and name the file, the line and the column: `dataset: points.csv: line 7, column 3 ("x2"): "abc"
// is not a number`. Empty, NaN and infinite fields, lines of another length than the first, a header with a name
// missing or given twice, a label column that is not there, an empty file, and labels that do not make the task are errors.
func ReadCSV(name string, r io.Reader, o Options) (*Dataset, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	d, err := readCSV(r, o)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	return d, nil
}

func readCSV(r io.Reader, o Options) (*Dataset, error) {
	lines := newLines(r)
	if err := lines.next(); err != nil {
		return nil, noData(err)
	}
	if err := lines.separated(); err != nil {
		return nil, err
	}
	names := lines.header(o)
	c, err := newColumns(len(lines.fields), names, o)
	if err != nil {
		return nil, err
	}
	t, first := newTable(c, "line"), lines.line
	if names != nil {
		err = lines.next()
	}
	for ; err == nil; err = lines.next() {
		if len(lines.fields) != c.count {
			return nil, fmt.Errorf("line %d: %d columns, want %d as in line %d", lines.line, len(lines.fields), c.count, first)
		}
		if err := t.add(lines.line, o.Task == Unlabelled, lines.cell); err != nil {
			return nil, err
		}
	}
	if err != io.EOF {
		return nil, err
	}
	return t.dataset(o)
}

func noData(err error) error {
	if err == io.EOF {
		return errEmpty
	}
	return err
}

// lines walks through the lines that hold something.
type lines struct {
	csv    *csv.Reader
	line   int      // of the current fields, from 1
	fields []string // without space around them; good until next
}

func newLines(r io.Reader) *lines {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\uFEFF" {
		_, _ = b.Discard(3)
	}
	c := csv.NewReader(b)
	c.Comment = '#'
	c.FieldsPerRecord = -1 // lengths are compared here, for the message
	c.TrimLeadingSpace = true
	c.ReuseRecord = true
	return &lines{csv: c}
}

// next goes to the next line. At the end of the file it returns io.EOF.
func (l *lines) next() error {
	for {
		fields, err := l.csv.Read()
		if err != nil {
			return syntaxError(err)
		}
		for i, f := range fields {
			fields[i] = strings.TrimSpace(f)
		}
		l.fields = fields
		l.line, _ = l.csv.FieldPos(0)
		if len(fields) != 1 || fields[0] != "" {
			return nil
		}
	}
}

// separated reports a line whose fields are separated by something else than commas.
func (l *lines) separated() error {
	if i := strings.IndexAny(l.fields[0], ";\t"); len(l.fields) == 1 && i >= 0 {
		return fmt.Errorf("line %d: one field with %q in it: want fields separated by commas", l.line, l.fields[0][i])
	}
	return nil
}

func syntaxError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) && parse.StartLine != parse.Line {
		return fmt.Errorf("lines %d to %d: %w", parse.StartLine, parse.Line, parse.Err)
	}
	if parse != nil {
		return fmt.Errorf("line %d, byte %d: %w", parse.Line, parse.Column, parse.Err)
	}
	return err
}

func (l *lines) cell(column int) cell { return parseCell(l.fields[column]) }

// header is the current line as names, or nil if it is none.
func (l *lines) header(o Options) []string {
	named := slices.ContainsFunc(o.Labels, func(s string) bool { return slices.Contains(l.fields, s) && parseCell(s).isText() })
	numbers := slices.ContainsFunc(l.fields, func(s string) bool { return !parseCell(s).isText() && s != "" })
	switch {
	case o.Header == WithoutHeader, o.Header == DetectHeader && numbers && !named:
		return nil
	}
	names := make([]string, len(l.fields))
	for i, s := range l.fields {
		names[i] = strings.Clone(s)
	}
	return names
}
