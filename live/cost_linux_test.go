package live_test

import (
	"context"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"neuralode/live"
	"neuralode/train"
)

// BenchmarkTwoPages does the default training in pairs, alone and before two pages, in turn first, and gives medians of what
// the pages cost, in percent: of the processor's time of the program, pages' readers included, and of the time on the clock.
func BenchmarkTwoPages(b *testing.B) {
	var processor, clock []float64
	for pair := range b.N {
		var times [2][2]time.Duration // alone and shown; processor and clock
		for k := range 2 {
			shown := (k + pair) % 2
			times[shown] = timed(b, shown == 1)
		}
		percent := func(i int) float64 { return 100 * (float64(times[1][i])/float64(times[0][i]) - 1) }
		processor, clock = append(processor, percent(0)), append(clock, percent(1))
	}
	median := func(xs []float64) float64 { slices.Sort(xs); return xs[len(xs)/2] }
	b.ReportMetric(median(processor), "%processor")
	b.ReportMetric(median(clock), "%clock")
}

// timed is the time of the processor and of the clock that a training takes.
func timed(b *testing.B, shown bool) [2]time.Duration {
	c := train.DefaultConfig()
	r, err := train.NewRun(filepath.Join(b.TempDir(), "run"), c, backend(b), "test")
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var observers []train.Observer
	if shown {
		feed := feedOf(b, r)
		s := serve(b, feed, live.Actions{Stop: func() {}})
		defer s.Close()
		for range 2 {
			l := listen(b, s, "")
			defer l.close()
			go func() {
				for _, err := l.event(); err == nil; _, err = l.event() {
				}
			}()
		}
		observers = append(observers, feed.Observe)
	}
	cpu, start := processorTime(b), time.Now()
	if err := r.Train(context.Background(), backend(b), observers...); err != nil {
		b.Fatal(err)
	}
	return [2]time.Duration{processorTime(b) - cpu, time.Since(start)}
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
