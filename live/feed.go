package live

import (
	"cmp"
	"crypto/rand"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"neuralode/train"
)

// Fact is a line about the run: a name and what it is.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Phase is what becomes of a run.
type Phase string

// The phases.
const (
	Training Phase = "training" // in this process
	Watched  Phase = "watched"  // in another, or not at all: its folder tells
	Done     Phase = "done"     // all of its iterations
	Stopped  Phase = "stopped"  // on request, with a checkpoint
	Failed   Phase = "failed"
)

// Feed is what a page shows of a run. Its methods may be called at any time from any goroutine; they wait for nobody,
// and those that a training calls are done in microseconds.
type Feed struct {
	scene *Scene
	about about

	mu        sync.Mutex
	curves    curves
	last      Point
	first     Point // of this process, or of the file
	total     int   // iterations
	kept      int   // the iteration of the last checkpoint
	phase     Phase
	note      string
	snapshots []train.Snapshot
	pictures  map[int][]byte // by iteration, of snapshots that are there
	painted   int            // the iteration of the newest picture, −1: none
	version   int            // counts changes

	watchers atomic.Int64 // pages that read
	throttle throttle
}

// NewFeed is the feed of a run of that many iterations in all, shown with a title and some facts. It copies the scene
// and its model, which a training changes at each checkpoint.
func NewFeed(title string, facts []Fact, iterations int, scene *Scene) *Feed {
	own, model := *scene, *scene.Model
	own.Model = &model
	f := &Feed{scene: &own, about: describe(title, facts, scene), total: iterations, curves: newCurves(),
		phase: Watched, pictures: map[int][]byte{}, painted: -1, throttle: newThrottle()}
	f.about.Instance = rand.Text()[:8]
	return f
}

// Observe tells the feed of an iteration of a training in this process; it is a train.Observer. From the first on,
// pictures take a small part of the machine's time.
func (f *Feed) Observe(e train.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.phase, f.kept = Training, e.Kept
	f.add(pointOf(e))
	if e.Theta != nil {
		f.keep(train.Snapshot{Iteration: e.Iteration, Theta: e.Theta})
	}
}

// End says what has become of the run, with a note for people, which may be empty.
func (f *Feed) End(phase Phase, note string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.phase != phase || f.note != note {
		f.phase, f.note = phase, note
		f.version++
	}
}

// Add tells the feed of iterations that another process has done; anew says that they take the place of all before.
func (f *Feed) Add(points []Point, anew bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if anew {
		epoch := f.curves.epoch
		f.curves, f.last, f.first = newCurves(), Point{}, Point{}
		f.curves.epoch = epoch + 1
	}
	for _, p := range points {
		f.add(p)
	}
}

func (f *Feed) add(p Point) {
	if f.first.Iteration == 0 || p.Elapsed < f.last.Elapsed { // another process goes on
		f.first = p
	}
	f.curves.add(p)
	if math.IsNaN(p.Validation) && f.last.Iteration > 0 { // the last that is known
		p.Validation, p.Accuracy, p.R2 = f.last.Validation, f.last.Accuracy, f.last.R2
	}
	f.last = p
	f.version++
}

// Lengthen tells the feed of another number of iterations in all.
func (f *Feed) Lengthen(iterations int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total = iterations
	f.version++
}

// Keep gives the feed θ at some iterations, in ascending order, in place of those it has; kept is the iteration of the
// last checkpoint.
func (f *Feed) Keep(snapshots []train.Snapshot, kept int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept, f.snapshots = kept, nil
	for _, s := range snapshots {
		f.keep(s)
	}
	for iteration := range f.pictures {
		if _, ok := f.snapshot(iteration); !ok {
			delete(f.pictures, iteration)
		}
	}
	if _, ok := f.pictures[f.painted]; !ok {
		f.painted = -1
	}
	f.version++
}

// checkpoint is the iteration of the last one.
func (f *Feed) checkpoint() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept
}

func (f *Feed) keep(s train.Snapshot) {
	f.snapshots = append(f.snapshots, s)
	f.version++
}

// snapshot is the one of that iteration.
func (f *Feed) snapshot(iteration int) (train.Snapshot, bool) {
	i, found := slices.BinarySearchFunc(f.snapshots, iteration, func(s train.Snapshot, n int) int {
		return cmp.Compare(s.Iteration, n)
	})
	if !found {
		return train.Snapshot{}, false
	}
	return f.snapshots[i], true
}

// speed is that of the process that trains so far, in iterations per second, and how long it will take at that; zeros
// where nothing tells.
func (f *Feed) speed() (perSecond float64, left time.Duration) {
	done, took := f.last.Iteration-f.first.Iteration, f.last.Elapsed-f.first.Elapsed
	if done <= 0 || took <= 0 {
		return 0, 0
	}
	perSecond = float64(done) / took.Seconds()
	return perSecond, time.Duration(float64(f.total-f.last.Iteration) / perSecond * float64(time.Second))
}

// Watchers is how many pages read.
func (f *Feed) Watchers() int { return int(f.watchers.Load()) }
