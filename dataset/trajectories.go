package dataset

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"neuralode/dataset/internal/npy"
)

// Trajectories is the states of samples at times.
type Trajectories struct {
	Times  []float64 // [times]
	States []float64 // [samples, times, Dim]; NaN where a solve did not get
	Dim    int
}

// Samples is the number of samples.
func (t *Trajectories) Samples() int {
	if t.Dim < 1 || len(t.Times) == 0 {
		return 0
	}
	return len(t.States) / (len(t.Times) * t.Dim)
}

// Check reports a shape that cannot be: no dimension, no times, or states that are not full samples.
func (t *Trajectories) Check() error {
	if t.Dim < 1 || len(t.Times) == 0 || t.Samples()*len(t.Times)*t.Dim != len(t.States) {
		return fmt.Errorf("dataset: %d states are not full samples of %d times and %d dimensions", len(t.States), len(t.Times), t.Dim)
	}
	return nil
}

// WriteCSV writes a line for each sample and time to w, under the header sample,t,z1,z2,...: samples count from 0, and
// a number is the shortest text that gives the same float64. It writes nothing when [Trajectories.Check] reports an error.
func (t *Trajectories) WriteCSV(w io.Writer) error {
	if err := t.Check(); err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<16)
	_, _ = b.WriteString("sample,t")
	for j := range t.Dim {
		_, _ = fmt.Fprintf(b, ",z%d", j+1)
	}
	_ = b.WriteByte('\n')
	for i := range len(t.States) / t.Dim {
		sample, time := i/len(t.Times), i%len(t.Times)
		line := strconv.AppendInt(b.AvailableBuffer(), int64(sample), 10)
		for _, v := range append([]float64{t.Times[time]}, t.States[i*t.Dim:(i+1)*t.Dim]...) {
			line = strconv.AppendFloat(append(line, ','), v, 'g', -1, 64)
		}
		_, _ = b.Write(append(line, '\n'))
	}
	return b.Flush() // the first error of all writes
}

// WriteNPY writes the states to w as an array [samples, times, Dim] of float64 in C order; the times are not in it. It
// writes nothing when [Trajectories.Check] reports an error.
func (t *Trajectories) WriteNPY(w io.Writer) error {
	if err := t.Check(); err != nil {
		return err
	}
	a := npy.Array{Shape: []int{t.Samples(), len(t.Times), t.Dim}, Data: t.States}
	return a.Write(w)
}
