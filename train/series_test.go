package train_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/train"
)

// circles writes n series of x = r·cos(t + φ), y = −r·sin(t + φ) at times of their own up to t1, some of them not
// observed.
func circles(t *testing.T, n int, t1 float64) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("id,t,x,y\n")
	for i := range n {
		r, phase := 1+0.1*float64(i), float64(i)
		for k, at := 0, 0.1*float64(i%3); at <= t1; k, at = k+1, at+0.2+0.05*float64((k+i)%4) {
			x, y := fmt.Sprint(r*math.Cos(at+phase)), fmt.Sprint(-r*math.Sin(at+phase))
			if k%7 == 3 {
				x = ""
			}
			fmt.Fprintf(&text, "s%d,%v,%s,%s\n", i, at, x, y)
		}
	}
	path := filepath.Join(t.TempDir(), "circles.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func seriesConfig(path string) train.Config {
	c := train.SeriesDefaults(path)
	c.Hidden, c.Iterations, c.Batch, c.Rate, c.CheckpointEvery = []int{16}, 300, 32, 1e-2, 50
	return c
}

func seriesRun(t *testing.T, c train.Config) *train.Run {
	t.Helper()
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// TestSeries learns a circle from some series and continues others, which it has not seen, and few series beyond what
// it has seen of them.
func TestSeries(t *testing.T) {
	for name, n := range map[string]int{"series held out": 8, "ends held out": 2} {
		t.Run(name, func(t *testing.T) {
			r, e := heldScores(t, seriesConfig(circles(t, n, 9)))
			if !(e.R2 > 0.98) || len(e.Features) != 2 || !(e.Features[0].RMSE < e.Features[0].Held/3) {
				t.Errorf("scores of what was held out: %+v, %+v", e.Scores, e.Features)
			}
			if b := r.Model.Baseline(r.Training()).Scores(r.Held()); !e.Better(b) || !(b.R2 < 0.2) {
				t.Errorf("scores %+v, of the mean %+v", e.Scores, b)
			}
		})
	}
}

// TestResumeSeries stops in the midst of each horizon: the run ends with the bits of one that was never stopped.
func TestResumeSeries(t *testing.T) {
	c := seriesConfig(circles(t, 3, 12))
	whole := seriesRun(t, c)
	if err := whole.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	stopped := seriesRun(t, c)
	dir := stopped.Dir
	for _, at := range []int{40, 90, 100, 200, 260} {
		ctx, cancel := context.WithCancel(context.Background())
		err := stopped.Train(ctx, backend(t), func(e train.Event) {
			if e.Iteration == at {
				cancel()
			}
		})
		if err == nil {
			t.Fatalf("not stopped at %d", at)
		}
		stopped.Close()
		if stopped, err = train.ResumeRun(dir, train.Resumption{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := stopped.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	stopped.Close()
	for i, v := range whole.Model.Theta {
		if stopped.Model.Theta[i] != v {
			t.Fatalf("parameter %d is %v, of the run that was not stopped %v", i, stopped.Model.Theta[i], v)
		}
	}
}

// TestLongerSeries makes runs longer: where they see whole series they end as if they had been so long from the start,
// where they see windows for parts of their iterations they are refused.
func TestLongerSeries(t *testing.T) {
	c := seriesConfig(circles(t, 3, 12))
	c.Schedule, c.Iterations = "constant", 20
	short := seriesRun(t, c)
	if err := short.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, short, train.Resumption{Iterations: 30}); err == nil ||
		!strings.Contains(err.Error(), "horizon full") {
		t.Errorf("a run that sees windows made longer: %v", err)
	}
	c.Horizon = "full"
	short = seriesRun(t, c)
	c.Iterations = 30
	whole := seriesRun(t, c)
	for _, r := range []*train.Run{short, whole} {
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
	}
	longer := resumed(t, short, 30)
	if err := longer.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file(t, longer, "model.safetensors"), file(t, whole, "model.safetensors")) {
		t.Error("the longer run's model differs")
	}
}

// TestSeriesModelFile: a model that was saved continues series as before.
func TestSeriesModelFile(t *testing.T) {
	c := seriesConfig(circles(t, 5, 6))
	c.Iterations, c.Augment = 20, 1
	r := seriesRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	loaded, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := c.Spec()
	if err != nil {
		t.Fatal(err)
	}
	states := func(m *train.Model) (all []float64) {
		p, err := m.Compile(backend(t), spec)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		starts, err := p.Starts(context.Background(), r.Data.Series)
		if err != nil {
			t.Fatal(err)
		}
		err = p.SolveSeries(context.Background(), starts, r.Data.Series,
			func(_ int, _ *dataset.Series, s *solver.Solution, failed error) error {
				all = append(all, s.Saved...)
				return failed
			})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := states(r.Model)
	for i, z := range states(loaded) {
		if z != want[i] {
			t.Fatalf("number %d is %v, of the model that was saved %v", i, z, want[i])
		}
	}
}

func TestSeriesConfig(t *testing.T) {
	path := circles(t, 2, 3)
	for want, change := range map[string]func(c *train.Config){
		"series have no labels":                 func(c *train.Config) { c.Label = "x" },
		"loss bce is for classes":               func(c *train.Config) { c.Loss = "bce" },
		"leave component":                       func(c *train.Config) { c.Component = 1 },
		"huber-delta must be positive":          func(c *train.Config) { c.Loss, c.HuberDelta = "huber", 0 },
		`"z" is no feature, these are x, y`:     func(c *train.Config) { c.Weights = []string{"z=1"} },
		`"x" is there twice`:                    func(c *train.Config) { c.Weights = []string{"x=1", "x=2"} },
		"those of all features are 0":           func(c *train.Config) { c.Weights = []string{"x=0", "y=0"} },
		`from 0, got "x=-1"`:                    func(c *train.Config) { c.Weights = []string{"x=-1"} },
		"weights name the columns of series":    func(c *train.Config) { c.Task, c.Weights = "auto", []string{"x=1"} },
		"validate-every 5 needs rows held out":  func(c *train.Config) { c.Validation, c.Patience, c.ValidateEvery = 0, 0, 5 },
		"choose control sample":                 func(c *train.Config) { c.Control = "batch" },
		"choose task series":                    func(c *train.Config) { c.Task, c.ID = "auto", "id" },
		"horizon must be one of":                func(c *train.Config) { c.Horizon = "far" },
		"task series needs a file of series":    func(c *train.Config) { c.Data = "spiral" },
		`there is no column "z"`:                func(c *train.Config) { c.Features = []string{"z"} },
		"is called t, time or year or the like": func(c *train.Config) { c.Drop = []string{"t"} },
	} {
		c := seriesConfig(path)
		change(&c)
		r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "")
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestConstantStepsOfSeries: steps are in the time of the series, however that is scaled: from 0 to 6 in steps of 0.5
// there are 12, of two evaluations each.
func TestConstantStepsOfSeries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.csv")
	text := "id,t,x\na,0,1\na,3,2\na,6,5\nb,0,2\nb,6,1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := seriesConfig(path)
	c.Iterations, c.Validation, c.Patience, c.Method, c.Step = 1, 0, 0, "midpoint", 0.5
	r := seriesRun(t, c)
	if unit := r.Model.TimeScale.Std[0]; unit == 1 {
		t.Fatalf("the unit of time is %v", unit)
	}
	p, err := r.Predictor(backend(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Evaluate(context.Background(), r.Data)
	short := seriesConfig(path) // at most 4096 steps, in whatever unit
	short.Method, short.Step = "midpoint", 0.001
	if _, err := train.NewRun(filepath.Join(t.TempDir(), "run"), short, backend(t), ""); err == nil ||
		!strings.Contains(err.Error(), "6000 steps") {
		t.Errorf("6000 steps: %v", err)
	}
	if err != nil || e.NFEMax < 24 || e.NFEMax > 26 {
		t.Errorf("%d evaluations, %v", e.NFEMax, err)
	}
}

// TestSparseSeries: a feature that nothing held out has observed does not spoil the scores of the others, and series
// without any observation after the first are in no minibatch.
func TestSparseSeries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse.csv")
	text := "id,t,x,y\n"
	for i := range 8 {
		for k := range 5 {
			y, x := "", fmt.Sprint(k+i)
			if k == 0 || i == 0 {
				y = fmt.Sprint(k)
			}
			if i > 5 && k > 0 {
				x = ""
			}
			text += fmt.Sprintf("%d,%d,%s,%s\n", i, k, x, y)
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(4) {
		c := seriesConfig(path)
		c.Iterations, c.Batch, c.Seed = 40, 1, seed
		r := seriesRun(t, c)
		if err := r.Train(context.Background(), backend(t), func(e train.Event) {
			if e.Work.Loss == 0 {
				t.Errorf("iteration %d has a sample without a loss", e.Iteration)
			}
		}); err != nil {
			t.Fatal(err)
		}
		s := r.Model.Baseline(r.Training()).Scores(r.Training())
		if math.IsNaN(s.RMSE) || math.IsNaN(s.Loss) {
			t.Errorf("scores %+v", s)
		}
	}
}

// TestStages follows a training: the stages are those that its samples come from, in the time of the series.
func TestStages(t *testing.T) {
	c := seriesConfig(circles(t, 3, 12))
	r := seriesRun(t, c)
	stages := r.Stages()
	if n := len(stages); n < 3 || stages[n-1].Until != c.Iterations || !stages[n-1].Whole() || stages[0].Whole() {
		t.Fatalf("stages %+v of %d iterations", stages, c.Iterations)
	}
	for i, s := range stages[1:] {
		if s.Until <= stages[i].Until || s.Duration <= stages[i].Duration {
			t.Errorf("stages %+v, want them to grow", stages)
		}
	}
	unit := r.Model.TimeScale.Std[0]
	for iteration, want := range map[int]float64{0: 2 * unit, 1: 2 * unit, stages[0].Until: 2 * unit,
		stages[0].Until + 1: 6 * unit, c.Iterations: math.Inf(1), c.Iterations + 1: 0} {
		if got := train.StageOf(stages, iteration); got.Duration != want {
			t.Errorf("iteration %d: %v, want %v", iteration, got.Duration, want)
		}
	}
	c.Horizon = "full"
	if all := seriesRun(t, c).Stages(); len(all) != 1 || !all[0].Whole() || all[0].Until != c.Iterations {
		t.Errorf("of whole series: %+v", all)
	}
	points := train.DefaultConfig()
	points.Samples = 10
	if all := seriesRun(t, points).Stages(); all != nil {
		t.Errorf("of points: %+v", all)
	}
}

// foxes writes two series of prey and predators (Lotka 1925, Volterra 1926) over 21 periods, seen with noise of 2 %.
func foxes(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 8))
	text := "id,t,prey,predators\n"
	for i := range 2 {
		z := [2]float64{2 + float64(i), 1 + 0.5*float64(i)}
		for k := range 450 {
			seen := [2]float64{z[0] * (1 + 0.02*rng.NormFloat64()), z[1] * (1 + 0.02*rng.NormFloat64())}
			text += fmt.Sprintf("s%d,%v,%v,%v\n", i, 0.1*float64(k), seen[0], seen[1])
			const h = 0.1 / 8
			rate := func(z [2]float64) [2]float64 { return [2]float64{1.5*z[0] - z[0]*z[1], z[0]*z[1] - 3*z[1]} }
			for range 8 { // of the midpoint rule, from 1e-4 of it on
				f := rate(z)
				m := rate([2]float64{z[0] + h/2*f[0], z[1] + h/2*f[1]})
				z = [2]float64{z[0] + h*m[0], z[1] + h*m[1]}
			}
		}
	}
	return fileOf(t, text)
}

// TestLongSeries: over many periods a training on whole series ends at the mean; horizons that begin with parts of them
// fit them. The README has what this prints.
func TestLongSeries(t *testing.T) {
	path, r2 := foxes(t), map[string]float64{}
	for _, horizon := range []string{"full", "auto", "shooting"} {
		c := train.SeriesDefaults(path)
		c.Hidden, c.Iterations, c.Validation, c.Patience, c.Horizon = []int{32}, 500, 0, 0, horizon
		r := seriesRun(t, c)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		p, err := r.Predictor(backend(t))
		if err != nil {
			t.Fatal(err)
		}
		e, err := p.Evaluate(context.Background(), r.Data)
		if err != nil {
			t.Fatal(err)
		}
		r2[horizon] = e.R2
	}
	if !(r2["full"] < 0.4) || !(r2["auto"] > 0.7) || !(r2["shooting"] > 0.7) {
		t.Errorf("R² by horizon: %v", r2)
	}
	t.Logf("R² by horizon: %v", r2)
}
