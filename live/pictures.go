package live

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"neuralode/train"
)

// While a training runs in this process, pictures take this part of the machine: the newest one, and one that somebody
// asks for.
const (
	newestShare = 0.01
	askedShare  = 0.1
)

// throttle lets one picture at a time be painted, and keeps them to a part of the machine.
type throttle struct {
	busy  chan struct{} // holds a token while it is
	ended time.Time     // the last one; for who has it
	took  time.Duration
}

func newThrottle() throttle { return throttle{busy: make(chan struct{}, 1)} }

// wait is how long to rest before the next picture so that pictures take no more than a part of all cores.
func (t *throttle) wait(share float64) time.Duration {
	pause := time.Duration(float64(t.took) / (share * float64(runtime.GOMAXPROCS(0))))
	return time.Until(t.ended.Add(pause))
}

// paintEvery is how often to look whether there is something new to paint.
const paintEvery = 100 * time.Millisecond

// paint paints the newest snapshot again and again, as long as somebody looks, until ctx ends.
func (f *Feed) paint(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(paintEvery):
		}
		if at, ok := f.unpainted(); ok && f.watchers.Load() > 0 {
			_, _ = f.painting(ctx, at, newestShare) // the next snapshot tries again
		}
	}
}

// finish paints what pages still wait for.
func (f *Feed) finish(ctx context.Context) {
	if at, ok := f.unpainted(); ok && f.watchers.Load() > 0 {
		_, _ = f.painting(ctx, at, 1)
	}
}

// unpainted is the newest snapshot, where it has no picture.
func (f *Feed) unpainted() (train.Snapshot, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.snapshots) == 0 {
		return train.Snapshot{}, false
	}
	last := f.snapshots[len(f.snapshots)-1]
	return last, last.Iteration != f.painted
}

// errNoSnapshot says that θ of an iteration is not kept.
type errNoSnapshot int

func (e errNoSnapshot) Error() string { return fmt.Sprintf("θ of iteration %d is not kept", int(e)) }

// picture is that of a snapshot.
func (f *Feed) picture(ctx context.Context, iteration int) ([]byte, error) {
	f.mu.Lock()
	at, ok := f.snapshot(iteration)
	f.mu.Unlock()
	if !ok {
		return nil, errNoSnapshot(iteration)
	}
	return f.painting(ctx, at, askedShare)
}

// painting is the picture of a snapshot, from the cache, or as soon as the machine has been free of them long enough.
func (f *Feed) painting(ctx context.Context, at train.Snapshot, share float64) ([]byte, error) {
	select {
	case f.throttle.busy <- struct{}{}:
		defer func() { <-f.throttle.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p, ok := f.cached(at.Iteration); ok {
		return p, nil
	}
	if err := f.rest(ctx, share); err != nil {
		return nil, err
	}
	start := time.Now()
	p, err := f.scene.paint(ctx, at, f.labels())
	f.throttle.ended, f.throttle.took = time.Now(), time.Since(start)
	if err == nil {
		f.cache(at.Iteration, p)
	}
	return p, err
}

// rest waits while a training needs the machine.
func (f *Feed) rest(ctx context.Context, share float64) error {
	f.mu.Lock()
	training := f.phase == Training
	f.mu.Unlock()
	if !training {
		return nil
	}
	select {
	case <-time.After(f.throttle.wait(share)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *Feed) labels() [2]float64 {
	if f.about.Plane == nil {
		return [2]float64{}
	}
	return f.about.Plane.Range
}

// cached is a picture that is there.
func (f *Feed) cached(iteration int) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.pictures[iteration]
	return p, ok
}

// cache keeps the picture of a snapshot that is still there.
func (f *Feed) cache(iteration int, p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.snapshot(iteration); !ok {
		return
	}
	f.pictures[iteration] = p
	if iteration > f.painted {
		f.painted = iteration
		f.version++
	}
}
