package train_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/train"
)

// heldScores trains and evaluates on what was held out.
func heldScores(t *testing.T, c train.Config) (*train.Run, *train.Evaluation) {
	t.Helper()
	r := seriesRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	p, err := r.Predictor(backend(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Evaluate(context.Background(), r.Held())
	if err != nil {
		t.Fatal(err)
	}
	return r, e
}

// TestHalfOfACircle sees one component of a circle: what it does next depends on the other. No field of it alone can
// tell, one of second order can, and one of a latent state that is lifted from some rows.
func TestHalfOfACircle(t *testing.T) {
	path := circles(t, 12, 6)
	for what, x := range map[string]struct {
		change func(c *train.Config)
		tells  bool
	}{
		"alone":        {func(*train.Config) {}, false},
		"second order": {func(c *train.Config) { c.SecondOrder, c.Features = true, []string{"y"} }, true},
		"latent":       {func(c *train.Config) { c.Latent, c.LiftFrom = 2, 6 }, true},
		"lifted, by a linear map": {func(c *train.Config) {
			c.Lift, c.Augment, c.LiftFrom, c.Horizon = "linear", 1, 6, "full"
		}, true},
		"lifted to second order, by an mlp read": {func(c *train.Config) {
			c.Lift, c.SecondOrder, c.LiftWindow, c.Readout = "mlp", true, 1.5, "mlp"
		}, true},
	} {
		t.Run(what, func(t *testing.T) {
			c := seriesConfig(path)
			c.Features, c.Drop = []string{"y"}, []string{"x"}
			x.change(&c)
			r, e := heldScores(t, c)
			if x.tells != (e.R2 > 0.9) || !x.tells && !(e.R2 < 0.5) {
				t.Errorf("R² of what was held out is %v", e.R2)
			}
			loaded, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			spec, err := c.Spec()
			if err != nil {
				t.Fatal(err)
			}
			again, err := loaded.Evaluate(context.Background(), backend(t), spec, r.Held())
			if err != nil || again.RMSE != e.RMSE {
				t.Errorf("the loaded model has the RMSE %v, %v; want %v", again, err, e.RMSE)
			}
		})
	}
}

// TestResumeLifted stops a run with a lift: it ends with the bits of one that was never stopped.
func TestResumeLifted(t *testing.T) {
	c := seriesConfig(circles(t, 6, 5))
	c.Latent, c.Readout, c.Iterations, c.Freeze = 3, "mlp", 60, []string{"lift.0.bias"}
	whole := seriesRun(t, c)
	if err := whole.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	stopped := seriesRun(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := stopped.Train(ctx, backend(t), func(e train.Event) {
		if e.Iteration == 25 {
			cancel()
		}
	}); err == nil {
		t.Fatal("not stopped")
	}
	stopped.Close()
	again, err := train.ResumeRun(stopped.Dir, train.Resumption{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file(t, again, "model.safetensors"), file(t, whole, "model.safetensors")) {
		t.Error("the resumed run's model differs")
	}
}

// decays writes series of x = x0·e^(−k·t) with the column k, the same in all rows of each.
func decays(t *testing.T, n int) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("id,t,x,rate\n")
	for i := range n {
		rate := 0.2 + 0.1*float64(i%9)
		for k := range 12 {
			at := 0.3 * float64(k)
			fmt.Fprintf(&text, "s%d,%v,%v,%v\n", i, at, (1+0.3*float64(i%4))*math.Exp(-rate*at), rate)
		}
	}
	path := filepath.Join(t.TempDir(), "decays.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestConstants: rates that differ from series to series are told by a column, for series that were not seen too.
func TestConstants(t *testing.T) {
	c := seriesConfig(decays(t, 24))
	c.Features, c.Constants = []string{"x"}, []string{"rate"}
	r, e := heldScores(t, c)
	if !(e.R2 > 0.995) {
		t.Errorf("R² is %v", e.R2)
	}
	m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Constants, c.Constants) || !slices.Equal(m.ConstantScale.Mean, r.Model.ConstantScale.Mean) {
		t.Errorf("the model file has the constants %q with the scale %+v", m.Constants, m.ConstantScale)
	}
	c.Constants, c.Drop = nil, []string{"rate"}
	if _, without := heldScores(t, c); !(without.RMSE > 3*e.RMSE) {
		t.Errorf("RMSE %v without the rates, %v with them", without.RMSE, e.RMSE)
	}
}

// TestLiftedPoints classifies points whose states a lift makes, and saves the model.
func TestLiftedPoints(t *testing.T) {
	for _, lift := range []string{"linear", "mlp"} {
		c := small()
		c.Data, c.Lift, c.Latent, c.Iterations, c.Rate = "circle", lift, 5, 100, 2e-2
		c.Samples = 100
		r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "test")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		spec, err := c.Spec()
		if err != nil {
			t.Fatal(err)
		}
		before, err := r.Model.Evaluate(context.Background(), backend(t), spec, r.Data)
		if err != nil {
			t.Fatal(err)
		}
		m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		after, err := m.Evaluate(context.Background(), backend(t), spec, r.Data)
		if err != nil || after.Loss != before.Loss || m.Features() != 2 || m.Net.Dim() != 5 {
			t.Errorf("%s: loss %v, of the file %v, %v; %d features, %d components", lift, before.Loss, after.Loss, err,
				m.Features(), m.Net.Dim())
		}
		if !(before.Loss < 0.45) {
			t.Errorf("%s: loss %v", lift, before.Loss)
		}
	}
}

// TestStartsThatAreNone: what a forecast cannot begin from is an error that names the series.
func TestStartsThatAreNone(t *testing.T) {
	c := seriesConfig(circles(t, 5, 6))
	c.Iterations, c.LiftFrom, c.Latent = 1, 2, 3
	lifted := seriesRun(t, c)
	c.LiftFrom, c.Latent, c.SecondOrder = 0, 0, true
	second := seriesRun(t, c)
	nan := math.NaN()
	series := func(x ...float64) *dataset.Series {
		s := &dataset.Series{IDs: []string{"new"}, X: x, Dim: 2, Features: []string{"x", "y"}, IDName: "id", TimeName: "t"}
		for i := range len(x) / 2 {
			s.Times = append(s.Times, float64(i))
		}
		s.Offsets = []int{0, len(s.Times)}
		return s
	}
	for what, x := range map[string]struct {
		run  *train.Run
		s    *dataset.Series
		good bool
	}{
		"lifted from one row":               {lifted, series(1, nan), true},
		"lifted from nothing":               {lifted, series(nan, nan, nan, nan, 1, 1), false},
		"velocity of one row":               {second, series(1, 1), false},
		"velocity of two rows":              {second, series(1, 1, 2, 2), true},
		"velocity, without a first feature": {second, series(1, nan, 2, 2, 3, 3), false},
	} {
		p, err := x.run.Predictor(backend(t))
		if err != nil {
			t.Fatal(err)
		}
		starts, err := p.Starts(context.Background(), x.s)
		if err == nil {
			err = p.SolveSeries(context.Background(), starts, x.s,
				func(_ int, _ *dataset.Series, _ *solver.Solution, failed error) error { return failed })
		}
		if (err == nil) != x.good || err != nil && !strings.Contains(err.Error(), `series "new"`) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
