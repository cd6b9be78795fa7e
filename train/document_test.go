package train_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/train"
)

// TestConfigByHand edits the configuration of a run: who reads the run is told, as who goes on with it is, and of a
// value of another type in the words of a configuration.
func TestConfigByHand(t *testing.T) {
	r := newRun(t, small())
	path, good := filepath.Join(r.Dir, "config.json"), string(file(t, r, "config.json"))
	for _, c := range []struct{ old, now, want string }{
		{`"rtol": 0.001`, `"rtol": 0.1`, "has changed since the run was trained: rtol 0.1 instead of 0.001"},
		{`"seed": 42`, `"seed": 43`, "seed 43 instead of 42"},
		{`"lr": 0.003`, `"lr": "fast"`, `key "lr": want a number, got string`},
		{`"batch": 16`, `"batch": 1.5`, `key "batch": want a whole number, got number 1.5`},
		{`"time": false`, `"time": 1`, `key "time": want true or false, got number`},
		{`"data": "spiral"`, `"data": 7`, `key "data": want a text, got number`},
	} {
		text := strings.Replace(good, c.old, c.now, 1)
		if text == good {
			t.Fatalf("config.json has no %s", c.old)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := train.OpenRun(r.Dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.now, err, c.want)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Replace(good, `"checkpoint_every": 10`, `"checkpoint_every": 20`, 1)),
		0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := train.OpenRun(r.Dir); err != nil {
		t.Errorf("what may change has: %v", err)
	}
}

// TestStateGone says of a run without its state what cannot be done and what can.
func TestStateGone(t *testing.T) {
	r := newRun(t, small())
	if err := os.Remove(filepath.Join(r.Dir, "state.safetensors")); err != nil {
		t.Fatal(err)
	}
	err := refused(t, r, train.Resumption{})
	if !errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), "cannot go on, as its state.safetensors is gone") {
		t.Errorf("%v", err)
	}
	if _, err := train.OpenRun(r.Dir); err != nil {
		t.Errorf("to read: %v", err)
	}
}

// TestNoiseBeyondNumbers makes points that float32 does not hold: nothing is written.
func TestNoiseBeyondNumbers(t *testing.T) {
	for _, c := range []struct {
		noise     float64
		precision string
	}{{1e300, "float32"}, {1e39, "float32"}, {1.7e308, "float64"}} {
		config := small()
		config.Noise, config.Precision = c.noise, c.precision
		dir := filepath.Join(t.TempDir(), "run")
		if _, err := train.NewRun(dir, config, backend(t), "test"); err == nil ||
			!strings.Contains(err.Error(), "noise") {
			t.Errorf("%v in %s: %v", c.noise, c.precision, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%v: there is a folder", c.noise)
		}
	}
}
