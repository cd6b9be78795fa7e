package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"neuralode/licenses"
)

// TestMain lets a test run this binary as the program, to kill it, and fails where a test has left a run among the
// sources.
func TestMain(m *testing.M) {
	if os.Getenv("NEURALODE_TEST_PROGRAM") != "" {
		runtime.LockOSThread() // so that faults can be counted by thread
		main()
	}
	status := m.Run()
	if left, _ := filepath.Glob("runs/*"); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "a test trained without --out: it left %v\n", left)
		status = 1
	}
	os.Exit(status)
}

// quick are flags for a training of a moment.
func quick(more ...string) []string {
	return append([]string{"train", "--samples", "30", "--hidden", "8", "--batch", "16", "--iterations", "30",
		"--device", "cpu"}, more...)
}

// call runs the program and returns what it said.
func call(t *testing.T, args ...string) (status int, out, errors string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(context.Background(), args, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

// succeed runs the program and fails the test where it fails.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errors := call(t, args...)
	if status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, errors)
	}
	return out
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func folderNamed(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func trained(t *testing.T, more ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, quick(append(more, "--out", dir)...)...)
	return dir
}

// TestWrongUse makes one mistake after another: each is one line with the word that was wrong, and the right status.
func TestWrongUse(t *testing.T) {
	dir := trained(t, "--no-figures")
	model := filepath.Join(dir, "model.safetensors")
	content, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	csv := write(t, "points.csv", "a,b,kind\n1,2,0\n2,1,1\n0,1,0\n1,1,1\n")
	half := write(t, "half.csv", "0.5\n")
	none := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{2, "did you mean --iterations", []string{"train", "--iteration", "5"}},
		{2, "did you mean \"train\"", []string{"trian"}},
		{2, "hidden", []string{"train", "--hidden", "64,abc"}},
		{2, "tanhh", []string{"train", "--activation", "tanhh"}},
		{2, "rtol", []string{"train", "--rtol", "-1"}},
		{2, "atol", []string{"train", "--atol", "NaN"}},
		{2, "dopri6", []string{"train", "--method", "dopri6"}},
		{2, "euler has no error estimate", []string{"train", "--method", "euler"}},
		{2, `one of ["integral" "pi"`, []string{"train", "--controller", "pdi"}},
		{2, "takes 8192 steps of 0.0001220703125, want at most 4096", []string{"train", "--step", "0.0001220703125"}},
		{2, "neither a first nor a smallest nor a largest", []string{"train", "--step", "0.1", "--max-step", "0.2"}},
		{2, "the smallest step must not be above the largest", []string{"train", "--min-step", "0.3", "--max-step", "0.2"}},
		{2, `one of ["adjoint" "discrete" "backsolve"], got "none"`, []string{"train", "--gradient", "none"}},
		{2, `one of ["adjoint" "discrete" "backsolve"], got "adjiont"`, []string{"train", "--gradient", "adjiont"}},
		{2, `one of ["adjoint" "discrete" "backsolve"], got "none"`, []string{"bench", "--gradient", "none"}},
		{2, "float16", []string{"train", "--precision", "float16"}},
		{2, "control", []string{"train", "--control", "all"}},
		{2, "iterations", []string{"train", "--iterations", "0"}},
		{2, "batch", []string{"train", "--batch", "-3"}},
		{2, "learning rate", []string{"train", "--lr", "0"}},
		{2, "adam\" \"adamw\" \"sgd", []string{"train", "--optimizer", "rmsprop"}},
		{2, "choose adamw", []string{"train", "--weight-decay", "0.1"}},
		{2, "momentum is for sgd", []string{"train", "--optimizer", "adamw", "--momentum", "0.9"}},
		{2, "nesterov needs a momentum", []string{"train", "--optimizer", "sgd", "--nesterov"}},
		{2, "constant\" \"cosine\" \"exponential", []string{"train", "--schedule", "step"}},
		{2, "schedule that falls", []string{"train", "--final-lr", "1e-4"}},
		{2, "never comes to", []string{"train", "--schedule", "exponential", "--final-lr", "0"}},
		{2, "last of 2000 iterations", []string{"train", "--warmup", "2000"}},
		{2, "layers.0.weight", []string{"train", "--freeze", "layer.0"}},
		{2, "all 4482 parameters are frozen", []string{"train", "--freeze", "layers"}},
		{2, "--optimizer", []string{"train", "--resume", dir, "--optimizer", "sgd"}},
		{2, "samples", []string{"train", "--samples", "0"}},
		{2, "noise", []string{"train", "--noise", "-1"}},
		{2, "seed", []string{"train", "--seed", "x"}},
		{2, "readout", []string{"train", "--readout", "last"}},
		{2, "loss", []string{"train", "--loss", "hinge"}},
		{2, "checkpoint-every", []string{"train", "--checkpoint-every", "0"}},
		{2, "gpu", []string{"train", "--device", "gpu"}},
		{2, "--lr", []string{"train", "--resume", dir, "--lr", "1"}},
		{2, "leave out --config\n", []string{"train", "--resume", dir, "--config", filepath.Join(dir, "config.json")}},
		{2, "train takes flags alone, got \"extra\"", []string{"train", "extra"}},
		{2, "eval wants a run folder or a model file, got 0", []string{"eval"}},
		{2, "--resume is given without a name", []string{"train", "--resume", ""}},
		{2, "--out is given without a name", []string{"train", "--out", ""}},
		{2, "neither true nor false", []string{"train", "--time=maybe"}},
		{2, "t0 and t1", []string{"train", "--t0", "1"}},
		{2, "at most 1048576", []string{"train", "--hidden", "99999999"}},
		{2, "augment", []string{"train", "--augment", "99999999"}},
		{2, "parameters, want at most", []string{"train", "--hidden", "20000,20000"}},
		{2, "would replace the points", []string{"solve", dir, "--points", csv, "--out", csv}},
		{2, "would replace the times", []string{"solve", dir, "--points", csv, "--times", half, "--out", half}},
		{2, "would replace the metrics of the run", []string{"solve", dir, "--points", csv, "--out", filepath.Join(dir, "metrics.csv")}},
		{2, `"0x1p-1" is neither a number`, []string{"solve", dir, "--points", csv, "--times", "0x1p-1"}},
		{2, "--data", []string{"eval", model}},
		{2, "--points", []string{"solve", dir}},
		{2, "say what to export: --onnx", []string{"export", dir}},
		{2, "tf32 is no type of numbers", []string{"export", dir, "--onnx", "--precision", "tf32"}},
		{1, "no such file", []string{"export", dir, "--onnx", "--out", filepath.Join(dir, "none")}},
		{2, "--tensorboard is given without a name", []string{"train", "--tensorboard", ""}},
		{2, "digits must be auto, all", []string{"solve", dir, "--points", csv, "--digits", "18"}},
		{2, "only a CSV leaves digits out", []string{"solve", dir, "--points", csv, "--digits", "3", "--out", "x.npy"}},
		{2, "out must end", []string{"solve", dir, "--points", csv, "--out", "x.txt"}},
		{2, "times must be in order from 0 to 1", []string{"solve", dir, "--points", csv, "--times", "0,2"}},
		{2, `one of ["adjoint" "discrete" "backsolve"], got "none"`, []string{"verify", "--gradient", "none"}},
		{2, "hiden", []string{"train", "--config", write(t, "c.toml", "hiden = [4]")}},
		{2, ".toml or .json", []string{"train", "--config", write(t, "c.yaml", "hidden: 4")}},
		{2, "did you mean \"spiral\"", []string{"train", "--data", "sprial"}},
		{2, "component 5", []string{"train", "--component", "5"}},
		{2, "choose linear", []string{"train", "--readout", "component", "--loss", "softmax"}},
		{2, "at least 1", []string{"train", "--hidden", "0"}},
		{2, "10000000", []string{"train", "--samples", "10000000000"}},
		{2, "task", []string{"train", "--task", "ranking"}},
		{2, "\"abc\" is no number", []string{"train", "--hidden", "64,abc"}},
		{2, "times must be in order from 0 to 1", []string{"solve", dir, "--points", csv, "--drop", "kind", "--times", "nan"}},
		{2, "unknown key \"resume\"", []string{"train", "--config", write(t, "c.toml", "resume = \"x\"")}},
		{2, "tf32", []string{"verify", "--precision", "tf32", "--rtol", "1e-4"}},
		{2, "rtol must be zero or at least 1.2e-07", []string{"verify", "--precision", "float32", "--rtol", "1e-9"}},
		{1, "tf32 needs CUDA", quick("--precision", "tf32", "--out", filepath.Join(t.TempDir(), "run"))},
		{2, "at least 1, got -5", []string{"train", "--resume", dir, "--iterations", "-5"}},
		{1, "at least as many, got 5", []string{"train", "--resume", dir, "--iterations", "5"}},
		{1, "or another separator", []string{"train", "--separator", ",", "--data", write(t, "semicolons.csv", "a;b;kind\n1;2;0\n")}},
		{1, "c.json", []string{"train", "--config", write(t, "c.json", "{")}},
		{1, "no regular file", []string{"train", "--data", folderNamed(t, "folder.csv")}},
		{1, "nowhere.csv", []string{"train", "--data", "nowhere.csv"}},
		{1, "no column \"k\"", []string{"train", "--data", csv, "--label", "k"}},
		{1, "line 3, column 2", []string{"train", "--data", write(t, "nan.csv", "a,b,kind\n1,2,0\n1,NaN,1\n")}},
		{1, "holds a run", quick("--out", dir)},
		{1, "holds no run", []string{"train", "--resume", t.TempDir()}},
		{1, "not a directory", quick("--out", filepath.Join(csv, "below"))},
		{1, "cut.safetensors", []string{"eval", write(t, "cut.safetensors", string(content[:300])), "--data", csv}},
		{1, "a model alone", []string{"bench", model}},
		{2, "goes with a run or a model", []string{"verify", "--data", csv}},
		{2, "samples must be at least 1", []string{"verify", model, "--samples", "0"}},
		{1, "z(t1) is off by", []string{"verify", model, "--device", "cpu", "--samples", "2", "--gradient-samples", "0", "--within-z", "1e-9"}},
		{1, "want an object of flags", []string{"train", "--config", write(t, "list.json", "[1]")}},
		{1, "nothing in it", []string{"train", "--config", write(t, "empty.json", "")}},
		{1, "cut.safetensors", []string{"verify", write(t, "cut.safetensors", string(content[:300]))}},
		{1, "features", []string{"solve", dir, "--points", csv}},
		{1, "bytes", []string{"train", "--samples", "10000000", "--augment", "1000000", "--hidden", "1", "--out", none}},
		{1, "bytes", []string{"train", "--samples", "10000000", "--hidden", "100000", "--control", "batch", "--out", none}},
		{1, "bytes", []string{"train", "--samples", "10000000", "--batch", "20000000", "--hidden", "8000,8000", "--out", none}},
		{1, "bytes", []string{"bench", "--batch", "1000000000000000"}},
		{1, "bytes", []string{"solve", dir, "--points", csv, "--leave-out", "kind", "--times", "0:1:1000000000000"}},
		{2, "START:END:COUNT", []string{"solve", dir, "--points", csv, "--times", "0:1"}},
		{2, "count of at least 2", []string{"solve", dir, "--points", csv, "--times", "0:1:0.5"}},
		{2, "nor a file", []string{"solve", dir, "--points", csv, "--times", "nowhere.csv"}},
		{1, "not a time", []string{"solve", dir, "--points", csv, "--times", write(t, "times.csv", "0\nnoon\n")}},
		{1, "more than", []string{"verify", "--within-z", "1e-14", "--device", "cpu", "--gradient", "discrete", "--rtol", "1e-4", "--atol", "1e-5"}},
		{1, "CUDA", []string{"train", "--device", "cuda"}},
	} {
		status, _, errors := call(t, c.args...)
		if status != c.status || !strings.Contains(errors, c.says) || strings.Count(errors, "\n") != 1 {
			t.Errorf("%v: status %d, want %d with %q on one line: %s", c.args, status, c.status, c.says, errors)
		}
	}
	if again, err := os.ReadFile(model); err != nil || !bytes.Equal(again, content) {
		t.Error("a mistake changed the model")
	}
	if _, err := os.Lstat(none); err == nil {
		t.Error("a mistake left a run folder")
	}
}

func TestRunFolder(t *testing.T) {
	dir := trained(t)
	for _, name := range []string{"loss.png", "dynamics.png", "decision.png"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if img, err := png.Decode(f); err != nil || img.Bounds().Dx() < 800 {
			t.Errorf("%s: %v", name, err)
		}
		f.Close()
	}
	rows, err := os.ReadFile(filepath.Join(dir, "metrics.csv"))
	if err != nil || bytes.Count(rows, []byte("\n")) != 31 {
		t.Errorf("metrics.csv has %d lines, want 31 (%v)", bytes.Count(rows, []byte("\n")), err)
	}
	if err := os.Remove(filepath.Join(dir, "loss.png")); err != nil {
		t.Fatal(err)
	}
	succeed(t, "plot", dir)
	if _, err := os.Stat(filepath.Join(dir, "loss.png")); err != nil {
		t.Error(err)
	}
}

// TestResume interrupts a training and goes on with it.
func TestResume(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(trained(t, "--no-figures"), "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	var e bytes.Buffer
	status := run(ctx, quick("--out", dir, "--no-figures"), strings.NewReader(""), &bytes.Buffer{},
		&stopper{&e, "iteration 7/", cancel})
	if status != exitInterrupted || !strings.HasSuffix(e.String(), "--resume "+dir+"\n") {
		t.Fatalf("interrupted: status %d: %s", status, e.String())
	}
	succeed(t, "train", "--resume", dir, "--no-figures")
	if got, err := os.ReadFile(filepath.Join(dir, "model.safetensors")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the resumed model differs (%v)", err)
	}
}

// TestLonger lets a finished run go on.
func TestLonger(t *testing.T) {
	dir := trained(t, "--no-figures")
	succeed(t, "train", "--resume", dir, "--iterations", "40", "--no-figures")
	want, err := os.ReadFile(filepath.Join(trained(t, "--no-figures", "--iterations", "40"), "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "model.safetensors")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the longer run's model differs (%v)", err)
	}
}

// TestNotDrawn trains on more classes than a picture can show: the model is there, and why the pictures are not.
func TestNotDrawn(t *testing.T) {
	var points strings.Builder
	for i := range 60 {
		fmt.Fprintf(&points, "%d,%d,k%d\n", i%7, i%11, i%30)
	}
	dir := filepath.Join(t.TempDir(), "run")
	status, out, errors := call(t, quick("--data", write(t, "many.csv", points.String()), "--out", dir)...)
	if status != 0 || !strings.Contains(out, "model.safetensors") || !strings.Contains(errors, "30 classes") ||
		!strings.Contains(out, "left out") {
		t.Errorf("status %d, %q, %q", status, out, errors)
	}
}

// TestFullDisk writes to a device that is full.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer full.Close()
	var e bytes.Buffer
	if status := run(context.Background(), []string{"version"}, strings.NewReader(""), full,
		&e); status != exitFailure || e.Len() == 0 {
		t.Errorf("status %d: %s", status, e.String())
	}
}

// stopper calls stop when it is told to write the text.
type stopper struct {
	*bytes.Buffer
	text string
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.text) {
		s.stop()
	}
	return s.Buffer.Write(b)
}

// TestKilled kills a training without warning and goes on with it.
func TestKilled(t *testing.T) {
	flags := func(dir string) []string {
		return quick("--out", dir, "--no-figures", "--iterations", "3000", "--checkpoint-every", "20")
	}
	whole, dir := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "run")
	succeed(t, flags(whole)...)
	program := exec.Command(os.Args[0], flags(dir)...)
	program.Env = append(os.Environ(), "NEURALODE_TEST_PROGRAM=1")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	metrics := filepath.Join(dir, "metrics.csv")
	for range 2000 {
		if rows, _ := os.ReadFile(metrics); bytes.Count(rows, []byte("\n")) > 30 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if program.Wait() == nil {
		t.Log("the training was over before it could be killed")
	}
	succeed(t, "train", "--resume", dir, "--no-figures")
	want, _ := os.ReadFile(filepath.Join(whole, "model.safetensors"))
	got, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the model of the killed and resumed training differs (%v)", err)
	}
}

func keys(t *testing.T, text string) []string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var names []string
	for k := range object {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

func TestEval(t *testing.T) {
	dir := trained(t, "--no-figures")
	text := succeed(t, "eval", dir, "--json", "--device", "cpu")
	if got, want := keys(t, text), []string{"accuracy", "baseline", "held_out", "loss", "nfe_max", "nfe_mean", "r2",
		"rmse", "samples"}; !slices.Equal(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
	if !strings.Contains(text, `"samples":60`) {
		t.Errorf("a run is not evaluated on all of its data: %s", text)
	}
	if table := succeed(t, "eval", dir); !strings.Contains(table, "true \\ predicted") {
		t.Errorf("no confusion in %s", table)
	}
}

// TestEvalRegression evaluates a regression on whole numbers that could be classes.
func TestEvalRegression(t *testing.T) {
	points := write(t, "points.csv", "x,y,n\n"+strings.Repeat("0.1,0.2,0\n0.5,-0.1,1\n-0.3,0.4,2\n", 5))
	dir := trained(t, "--no-figures", "--data", points, "--loss", "mse")
	for _, args := range [][]string{{"eval", dir},
		{"eval", filepath.Join(dir, "model.safetensors"), "--data", points}} {
		if text := succeed(t, args...); strings.Contains(text, "accuracy") || !strings.Contains(text, "loss") {
			t.Errorf("%v: %s", args, text)
		}
	}
	status, _, errors := call(t, "eval", dir, "--data", write(t, "text.csv", "x,y,n\n1,2,red\n"))
	if status != exitFailure || !strings.Contains(errors, "red") {
		t.Errorf("labels of text: status %d: %s", status, errors)
	}
}

// TestSeeds takes the largest seed through a run's configuration into another run.
func TestSeeds(t *testing.T) {
	const seed = "18446744073709551615"
	dir := trained(t, "--no-figures", "--seed", seed)
	again := trained(t, "--no-figures", "--config", filepath.Join(dir, "config.json"))
	if text, err := os.ReadFile(filepath.Join(again, "config.json")); err != nil ||
		!strings.Contains(string(text), seed) {
		t.Errorf("%s (%v)", text, err)
	}
}

func TestVerify(t *testing.T) {
	text := succeed(t, "verify", "--json", "--device", "cpu", "--precision", "float32", "--within-z", "6e-2",
		"--within-grad", "6e-2")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d objects, want 5", len(lines))
	}
	want := []string{"atol", "control", "device", "file", "grad", "grad_x", "gradient", "loss", "precision", "rtol",
		"steps_max", "steps_mean", "z1"}
	for _, l := range lines {
		if got := keys(t, l); !slices.Equal(got, want) {
			t.Errorf("keys %v, want %v", got, want)
		}
	}
}

// TestVerifyModel verifies a run, and its model file alone: with the same keys, and finer tolerances are closer.
func TestVerifyModel(t *testing.T) {
	dir := trained(t, "--no-figures")
	for _, subject := range []string{dir, filepath.Join(dir, "model.safetensors")} {
		text := succeed(t, "verify", subject, "--json", "--device", "cpu", "--samples", "16", "--gradient-samples", "1",
			"--within-grad", "0.9")
		var v struct {
			Samples int `json:"samples"`
			Answers []struct {
				Trained bool    `json:"as_trained"`
				Z       float64 `json:"z1_max"`
			} `json:"answers"`
			Gradients []struct {
				ToDifferences float64 `json:"to_differences"`
			} `json:"gradients"`
		}
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if v.Samples != 16 || len(v.Answers) != 5 || !v.Answers[0].Trained || !(v.Answers[0].Z > v.Answers[4].Z) ||
			len(v.Gradients) != 3 ||
			!(v.Gradients[0].ToDifferences < 1e-5) {
			t.Errorf("%s", text)
		}
	}
	shown := succeed(t, "verify", dir, "--device", "cpu", "--samples", "4", "--gradient-samples", "1")
	for _, want := range []string{"as trained", "classes changed", "backsolve", "to finite differences"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in %s", want, shown)
		}
	}
}

// TestVerifyTolerances runs verify in float32 without a word of tolerances: they are those that float32 can hold.
func TestVerifyTolerances(t *testing.T) {
	text := succeed(t, "verify", "--json", "--device", "cpu", "--precision", "float32")
	if !strings.Contains(text, `"rtol":0.00001,"atol":0.000001`) &&
		!strings.Contains(text, `"rtol":1e-05,"atol":1e-06`) {
		t.Errorf("tolerances of %s", text)
	}
}

func TestSolve(t *testing.T) {
	dir := trained(t, "--no-figures")
	points := write(t, "points.csv", "a,b,kind\n1,2,0\n2,1,1\n")
	text := succeed(t, "solve", dir, "--points", points, "--drop", "kind", "--times", "0,0.5,1")
	rows := strings.Split(strings.TrimSpace(text), "\n")
	if len(rows) != 7 || rows[0] != "sample,t,z1,z2" || rows[1] != "0,0,1,2" || !strings.HasPrefix(rows[6], "1,1,") {
		t.Errorf("states %q", rows)
	}
	spelled := succeed(t, "solve", dir, "--points", points, "--leave-out", "kind", "--times", "0:0.75:4,1")
	inFile := write(t, "times.csv", "t\n0\n0.25\n0.5\n0.75\n1\n")
	if other := succeed(t, "solve", dir, "--points", points, "--leave-out", "kind", "--times",
		inFile); spelled != other {
		t.Errorf("a range gives %s, a file with its times %s", spelled, other)
	}
	out := filepath.Join(t.TempDir(), "states.npy")
	succeed(t, "solve", dir, "--points", points, "--drop", "kind", "--out", out)
	if b, err := os.ReadFile(out); err != nil || !bytes.HasPrefix(b, []byte("\x93NUMPY")) {
		t.Errorf("states.npy: %v", err)
	}
}

// TestSolveDigits holds the digits of a state to those that the tolerances leave, and all of them to what an array has.
func TestSolveDigits(t *testing.T) {
	dir := trained(t, "--no-figures")
	points := write(t, "points.csv", "a,b\n1.23456789,-2.3456789\n")
	at := func(more ...string) []string {
		text := succeed(t, append([]string{"solve", dir, "--points", points, "--times", "1"}, more...)...)
		return strings.Split(strings.TrimSpace(text), ",")[5:]
	}
	length := func(text string) int {
		return len(strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(text), "0"))
	}
	for _, c := range []struct {
		from, to int
		flags    []string
	}{
		{1, 5, nil}, {1, 4, []string{"--rtol", "1e-2"}}, {6, 9, []string{"--precision", "float64", "--rtol", "1e-8", "--atol", "1e-9"}},
		{1, 3, []string{"--digits", "3"}}, {12, 17, []string{"--digits", "all"}},
	} {
		for _, z := range at(c.flags...) {
			if n := length(z); n < c.from || n > c.to {
				t.Errorf("%v: %s has %d digits, want %d to %d", c.flags, z, n, c.from, c.to)
			}
		}
	}
}

// TestColumnsInAnyOrder gives columns of a header in another order than the model was trained on, and under other
// names.
func TestColumnsInAnyOrder(t *testing.T) {
	dir := trained(t, "--no-figures", "--data",
		write(t, "points.csv", "a,b,kind\n"+strings.Repeat("1,2,u\n2,1,v\n0,1,u\n1,0,v\n", 9)))
	model := filepath.Join(dir, "model.safetensors")
	want := succeed(t, "eval", model, "--json", "--data", write(t, "same.csv", "a,b,kind\n1,2,u\n2,1,v\n0,3,u\n"))
	if got := succeed(t, "eval", model, "--json", "--label", "kind", "--data",
		write(t, "other.csv", "kind,b,a\nu,2,1\nv,1,2\nu,3,0\n")); got != want {
		t.Errorf("another order: %s, want %s", got, want)
	}
	want = succeed(t, "solve", model, "--points", write(t, "points.csv", "a,b\n1,2\n"))
	if got := succeed(t, "solve", model, "--points", write(t, "other.csv", "b,a\n2,1\n")); got != want {
		t.Errorf("another order: %s, want %s", got, want)
	}
	status, got, errors := call(t, "solve", model, "--points", write(t, "strange.csv", "u,v\n1,2\n"))
	if status != 0 || got != want || !strings.Contains(errors, "u, v for a, b") {
		t.Errorf("other names: status %d, %s, %s", status, got, errors)
	}
}

// TestStoppedWhileDrawing ends the program when the training is over and the first figure is there.
func TestStoppedWhileDrawing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	var e bytes.Buffer
	status := run(ctx, quick("--out", dir), strings.NewReader(""), &stopper{&bytes.Buffer{}, "loss.png", cancel}, &e)
	if status != exitInterrupted || !strings.Contains(e.String(), "the training is done") ||
		!strings.HasSuffix(e.String(), "plot "+dir+"\n") {
		t.Errorf("status %d: %s", status, e.String())
	}
}

// TestConfigFile takes values from a file, where the command line does not say otherwise.
func TestConfigFile(t *testing.T) {
	config := write(t, "run.toml", "samples = 30\nhidden = [8]\nbatch = 16\niterations = 3\nlr = 0.01\ngradient = \"discrete\"\n")
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "train", "--config", config, "--iterations", "5", "--out", dir, "--no-figures", "--device", "cpu")
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"iterations": 5`, `"lr": 0.01`, `"gradient": "discrete"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("config.json lacks %s: %s", want, text)
		}
	}
	again := filepath.Join(t.TempDir(), "again")
	succeed(t, "train", "--config", filepath.Join(dir, "config.json"), "--out", again, "--no-figures", "--device",
		"cpu")
	a, _ := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	if b, err := os.ReadFile(filepath.Join(again, "model.safetensors")); err != nil || !bytes.Equal(a, b) {
		t.Errorf("a run from a run's configuration differs (%v)", err)
	}
}

// TestConfigFileIsChecked gives files with faults that flags hide, that are spelled twice, or that other programs
// leave.
func TestConfigFileIsChecked(t *testing.T) {
	for _, c := range []struct {
		name, text, says string
		flags            []string
	}{
		{"c.toml", "iterations = \"many\"", "many", []string{"--iterations", "3"}},
		{"c.toml", "rtol = -1", "rtol must be zero or positive, got -1", []string{"--rtol", "0.01"}},
		{"c.toml", "gradient = \"magic\"", "magic", []string{"--gradient", "discrete"}},
		{"c.toml", "max_steps = 5\nmax-steps = 6", "\"max-steps\" and \"max_steps\" are one", nil},
		{"c.json", `{"lr": 1, "lr": 2}`, "\"lr\" is there twice", nil},
		{"c.json", `{"max-steps": 5, "max_steps": 5}`, "are one", nil},
		{"c.json", `{"label": null}`, "got null", nil},
		{"c.json", `{"hidden": {"a": 1}}`, "got an object", nil},
		{"c.json", `null`, "want an object", nil},
		{"c.json", `{"samples": 1000, "version": "x"}`, "halve", nil},
		{"c.toml", "\uFEFFlearning_rate = 1", "unknown key \"learning_rate\" (did you mean lr?)", nil},
		{"c.json", "\uFEFF{\"num_steps\": 1}", "(did you mean iterations?)", nil},
	} {
		status, _, errors := call(t, append([]string{"train", "--config", write(t, c.name, c.text)}, c.flags...)...)
		if status == 0 || !strings.Contains(errors, c.says) || !strings.Contains(errors, c.name) ||
			strings.Count(errors, "\n") != 1 {
			t.Errorf("%s %v: status %d, %s", c.text, c.flags, status, errors)
		}
	}
	marked := write(t, "c.json", "\uFEFF{\"iterations\": 1, \"samples\": 5, \"hidden\": 4}")
	succeed(t, "train", "--config", marked, "--hidden", "3", "--out", filepath.Join(t.TempDir(), "run"), "--no-figures",
		"--device", "cpu")
}

// TestSuggestedRates leaves out what an optimizer and a schedule suggest, on the command line and in a file.
func TestSuggestedRates(t *testing.T) {
	suggests := []string{`"weight_decay": 0.01`, `"final_lr": 0.0002`}
	config := write(t, "run.toml", "optimizer = \"adamw\"\nschedule = \"exponential\"\nlr = 0.02\n")
	for _, args := range [][]string{{"--optimizer", "adamw", "--schedule", "exponential", "--lr", "0.02"},
		{"--config", config}, {"--config", config, "--schedule", "exponential"}} {
		text, err := os.ReadFile(filepath.Join(trained(t, append(args, "--no-figures")...), "config.json"))
		for _, want := range suggests {
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%q: %s lacks %s (%v)", args, text, want, err)
			}
		}
	}
}

func TestNewNames(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first := newName("some/points.csv", now)
	if want := filepath.Join("runs", "points-20260102-030405"); first != want {
		t.Errorf("the name is %s, want %s", first, want)
	}
}

func TestHelpHasExamples(t *testing.T) {
	for _, c := range []string{"train", "solve", "eval", "plot", "verify"} {
		if text := succeed(t, c, "--help"); !strings.Contains(text, "Examples:") {
			t.Errorf("%s --help has no examples", c)
		}
	}
	succeed(t, "devices")
	succeed(t, "version")
	if text := succeed(t, "licenses"); text != licenses.Text() {
		t.Error("licences are printed otherwise than they are")
	}
	succeed(t, "--version")
	if text := succeed(t, "__complete", "train", "--data", ""); !strings.Contains(text, "spiral\ncircle\n") {
		t.Errorf("--data completes to %s", text)
	}
	if text := succeed(t, "__complete", "train", "--optimizer", ""); !strings.Contains(text, "adam\nadamw\nsgd\n") {
		t.Errorf("--optimizer completes to %s", text)
	}
	succeed(t, "completion", "bash")
}
