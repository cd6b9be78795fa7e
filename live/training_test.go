package live_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"neuralode/live"
	"neuralode/portrait"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

// training is a small net on the spiral under way, with its page.
type training struct {
	run    *train.Run
	feed   *live.Feed
	server *live.Server
	stop   context.CancelFunc
	ended  chan error // how it ended, once
}

func config(iterations int) train.Config {
	c := train.DefaultConfig()
	c.Samples, c.Hidden, c.Batch, c.Iterations, c.Gradient, c.CheckpointEvery = 150, []int{16}, 64, iterations, "discrete", 10_000
	return c
}

func backend(t testing.TB) solver.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newRun(t *testing.T, iterations int) *train.Run {
	t.Helper()
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), config(iterations), backend(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// feedOf is the feed of a run.
func feedOf(t testing.TB, r *train.Run) *live.Feed {
	t.Helper()
	shown, err := r.Shown()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := r.Config.Spec()
	if err != nil {
		t.Fatal(err)
	}
	p, err := portrait.New(r.Model, shown, backend(t), portrait.Quick(spec))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	scene := &live.Scene{Model: r.Model, Spec: portrait.Quick(spec), Portrait: p, Solves: r.Model.PointBatch(shown.X[:8])}
	feed := live.NewFeed("run", []live.Fact{{Name: "data", Value: "spiral"}}, r.Config.Iterations, scene)
	history, err := r.History()
	if err != nil {
		t.Fatal(err)
	}
	feed.Keep(history, 0)
	return feed
}

// serve gives a feed to browsers until the test ends.
func serve(t testing.TB, f *live.Feed, a live.Actions) *live.Server {
	t.Helper()
	s, err := live.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Start(f, a)
	t.Cleanup(s.Close)
	return s
}

// begin starts a training that rests that long after each iteration, and shows it.
func begin(t *testing.T, iterations int, rest time.Duration) *training {
	t.Helper()
	r := newRun(t, iterations)
	return beginOf(t, r, feedOf(t, r), rest)
}

func beginOf(t *testing.T, r *train.Run, f *live.Feed, rest time.Duration) *training {
	t.Helper()
	tr := &training{run: r, feed: f, ended: make(chan error, 1)}
	ctx, stop := context.WithCancel(context.Background())
	tr.stop = stop
	tr.server = serve(t, tr.feed, live.Actions{Checkpoint: r.Checkpoint, Stop: stop})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		tr.ended <- r.Train(ctx, backend(t), tr.feed.Observe, func(train.Event) { time.Sleep(rest) })
	}()
	t.Cleanup(func() { stop(); <-finished })
	return tr
}
