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
	_, rows, err := completeRows(path, iterations)
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

// Rows are the iterations up to the checkpoint of a run that can be trained, from metrics.csv: none where there is no such
// file, and an error that says what to do where one of them is damaged. What comes after them does not matter. Not while
// Train is under way.
func (r *Run) Rows() ([]Row, error) {
	rows, _, err := completeRows(filepath.Join(r.Dir, metricsFile), r.Done)
	return rows, err
}

// completeRows are the rows up to that iteration and their cells, none when there is no file. All of them must be there:
// iterations one after another, each with all its numbers. What comes after them does not matter: a kill or a power cut
// may have left anything.
func completeRows(path string, iterations int) (rows []Row, cells [][]string, err error) {
	if iterations == 0 {
		return nil, nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	if rows, cells, err = rowsUntil(path, text, iterations); err != nil {
		return nil, nil, fmt.Errorf("%w; remove it to go on without the losses so far", err)
	}
	return rows, cells, nil
}

func rowsUntil(path string, text []byte, last int) (rows []Row, cells [][]string, err error) {
	r, err := newRowReader(path, wholeLines(text), mark{})
	if err != nil {
		return nil, nil, err
	}
	for before := 0; before != last; before++ {
		row, its, err := r.next()
		switch {
		case err == io.EOF && len(rows) == 0: // of a run that went on without
			return nil, nil, nil
		case err == io.EOF:
			return nil, nil, fmt.Errorf("train: %s has no row of iteration %d, which the checkpoint has reached", path, last)
		case err != nil:
			return nil, nil, err
		case len(rows) == 0 && row.Iteration > last: // the same, stopped before its next checkpoint
			return nil, nil, nil
		case len(rows) == 0:
			before = row.Iteration - 1
		case row.Iteration != before+1:
			return nil, nil, fmt.Errorf("train: %s: line %d: iteration %d comes after %d", path, r.at.lines, row.Iteration, before)
		}
		rows, cells = append(rows, row), append(cells, its)
	}
	return rows, cells, nil
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
	return lossesUntil(path, math.MaxInt)
}

// lossesUntil is ReadBothLosses; behind the last iteration that must be there, what is no row ends it without an error.
func lossesUntil(path string, last int) (training, held Curve, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return training, held, fmt.Errorf("train: %w", err)
	}
	r, err := newRowReader(path, wholeLines(text), mark{})
	if err != nil {
		return Curve{}, Curve{}, err
	}
	for done := 0; ; {
		row, cells, err := r.next()
		if err == io.EOF || err != nil && done >= last {
			return training, held, nil
		}
		if err != nil {
			return Curve{}, Curve{}, err
		}
		done = row.Iteration
		training.add(done, row.Loss)
		if len(cells) > firstOfHeld && cells[firstOfHeld] != "" {
			held.add(done, row.ValidationLoss)
		}
	}
}
