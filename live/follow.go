package live

import (
	"context"
	"math"
	"time"

	"neuralode/train"
)

// pointOf is an iteration of this process as the page shows it.
func pointOf(e train.Event) Point {
	none := math.NaN()
	p := Point{Iteration: e.Iteration, Loss: e.Work.Loss, Validation: none, Accuracy: none, R2: none,
		NFEMean: e.Work.NFEMean, NFEMax: float64(e.Work.NFEMax), SamplesPerSecond: e.SamplesPerSecond,
		Elapsed: e.Elapsed}
	if v := e.Validation; v != nil {
		p.Validation, p.Accuracy, p.R2 = v.Loss, v.Accuracy, v.R2
	}
	return p
}

// pointsOf are iterations of a file.
func pointsOf(rows []train.Row) []Point {
	points := make([]Point, len(rows))
	for i, r := range rows {
		points[i] = Point{Iteration: r.Iteration, Loss: r.Loss, Validation: r.ValidationLoss, Accuracy: r.Accuracy,
			R2: r.R2, NFEMean: r.NFEMean, NFEMax: r.NFEMax, SamplesPerSecond: r.SamplesPerSecond,
			Elapsed: time.Duration(r.Seconds * float64(time.Second))}
	}
	return points
}

// Recall tells the feed of what a run that goes on in this process has done before: its iterations up to the
// checkpoint, and its snapshots. Not while it trains.
func Recall(r *train.Run, f *Feed) error {
	rows, err := r.Rows()
	if err != nil {
		return err
	}
	f.Add(pointsOf(rows), true)
	return Remember(r, f)
}

// Remember gives the feed the snapshots of a run, also those of a training that has ended. Not while it trains.
func Remember(r *train.Run, f *Feed) error {
	snapshots, err := r.History()
	if err == nil {
		f.Keep(snapshots, snapshots[len(snapshots)-1].Iteration)
	}
	return err
}

// How often a run's folder is looked at, how often at its checkpoints while iterations come, and after how long without
// one the page says so.
const (
	lookEvery    = 500 * time.Millisecond
	historyEvery = 2 * time.Second
	quiet        = 10 * time.Second
)

// Follow tells the feed of what is in the folder of a run, and of what comes, until ctx ends. It neither locks nor
// writes anything there. What cannot be read is the page's note, until it can.
func Follow(ctx context.Context, r *train.Run, f *Feed) {
	t := tail{run: r, feed: f, metrics: train.Follow(r.Dir)}
	for {
		t.look()
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// tail is what is known of a folder.
type tail struct {
	run       *train.Run
	feed      *Feed
	metrics   *train.Follower
	came      time.Time // when the last row was read
	histories time.Time // when the history was
}

func (t *tail) look() {
	rows, anew, err := t.metrics.Next()
	if len(rows) > 0 || anew {
		t.take(rows, anew)
	}
	if t.stale() {
		t.histories = time.Now()
		if missing := Remember(t.run, t.feed); err == nil {
			err = missing
		}
	}
	t.judge(err)
}

// stale reports whether there may be snapshots that are not known: checkpoints come soon after iterations.
func (t *tail) stale() bool {
	return t.histories.IsZero() || time.Since(t.histories) >= historyEvery && time.Since(t.came) < quiet
}

func (t *tail) take(rows []train.Row, anew bool) {
	t.feed.Add(pointsOf(rows), anew)
	t.came = time.Now()
	if again, err := train.OpenRun(t.run.Dir); anew && err == nil { // it may have become longer
		t.run = again
		t.feed.Lengthen(again.Config.Iterations)
	}
}

// judge says where the run is, as far as its files tell.
func (t *tail) judge(err error) {
	phase, note := Watched, ""
	switch {
	case err != nil:
		note = err.Error()
	case t.feed.checkpoint() >= t.run.Config.Iterations:
		phase = Done
	case t.came.IsZero():
		note = "No iteration yet."
	case time.Since(t.came) > quiet:
		note = "No new iteration since " + t.came.Format(time.TimeOnly) + ": stopped, or paused."
	}
	t.feed.End(phase, note)
}
