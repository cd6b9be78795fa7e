package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"neuralode/safetensors"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

// names lists a folder.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestOneAtATime opens a run that is in use: the second is told by whom, and changes nothing.
func TestOneAtATime(t *testing.T) {
	r := newRun(t, small())
	before := names(t, r.Dir)
	_, err := train.ResumeRun(r.Dir, train.Resumption{})
	if want := fmt.Sprintf("%s is in use by process %d on ", r.Dir, os.Getpid()); !errors.Is(err, train.ErrInUse) ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if _, err := train.OpenRun(r.Dir); err != nil {
		t.Errorf("to read: %v", err)
	}
	if after := names(t, r.Dir); !slices.Equal(before, after) {
		t.Errorf("files %q, want %q", after, before)
	}
	resumed(t, r, 0)
}

// TestManyStarts begins and resumes runs in one folder at the same time: one of each succeeds.
func TestManyStarts(t *testing.T) {
	c := small()
	c.Iterations = 2
	b := backend(t)
	for _, folder := range []string{"new", "there"} {
		root := t.TempDir()
		dir := filepath.Join(root, folder)
		if folder == "there" {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		begun := make([]*train.Run, 4)
		var all sync.WaitGroup
		for i := range begun {
			all.Go(func() {
				r, err := train.NewRun(dir, c, b, "test")
				if err != nil && !errors.Is(err, train.ErrInUse) && !errors.Is(err, train.ErrHoldsRun) {
					t.Error(err)
				}
				begun[i] = r
			})
		}
		all.Wait()
		begun = slices.DeleteFunc(begun, func(r *train.Run) bool { return r == nil })
		if len(begun) != 1 {
			t.Fatalf("%d of 4 runs began in one folder", len(begun))
		}
		if err := begun[0].Train(context.Background(), b); err != nil {
			t.Error(err)
		}
		begun[0].Close()
		if again := resumed(t, begun[0], 0); again.Done != 2 {
			t.Errorf("%d iterations are done", again.Done)
		}
	}
}

// TestNamedRuns begins runs of one name at the same time: each gets a folder of its own.
func TestNamedRuns(t *testing.T) {
	c := small()
	b := backend(t)
	name := filepath.Join(t.TempDir(), "runs", "spiral")
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			r, err := train.NewNamedRun(name, c, b, "test")
			if err != nil {
				t.Error(err)
				return
			}
			r.Close()
		})
	}
	all.Wait()
	if got, want := names(t, filepath.Dir(name)),
		[]string{"spiral", "spiral-2", "spiral-3", "spiral-4", "spiral-5"}; !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
}

// TestHalfMade removes the files of a new run from the last to the first, as a kill during its making leaves them: what
// is left resumes to the same model, or is no run and may become one.
func TestHalfMade(t *testing.T) {
	points := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(points, []byte("a,b,kind\n"+strings.Repeat("1,2,u\n2,1,v\n", 9)), 0o644); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Data = points
	whole := newRun(t, c)
	if err := whole.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	want := file(t, whole, "model.safetensors")
	order := []string{"model.safetensors", "state.safetensors", "samples.safetensors", "config.json", ".lock"}
	for n := range order {
		r := newRun(t, c)
		r.Close()
		for _, name := range order[:n+1] {
			if err := os.Remove(filepath.Join(r.Dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if n < slices.Index(order, "config.json") {
			r = resumed(t, r, 0)
		} else {
			if err := refused(t, r, train.Resumption{}); !errors.Is(err, fs.ErrNotExist) ||
				!strings.Contains(err.Error(), "holds no run") {
				t.Errorf("without %q: %v", order[:n+1], err)
			}
			var err error
			if r, err = train.NewRun(r.Dir, c, backend(t), "test"); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if !bytes.Equal(file(t, r, "model.safetensors"), want) {
			t.Errorf("without %q: another model", order[:n+1])
		}
	}
}

// TestStateLost removes the state of a run that has got further: it must not begin anew.
func TestStateLost(t *testing.T) {
	r := newRun(t, small())
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"state.safetensors", "model.safetensors"} {
		if err := os.Remove(filepath.Join(r.Dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := refused(t, r, train.Resumption{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestOnlyItsOwn begins runs that cannot: in folders of others everything stays.
func TestOnlyItsOwn(t *testing.T) {
	for name, content := range map[string]string{"config.json": "{}", "model.safetensors": "weights",
		"metrics.csv": "mine"} {
		root := t.TempDir()
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := train.NewRun(root, small(), backend(t), "test"); !errors.Is(err, train.ErrHoldsRun) {
			t.Errorf("a folder with %s: %v", name, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != content {
			t.Errorf("%s is %q (%v)", name, text, err)
		}
		if left := names(t, root); len(left) != 1 {
			t.Errorf("files %q", left)
		}
	}
}

// TestLinks puts links that lead out of a run folder in the place of its files: none is followed.
func TestLinks(t *testing.T) {
	for _, name := range []string{"config.json", "state.safetensors", "model.safetensors", "metrics.csv"} {
		r := newRun(t, small())
		outside := filepath.Join(t.TempDir(), "outside")
		inside := filepath.Join(r.Dir, name)
		if name == "metrics.csv" {
			if err := os.WriteFile(inside, []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text := file(t, r, name)
		if err := errors.Join(os.Rename(inside, outside), os.Symlink(outside, inside)); err != nil {
			t.Skip(err)
		}
		r = resumed(t, r, 40)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		if after, err := os.ReadFile(outside); err != nil || !bytes.Equal(after, text) {
			t.Errorf("%s: what the link led to has changed (%v)", name, err)
		}
		if info, err := os.Lstat(inside); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s is still a link (%v)", name, err)
		}
	}
	r := newRun(t, small())
	lock := filepath.Join(r.Dir, ".lock")
	outside := filepath.Join(t.TempDir(), "outside")
	r.Close()
	if err := errors.Join(os.Remove(lock), os.Symlink(outside, lock)); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, r, train.Resumption{}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a lock that is a link: %v", err)
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("the link was followed")
	}
}

// TestModesOfARun keeps what its owner has made secret.
func TestModesOfARun(t *testing.T) {
	r := newRun(t, small())
	list := []string{"config.json", "state.safetensors", "model.safetensors"}
	for _, name := range list {
		if err := os.Chmod(filepath.Join(r.Dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r = resumed(t, r, 40)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		if info, err := os.Stat(filepath.Join(r.Dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v (%v)", name, info.Mode(), err)
		}
	}
}

// TestForeignState gives a run the state of another, of its own with another configuration, and one that is not finite.
func TestForeignState(t *testing.T) {
	r, other := newRun(t, small()), newRun(t, small())
	path := filepath.Join(r.Dir, "state.safetensors")
	own := file(t, r, "state.safetensors")
	put := func(content []byte) {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(file(t, other, "state.safetensors"))
	if err := refused(t, r, train.Resumption{}); err == nil ||
		!strings.Contains(err.Error(), "state.safetensors: it is the state of run") {
		t.Errorf("the state of another run: %v", err)
	}
	for tensor, value := range map[string]float64{"theta": math.Inf(1), "m": math.NaN(), "v": math.NaN()} {
		put(own)
		state, err := safetensors.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		state.Tensors[tensor].Floats[3] = value
		if err := state.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		if err := refused(t, r, train.Resumption{}); err == nil || !strings.Contains(err.Error(), "state.safetensors") {
			t.Errorf("a state whose %s is not finite: %v", tensor, err)
		}
	}
	put(own)
	config := filepath.Join(r.Dir, "config.json")
	changed := bytes.Replace(file(t, r, "config.json"), []byte(`"lr": 0.003`), []byte(`"lr": 0.03`), 1)
	if err := os.WriteFile(config, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, r, train.Resumption{}); err == nil ||
		!strings.Contains(err.Error(), "lr 0.03 instead of 0.003") {
		t.Errorf("another learning rate: %v", err)
	}
}

// TestGoodCheckpointStays trains at a rate at which the parameters overflow in an update, which a checkpoint follows at
// once or later.
func TestGoodCheckpointStays(t *testing.T) {
	for _, every := range []int{1, 100} {
		c := small()
		c.Rate, c.CheckpointEvery = 3e38, every
		r := newRun(t, c)
		before := file(t, r, "state.safetensors")
		err := r.Train(context.Background(), backend(t))
		var failed *train.FailedError
		if !errors.As(err, &failed) || failed.Kept != 0 {
			t.Errorf("error %v", err)
		}
		if !bytes.Equal(before, file(t, r, "state.safetensors")) {
			t.Error("the checkpoint has been replaced")
		}
		resumed(t, r, 0)
	}
}

// TestMetricsCutAnywhere reads metrics of which any number of bytes is there: the rows that are whole.
func TestMetricsCutAnywhere(t *testing.T) {
	c := small()
	c.Iterations = 3
	r := newRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	text := file(t, r, "metrics.csv")
	path := filepath.Join(t.TempDir(), "metrics.csv")
	for n := range text {
		if err := os.WriteFile(path, text[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		iterations, _, err := train.ReadLosses(path)
		if lines := bytes.Count(text[:n], []byte("\n")); (lines == 0) != (err != nil) || lines > 0 &&
			len(iterations) != lines-1 {
			t.Fatalf("%d bytes, %d lines: iterations %v (%v)", n, lines, iterations, err)
		}
	}
}

// TestOlderRun resumes a run whose files say neither their run, their arithmetic nor their optimizer, and whose samples
// are those of both classes: it has the same data.
func TestOlderRun(t *testing.T) {
	r := newRun(t, small())
	path := filepath.Join(r.Dir, "state.safetensors")
	state, err := safetensors.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	state.Metadata = map[string]string{"format": "neuralode training state 1"}
	if err := state.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	before := r.Data.X
	older := func(samples int) {
		var doc map[string]any
		if err := json.Unmarshal(file(t, r, "config.json"), &doc); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"run", "arithmetic", "samples_per_class", "optimizer", "schedule", "final_lr",
			"warmup",
			"momentum", "nesterov", "weight_decay", "freeze"} {
			delete(doc, key)
		}
		doc["samples"] = samples
		text, err := json.Marshal(doc)
		if err == nil {
			err = os.WriteFile(filepath.Join(r.Dir, "config.json"), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	older(61)
	if _, err := train.ResumeRun(r.Dir, train.Resumption{}); err == nil ||
		!strings.Contains(err.Error(), "61 samples") {
		t.Errorf("61 samples of two classes: %v", err)
	}
	older(60)
	r = resumed(t, r, 0)
	if !slices.Equal(r.Data.X, before) {
		t.Errorf("the older run has %d samples, or others", r.Data.Len())
	}
	if note := r.OtherArithmetic(backend(t)); note != "" {
		t.Error(note)
	}
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	resumed(t, r, 0)
}

// TestArithmetic goes on with a run on another instruction set, and back.
func TestArithmetic(t *testing.T) {
	plain, err := cpu.New(cpu.Options{Level: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	best := backend(t)
	if best.Arithmetic() == plain.Arithmetic() {
		t.Skip("there is one instruction set")
	}
	r := newRun(t, small())
	if !bytes.Contains(file(t, r, "config.json"), []byte(fmt.Sprintf(`"arithmetic": %q`, best.Arithmetic()))) {
		t.Errorf("config.json does not name %s", best.Arithmetic())
	}
	for i, b := range []solver.Backend{best, plain, best} {
		r = resumed(t, r, 31+i)
		if note := r.OtherArithmetic(b); (i == 0) != (note == "") || i > 0 &&
			(!strings.Contains(note, "plain") || !strings.Contains(note, best.Arithmetic())) {
			t.Errorf("resumption %d: %q", i, note)
		}
		if err := r.Train(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMetricsCheckedWhole damages rows that the checkpoint counts on, and such as it does not.
func TestMetricsCheckedWhole(t *testing.T) {
	r := newRun(t, small())
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.Dir, "metrics.csv")
	good := string(file(t, r, "metrics.csv"))
	lines := strings.SplitAfter(good, "\n")
	for what, text := range map[string]string{
		"a row missing": strings.Join(slices.Delete(slices.Clone(lines), 5, 6), ""),
		"a row twice":   strings.Join(slices.Insert(slices.Clone(lines), 5, lines[5]), ""),
		"no number":     strings.Replace(good, "\n5,", "\n5,x", 1),
		"no iteration":  strings.Replace(good, "\n5,", "\n-5,", 1),
		"a cut row":     strings.Replace(good, lines[7], lines[7][:5]+"\n", 1),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := refused(t, r, train.Resumption{}); err == nil || !strings.Contains(err.Error(), "metrics.csv") ||
			!strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, tail := range map[string]string{"half a row": "31,0.5", "zeros": "\x00\x00\x00\n\x00",
		"another row": lines[3],
		"a quote":     "31,\"0.5\n"} {
		if err := os.WriteFile(path, []byte(good+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		r = resumed(t, r, 0)
		if rows, err := r.Rows(); err != nil || len(rows) != 30 {
			t.Errorf("%s: %d rows (%v)", what, len(rows), err)
		}
		if iterations, _, err := r.Losses(); err != nil || what != "another row" && len(iterations) != 30 {
			t.Errorf("%s: %d losses (%v)", what, len(iterations), err)
		}
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		if got := string(file(t, r, "metrics.csv")); got != good {
			t.Errorf("%s stays behind the metrics", what)
		}
	}
}

// TestMetricsWhileTraining reads the metrics after every iteration: there are whole lines and no others.
func TestMetricsWhileTraining(t *testing.T) {
	r := newRun(t, small())
	seen := 0
	err := r.Train(context.Background(), backend(t), func(train.Event) {
		text := file(t, r, "metrics.csv")
		if text[len(text)-1] != '\n' {
			t.Fatalf("the metrics end in %q", text[max(0, len(text)-20):])
		}
		iterations, _, err := r.Losses()
		if err != nil || len(iterations) < seen {
			t.Fatalf("%d losses after %d: %v", len(iterations), seen, err)
		}
		seen = len(iterations)
	})
	if err != nil || seen == 0 {
		t.Errorf("%d losses were seen (%v)", seen, err)
	}
}

// TestMovedData takes the data file of a run away, changes it, and puts it elsewhere.
func TestMovedData(t *testing.T) {
	root := t.TempDir()
	points, moved, other := filepath.Join(root, "points.csv"), filepath.Join(root, "moved.csv"),
		filepath.Join(root, "other.csv")
	text := "a,b,kind\n" + strings.Repeat("1,2,u\n2,1,v\n", 9)
	if err := os.WriteFile(points, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Data = points
	r := newRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	whole := r.Data
	if err := errors.Join(os.Rename(points, moved), os.WriteFile(other, []byte(text+"1,1,u\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	read, err := train.OpenRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := read.Shown()
	if err != nil || !slices.Equal(shown.X, whole.X) || !slices.Equal(shown.Labels, whole.Labels) ||
		shown.Task != whole.Task ||
		!slices.Equal(shown.Classes, whole.Classes) || !slices.Equal(shown.Features, whole.Features) || !shown.Named {
		t.Errorf("without its file a run shows %+v, want %+v (%v)", shown, whole, err)
	}
	if err := read.LoadData(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("data that are gone: %v", err)
	}
	if err := refused(t, r, train.Resumption{}); !errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), "--data") {
		t.Errorf("resumed without its file: %v", err)
	}
	if err := refused(t, r, train.Resumption{Data: other}); err == nil ||
		!strings.Contains(err.Error(), "not the file that the run") {
		t.Errorf("with another file: %v", err)
	}
	t.Chdir(root)
	r.Close()
	r, err = train.ResumeRun(r.Dir, train.Resumption{Data: "moved.csv", Iterations: 40})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if again := resumed(t, r, 0); again.Config.Data != moved {
		t.Errorf("the data are in %s, want %s", again.Config.Data, moved)
	}
	if err := os.Remove(filepath.Join(r.Dir, "samples.safetensors")); err != nil { // older runs have none
		t.Fatal(err)
	}
	if read, err = train.OpenRun(r.Dir); err != nil {
		t.Fatal(err)
	}
	if shown, err := read.Shown(); err != nil || !slices.Equal(shown.X, whole.X) {
		t.Errorf("an older run does not show its data (%v)", err)
	}
	if err := refused(t, newRun(t, small()), train.Resumption{Data: "moved.csv"}); err == nil ||
		!strings.Contains(err.Error(), "no file") {
		t.Errorf("data that are made: %v", err)
	}
}

// TestManySamples shows some of them, the same whether the data file is there or not.
func TestManySamples(t *testing.T) {
	points := filepath.Join(t.TempDir(), "points.csv")
	var text strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&text, "%d,1,%d\n", i, i/25_000)
	}
	if err := os.WriteFile(points, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Data = points
	r := newRun(t, c)
	first, err := r.Shown()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(points); err != nil {
		t.Fatal(err)
	}
	read, err := train.OpenRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := read.Shown()
	if err != nil || !slices.Equal(first.X, again.X) || !slices.Equal(first.Labels, again.Labels) {
		t.Errorf("without the file %d other samples are shown (%v)", again.Len(), err)
	}
	ones := 0.
	for _, l := range first.Labels {
		ones += l
	}
	if first.Len() != 20_000 || ones != 10_000 || first.X[2] == 1 {
		t.Errorf("%d samples, %v of the second class, want 20000 and 10000", first.Len(), ones)
	}
}
