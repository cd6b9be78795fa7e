package train_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/solver"
	"neuralode/train"
)

// TestLossesOfSeries: the loss that an evaluation gives, by formulas, is what the plan makes of the same rows, and a model
// that was saved has it still; an unchanged training by mse has the weights 1.
func TestLossesOfSeries(t *testing.T) {
	path := circles(t, 3, 4)
	for name, change := range map[string]func(c *train.Config){
		"mse":                func(*train.Config) {},
		"weighted mse":       func(c *train.Config) { c.Weights = []string{"y=0.1"} },
		"one feature alone":  func(c *train.Config) { c.Weights = []string{"x=0"} },
		"one with gaps":      func(c *train.Config) { c.Weights = []string{"y=0"} },
		"huber":              func(c *train.Config) { c.Loss, c.HuberDelta = "huber", 0.3 },
		"gaussian, weighted": func(c *train.Config) { c.Loss, c.Weights = "gaussian", []string{"y=3", "x=0.5"} },
	} {
		t.Run(name, func(t *testing.T) {
			c := seriesConfig(path)
			c.Iterations, c.Validation, c.Patience, c.Precision = 20, 0, 0, "float64"
			change(&c)
			r := seriesRun(t, c)
			if err := r.Train(context.Background(), backend(t)); err != nil {
				t.Fatal(err)
			}
			m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			spec, err := c.Spec()
			if err != nil {
				t.Fatal(err)
			}
			e, err := m.Evaluate(context.Background(), backend(t), spec, r.Data)
			if err != nil {
				t.Fatal(err)
			}
			data, err := m.Samples(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			program, err := solver.Reference().Compile(m.Solver, m.InFieldTime(spec))
			if err != nil {
				t.Fatal(err)
			}
			d, err := program.Differentiate(context.Background(), m.Theta, data.Batch, data.Objective)
			if err != nil || math.Abs(d.Loss-e.Loss) > 1e-9*math.Abs(d.Loss) {
				t.Errorf("loss %v, by the plan %v (%v)", e.Loss, d.Loss, err)
			}
		})
	}
}

// noisyCircles are circles with noise of the given deviations.
func noisyCircles(t *testing.T, sx, sy float64) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 6))
	var text strings.Builder
	text.WriteString("id,t,x,y\n")
	for i := range 8 {
		for k := range 40 {
			at := 0.15 * float64(k)
			nx, ny := sx*rng.NormFloat64(), sy*rng.NormFloat64()
			if k == 0 {
				nx, ny = 0, 0 // a solve begins there
			}
			fmt.Fprintf(&text, "s%d,%v,%v,%v\n", i, at, 100*(math.Cos(at+float64(i))+nx), -math.Sin(at+float64(i))+ny)
		}
	}
	return fileOf(t, text.String())
}

// fileOf is a CSV file of that text.
func fileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoiseIsFound: the loss gaussian finds the noise that was put into each feature, in its units.
func TestNoiseIsFound(t *testing.T) {
	c := seriesConfig(noisyCircles(t, 0.2, 0.05))
	c.Loss, c.Iterations = "gaussian", 600
	r := seriesRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	p, err := r.Predictor(backend(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Evaluate(context.Background(), r.Training())
	if err != nil {
		t.Fatal(err)
	}
	for j, want := range []float64{20, 0.05} {
		if got := e.Noise[j]; !(math.Abs(got-want) < 0.2*want) {
			t.Errorf("the noise of feature %d is %v, want %v; RMSE %v", j, got, want, e.Features[j].RMSE)
		}
	}
	if b := r.Model.Baseline(r.Training()).Scores(r.Held()); math.Abs(b.Loss-(0.5+math.Log(2*math.Pi)/2)) > 0.2 {
		t.Errorf("the mean, with the deviation for a noise, has the loss %v", b.Loss)
	}
}

// TestLossesOfTables: Huber's loss lets a few labels far off be, of which squares make much; the noise of a regression is
// found in the units of its label.
func TestLossesOfTables(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	far, noisy := "x,y\n", "x,y\n"
	for i := range 400 {
		x, y := rng.Float64(), 0.1*rng.NormFloat64()
		noisy += fmt.Sprintf("%v,%v\n", x, 1000*(2*x+y))
		if i%10 == 0 {
			y = 50
		}
		far += fmt.Sprintf("%v,%v\n", x, 2*x+y)
	}
	for _, c := range []struct {
		loss, text string
		check      func(e *train.Evaluation) bool
	}{
		{"huber", far, func(e *train.Evaluation) bool { return e.RMSE > 1 && e.Noise == nil }},
		{"gaussian", noisy, func(e *train.Evaluation) bool { return math.Abs(e.Noise[0]-100) < 20 }},
	} {
		config := train.DefaultsFor(fileOf(t, c.text))
		config.Loss, config.HuberDelta, config.Augment = c.loss, 0.01, 1
		r := newRun(t, config)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		e, err := r.Model.Evaluate(context.Background(), backend(t), solver.DefaultSpec(), r.Data)
		if err != nil || !c.check(e) {
			t.Errorf("%s: %+v (%v)", c.loss, e, err)
		}
		if c.loss != "huber" {
			continue
		}
		p, err := r.Predictor(backend(t))
		if err != nil {
			t.Fatal(err)
		}
		answers, err := p.Predict(context.Background(), []float64{0.25, 0.75})
		if err != nil || math.Abs(answers.Value[0]-0.5) > 0.5 || math.Abs(answers.Value[1]-1.5) > 0.5 {
			t.Errorf("huber: %+v (%v)", answers, err)
		}
	}
}
