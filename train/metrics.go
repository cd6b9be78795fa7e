package train

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
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

// completeRows are the rows of the first iterations; a row that a kill cut short is not one.
func completeRows(path string, iterations int) ([][]string, error) {
	if iterations == 0 {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	if len(all) < iterations+1 {
		return nil, fmt.Errorf("train: %s has %d rows, want at least the %d of the checkpoint", path, max(len(all)-1, 0), iterations)
	}
	return all[1 : iterations+1], nil
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
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("train: %s: %w", path, err)
	}
	for line, row := range rows[min(1, len(rows)):] {
		i, err1 := strconv.Atoi(row[0])
		l, err2 := strconv.ParseFloat(row[min(1, len(row)-1)], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, nil, fmt.Errorf("train: %s: line %d: %w", path, line+2, err)
		}
		iterations, losses = append(iterations, i), append(losses, l)
	}
	return iterations, losses, nil
}
