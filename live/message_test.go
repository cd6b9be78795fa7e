package live

import (
	"testing"
	"time"

	"neuralode/solver"
	"neuralode/train"
)

// TestPace tells pages often at first, less often later, and often again when there is no training to disturb.
func TestPace(t *testing.T) {
	f := NewFeed("run", nil, 10, &Scene{Model: &train.Model{}, Spec: solver.DefaultSpec()})
	for elapsed, want := range map[time.Duration]time.Duration{
		time.Second: soonest, 16 * time.Second: time.Second, time.Hour: latest,
	} {
		f.Observe(train.Event{Iteration: 1, Elapsed: elapsed})
		if got := f.pace(); got != want {
			t.Errorf("after %v every %v, want %v", elapsed, got, want)
		}
	}
	f.Observe(train.Event{Iteration: 1, Elapsed: time.Hour})
	f.End(Done, "")
	if got := f.pace(); got != soonest {
		t.Errorf("after the training every %v", got)
	}
}

// FuzzPlace reads what a browser may give back.
func FuzzPlace(f *testing.F) {
	f.Add("ABCDEFGH 1 2 3")
	f.Add("ABCDEFGH 1 2")
	f.Add("  -9223372036854775808 9223372036854775807 x")
	feed := NewFeed("run", nil, 10, &Scene{Model: &train.Model{}, Spec: solver.DefaultSpec()})
	feed.Add([]Point{{Iteration: 1}, {Iteration: 2}}, false)
	f.Fuzz(func(t *testing.T, id string) {
		p := placeOf(id)
		if p != (place{}) && placeOf(p.String()) != p {
			t.Errorf("%q is read as %v, which is written as %q", id, p, p)
		}
		p.instance = feed.about.Instance
		if _, next, err := feed.since(p); err != nil || next.points != 2 {
			t.Errorf("after %q: %v, %v", id, next, err)
		}
	})
}
