package main

import (
	"strings"
	"testing"

	"neuralode/solver"
)

// TestSuggestions types the names that flags have in the JAX program that this one follows and elsewhere, and slips.
func TestSuggestions(t *testing.T) {
	for wrong, want := range map[string]string{
		"train --num_steps":        "--iterations?",
		"train --learning_rate":    "--lr?",
		"train --data_size":        "--samples?",
		"train --batch_size":       "--batch?",
		"train --width":            "--hidden?",
		"train --epochs":           "--iterations? an epoch is",
		"train --lerning-rate":     "--lr?",
		"train --max_steps":        "--max-steps?",
		"train --checkpoint_every": "--checkpoint-every?",
		"train --solver":           "--method?",
		"train --adjoint":          "--gradient?",
		"train --iterationz":       "--iterations?",
		"train -iterations":        "--iterations?",
		"train -lr=3":              "--lr?",
		"solve --input":            "--points?",
		"solve --save_at":          "--times?",
		"eval --input":             "--data?",
		"train --zzz":              "zzz",
		"train -z":                 "'z' in -z",
		"verify --tolerance":       "tolerance",
		"train --width_size":       "--hidden?",
		"train --tmie":             "--time?",
		"train --drpo":             "--drop?",
		"train --ltr":              "--lr?",
		"train --wd":               "--weight-decay?",
		"train --id_column":        "--id?",
		"train --n":                "n",
		"train --name":             "name",
		"train --plot":             "plot",
		"train --log":              "log",
		"train --test_size":        "test_size",
	} {
		status, _, errors := call(t, append(strings.Fields(wrong), "1")...)
		if status != exitUsage || !strings.Contains(errors, want) || strings.Count(errors, "\n") != 1 {
			t.Errorf("%s: status %d, %q, want %q", wrong, status, errors, want)
		}
		if !strings.Contains(want, "?") && strings.Contains(errors, "did you mean") {
			t.Errorf("%s: %q, want no suggestion", wrong, errors)
		}
	}
	for flag := range elsewhere {
		known := false
		for _, c := range []string{"train", "solve", "eval", "forecast"} {
			known = known || strings.Contains(succeed(t, c, "--help"), "--"+flag+" ")
		}
		if !known {
			t.Errorf("--%s is suggested, and no command has it", flag)
		}
	}
}

// TestChoicesAreThoseThereAre asks for a value that no flag takes, and compares what help and completion offer with
// what the error lists.
func TestChoicesAreThoseThereAre(t *testing.T) {
	help := succeed(t, "train", "--help")
	for _, flag := range []string{"gradient", "method", "controller", "activation", "control", "precision", "task",
		"readout", "loss", "lift"} {
		_, _, errors := call(t, "train", "--"+flag, "nonsense")
		offered := strings.Fields(succeed(t, "__complete", "train", "--"+flag, ""))
		offered = offered[:len(offered)-1] // a directive for the shell
		if len(offered) < 2 {
			t.Errorf("--%s completes to %q", flag, offered)
		}
		for _, choice := range offered {
			if !strings.Contains(errors, choice) || !strings.Contains(help, choice) {
				t.Errorf("--%s: %s completes, the error is %q, or help does not name it", flag, choice, errors)
			}
			args := []string{"train", "--" + flag, choice, "--data", "nowhere.csv", "--rtol", "0.01"}
			if m, err := solver.MethodNamed(choice); err == nil && m.Orders().Estimate == 0 {
				args = append(args, "--step", "0.25")
			}
			if status, _, errors := call(t, args...); status != exitFailure || !strings.Contains(errors, "nowhere.csv") && !strings.Contains(errors, "needs CUDA") {
				t.Errorf("--%s %s: status %d, %s", flag, choice, status, errors)
			}
		}
	}
	if !strings.Contains(help, "adjoint, discrete or backsolve") {
		t.Error("train --help does not list the gradients")
	}
}
