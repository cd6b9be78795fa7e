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
	csv  *csv.Reader
	from mark // where it began
	at   mark // behind the last row that is good
}

// newRowReader reads whole lines on behind a mark, and the header where that is the beginning.
func newRowReader(path string, lines []byte, from mark) (*rowReader, error) {
	r := &rowReader{path: path, csv: csv.NewReader(bytes.NewReader(lines)), from: from, at: from}
	if r.csv.FieldsPerRecord = from.columns; from.columns > 0 {
		return r, nil
	}
	header, err := r.csv.Read()
	if err != nil || !slices.Equal(header, metricsHeader) && !slices.Equal(header, metricsHeader[:firstOfHeld]) {
		return nil, fmt.Errorf("train: %s does not begin with the columns of metrics", path)
	}
	r.at = r.behind()
	return r, nil
}

// behind is the mark behind what was read last, which is on one line.
func (r *rowReader) behind() mark {
	line, _ := r.csv.FieldPos(0)
	return mark{r.from.offset + r.csv.InputOffset(), r.from.lines + line, r.csv.FieldsPerRecord}
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
	behind := r.behind()
	if row, err = rowOf(cells); err != nil {
		return row, nil, fmt.Errorf("train: %s: line %d: %w", r.path, behind.lines, err)
	}
	r.at = behind
	return row, cells, nil
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
