package dataset

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"neuralode/dataset/internal/npy"
)

// TrajectoryWriter writes the states of samples at times, some samples at a time. States are [samples, times, dim]; NaN
// where a solve did not get. Close after the last.
type TrajectoryWriter struct {
	times   []float64
	dim     int
	round   []Rounding // of states as text, [dim]
	samples int        // written so far
	csv     *bufio.Writer
	npy     *npy.Writer // or nil
}

// NewTrajectoryCSV writes a line for each sample and time to w, under the header sample,t,z1,z2,...: samples count from
// 0, and components of states are rounded, each as its own of round says, or all as its only one; times are not.
func NewTrajectoryCSV(w io.Writer, times []float64, dim int, round ...Rounding) (*TrajectoryWriter, error) {
	t := &TrajectoryWriter{times: times, dim: dim, round: round, csv: bufio.NewWriterSize(w, 1<<16)}
	if err := t.check(); err != nil {
		return nil, err
	}
	_, _ = t.csv.WriteString("sample,t")
	for j := range dim {
		_, _ = fmt.Fprintf(t.csv, ",z%d", j+1)
	}
	_ = t.csv.WriteByte('\n')
	return t, nil
}

// NewTrajectoryNPY writes the states of so many samples to w as an array [samples, times, dim] of float64 in C order;
// the times are not in it.
func NewTrajectoryNPY(w io.Writer, samples int, times []float64, dim int) (*TrajectoryWriter, error) {
	t := &TrajectoryWriter{times: times, dim: dim}
	if err := t.check(); err != nil {
		return nil, err
	}
	var err error
	t.npy, err = npy.NewWriter(w, []int{samples, len(times), dim})
	return t, err
}

// NewStepsCSV writes lines as NewTrajectoryCSV does, for samples that have times of their own: see WriteSample.
func NewStepsCSV(w io.Writer, dim int, round ...Rounding) (*TrajectoryWriter, error) {
	return NewTrajectoryCSV(w, []float64{0}, dim, round...)
}

// WriteSample writes the states of the next sample, [times, dim], at times of its own, as text. Its errors are Write's.
func (t *TrajectoryWriter) WriteSample(times, states []float64) error {
	t.times = times
	return t.Write(states)
}

func (t *TrajectoryWriter) check() error {
	if n := len(t.round); t.csv != nil && n != 1 && n != t.dim {
		return fmt.Errorf("dataset: %d roundings of %d dimensions, want one for all or for each", n, t.dim)
	}
	if t.dim < 1 || len(t.times) == 0 {
		return fmt.Errorf("dataset: trajectories of %d dimensions at %d times, want at least one of each", t.dim,
			len(t.times))
	}
	return nil
}

// Write writes the states of the next samples. States that are not full samples are an error; one of w's is kept for
// Close.
func (t *TrajectoryWriter) Write(states []float64) error {
	size := len(t.times) * t.dim
	if len(states)%size != 0 {
		return fmt.Errorf("dataset: %d states are not full samples of %d times and %d dimensions", len(states),
			len(t.times), t.dim)
	}
	if t.npy != nil {
		t.npy.Write(states)
	} else {
		t.writeLines(states)
	}
	t.samples += len(states) / size
	return nil
}

func (t *TrajectoryWriter) writeLines(states []float64) {
	for i := range len(states) / t.dim {
		sample, time := t.samples+i/len(t.times), t.times[i%len(t.times)]
		line := strconv.AppendInt(t.csv.AvailableBuffer(), int64(sample), 10)
		line = strconv.AppendFloat(append(line, ','), time, 'g', -1, 64)
		for j, v := range states[i*t.dim : (i+1)*t.dim] {
			line = t.round[min(j, len(t.round)-1)].Append(append(line, ','), v)
		}
		_, _ = t.csv.Write(append(line, '\n'))
	}
}

// Close returns the first error of all writes to w, which stays open, and says where samples are missing from an array.
func (t *TrajectoryWriter) Close() error {
	if t.npy != nil {
		return t.npy.Close()
	}
	return t.csv.Flush()
}
