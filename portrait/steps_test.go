package portrait

import (
	"context"
	"math"
	"testing"

	"neuralode/train"
)

// TestStepSizesOfSeries: steps are in the time of the series, however that is scaled: from 0 to 6 in steps of 0.5 there
// are 12 of each solve.
func TestStepSizesOfSeries(t *testing.T) {
	r, _ := seriesRun(t, "id,t,x\na,0,1\na,3,2\na,6,5\nb,0,2\nb,6,1\n", func(c *train.Config) {
		c.Validation, c.Patience, c.Method, c.Step = 0, 0, "midpoint", 0.5
	})
	spec, err := r.Config.Spec()
	if err != nil {
		t.Fatal(err)
	}
	unit := r.Model.TimeScale.Std[0]
	if unit == 1 {
		t.Fatalf("the unit of time is %v", unit)
	}
	if s := Span(r.Model); math.Abs(s.T0) > 1e-12 || math.Abs(s.T1-6) > 1e-12 {
		t.Errorf("the span is %v", s)
	}
	sizes := StepSizes(context.Background(), r.Model, r.Model.SeriesBatch(r.Data.Series), spec)
	if len(sizes) != 24 {
		t.Errorf("%d steps of two solves, want 24", len(sizes))
	}
	for _, h := range sizes {
		if math.Abs(h-0.5) > 1e-9 {
			t.Errorf("a step of %v, want 0.5", h)
		}
	}
}
