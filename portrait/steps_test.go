package portrait

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"neuralode/solver/cpu"
	"neuralode/train"
)

// TestStepSizesOfSeries: steps are in the time of the series, however that is scaled: from 0 to 6 in steps of 0.5 there
// are 12 of each solve.
func TestStepSizesOfSeries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.csv")
	text := "id,t,x\na,0,1\na,3,2\na,6,5\nb,0,2\nb,6,1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := train.SeriesDefaults(path)
	c.Hidden, c.Validation, c.Patience, c.Method, c.Step = []int{8}, 0, 0, "midpoint", 0.5
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	spec, err := c.Spec()
	if err != nil {
		t.Fatal(err)
	}
	unit := r.Model.TimeScale.Std[0]
	if unit == 1 {
		t.Fatalf("the unit of time is %v", unit)
	}
	sizes := StepSizes(context.Background(), r.Model, r.Data.X, spec)
	if len(sizes) != 24 {
		t.Errorf("%d steps of two solves, want 24", len(sizes))
	}
	for _, h := range sizes {
		if math.Abs(h*unit-0.5) > 1e-9 {
			t.Errorf("a step of %v units of %v, want 0.5", h, unit)
		}
	}
}
