package train_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/safetensors"
	"neuralode/train"
)

// TestOptimizers stops runs within the warm-up and after it: they end as those that were never stopped, and what is
// frozen keeps its values. Runs whose learning rates fall over their iterations get no others.
func TestOptimizers(t *testing.T) {
	sgd, adamw := small(), small()
	sgd.Optimizer, sgd.Momentum, sgd.Nesterov, sgd.WeightDecay, sgd.Rate = "sgd", 0.9, true, 1e-3, 0.05
	sgd.Schedule, sgd.Warmup, sgd.Freeze = "cosine", 6, []string{"layers.0.weight", "layers.1.bias"}
	adamw.Optimizer, adamw.WeightDecay, adamw.Schedule, adamw.FinalRate = "adamw", 0.1, "exponential", 1e-5
	for _, c := range []train.Config{sgd, adamw} {
		whole, r := newRun(t, c), newRun(t, c)
		first := slices.Clone(r.Model.Theta)
		for i, x := range first {
			first[i] = float64(float32(x)) // the run's precision
		}
		if err := whole.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		for _, stop := range []int{4, 17} {
			ctx, cancel := context.WithCancel(context.Background())
			err := r.Train(ctx, backend(t), func(e train.Event) {
				if e.Iteration == stop {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("stopping at %d gives %v", stop, err)
			}
			r = resumed(t, r, 0)
		}
		if err := refused(t, r, train.Resumption{Iterations: 40}); err == nil ||
			!strings.Contains(err.Error(), "schedule "+c.Schedule) {
			t.Errorf("%s made longer: %v", c.Schedule, err)
		}
		r = resumed(t, r, 0)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file(t, r, "model.safetensors"), file(t, whole, "model.safetensors")) {
			t.Errorf("%s: the resumed model differs", c.Optimizer)
		}
		checkLosses(t, r, whole)
		checkFrozen(t, r, first)
		state, err := safetensors.ReadFile(filepath.Join(r.Dir, "state.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if _, has := state.Tensors["v"]; has != (c.Optimizer != "sgd") {
			t.Errorf("%s: its state has second moments: %t", c.Optimizer, has)
		}
	}
}

// checkFrozen compares what is frozen, and nothing else, with its first values.
func checkFrozen(t *testing.T, r *train.Run, first []float64) {
	t.Helper()
	at := 0
	for _, p := range r.Model.Solver.Params() {
		to := at + p.Len()
		if stayed := slices.Equal(r.Model.Theta[at:to], first[at:to]); stayed != slices.Contains(r.Config.Freeze,
			p.Name) {
			t.Errorf("%s stayed: %t, frozen are %q", p.Name, stayed, r.Config.Freeze)
		}
		at = to
	}
}

// TestAnotherOptimizerInARun changes the optimizer between checkpoints.
func TestAnotherOptimizerInARun(t *testing.T) {
	r := newRun(t, small())
	put := func(content []byte) {
		if err := os.WriteFile(filepath.Join(r.Dir, "config.json"), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for old, now := range map[string]string{`"optimizer": "adam"`: `"optimizer": "adamw"`,
		`"freeze": []`: `"freeze": ["layers.0"]`,
		`"warmup": 0`:  `"warmup": 5`, `"schedule": "constant"`: `"schedule": "cosine"`} {
		own := file(t, r, "config.json")
		put(bytes.Replace(own, []byte(old), []byte(now), 1))
		key := strings.SplitN(old, ":", 2)[0]
		if err := refused(t, r, train.Resumption{}); err == nil ||
			!strings.Contains(err.Error(), "has changed since: "+strings.Trim(key, `"`)) {
			t.Errorf("%s: %v", now, err)
		}
		put(own)
	}
}
