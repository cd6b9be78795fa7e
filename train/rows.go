package train

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Row is an iteration as metrics.csv has it. What a file has no column for, or a cell is empty, is NaN.
type Row struct {
	Iteration        int
	Loss             float64
	NFEMean, NFEMax  float64
	ValidationLoss   float64 // of rows held out, where they were looked at after the iteration
	Accuracy, R2     float64 // of these
	SamplesPerSecond float64
	Seconds          float64 // since the process that did it began to train
}

// wholeLines is a text up to the end of its last line that is whole: what is behind is being written, or was when a kill
// came.
func wholeLines(text []byte) []byte { return text[:bytes.LastIndexByte(text, '\n')+1] }

// mark is how far a metrics.csv has been read; the zero mark is its beginning.
type mark struct {
	offset  int64
	lines   int
	columns int // 0 before its header
}

// rowReader reads the rows of a metrics.csv.
type rowReader struct {
	path string
	text []byte // whole lines, from the mark on
	from mark
	csv  *csv.Reader
}

// newRowReader reads on behind a mark, and the header where that is the beginning.
func newRowReader(path string, text []byte, from mark) (*rowReader, error) {
	r := &rowReader{path: path, text: text, from: from, csv: csv.NewReader(bytes.NewReader(text))}
	if r.csv.FieldsPerRecord = from.columns; from.columns > 0 {
		return r, nil
	}
	header, err := r.csv.Read()
	if err != nil || !slices.Equal(header, metricsHeader) && !slices.Equal(header, metricsHeader[:firstOfHeld]) {
		return nil, fmt.Errorf("train: %s does not begin with the columns of metrics", path)
	}
	return r, nil
}

// mark is behind the row that was read last.
func (r *rowReader) mark() mark {
	n := r.csv.InputOffset()
	return mark{r.from.offset + n, r.from.lines + bytes.Count(r.text[:n], []byte("\n")), r.csv.FieldsPerRecord}
}

// next is the next row and its cells, or io.EOF.
func (r *rowReader) next() (row Row, cells []string, err error) {
	cells, err = r.csv.Read()
	var wrong *csv.ParseError
	switch {
	case err == io.EOF:
		return row, nil, err
	case errors.As(err, &wrong):
		return row, nil, fmt.Errorf("train: %s: line %d: %w", r.path, r.from.lines+wrong.Line, wrong.Err)
	}
	if row, err = rowOf(cells); err != nil {
		return row, nil, fmt.Errorf("train: %s: line %d: %w", r.path, r.line(), err)
	}
	return row, cells, nil
}

// line is that of the row that was read last.
func (r *rowReader) line() int {
	line, _ := r.csv.FieldPos(0)
	return r.from.lines + line
}

// rowOf reads a row. Its cells are numbers; those of the rows held out may be empty.
func rowOf(cells []string) (Row, error) {
	none := math.NaN()
	row := Row{ValidationLoss: none, Accuracy: none, R2: none}
	var other float64
	places := map[string]*float64{"loss": &row.Loss, "nfe_mean": &row.NFEMean, "nfe_max": &row.NFEMax,
		"validation_loss": &row.ValidationLoss, "validation_accuracy": &row.Accuracy, "validation_r2": &row.R2,
		"samples_per_second": &row.SamplesPerSecond, "seconds": &row.Seconds}
	var err error
	if row.Iteration, err = strconv.Atoi(cells[0]); err != nil {
		return row, err
	}
	if row.Iteration < 1 {
		return row, fmt.Errorf("iteration %d, want 1 or more", row.Iteration)
	}
	for i, cell := range cells[1:] {
		if cell == "" && 1+i >= firstOfHeld {
			continue
		}
		place, ok := places[metricsHeader[1+i]]
		if !ok {
			place = &other
		}
		if *place, err = strconv.ParseFloat(cell, 64); err != nil {
			return row, err
		}
	}
	return row, nil
}
