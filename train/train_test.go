package train_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"regexp"
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
	c.Samples, c.Hidden, c.Batch, c.Iterations, c.CheckpointEvery = 30, []int{8}, 16, 30, 10
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
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// resumed closes a run and opens it again.
func resumed(t *testing.T, r *train.Run, iterations int) *train.Run {
	t.Helper()
	r.Close()
	again, err := train.ResumeRun(r.Dir, train.Resumption{Iterations: iterations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	return again
}

// refused closes a run and returns why it cannot be opened again.
func refused(t *testing.T, r *train.Run, o train.Resumption) error {
	t.Helper()
	r.Close()
	again, err := train.ResumeRun(r.Dir, o)
	if err == nil {
		again.Close()
	}
	return err
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
			r = resumed(t, r, 0)
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

// TestKilled takes the state back to an earlier checkpoint while the metrics have run ahead, with a row cut in two, as
// a kill leaves them.
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
	r := resumed(t, whole, 0)
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
	if _, err := train.NewRun(r.Dir, small(), backend(t), "test"); !errors.Is(err, train.ErrHoldsRun) {
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
			if err := refused(t, r, train.Resumption{}); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s with %d bytes gives %v", name, len(damaged), err)
			}
		}
	}
}

// TestMetricsDamaged cuts a row that the checkpoint counts on: resuming says what to do, and goes on when it is done.
func TestMetricsDamaged(t *testing.T) {
	r := newRun(t, small())
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	path, rows := filepath.Join(r.Dir, "metrics.csv"), file(t, r, "metrics.csv")
	for _, damaged := range [][]byte{rows[:len(rows)/2], []byte("1,2\n"), nil} {
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := refused(t, r, train.Resumption{}); err == nil ||
			!strings.Contains(err.Error(), "remove it to go on") {
			t.Errorf("%d bytes: %v", len(damaged), err)
		}
		if _, _, err := r.Losses(); len(damaged) < 10 && err == nil {
			t.Errorf("%d bytes are metrics", len(damaged))
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	longer := resumed(t, r, r.Config.Iterations+5)
	if err := longer.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if iterations, _, err := longer.Losses(); err != nil || len(iterations) != 5 ||
		iterations[0] != r.Config.Iterations+1 {
		t.Errorf("iterations %v: %v", iterations, err)
	}
	resumed(t, longer, 0)
}

// TestLeftovers resumes a run in whose folder a kill left a temporary file.
func TestLeftovers(t *testing.T) {
	r := newRun(t, small())
	left, other := filepath.Join(r.Dir, ".neuralode-ABC.tmp"), filepath.Join(r.Dir, "notes.tmp")
	for _, path := range []string{left, other} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	resumed(t, r, 0)
	if _, err := os.Stat(left); err == nil {
		t.Error("the temporary file stays")
	}
	if _, err := os.Stat(other); err != nil {
		t.Error("somebody's file is gone")
	}
}

// TestModelBehind leaves the model file of an earlier checkpoint, as a kill between the two files of the last one does:
// a resumed run puts that right, and so it does a model file that is gone.
func TestModelBehind(t *testing.T) {
	r := newRun(t, small())
	path, first := filepath.Join(r.Dir, "model.safetensors"), file(t, r, "model.safetensors")
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	want := file(t, r, "model.safetensors")
	for _, behind := range [][]byte{first, nil} {
		if err := os.WriteFile(path, behind, 0o644); err != nil {
			t.Fatal(err)
		}
		r = resumed(t, r, 0)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file(t, r, "model.safetensors"), want) {
			t.Error("the model file stays behind")
		}
	}
}

// TestOpenRunReadsTheModelFile checks that a run is evaluated by its model file: a damaged one is an error, whatever
// the state holds.
func TestOpenRunReadsTheModelFile(t *testing.T) {
	r := newRun(t, small())
	model := file(t, r, "model.safetensors")
	if err := os.WriteFile(filepath.Join(r.Dir, "state.safetensors"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if again, err := train.OpenRun(r.Dir); err != nil || float32(again.Model.Theta[0]) != float32(r.Model.Theta[0]) {
		t.Errorf("without a state: %v", err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir, "model.safetensors"), model[:len(model)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := train.OpenRun(r.Dir); err == nil || !strings.Contains(err.Error(), "model.safetensors") {
		t.Errorf("half a model gives %v", err)
	}
}

// TestLonger gives a finished run more iterations: it ends as a run that had them from the start.
func TestLonger(t *testing.T) {
	c := small()
	whole := newRun(t, c)
	short := c
	short.Iterations = 13
	r := newRun(t, short)
	for _, r := range []*train.Run{whole, r} {
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := refused(t, r, train.Resumption{Iterations: 12}); err == nil || !strings.Contains(err.Error(), "13") {
		t.Errorf("fewer iterations than are done: %v", err)
	}
	longer := resumed(t, r, c.Iterations)
	if err := longer.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`"run": ".*"`) // which is random
	a, b := name.ReplaceAll(file(t, longer, "config.json"), nil), name.ReplaceAll(file(t, whole, "config.json"), nil)
	if !bytes.Equal(a, b) || !bytes.Equal(file(t, longer, "model.safetensors"), file(t, whole, "model.safetensors")) {
		t.Error("configuration or model differ from those of a run with as many iterations")
	}
}

// TestRefused checks that nothing is written where the backend refuses the run: its precision, or a time that float32
// cannot tell apart.
func TestRefused(t *testing.T) {
	coarse, far := small(), small()
	coarse.Precision = "tf32"
	far.Time, far.T0, far.T1 = true, 1e8, 1e8+10
	for want, c := range map[string]train.Config{"CUDA": coarse, "use float64": far} {
		dir := filepath.Join(t.TempDir(), "run")
		if _, err := train.NewRun(dir, c, backend(t), "test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: there is a folder", want)
		}
	}
}

// TestTasks checks what the labels of a file are taken for, and that a model is compared with labels of its own kind.
func TestTasks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "three.csv")
	if err := os.WriteFile(path, []byte("x,y,n\n"+strings.Repeat("0.1,0.2,0\n0.5,-0.1,1\n-0.3,0.4,2\n", 4)),
		0o644); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		task, loss string
		want       dataset.Task
		loses      string
	}{
		{"auto", "auto", dataset.MultiClass, "softmax"}, {"auto", "mse", dataset.Regression, "mse"},
		{"regression", "auto", dataset.Regression, "mse"}, {"classification", "auto", dataset.MultiClass, "softmax"},
	} {
		c := small()
		c.Data, c.Task, c.Loss, c.Iterations = path, x.task, x.loss, 2
		r := newRun(t, c)
		if r.Data.Task != x.want || r.Model.Loss != x.loses {
			t.Errorf("task %s, loss %s: %v with %s", x.task, x.loss, r.Data.Task, r.Model.Loss)
		}
		spec, _ := c.Spec()
		d, err := r.Model.ReadData(path, dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if e, err := r.Model.Evaluate(context.Background(), backend(t), spec, d); err != nil ||
			math.IsNaN(e.Accuracy) != (x.want == dataset.Regression) {
			t.Errorf("task %s, loss %s: %+v, %v", x.task, x.loss, e, err)
		}
	}
	c := small()
	c.Data, c.Loss = path, "mse"
	r := newRun(t, c)
	spec, _ := c.Spec()
	classes, err := dataset.ReadFile(path, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Model.Evaluate(context.Background(), backend(t), spec, classes); err == nil {
		t.Error("a regression is compared with classes")
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
	p, err := r.Predictor(backend(t))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Evaluate(context.Background(), r.Data); err != nil || again.Loss != e.Loss {
		t.Errorf("as it was compiled for training it has loss %v, want %v (%v)", again, e.Loss, err)
	}
	if err := os.WriteFile(path, []byte(text+"1,1,red\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, r, train.Resumption{}); err == nil ||
		!strings.Contains(err.Error(), "points.csv is not the file") {
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
	// one component alone could not turn its order around
	c.Data, c.Augment, c.Iterations, c.Batch, c.Rate = path, 1, 300, 6, 2e-2
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
	if again := resumed(t, r, 0); again.Done != failed.Kept {
		t.Errorf("resumes at %d, kept is %d", again.Done, failed.Kept)
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
