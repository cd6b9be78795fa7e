package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWithoutTheDataFile takes the training file of a run away: what needs it says so, all else works.
func TestWithoutTheDataFile(t *testing.T) {
	text := "a,b,kind\n" + strings.Repeat("1,2,u\n2,1,v\n0,1,u\n1,0,v\n", 9)
	points := write(t, "points.csv", text)
	dir := trained(t, "--data", points)
	first, err := os.ReadFile(filepath.Join(dir, "dynamics.png"))
	if err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "moved.csv")
	if err := os.Rename(points, moved); err != nil {
		t.Fatal(err)
	}
	succeed(t, "plot", dir, "--device", "cpu")
	if again, err := os.ReadFile(filepath.Join(dir, "dynamics.png")); err != nil || !bytes.Equal(first, again) {
		t.Errorf("without the file the figure differs (%v)", err)
	}
	succeed(t, "eval", dir, "--data", moved)
	succeed(t, "solve", dir, "--points", moved, "--leave-out", "kind")
	for _, args := range [][]string{{"eval", dir}, {"train", "--resume", dir}} {
		if status, _, errors := call(t, args...); status != exitFailure || !strings.Contains(errors, "points.csv") ||
			!strings.Contains(errors, "--data") {
			t.Errorf("%v: status %d, %s", args, status, errors)
		}
	}
	succeed(t, "train", "--resume", dir, "--data", moved, "--iterations", "40", "--no-figures")
	succeed(t, "eval", dir)
	status, _, errors := call(t, "train", "--resume", dir, "--data", write(t, "moved.csv", text+"1,1,u\n"))
	if status != exitFailure || !strings.Contains(errors, "is not the file") {
		t.Errorf("another file: status %d, %s", status, errors)
	}
}

// TestFiguresThatCannotBeWritten draws where a figure has no place: that is said once, and not drawn on.
func TestFiguresThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "loss.png"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{quick("--out", dir), {"plot", dir, "--device", "cpu"}} {
		status, out, errors := call(t, args...)
		if status != exitFailure || strings.Count(errors, "loss.png: it is a folder") != 1 ||
			strings.Contains(out, "decision") {
			t.Errorf("%s: status %d, %s, %s", args[0], status, out, errors)
		}
	}
}

// TestFiguresFollowNoLink draws where links lead out of the run folder.
func TestFiguresFollowNoLink(t *testing.T) {
	dir := trained(t)
	outside := write(t, "precious.txt", "precious")
	figure := filepath.Join(dir, "loss.png")
	if err := os.Remove(figure); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, figure); err != nil {
		t.Skip(err)
	}
	succeed(t, "plot", dir, "--device", "cpu")
	if text, err := os.ReadFile(outside); err != nil || string(text) != "precious" {
		t.Errorf("what the link led to is now %.20q (%v)", text, err)
	}
	if info, err := os.Lstat(figure); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the figure is no file (%v)", err)
	}
}

// TestSecondStart resumes a run that is trained, and begins one in its folder.
func TestSecondStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	status, out, errors := 0, "", ""
	var plotted int
	first := run(t.Context(), quick("--out", dir, "--no-figures"), strings.NewReader(""), &bytes.Buffer{},
		&stopper{&bytes.Buffer{}, "iteration 7/", func() {
			status, out, errors = call(t, "train", "--resume", dir)
			plotted, _, _ = call(t, "plot", dir, "--device", "cpu")
		}})
	if first != 0 || plotted != 0 {
		t.Errorf("the first ends with %d, plot with %d", first, plotted)
	}
	if status != exitFailure || out != "" || !strings.Contains(errors, dir+" is in use by process ") {
		t.Errorf("the second: status %d, %s, %s", status, out, errors)
	}
}
