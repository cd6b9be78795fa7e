package train

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"neuralode/atomicfile"
)

// metricsHeader names the columns of metrics.csv. The last two depend on the machine; the others are the same in every
// run of the same configuration.
var metricsHeader = []string{"iteration", "loss", "gradient_norm", "nfe_mean", "nfe_max", "accepted", "rejected",
	"samples_per_second", "seconds"}

// metrics appends to a run's metrics.csv.
type metrics struct {
	file *os.File
	csv  *csv.Writer
}

// openMetrics opens the metrics of a run that has done that many iterations: rows beyond, which a checkpoint does not
// cover, are taken off first.
func openMetrics(path string, iterations int) (*metrics, error) {
	rows, err := completeRows(path, iterations)
	if err != nil {
		return nil, err
	}
	err = atomicfile.Write(path, func(w io.Writer) error { return writeRows(w, rows) })
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &metrics{file: f, csv: csv.NewWriter(f)}, nil
}

func writeRows(w io.Writer, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.Write(metricsHeader); err != nil {
		return err
	}
	return c.WriteAll(rows)
}

// completeRows are the rows up to that iteration, none when there is no file; a row that a kill cut short is not one.
func completeRows(path string, iterations int) ([][]string, error) {
	text, err := os.ReadFile(path)
	if iterations == 0 || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	rows, err := readRows(path, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%w; remove it to go on without the losses so far", err)
	}
	last := strconv.Itoa(iterations)
	for i, row := range rows {
		if row[0] == last {
			return rows[:i+1], nil
		}
	}
	if len(rows) == 0 { // of a run that went on without
		return nil, nil
	}
	return nil, fmt.Errorf("train: %s has no row of iteration %d, which the checkpoint has reached; remove it to go on without the losses so far", path, iterations)
}

// readRows reads the rows after the header, all as long as that.
func readRows(path string, r io.Reader) ([][]string, error) {
	all, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	if len(all) == 0 || !slices.Equal(all[0], metricsHeader) {
		return nil, fmt.Errorf("train: %s does not begin with the columns of metrics", path)
	}
	return all[1:], nil
}

func (m *metrics) add(e Event) error {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 8, 64) }
	return m.csv.Write([]string{strconv.Itoa(e.Iteration), strconv.FormatFloat(e.Work.Loss, 'g', -1, 64), number(e.Work.GradientNorm),
		number(e.Work.NFEMean), strconv.Itoa(e.Work.NFEMax), strconv.Itoa(e.Work.Accepted), strconv.Itoa(e.Work.Rejected),
		number(e.SamplesPerSecond), strconv.FormatFloat(e.Elapsed.Seconds(), 'f', 3, 64)})
}

// sync puts all rows on disk.
func (m *metrics) sync() error {
	m.csv.Flush()
	return errors.Join(m.csv.Error(), m.file.Sync())
}

func (m *metrics) close() error { return errors.Join(m.sync(), m.file.Close()) }

// ReadLosses returns the iterations of a metrics.csv and their losses.
func ReadLosses(path string) (iterations []int, losses []float64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	defer f.Close()
	rows, err := readRows(path, f)
	if err != nil {
		return nil, nil, err
	}
	for line, row := range rows {
		i, err1 := strconv.Atoi(row[0])
		l, err2 := strconv.ParseFloat(row[1], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, nil, fmt.Errorf("train: %s: line %d: %w", path, line+2, err)
		}
		iterations, losses = append(iterations, i), append(losses, l)
	}
	return iterations, losses, nil
}
