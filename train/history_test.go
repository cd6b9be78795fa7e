package train_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"neuralode/train"
)

// done is a run of so many iterations that has been trained.
func done(t *testing.T, iterations int) *train.Run {
	t.Helper()
	c := small()
	c.Iterations, c.CheckpointEvery = iterations, 25
	r := newRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	return r
}

// longer goes on with a run.
func longer(t *testing.T, r *train.Run, iterations int) *train.Run {
	t.Helper()
	r = resumed(t, r, iterations)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	return r
}

// snapshots are those that a reader of the run's folder finds.
func snapshots(t *testing.T, r *train.Run) (at []int, theta [][]float64) {
	t.Helper()
	read, err := train.OpenRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	history, err := read.History()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range history {
		at, theta = append(at, s.Iteration), append(theta, s.Theta)
	}
	return at, theta
}

// TestHistory compares the snapshots of a run with the models of runs that end there.
func TestHistory(t *testing.T) {
	at, theta := snapshots(t, done(t, 60))
	if want := []int{0, 16, 32, 48, 60}; !slices.Equal(at, want) {
		t.Fatalf("snapshots at %v, want %v", at, want)
	}
	for i, iterations := range at[1:] {
		if short := done(t, iterations); !slices.Equal(theta[i+1], short.Model.Theta) {
			t.Errorf("the snapshot of iteration %d is not the model of a run that ends there", iterations)
		}
	}
}

// TestHistoryGoesOn compares the history of a run that went on twice with that of one which was never stopped.
func TestHistoryGoesOn(t *testing.T) {
	whole, parts := done(t, 60), longer(t, longer(t, done(t, 23), 37), 60)
	at1, theta1 := snapshots(t, whole)
	at2, theta2 := snapshots(t, parts)
	if !slices.Equal(at1, at2) || !slices.EqualFunc(theta1, theta2, slices.Equal[[]float64]) {
		t.Errorf("snapshots at %v and at %v, or not of the same θ", at1, at2)
	}
}

// TestHistoryIsNotNeeded goes on with runs whose history is gone, cut, and another's.
func TestHistoryIsNotNeeded(t *testing.T) {
	other := file(t, done(t, 20), "history.safetensors")
	for name, spoil := range map[string]func(path string) error{
		"gone":      os.Remove,
		"cut":       func(path string) error { return os.Truncate(path, 100) },
		"another's": func(path string) error { return os.WriteFile(path, other, 0o644) },
	} {
		r := done(t, 20)
		if err := spoil(filepath.Join(r.Dir, "history.safetensors")); err != nil {
			t.Fatal(err)
		}
		if at, _ := snapshots(t, longer(t, r, 40)); !slices.Equal(at, []int{32, 40}) {
			t.Errorf("%s: snapshots at %v, want 32 and 40", name, at)
		}
	}
}

// TestSnapshotsAreTold compares what observers see with what is kept, and that with the bits of a run without
// observers.
func TestSnapshotsAreTold(t *testing.T) {
	c := small()
	c.Iterations, c.CheckpointEvery = 60, 25
	r := newRun(t, c)
	told := map[int][]float64{}
	n := 0
	err := r.Train(context.Background(), backend(t), func(e train.Event) {
		if n++; e.Iteration != n {
			t.Errorf("iteration %d comes as the %dth", e.Iteration, n)
		}
		if e.Theta != nil {
			told[e.Iteration] = e.Theta
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	at, theta := snapshots(t, r)
	for i, iteration := range at[1 : len(at)-1] {
		if !slices.Equal(told[iteration], theta[i+1]) {
			t.Errorf("the snapshot of iteration %d is not what observers saw", iteration)
		}
	}
	if len(told) != 3 {
		t.Errorf("%d snapshots were told of, want 3", len(told))
	}
	if !bytes.Equal(file(t, r, "model.safetensors"), file(t, done(t, 60), "model.safetensors")) {
		t.Error("observers change the bits")
	}
}

// TestCheckpointOnDemand asks for one where none would be due.
func TestCheckpointOnDemand(t *testing.T) {
	c := small()
	c.Iterations, c.CheckpointEvery = 40, 1000
	r := newRun(t, c)
	var kept []int
	err := r.Train(context.Background(), backend(t), func(e train.Event) {
		if e.Iteration == 5 {
			r.Checkpoint()
		}
		kept = append(kept, e.Kept)
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := append(make([]int, 16), slices.Repeat([]int{16}, 24)...); !slices.Equal(kept, want) {
		t.Errorf("the last checkpoints are %v, want that of 16 from 17 on", kept)
	}
}
