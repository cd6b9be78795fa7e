package train

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
	"neuralode/solver/cpu"
)

// swings writes n series of a swing of 2 radians a second with a phase of its own each; first is added to the first
// observation.
func swings(t *testing.T, n int, first float64) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("id,t,x,y\n")
	for i := range n {
		for k := range 40 {
			at, off := 0.1*float64(k), 0.0
			if k == 0 {
				off = first
			}
			fmt.Fprintf(&text, "s%d,%v,%v,%v\n", i, at, math.Cos(2*at+float64(i))+off, -math.Sin(2*at+float64(i))-off)
		}
	}
	path := filepath.Join(t.TempDir(), "swings.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func startsConfig(path, horizon, start string) Config {
	c := SeriesDefaults(path)
	c.Hidden, c.Iterations, c.Batch, c.Rate, c.CheckpointEvery = []int{16}, 200, 32, 1e-2, 50
	c.Horizon, c.Start = horizon, start
	return c
}

func startsRun(t *testing.T, c Config) (*Run, solver.Backend) {
	t.Helper()
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRun(filepath.Join(t.TempDir(), "run"), c, backend, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r, backend
}

// session is one of a sight in float64, with tolerances below those of the tests.
func startsSession(t *testing.T, see Sight, start string) *startSession {
	t.Helper()
	c := startsConfig(swings(t, 3, 0), "shooting", start)
	c.Precision, c.Rtol, c.Atol, c.Validation, c.Patience = "float64", 1e-8, 1e-10, 0, 0
	r, backend := startsRun(t, c)
	ode, err := r.compile(backend)
	if err != nil {
		t.Fatal(err)
	}
	opt, err := r.optimizer()
	if err != nil {
		t.Fatal(err)
	}
	v := r.view(see)
	s := r.openStarts(ode, v, see, opt, r.state, newStartTable(v.data.Z0, 2, v.begins))
	for i := range s.starts.z {
		s.starts.z[i] += 0.1 * math.Sin(3*float64(i)) // gaps
	}
	return s
}

// TestStartGradient compares the gradient of a minibatch with central differences: for θ that of the loss, for a start
// that of the sum of the losses. Its loss is that of the rows and of the gaps, written out.
func TestStartGradient(t *testing.T) {
	for name, see := range map[string]Sight{"segments": {Segments, 2}, "whole": whole, "windows": {Windows, 1.5}} {
		t.Run(name, func(t *testing.T) {
			s := startsSession(t, see, learntStart)
			minibatch := []int{1, 0, 2}
			if see.Parts == Segments {
				minibatch = append(minibatch, 4)
			}
			g, err := s.differentiate(context.Background(), minibatch)
			if err != nil {
				t.Fatal(err)
			}
			sum := func() float64 {
				d, err := s.differentiate(context.Background(), minibatch)
				if err != nil {
					t.Fatal(err)
				}
				_, o := s.view.data.Minibatch(s.model, minibatch)
				return d.Loss * float64(counting(o.Mask))
			}
			_, o := s.view.data.Minibatch(s.model, minibatch)
			check := func(what string, x *float64, want float64) {
				const e = 1e-5
				was := *x
				*x = was + e
				up := sum()
				*x = was - e
				down := sum()
				*x = was
				if got := (up - down) / (2 * e); math.Abs(got-want) > 1e-5*max(1, math.Abs(got)) {
					t.Errorf("%s: %v, by differences %v", what, want, got)
				}
			}
			for i := 0; i < len(g.theta); i += 17 {
				check(fmt.Sprintf("θ %d", i), &s.state.Theta[i], g.theta[i]*float64(counting(o.Mask)))
			}
			for _, sample := range g.touched {
				for j := range 2 {
					check(fmt.Sprintf("start %d, %d", sample, j), &s.starts.of(sample)[j], g.starts[sample][j])
				}
			}
			if len(g.touched) < len(minibatch) {
				t.Errorf("starts %v are moved by the minibatch %v", g.touched, minibatch)
			}
		})
	}
}

// TestGapsCount: the loss of segments is that of the rows and, by its weight, the distance of each end from where the next
// segment begins.
func TestGapsCount(t *testing.T) {
	s := startsSession(t, Sight{Segments, 2}, "first")
	loss := func(penalty float64) float64 {
		s.penalty = func(int) float64 { return penalty }
		g, err := s.differentiate(context.Background(), []int{1})
		if err != nil {
			t.Fatal(err)
		}
		return g.Loss
	}
	b, o := s.view.data.Minibatch(s.model, []int{1})
	b.Z0 = s.starts.of(1)
	solved, err := s.ode.SolveBatch(context.Background(), s.state.Theta, b)
	if err != nil {
		t.Fatal(err)
	}
	gap := 0.0
	for j, next := range s.starts.of(2) {
		gap += (solved.Z1[j] - next) * (solved.Z1[j] - next)
	}
	rows := float64(len(b.Times))
	want := 5 * rows / 2 * gap / float64(counting(o.Mask))
	if got := loss(5) - loss(0); math.Abs(got-want) > 1e-12*want || gap == 0 {
		t.Errorf("gaps add %v, want %v", got, want)
	}
}

// TestStartsAreTheirOwn: the gradient of a start has the bits that it has alone, in whatever order samples come.
func TestStartsAreTheirOwn(t *testing.T) {
	s := startsSession(t, whole, learntStart)
	all, err := s.differentiate(context.Background(), []int{2, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		alone, err := s.differentiate(context.Background(), []int{i})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(alone.starts[i], all.starts[i]) {
			t.Errorf("start %d has the gradient %v, alone %v", i, all.starts[i], alone.starts[i])
		}
	}
	before := s.starts.clone()
	if _, err := s.iterate(context.Background(), []int{1}, 0.01); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before.of(0), s.starts.of(0)) || slices.Equal(before.of(1), s.starts.of(1)) ||
		s.starts.steps[0] != 0 || s.starts.steps[1] != 1 {
		t.Errorf("starts %v after an iteration on 1, of %v", s.starts, before)
	}
}

// TestResumeStarts stops in each stage and at its end: the run ends with the bits of one that was never stopped, θ
// and starts.
func TestResumeStarts(t *testing.T) {
	for _, c := range []Config{startsConfig(swings(t, 3, 0), "auto", learntStart),
		startsConfig(swings(t, 6, 0), "shooting", "first"), startsConfig(swings(t, 6, 0), "shooting", learntStart),
		startsConfig(swings(t, 6, 0), "grow", "first")} {
		t.Run(c.Horizon+", "+c.Start, func(t *testing.T) {
			c.Iterations, c.Patience, c.ValidateEvery = 60, 3, 4
			wholeRun, backend := startsRun(t, c)
			if err := wholeRun.Train(context.Background(), backend); err != nil {
				t.Fatal(err)
			}
			r, _ := startsRun(t, c)
			for _, at := range []int{7, 18, 25, 48, 53} {
				ctx, cancel := context.WithCancel(context.Background())
				if err := r.Train(ctx, backend, func(e Event) {
					if e.Iteration == at {
						cancel()
					}
				}); err == nil {
					t.Fatalf("not stopped at %d", at)
				}
				r.Close()
				var err error
				if r, err = ResumeRun(r.Dir, Resumption{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Train(context.Background(), backend); err != nil {
				t.Fatal(err)
			}
			r.Close()
			want, err := os.ReadFile(filepath.Join(wholeRun.Dir, modelFile))
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(r.Dir, modelFile))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("the model is another than that of the run that was not stopped (%v)", err)
			}
		})
	}
}

// TestStartsBesideNoise: where first observations are off, a model with learnt starts finds where series began, of those
// that it was trained on and of others, and is better by far than one that begins at the first observations; a model file
// has it all.
func TestStartsBesideNoise(t *testing.T) {
	r2 := map[string]float64{}
	path := swings(t, 8, 0.4)
	for _, start := range Starts {
		c := startsConfig(path, "auto", start)
		c.Iterations = 400
		r, backend := startsRun(t, c)
		if err := r.Train(context.Background(), backend); err != nil {
			t.Fatal(err)
		}
		m, err := LoadModel(filepath.Join(r.Dir, modelFile))
		if err != nil {
			t.Fatal(err)
		}
		var scores []Scores
		for _, d := range []*dataset.Dataset{r.Training(), r.Held()} {
			e, err := m.Evaluate(context.Background(), backend, r.recipe.spec, d)
			if err != nil {
				t.Fatal(err)
			}
			scores = append(scores, e.Scores)
		}
		r2[start] = min(scores[0].R2, scores[1].R2)
		if start != learntStart {
			continue
		}
		if n := m.Unknown(r.Data.Series); n != r.Held().Len() {
			t.Errorf("%d series are unknown, %d were held out", n, r.Held().Len())
		}
		p, err := m.Compile(backend, r.recipe.spec)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		z, err := p.Starts(context.Background(), r.Data.Series)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			x := m.Unscale(row(z, i, 2))
			if d := math.Hypot(x[0]-math.Cos(float64(i)), x[1]+math.Sin(float64(i))); d > 0.15 {
				t.Errorf("series %d begins %v from where it began", i, d)
			}
		}
		alone, err := p.Starts(context.Background(), r.Data.Series.Select([]int{r.held[0]}))
		if err != nil || !slices.Equal(alone, row(z, r.held[0], 2)) {
			t.Errorf("a start alone is %v, with others %v (%v)", alone, row(z, r.held[0], 2), err)
		}
	}
	if !(r2["learnt"] > 0.99) || !(r2["first"] < 0.95) {
		t.Errorf("R² %v", r2)
	}
}

// TestStartsOfSecondOrder: starts that are learnt, or fitted, have velocities of their own, and need no whole first rows.
func TestStartsOfSecondOrder(t *testing.T) {
	path := swings(t, 8, 0)
	var rows []string
	for _, line := range strings.Split(string(fileIn(t, filepath.Dir(path), filepath.Base(path))), "\n") {
		if fields := strings.Split(line, ","); len(fields) == 4 && fields[1] == "0" {
			line = fields[0] + ",0,," + fields[3]
		}
		rows = append(rows, line)
	}
	if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	c := startsConfig(path, "full", learntStart)
	c.SecondOrder, c.Iterations = true, 10
	r, backend := startsRun(t, c)
	if err := r.Train(context.Background(), backend); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*dataset.Dataset{"training": r.Training(), "held out": r.Held()} {
		if e, err := r.Model.Evaluate(context.Background(), backend, r.recipe.spec, d); err != nil || !finite(e.Loss) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

// TestStartsByStiffMethods: starts are fitted by the gradient that the method has.
func TestStartsByStiffMethods(t *testing.T) {
	for _, method := range []string{"auto", "rodas5p"} {
		c := startsConfig(swings(t, 6, 0), "full", learntStart)
		c.Method, c.Gradient, c.Iterations = method, "adjoint", 2
		r, backend := startsRun(t, c)
		if err := r.Train(context.Background(), backend); err != nil {
			t.Fatal(err)
		}
		e, err := r.Model.Evaluate(context.Background(), backend, r.recipe.spec, r.Held())
		if err != nil || !finite(e.Loss) {
			t.Errorf("%s: %+v, %v", method, e, err)
		}
	}
}

// TestStartsAreCheckedFirst: a series that solves cannot begin, trained on or held out, is an error before there is a run.
func TestStartsAreCheckedFirst(t *testing.T) {
	second := func(c *Config) { c.SecondOrder = true }
	lifted := func(c *Config) { c.Lift, c.LiftFrom = "linear", 3 }
	for name, x := range map[string]struct {
		series, from, to int // rows of the first without an observation
		change           func(*Config)
	}{
		"one observation": {8, 1, 40, second}, "one of what is trained on": {3, 1, 32, second},
		"nothing in a lift": {8, 0, 3, lifted},
	} {
		path := swings(t, x.series, 0)
		rows := strings.Split(string(fileIn(t, filepath.Dir(path), filepath.Base(path))), "\n")
		for k := x.from; k < x.to; k++ { // behind the header, of the first series
			fields := strings.Split(rows[1+k], ",")
			rows[1+k] = fields[0] + "," + fields[1] + ",,"
		}
		if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		backend, err := cpu.New(cpu.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c, dir := startsConfig(path, "auto", "first"), filepath.Join(t.TempDir(), "run")
		x.change(&c)
		_, err = NewRun(dir, c, backend, "")
		if err == nil || !strings.Contains(err.Error(), `series "s0"`) || HoldsRun(dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
