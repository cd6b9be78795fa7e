//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"neuralode/train"
)

// The trials start, kill and disturb short trainings of this binary as the program. NEURALODE_LONG_RUN_TRIALS=1 makes
// them many.
var longTrials = os.Getenv("NEURALODE_LONG_RUN_TRIALS") != ""

// trials is how often something is tried.
func trials(few, many int) int {
	if longTrials {
		return many
	}
	return few
}

// tiny are flags of a training with several checkpoints that takes some hundredths of a second.
func tiny(more ...string) []string {
	return append([]string{"train", "--samples", "20", "--hidden", "8", "--batch", "16", "--iterations", "20",
		"--checkpoint-every", "5", "--device", "cpu", "--no-figures"}, more...)
}

// tinyModel is the model that an undisturbed training makes.
func tinyModel(t *testing.T) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "undisturbed")
	succeed(t, tiny("--out", dir)...)
	return modelOf(t, dir)
}

func modelOf(t *testing.T, dir string) []byte {
	t.Helper()
	model, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// survived goes on with what a disturbed training has left: it must end in the same bits, with all of its losses and
// nothing else in its folder.
func survived(t *testing.T, what, dir string, want []byte) {
	t.Helper()
	args := []string{"train", "--resume", dir, "--iterations", "20", "--no-figures", "--device", "cpu"}
	if !train.HoldsRun(dir) {
		args = tiny("--out", dir)
	}
	if status, _, errors := call(t, args...); status != 0 {
		t.Errorf("%s: %v: status %d: %s", what, args, status, errors)
		return
	}
	if !bytes.Equal(modelOf(t, dir), want) {
		t.Errorf("%s: another model", what)
	}
	if iterations, _, err := train.ReadLosses(filepath.Join(dir, "metrics.csv")); err != nil || len(iterations) != 20 ||
		iterations[19] != 20 {
		t.Errorf("%s: iterations %v (%v)", what, iterations, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".neuralode-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%s: %v stay (%v)", what, left, err)
	}
}

// refusedClearly checks the message of a program that ended in failure.
func refusedClearly(t *testing.T, what, said string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "neuralode: ") || strings.Contains(said, "goroutine") {
		t.Errorf("%s: %s", what, said)
	}
}

// together runs programs at the same time and returns their statuses and what they said.
func together(t *testing.T, dir string, commands ...[]string) (statuses []int, said []string) {
	t.Helper()
	var waits []func()
	for _, args := range commands {
		p, text := program(t, args...)
		p.Dir = dir
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, func() { statuses, said = append(statuses, ended(t, p)), append(said, text.String()) })
	}
	for _, wait := range waits {
		wait()
	}
	return statuses, said
}

// TestTwoStarts begins two trainings in one folder at the same time, and goes on with one twice: who does not train is
// told why, and the run is as if one alone had.
func TestTwoStarts(t *testing.T) {
	want := tinyModel(t)
	refused := map[string]int{}
	for i := range trials(1, 100) {
		for _, resume := range []bool{false, true} {
			root := t.TempDir()
			dir, what := filepath.Join(root, "run"), fmt.Sprintf("trial %d, resume %t", i, resume)
			args := tiny("--out", dir)
			if resume {
				succeed(t, tiny("--out", dir, "--iterations", "5")...)
				args = []string{"train", "--resume", dir, "--iterations", "20", "--no-figures", "--device", "cpu"}
			}
			statuses, said := together(t, root, args, args)
			succeeded := 0
			for k, status := range statuses {
				switch {
				case status == 0:
					succeeded++
				case strings.Contains(said[k], dir+" is in use by process "):
					refused["in use"]++
				case !resume && strings.Contains(said[k], "holds a run already"):
					refused["holds a run"]++
				default:
					t.Errorf("%s: status %d: %s", what, status, said[k])
				}
			}
			if succeeded == 0 || succeeded == 2 && !resume {
				t.Errorf("%s: %d trained", what, succeeded)
			}
			if !bytes.Equal(modelOf(t, dir), want) {
				t.Errorf("%s: another model", what)
			}
			survived(t, what, dir, want)
		}
	}
	t.Logf("refused: %v", refused)
}

// TestSweepOfSeeds starts trainings without a name at the same time, as a loop over seeds does: none loses its folder.
func TestSweepOfSeeds(t *testing.T) {
	for i := range trials(1, 40) {
		root := t.TempDir()
		var commands [][]string
		for seed := range 4 {
			commands = append(commands, tiny("--seed", fmt.Sprint(seed)))
		}
		statuses, said := together(t, root, commands...)
		for k, status := range statuses {
			if status != 0 {
				t.Errorf("trial %d: status %d: %s", i, status, said[k])
			}
		}
		if models, _ := filepath.Glob(filepath.Join(root, "runs", "*", "model.safetensors")); len(models) != 4 {
			t.Errorf("trial %d: %d models", i, len(models))
		}
	}
}

// TestKills kills trainings at random moments, and some that go on with them once more.
func TestKills(t *testing.T) { endedEarly(t, syscall.SIGKILL, trials(3, 200)) }

// TestSignals does the same with a signal that the program hears.
func TestSignals(t *testing.T) { endedEarly(t, syscall.SIGTERM, trials(2, 100)) }

func endedEarly(t *testing.T, by syscall.Signal, n int) {
	t.Helper()
	want := tinyModel(t)
	whole := time.Minute
	for range 3 { // other work may slow one down
		began := time.Now()
		together(t, t.TempDir(), tiny("--out", filepath.Join(t.TempDir(), "run")))
		whole = min(whole, time.Since(began))
	}
	r := rand.New(rand.NewPCG(1, 2))
	left := map[string]int{}
	end := func(args []string) {
		p, _ := program(t, args...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.Float64() * float64(whole)))
		_ = p.Process.Signal(by) // fails when it has ended
		_ = p.Wait()
	}
	for i := range n {
		dir, what := filepath.Join(t.TempDir(), "run"), fmt.Sprintf("%v %d", by, i)
		end(tiny("--out", dir))
		left[remains(dir)]++
		if status, _, said := call(t, "eval", dir, "--device", "cpu"); status != 0 {
			refusedClearly(t, what, said)
		}
		if train.HoldsRun(dir) && i%2 == 0 {
			end([]string{"train", "--resume", dir, "--no-figures", "--device", "cpu"})
		}
		survived(t, what, dir, want)
	}
	t.Logf("left: %v", left)
}

// remains says what a training that was ended left.
func remains(dir string) string {
	r, err := train.ResumeRun(dir, train.Resumption{})
	switch {
	case err == nil:
		defer r.Close()
		return fmt.Sprintf("%d iterations", r.Done)
	case train.HoldsRun(dir):
		return err.Error()
	}
	return "no run"
}
