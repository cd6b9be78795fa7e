package train_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

func small() train.Config {
	c := train.DefaultConfig()
	c.Samples, c.Hidden, c.Batch, c.Iterations, c.CheckpointEvery = 60, []int{8}, 16, 30, 10
	return c
}

func backend(t *testing.T) solver.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newRun(t *testing.T, c train.Config) *train.Run {
	t.Helper()
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, "test")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func file(t *testing.T, r *train.Run, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSameSeedSameBits(t *testing.T) {
	var models [][]byte
	for _, seed := range []uint64{7, 7, 8} {
		c := small()
		c.Seed = seed
		r := newRun(t, c)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		models = append(models, file(t, r, "model.safetensors"))
	}
	if !bytes.Equal(models[0], models[1]) {
		t.Error("two runs of one seed give two models")
	}
	if bytes.Equal(models[0], models[2]) {
		t.Error("another seed gives the same model")
	}
}

// TestResume stops a run between and at checkpoints and continues it: the model must have the bits of a run that was
// never stopped, and the metrics every iteration once.
func TestResume(t *testing.T) {
	for _, gradient := range []string{"backsolve", "discrete"} {
		c := small()
		c.Gradient = gradient
		whole := newRun(t, c)
		if err := whole.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		r := newRun(t, c)
		for _, stop := range []int{4, 10, 23} {
			ctx, cancel := context.WithCancel(context.Background())
			err := r.Train(ctx, backend(t), func(e train.Event) {
				if e.Iteration == stop {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("stopping at %d gives %v", stop, err)
			}
			if r, err = train.OpenRun(r.Dir); err != nil {
				t.Fatal(err)
			}
			if r.Done != stop {
				t.Errorf("stopped at %d, resumes at %d", stop, r.Done)
			}
		}
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file(t, r, "model.safetensors"), file(t, whole, "model.safetensors")) {
			t.Errorf("%s: the resumed model differs", gradient)
		}
		checkLosses(t, r, whole)
	}
}

func checkLosses(t *testing.T, r, whole *train.Run) {
	t.Helper()
	it, losses, err := r.Losses()
	if err != nil {
		t.Fatal(err)
	}
	_, want, err := whole.Losses()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(losses, want) {
		t.Error("the resumed losses differ")
	}
	for i := range it {
		if it[i] != i+1 {
			t.Fatalf("row %d of the metrics is iteration %d", i, it[i])
		}
	}
}

// TestKilled takes the state back to an earlier checkpoint while the metrics have run ahead, with a row cut in two, as a
// kill leaves them.
func TestKilled(t *testing.T) {
	whole := newRun(t, small())
	var state []byte
	err := whole.Train(context.Background(), backend(t), func(e train.Event) {
		if e.Iteration == 15 {
			state = file(t, whole, "state.safetensors")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := file(t, whole, "model.safetensors")
	if err := os.WriteFile(filepath.Join(whole.Dir, "state.safetensors"), state, 0o644); err != nil {
		t.Fatal(err)
	}
	rows := file(t, whole, "metrics.csv")
	if err := os.WriteFile(filepath.Join(whole.Dir, "metrics.csv"), rows[:len(rows)-7], 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := train.OpenRun(whole.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Done != 10 {
		t.Fatalf("resumes at %d, want 10", r.Done)
	}
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file(t, r, "model.safetensors"), want) {
		t.Error("the model of the resumed run differs")
	}
}

func TestFolderWithARun(t *testing.T) {
	r := newRun(t, small())
	before := file(t, r, "state.safetensors")
	if _, err := train.NewRun(r.Dir, small(), "test"); !errors.Is(err, train.ErrHoldsRun) {
		t.Errorf("a second run in the folder gives %v", err)
	}
	if !bytes.Equal(before, file(t, r, "state.safetensors")) {
		t.Error("the first run was changed")
	}
}

// TestDamage cuts and removes files of a run: each is an error that names the file.
func TestDamage(t *testing.T) {
	for _, name := range []string{"config.json", "state.safetensors"} {
		r := newRun(t, small())
		path := filepath.Join(r.Dir, name)
		text := file(t, r, name)
		for _, damaged := range [][]byte{text[:len(text)/2], nil} {
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := train.OpenRun(r.Dir); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s with %d bytes gives %v", name, len(damaged), err)
			}
		}
	}
}

// TestDataFile trains on a file of three classes, and refuses to resume when it changed.
func TestDataFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "points.csv")
	text := "a,b,kind\n"
	for i := range 30 {
		text += []string{"0.1,0.2,red\n", "2,2.1,green\n", "-2,1,blue\n"}[i%3]
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Data, c.Augment, c.Time = path, 1, true
	r := newRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	spec, _ := c.Spec()
	e, err := r.Model.Evaluate(context.Background(), backend(t), spec, r.Data)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Confusion) != 3 || e.Samples != 30 || e.Accuracy < 0.5 {
		t.Errorf("evaluation %+v", e)
	}
	m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := m.Evaluate(context.Background(), backend(t), spec, r.Data); err != nil || again.Loss != e.Loss {
		t.Errorf("the loaded model has loss %v, the run's %v (%v)", again, e.Loss, err)
	}
	if err := os.WriteFile(path, []byte(text+"1,1,red\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := train.OpenRun(r.Dir); err == nil || !strings.Contains(err.Error(), "points.csv") {
		t.Errorf("a changed data file gives %v", err)
	}
}

// TestRegression fits a line.
func TestRegression(t *testing.T) {
	path := filepath.Join(t.TempDir(), "line.csv")
	text := "x,y\n"
	for _, row := range []string{"0.1,0.31", "0.2,0.42", "0.35,0.55", "0.5,0.7", "0.9,1.11", "1.3,1.49"} {
		text += row + "\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Data, c.Augment, c.Iterations, c.Batch, c.Rate = path, 1, 300, 6, 2e-2 // one component alone could not turn its order around
	r := newRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	spec, _ := c.Spec()
	e, err := r.Model.Evaluate(context.Background(), backend(t), spec, r.Data)
	if err != nil {
		t.Fatal(err)
	}
	if r.Data.Task != dataset.Regression || e.Loss > 0.02 || !math.IsNaN(e.Accuracy) {
		t.Errorf("%v with %+v", r.Data.Task, e)
	}
}

// TestFailure trains at a learning rate that throws the field out of range: the error names the iteration, and the
// checkpoint before it stays.
func TestFailure(t *testing.T) {
	c := small()
	c.Rate, c.MaxSteps, c.Iterations = 1e4, 50, 200
	r := newRun(t, c)
	err := r.Train(context.Background(), backend(t))
	var failed *train.FailedError
	if !errors.As(err, &failed) || failed.Iteration < 2 || failed.Sample < 0 || failed.Sample >= 60 {
		t.Fatalf("training at a rate of 1e4 gives %v", err)
	}
	again, err := train.OpenRun(r.Dir)
	if err != nil || again.Done != failed.Kept {
		t.Errorf("the kept checkpoint: %v, %v", again, err)
	}
}

func TestConfigReportsEverythingAtOnce(t *testing.T) {
	c := train.DefaultConfig()
	c.Rtol, c.Activation, c.Batch, c.Readout, c.Rate = -1, "tanhh", 0, "all", 0
	err := c.Check()
	if err == nil {
		t.Fatal("nothing is reported")
	}
	for _, want := range []string{"rtol", "tanhh", "batch", "readout", "learning rate"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in %q", want, err)
		}
	}
}
