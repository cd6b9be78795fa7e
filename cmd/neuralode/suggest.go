package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// suggestion names the flag or command nearest to an unknown one among args.
func suggestion(root *cobra.Command, args []string, text string) string {
	if quoted, found := strings.CutPrefix(text, `unknown command "`); found {
		var names []string
		for _, c := range root.Commands() {
			names = append(names, c.Name())
		}
		word, _, _ := strings.Cut(quoted, `"`)
		return didYouMean(nearest(word, names))
	}
	name, found := unknownFlag(text)
	if !found {
		return ""
	}
	return hint("--", name, flagsOf(root, args))
}

// hint asks whether the flag that a wrong name stands for is meant; it is empty where none is.
func hint(dashes, name string, known []string) string {
	flag := meant(name, known)
	switch {
	case flag == "":
		return ""
	case flag == "iterations" && strings.Contains(name, "epoch"):
		return fmt.Sprintf(" (did you mean %s%s? an epoch is samples / batch iterations)", dashes, flag)
	}
	return fmt.Sprintf(" (did you mean %s%s?)", dashes, flag)
}

// unknownFlag is the flag that an error of the command-line library is about, also one after a single dash.
func unknownFlag(text string) (string, bool) {
	if name, found := strings.CutPrefix(text, "unknown flag: --"); found {
		return name, true
	}
	if !strings.HasPrefix(text, "unknown shorthand flag: ") {
		return "", false
	}
	_, name, _ := strings.Cut(text, " in -")
	name, _, _ = strings.Cut(name, "=")
	return name, len(name) > 1
}

// flagsOf are the flags of the command that args name, or of all where they name none.
func flagsOf(root *cobra.Command, args []string) (known []string) {
	collect := func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	}
	command, _, err := root.Find(args)
	if err == nil && command != root {
		collect(command)
		return known
	}
	for _, c := range append(root.Commands(), root) {
		collect(c)
	}
	return known
}

// elsewhere are the names that flags have in other programs.
var elsewhere = map[string][]string{
	"iterations": {"steps", "num-steps", "n-steps", "train-steps", "epochs", "num-epochs", "n-epochs", "max-epochs",
		"iters", "num-iters", "niters", "max-iters", "num-iterations", "n-iterations", "max-iter", "updates"},
	"lr":      {"learning-rate", "rate", "step-size", "eta"},
	"samples": {"data-size", "dataset-size", "n-samples", "num-samples", "size", "num-points", "n-points", "num-data"},
	"batch":   {"batch-size", "minibatch", "bs"},
	"hidden": {"width", "hidden-size", "hidden-dim", "hidden-dims", "hidden-sizes", "hidden-width", "layers", "sizes",
		"units", "depth", "width-size", "n-layers", "num-layers"},
	"activation": {"act", "activation-fn", "nonlinearity"},
	"augment":    {"augment-dim", "aug-dim", "extra-dims"},
	"out": {"output", "output-dir", "out-dir", "save", "save-dir", "save-path", "run-dir", "dir",
		"folder"},
	"method":           {"solver", "integrator", "ode-solver", "tableau"},
	"gradient":         {"adjoint", "adjoint-method", "grad"},
	"data":             {"dataset", "input", "file", "csv", "train-data"},
	"points":           {"input", "inputs", "data", "file", "csv"},
	"label":            {"target", "labels", "label-column", "target-column"},
	"seed":             {"random-seed", "random-state", "rng", "key"},
	"precision":        {"dtype", "float"},
	"clip":             {"clip-norm", "grad-clip", "max-grad-norm", "gradient-clip"},
	"device":           {"gpu", "cuda", "backend", "platform"},
	"checkpoint-every": {"save-every", "checkpoint-interval", "checkpoint-freq", "save-interval"},
	"max-steps":        {"max-num-steps", "mxstep"},
	"step":             {"dt", "dt0", "fixed-step", "stepsize"},
	"max-step":         {"dtmax", "hmax"},
	"min-step":         {"dtmin", "hmin"},
	"controller":       {"stepsize-controller", "step-control", "pid"},
	"noise":            {"noise-std", "sigma", "std"},
	"resume":           {"continue", "restore", "load", "checkpoint", "from-checkpoint"},
	"times":            {"ts", "save-at", "saveat", "t-eval"},
	"t1":               {"t-end", "t-final", "tf", "end-time"},
	"t0":               {"t-start", "start-time"},
	"weight-decay":     {"wd", "l2"},
	"id":               {"id-column", "series", "group"},
	"time-column":      {"time-col", "timestamp"},
	"until":            {"t1", "t-end", "to"},
	"every":            {"dt", "interval"},
}

// meant is the known flag that a wrong name stands for: the one that has this name or one near it here or elsewhere.
func meant(name string, known []string) string {
	name = strings.ReplaceAll(name, "_", "-")
	flagOf, names := map[string]string{}, slices.Clone(known)
	for _, flag := range known {
		for _, other := range elsewhere[flag] {
			flagOf[other] = flag
		}
		names = append(names, elsewhere[flag]...)
	}
	for _, flag := range known { // its own name before that of another elsewhere
		flagOf[flag] = flag
	}
	return flagOf[nearest(name, names)]
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", name)
}

// nearest is the candidate fewest edits away, when that is at most one in five letters, or one at all.
func nearest(word string, candidates []string) string {
	best, distance := "", max(1, (len(word)+2)/5)+1
	for _, c := range candidates {
		if d := edits(word, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// edits is how many letters are added, left out, changed or swapped with the next (optimal string alignment).
func edits(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := append(make([]int, 0, len(b)+1), i)
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			n := min(change, row[j-1]+1, last[j]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, before[j-2]+1)
			}
			row = append(row, n)
		}
		before, last = last, row
	}
	return last[len(b)]
}
