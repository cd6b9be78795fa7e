package train

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// Row is an iteration as metrics.csv has it. What a file has no column for is NaN.
type Row struct {
	Iteration        int
	Loss             float64
	NFEMean, NFEMax  float64
	ValidationLoss   float64 // of rows held out, where they were looked at after the iteration
	Accuracy, R2     float64 // of these
	SamplesPerSecond float64
	Seconds          float64 // since the process that did it began to train
}

// Follower reads a run's metrics.csv while another process writes it, each row once. It locks nothing and writes nothing.
type Follower struct {
	path    string
	file    os.FileInfo // of the one that was read; a run that goes on puts another in its place
	offset  int64       // in it
	columns []string
}

// Follow is a Follower of the run in a folder.
func Follow(dir string) *Follower { return &Follower{path: filepath.Join(dir, metricsFile)} }

// Next is the whole rows that have come since the call before, none where the run has no metrics yet. anew says that the
// file is another than before, or shorter: then the rows are all there are. What is no row ends it with an error that
// names file and row; the next call tries again.
func (f *Follower) Next() (rows []Row, anew bool, err error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("train: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, false, fmt.Errorf("train: %w", err)
	}
	if anew = f.file == nil || !os.SameFile(f.file, info) || info.Size() < f.offset; anew {
		f.file, f.offset, f.columns = info, 0, nil
	}
	text, err := io.ReadAll(io.NewSectionReader(file, f.offset, info.Size()-f.offset))
	if err != nil {
		return nil, anew, fmt.Errorf("train: %w", err)
	}
	rows, err = f.parse(text[:bytes.LastIndexByte(text, '\n')+1])
	return rows, anew, err
}

// parse reads whole lines and moves on behind the last that is good.
func (f *Follower) parse(text []byte) (rows []Row, err error) {
	r, from := csv.NewReader(bytes.NewReader(text)), f.offset
	for {
		cells, err := r.Read()
		switch {
		case err == io.EOF:
			return rows, nil
		case err == nil && f.columns == nil:
			f.columns = cells
		case err == nil:
			var row Row
			if row, err = rowOf(f.columns, cells); err == nil {
				rows = append(rows, row)
			}
		}
		if err != nil {
			return rows, fmt.Errorf("train: %s: row after byte %d: %w", f.path, f.offset, err)
		}
		f.offset = from + r.InputOffset()
	}
}

func rowOf(columns, cells []string) (Row, error) {
	none := math.NaN()
	row := Row{Loss: none, NFEMean: none, NFEMax: none, ValidationLoss: none, Accuracy: none, R2: none,
		SamplesPerSecond: none, Seconds: none}
	places := map[string]*float64{"loss": &row.Loss, "nfe_mean": &row.NFEMean, "nfe_max": &row.NFEMax,
		"validation_loss": &row.ValidationLoss, "validation_accuracy": &row.Accuracy, "validation_r2": &row.R2,
		"samples_per_second": &row.SamplesPerSecond, "seconds": &row.Seconds}
	if len(cells) != len(columns) {
		return row, fmt.Errorf("%d cells for %d columns", len(cells), len(columns))
	}
	for i, name := range columns {
		var err error
		if name == "iteration" {
			row.Iteration, err = strconv.Atoi(cells[i])
		} else if place, ok := places[name]; ok && cells[i] != "" {
			*place, err = strconv.ParseFloat(cells[i], 64)
		}
		if err != nil {
			return row, err
		}
	}
	if row.Iteration < 1 {
		return row, fmt.Errorf("iteration %d, want 1 or more", row.Iteration)
	}
	return row, nil
}
