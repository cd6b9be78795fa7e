package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"neuralode/solver"
	"neuralode/train"
)

// wholeRun times a run of the program's defaults without its figures: data, 2000 iterations, metrics, checkpoints.
func wholeRun(b *testing.B, backend solver.Backend, mode solver.Gradient) {
	c := train.DefaultConfig()
	c.Gradient = mode.String()
	folder := b.TempDir()
	for i := 0; b.Loop(); i++ {
		r, err := train.NewRun(filepath.Join(folder, fmt.Sprint(i)), c, backend, "benchmark")
		if err == nil {
			err = r.Train(context.Background(), backend)
			r.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
	b.ReportMetric(float64(c.Iterations), "iterations")
}
