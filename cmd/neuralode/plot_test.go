package main

import (
	"fmt"
	"image/gif"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManyClasses asks for pictures of more classes than they can show.
func TestManyClasses(t *testing.T) {
	var points strings.Builder
	for i := range 60 {
		fmt.Fprintf(&points, "%d,%d,k%d\n", i%7, i%11, i%30)
	}
	dir := trained(t, "--data", write(t, "many.csv", points.String()), "--no-figures")
	status, out, errors := call(t, "plot", dir, "--device", "cpu")
	if status != 1 || !strings.Contains(out, "loss.png") || !strings.Contains(errors, "dynamics: figure: 30 classes") ||
		!strings.Contains(errors, "decision: figure: 30 classes") || strings.Count(errors, "\n") != 1 {
		t.Errorf("status %d, output %q, want loss alone and why; %s", status, out, errors)
	}
}

// TestAnimate writes both animations, and neither where a name says nothing or there is no plane.
func TestAnimate(t *testing.T) {
	dir := trained(t, "--no-figures")
	flow, training := filepath.Join(t.TempDir(), "flow-of-mine.GIF"), filepath.Join(t.TempDir(), "training.gif")
	out := succeed(t, "plot", dir, "--device", "cpu", "--animate", flow+","+training)
	if !strings.Contains(out, flow) || !strings.Contains(out, training) {
		t.Errorf("it says %q", out)
	}
	for _, path := range []string{flow, training} {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if info, err := file.Stat(); err != nil || info.Size() > 2<<20 {
			t.Errorf("%s: %v bytes, %v", path, info.Size(), err)
		}
		if g, err := gif.DecodeAll(file); err != nil || len(g.Image) < 3 {
			t.Errorf("%s: %v", path, err)
		}
	}
	wide := trained(t, "--data", write(t, "wide.csv", "1,2,3,0\n2,1,4,1\n0,1,5,0\n1,1,3,1\n"), "--no-figures")
	for _, c := range []struct {
		status    int
		says, run string
		file      string
	}{
		{2, "begins with flow or training", dir, "out.gif"}, {2, "begins with flow or training", dir, "flow.png"},
		{1, "these have 3", wide, "flow.gif"},
	} {
		file := filepath.Join(t.TempDir(), c.file)
		status, _, errors := call(t, "plot", c.run, "--device", "cpu", "--animate", file)
		if _, err := os.Stat(file); status != c.status || !strings.Contains(errors, c.says) || err == nil {
			t.Errorf("%s: status %d, %s, want %d and %q", c.file, status, errors, c.status, c.says)
		}
	}
}

// TestAnimateSeries draws the training of series, and no more: where they are carried, they are drawn over time.
func TestAnimateSeries(t *testing.T) {
	dir := trained(t, "--data", animals, "--iterations", "64", "--no-figures")
	path := filepath.Join(t.TempDir(), "training.gif")
	if out := succeed(t, "plot", dir, "--device", "cpu", "--animate", path); !strings.Contains(out, path) {
		t.Errorf("it says %q", out)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if g, err := gif.DecodeAll(file); err != nil || len(g.Image) != 5 { // 0, 16, 32, 48, 64
		t.Errorf("%v, %v", g, err)
	}
	flow := filepath.Join(t.TempDir(), "flow.gif")
	if status, _, said := call(t, "plot", dir, "--device", "cpu", "--animate", path+","+flow); status != 2 ||
		!strings.Contains(said, "of series there are animations of the training alone") || strings.Count(said, "\n") != 1 {
		t.Errorf("status %d, %q", status, said)
	}
}
