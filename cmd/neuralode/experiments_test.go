package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExperimentsPage runs the search of docs/experiments.md, smaller: the flags of its loop, on the file that it
// writes, give a last line with what it is sorted by. Its other commands are such as the program knows.
func TestExperimentsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/experiments.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range regexp.MustCompile(`(?m)^    neuralode ([^\n]*)`).FindAllStringSubmatch(string(page), -1) {
		if status, _, said := call(t, append(strings.Fields(c[1]), "--help")...); status != 0 {
			t.Errorf("neuralode %s: %s", c[1], said)
		}
	}
	config := regexp.MustCompile(`printf '([^']*)'`).FindStringSubmatch(string(page))
	loop := regexp.MustCompile(`neuralode (train --config base.toml --lr \$lr [^\n]*) 2>`).FindStringSubmatch(
		string(page))
	if config == nil || loop == nil {
		t.Fatal("the page has no search")
	}
	base := write(t, "base.toml", strings.ReplaceAll(config[1], `\n`, "\n"))
	best, at := 1e9, ""
	for _, lr := range []string{"1e-3", "1e-1"} {
		args := strings.Fields(strings.NewReplacer("base.toml", base, "$lr", lr).Replace(loop[1]))
		args = append(args, "--samples", "30", "--hidden", "8", "--iterations", "60", "--out",
			filepath.Join(t.TempDir(), "run"))
		lines := strings.Split(strings.TrimSpace(succeed(t, args...)), "\n")
		var trial struct {
			Run            string
			Loss, Accuracy float64
			HeldOut        bool `json:"held_out"`
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &trial); err != nil || !trial.HeldOut || trial.Run == "" {
			t.Fatalf("%v: %q", err, lines)
		}
		if trial.Loss < best {
			best, at = trial.Loss, lr
		}
	}
	if at != "1e-1" {
		t.Errorf("the best rate is %s, with loss %v", at, best)
	}
}

// TestPreset begins the two experiments with what they are made of.
func TestPreset(t *testing.T) {
	for _, name := range []string{"spiral", "circle"} {
		dir := filepath.Join(t.TempDir(), "run")
		succeed(t, "train", "--preset", name, "--iterations", "1", "--out", dir, "--no-figures", "--device", "cpu")
		text, err := os.ReadFile(filepath.Join(dir, "config.json"))
		for _, want := range []string{`"data": "` + name, `"samples": 1000`, `"optimizer": "adam"`,
			`"iterations": 1,`} {
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %s: %s", name, want, text)
			}
		}
	}
	for want, args := range map[string][]string{
		`preset must be one of spiral, circle, got "moons"`: {"train", "--preset", "moons"},
		"preset circle makes its own data":                  {"train", "--preset", "circle", "--data", "spiral"},
	} {
		if status, _, said := call(t, args...); status != exitUsage || !strings.Contains(said, want) {
			t.Errorf("%q: status %d, %s", args, status, said)
		}
	}
}
