package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTolerances solves with a tolerance for each component: digits and wrong use are those of each.
func TestTolerances(t *testing.T) {
	dir := trained(t, "--no-figures")
	points := write(t, "points.csv", "a,b\n1.23456789,-2.3456789\n")
	solve := []string{"solve", dir, "--points", points, "--times", "1", "--precision", "float64", "--rtol", "0"}
	text := succeed(t, append(solve, "--atol", "1e-3,1e-9")...)
	cells := strings.Split(strings.TrimSpace(text), ",")
	z1, z2 := strings.TrimLeft(cells[5], "-0."), strings.TrimLeft(cells[6], "-0.")
	if len(z1) > 6 || len(z2) < 8 {
		t.Errorf("components %s and %s, want digits to 1e-3 and to 1e-9", cells[5], cells[6])
	}
	if code, _, _ := call(t, append(solve, "--atol", "1e-3,1e-9,1")...); code == 0 {
		t.Errorf("three tolerances of two components end with %d", code)
	}
	if code, _, _ := call(t, append(solve, "--atol", "1e-3,x")...); code != 2 {
		t.Errorf("a tolerance that is no number ends with %d", code)
	}
}

// TestTrainedTolerances trains with a tolerance for each component, which the run keeps, and its config.json gives to
// another.
func TestTrainedTolerances(t *testing.T) {
	dir := trained(t, "--no-figures", "--atol", "1e-6,1e-8")
	path := filepath.Join(dir, "config.json")
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), "\"atols\"") {
		t.Errorf("%v: no atols in %s", err, content)
	}
	again := filepath.Join(t.TempDir(), "again")
	succeed(t, "train", "--config", path, "--iterations", "1", "--out", again, "--no-figures", "--device", "cpu")
	if content, err = os.ReadFile(filepath.Join(again, "config.json")); err != nil ||
		!strings.Contains(string(content), "\"atols\"") {
		t.Errorf("%v: no atols in %s", err, content)
	}
	if code, _, _ := call(t, "train", "--out", filepath.Join(t.TempDir(), "x"), "--atol", "1,2,3", "--iterations", "1"); code == 0 {
		t.Error("three tolerances of two components are no error")
	}
}
