package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// madeTable is a table of two features with labels that depend on them, or on nothing.
func madeTable(t *testing.T, n int, label func(x, y float64, rng *rand.Rand) any) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	text := "x,y,label\n"
	for range n {
		x, y := 50+10*rng.NormFloat64(), rng.NormFloat64()
		text += fmt.Sprintf("%v,%v,%v\n", x, y, label(x, y, rng))
	}
	return write(t, "table.csv", text)
}

// TestTrainJSON reads what train says at the end, and finds the same in eval and in config.json.
func TestTrainJSON(t *testing.T) {
	data := madeTable(t, 100, func(x, y float64, _ *rand.Rand) any { return 1000 + 20*(x-50) - 300*y })
	dir := filepath.Join(t.TempDir(), "run")
	out := succeed(t, quick("--data", data, "--out", dir, "--json", "--iterations", "200", "--lr", "0.01")...)
	if strings.Count(out, "\n") != 1 {
		t.Fatalf("standard output is %q", out)
	}
	var said struct {
		Run, Model          string
		Iterations, Samples int
		Held                bool `json:"held_out"`
		Loss, R2, RMSE      float64
		Baseline, Training  struct{ Loss, R2, RMSE float64 }
		Accuracy            *float64
		Iteration           int
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatal(err)
	}
	if said.Run != dir || said.Samples != 20 || !said.Held || said.Accuracy != nil || said.Iterations < said.Iteration {
		t.Errorf("%s", out)
	}
	if !(said.R2 > 0.8 && said.Baseline.R2 <= 0 && said.Training.R2 > 0.8) || math.Abs(said.Baseline.RMSE/360-1) > 0.4 {
		t.Errorf("scores %+v", said)
	}
	var again struct{ Loss, R2, RMSE float64 }
	if err := json.Unmarshal([]byte(succeed(t, "eval", dir, "--json")), &again); err != nil ||
		again.Loss != said.Loss || again.RMSE != said.RMSE {
		t.Errorf("eval says %+v (%v), train %s", again, err, out)
	}
	text := succeed(t, "eval", dir)
	for _, want := range []string{"20 held out, 80 in training", "R²", fmt.Sprintf("RMSE      %.5g", said.RMSE),
		"the mean, "} {
		if !strings.Contains(text, want) {
			t.Errorf("eval lacks %q: %s", want, text)
		}
	}
}

// TestWarning trains on labels of chance, and on such as can be learnt.
func TestWarning(t *testing.T) {
	chance := madeTable(t, 60, func(_, _ float64, rng *rand.Rand) any { return rng.NormFloat64() })
	learnt := madeTable(t, 60, func(x, _ float64, _ *rand.Rand) any { return x > 50 })
	for _, c := range []struct {
		data, want string
		args       []string
	}{
		{chance, "warning    on the rows held out the model is no better than its baseline (the mean, ", []string{"--patience", "0", "--iterations", "300", "--lr", "0.03", "--hidden", "32", "--weight-decay", "0"}},
		{learnt, "", []string{"--iterations", "100", "--lr", "0.03", "--weight-decay", "0"}},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		_, _, said := call(t, quick(append(c.args, "--data", c.data, "--out", dir, "--no-figures", "--seed",
			"5")...)...)
		_, _, again := call(t, "eval", dir)
		for _, text := range []string{said, again} {
			if strings.Contains(text, "warning") != (c.want != "") || !strings.Contains(text, c.want) {
				t.Errorf("%s", text)
			}
		}
	}
}

// TestValidationFlags gives one of the flags that belong together.
func TestValidationFlags(t *testing.T) {
	data := madeTable(t, 40, func(x, _ float64, _ *rand.Rand) any { return x > 50 })
	numbers := madeTable(t, 40, func(x, _ float64, _ *rand.Rand) any { return x })
	series := filepath.Join("..", "..", "examples", "lotkavolterra", "animals.csv")
	for _, c := range []struct {
		args []string
		want string // in config.json
	}{
		{[]string{"--data", series, "--validation", "0"}, `"validation": 0,"validate_every": 0,"patience": 0,`},
		{[]string{"--data", series, "--loss", "gaussian"}, `"task": "series",`},
		{[]string{"--data", series, "--weights", "prey=2", "--start", "learnt"}, `"weights": [  "prey=2"],`},
		{[]string{"--data", data}, `"scale": "standard","validation": 0.2,"validate_every": 0,"patience": 0,`},
		{[]string{"--data", numbers}, `"scale": "standard","validation": 0.2,"validate_every": 0,"patience": 20,`},
		{[]string{"--data", numbers, "--patience", "7"}, `"scale": "standard","validation": 0.2,"validate_every": 0,"patience": 7,`},
		{[]string{"--data", numbers, "--validation", "0"}, `"validation": 0,"validate_every": 0,"patience": 0,`},
		{[]string{"--data", data, "--scale", "none", "--patience", "0"}, `"scale": "none","validation": 0.2,"validate_every": 0,"patience": 0,`},
		{[]string{"--patience", "4"}, `"scale": "none","validation": 0.2,"validate_every": 0,"patience": 4,`},
		{nil, `"scale": "none","validation": 0,"validate_every": 0,"patience": 0,`},
	} {
		text, err := os.ReadFile(filepath.Join(trained(t, append(c.args, "--no-figures", "--iterations", "1")...),
			"config.json"))
		if found := strings.ReplaceAll(string(text), "\n  ", ""); err != nil || !strings.Contains(found, c.want) {
			t.Errorf("%q: %s (%v), want %s", c.args, found, err, c.want)
		}
	}
	t.Chdir(t.TempDir()) // what is not refused makes a run
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--validation", "1"}, "validation must be at least 0 and below 1, got 1"},
		{[]string{"--validation", "-0.1"}, "validation must be"},
		{[]string{"--validation", "NaN"}, "validation must be"},
		{[]string{"--patience", "-1"}, "patience must be zero or positive, got -1"},
		{[]string{"--patience", "3", "--validation", "0"}, "patience 3 needs rows held out"},
		{[]string{"--scale", "robust"}, "scale must be one of standard, none"},
		{[]string{"--validate-every", "3"}, "validate-every 3 needs rows held out"},
		{[]string{"--readout", "linear", "--component", "1"}, "component 1 has no effect on readout linear"},
		{[]string{"--start", "learnt"}, "start learnt is for series"},
		{[]string{"--loss", "gaussian"}, "loss gaussian wants labels that are numbers"},
		{[]string{"--polish", "-1"}, "polish must be zero or positive"},
	} {
		if status, _, said := call(t, quick(c.args...)...); status != exitUsage || !strings.Contains(said, c.want) {
			t.Errorf("%q: status %d, %s", c.args, status, said)
		}
	}
}
