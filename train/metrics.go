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
	"slices"
	"strconv"
	"time"

	"neuralode/atomicfile"
)

// metricsHeader names the columns of metrics.csv. samples_per_second and seconds depend on the machine; the others are the
// same in every run of the same configuration. Those of the rows held out, from firstOfHeld on, are empty in iterations
// after which these were not looked at, and where a score does not go with the task. Older runs have no such columns.
var metricsHeader = []string{"iteration", "loss", "gradient_norm", "nfe_mean", "nfe_max", "accepted", "rejected",
	"samples_per_second", "seconds", "validation_loss", "validation_accuracy", "validation_r2", "validation_rmse"}

const firstOfHeld = 9

// metrics appends to a run's metrics.csv, whole lines at a time: others may read it while the run goes on.
type metrics struct {
	file    *os.File
	csv     *csv.Writer
	lines   bytes.Buffer // not in the file yet
	flushed time.Time
}

// openMetrics opens the metrics of a run that has done that many iterations: rows beyond, which a checkpoint does not
// cover, are taken off first.
func openMetrics(path string, iterations int) (*metrics, error) {
	rows, err := completeRows(path, iterations)
	if err != nil {
		return nil, err
	}
	err = atomicfile.Replace(path, func(w io.Writer) error { return writeRows(w, rows) })
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	m := &metrics{file: f}
	m.csv = csv.NewWriter(&m.lines)
	return m, nil
}

func writeRows(w io.Writer, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.Write(metricsHeader); err != nil {
		return err
	}
	for i, row := range rows {
		rows[i] = append(row, make([]string, len(metricsHeader)-len(row))...) // of an older run
	}
	return c.WriteAll(rows)
}

// completeRows are the rows up to that iteration, none when there is no file. All of them must be there: iterations one
// after another, each with all its numbers. What comes after them does not matter: a kill or a power cut may have left
// anything.
func completeRows(path string, iterations int) ([][]string, error) {
	if iterations == 0 {
		return nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	defer f.Close()
	rows, err := rowsUntil(path, f, iterations)
	if err != nil {
		return nil, fmt.Errorf("%w; remove it to go on without the losses so far", err)
	}
	return rows, nil
}

func rowsUntil(path string, f io.Reader, last int) (rows [][]string, err error) {
	r, err := newRowReader(path, f)
	if err != nil {
		return nil, err
	}
	for before := 0; before != last; before++ {
		row, err := r.next()
		switch {
		case err == io.EOF && len(rows) == 0: // of a run that went on without
			return nil, nil
		case err == io.EOF:
			return nil, fmt.Errorf("train: %s has no row of iteration %d, which the checkpoint has reached", path, last)
		case err != nil:
			return nil, err
		case len(rows) == 0 && row.iteration > last: // the same, stopped before its next checkpoint
			return nil, nil
		case len(rows) == 0:
			before = row.iteration - 1
		case row.iteration != before+1:
			return nil, fmt.Errorf("train: %s: line %d: iteration %d comes after %d", path, r.line, row.iteration, before)
		}
		rows = append(rows, row.cells)
	}
	return rows, nil
}

// metricsRow is one iteration in metrics.csv.
type metricsRow struct {
	iteration  int
	loss       float64
	validation float64 // loss of the rows held out, where its cell is not empty
	cells      []string
}

// rowReader reads a metrics.csv up to its last whole line: what is behind is being written, or was when a kill came.
type rowReader struct {
	path string
	csv  *csv.Reader
	line int // of the row before
}

func newRowReader(path string, f io.Reader) (*rowReader, error) {
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	r := &rowReader{path: path, csv: csv.NewReader(bytes.NewReader(text[:bytes.LastIndexByte(text, '\n')+1]))}
	header, err := r.csv.Read()
	if err != nil || !slices.Equal(header, metricsHeader) && !slices.Equal(header, metricsHeader[:firstOfHeld]) {
		return nil, fmt.Errorf("train: %s does not begin with the columns of metrics", path)
	}
	return r, nil
}

// next is the next row, or io.EOF.
func (r *rowReader) next() (row metricsRow, err error) {
	if row.cells, err = r.csv.Read(); err == io.EOF {
		return row, err
	}
	if err != nil {
		return row, fmt.Errorf("train: %s: %w", r.path, err)
	}
	r.line, _ = r.csv.FieldPos(0)
	if row.iteration, err = strconv.Atoi(row.cells[0]); err == nil && row.iteration < 1 {
		err = fmt.Errorf("iteration %d, want 1 or more", row.iteration)
	}
	for i, cell := range row.cells {
		if i == 0 || i >= firstOfHeld && cell == "" {
			continue
		}
		x, wrong := strconv.ParseFloat(cell, 64)
		if err == nil {
			err = wrong
		}
		switch i {
		case 1:
			row.loss = x
		case firstOfHeld:
			row.validation = x
		}
	}
	if err != nil {
		return row, fmt.Errorf("train: %s: line %d: %w", r.path, r.line, err)
	}
	return row, nil
}

// flushAfter is how long a row waits for others at most before it is written, as long as rows come.
const flushAfter = 100 * time.Millisecond

func (m *metrics) add(e Event) error {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 8, 64) }
	_ = m.csv.Write(append([]string{strconv.Itoa(e.Iteration), strconv.FormatFloat(e.Work.Loss, 'g', -1, 64), number(e.Work.GradientNorm),
		number(e.Work.NFEMean), strconv.Itoa(e.Work.NFEMax), strconv.Itoa(e.Work.Accepted), strconv.Itoa(e.Work.Rejected),
		number(e.SamplesPerSecond), strconv.FormatFloat(e.Elapsed.Seconds(), 'f', 3, 64)}, heldCells(e.Validation)...)) // into memory
	if now := time.Now(); now.Sub(m.flushed) >= flushAfter {
		m.flushed = now
		return m.flush()
	}
	return nil
}

// heldCells are the columns of the rows held out.
func heldCells(v *Scores) []string {
	cells := make([]string, len(metricsHeader)-firstOfHeld)
	if v == nil {
		return cells
	}
	for i, x := range []float64{v.Loss, v.Accuracy, v.R2, v.RMSE} {
		if i == 0 || !math.IsNaN(x) {
			cells[i] = strconv.FormatFloat(x, 'g', -1, 64)
		}
	}
	return cells
}

// flush writes the whole lines there are.
func (m *metrics) flush() error {
	m.csv.Flush()
	_, err := m.file.Write(m.lines.Bytes())
	m.lines.Reset()
	return err
}

// sync puts all rows on disk.
func (m *metrics) sync() error { return errors.Join(m.flush(), m.file.Sync()) }

func (m *metrics) close() error { return errors.Join(m.sync(), m.file.Close()) }

// Curve is numbers of some of a run's iterations.
type Curve struct {
	Iterations []int
	Values     []float64 // [iterations]
}

func (c *Curve) add(iteration int, value float64) {
	c.Iterations, c.Values = append(c.Iterations, iteration), append(c.Values, value)
}

// ReadLosses returns the iterations of a metrics.csv and their losses. The run may be going on: what is written of the
// next row is not read.
func ReadLosses(path string) (iterations []int, losses []float64, err error) {
	training, _, err := ReadBothLosses(path)
	return training.Iterations, training.Values, err
}

// ReadBothLosses is ReadLosses, and the losses of rows held out, for the iterations after which these were looked at.
func ReadBothLosses(path string) (training, held Curve, err error) {
	f, err := os.Open(path)
	if err != nil {
		return training, held, fmt.Errorf("train: %w", err)
	}
	defer f.Close()
	r, err := newRowReader(path, f)
	if err != nil {
		return Curve{}, Curve{}, err
	}
	for {
		row, err := r.next()
		if err == io.EOF {
			return training, held, nil
		}
		if err != nil {
			return Curve{}, Curve{}, err
		}
		training.add(row.iteration, row.loss)
		if len(row.cells) > firstOfHeld && row.cells[firstOfHeld] != "" {
			held.add(row.iteration, row.validation)
		}
	}
}
