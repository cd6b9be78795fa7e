package serve

import (
	"context"
	"errors"
	"slices"
	"time"

	"neuralode/train"
)

// work is what a queue does.
type work struct {
	predict func(ctx context.Context, x []float64) (*train.Predictions, error)
	width   int           // numbers of a point
	most    int           // points that are solved together
	limit   time.Duration // of a solve
	solved  func(points int)
}

// queue solves the points of requests: those that came while others were solved go together.
type queue struct {
	work
	waiting chan *request
	stop    context.CancelFunc
	over    chan struct{} // is closed when nobody works any more
}

// request is the points of a client.
type request struct {
	ctx    context.Context
	x      []float64
	result chan result // of room for one, so that who answers never waits
}

// result are predictions, of which a request's begin at first.
type result struct {
	predictions *train.Predictions
	first       int
	err         error
}

var (
	errBusy    = errors.New("too many requests wait: try again later")
	errSlow    = errors.New("the answer took too long: ask for fewer points, or later")
	errStopped = errors.New("the server has stopped")
)

// newQueue has room for so many requests. It works until it is closed.
func newQueue(room int, w work) *queue {
	ctx, stop := context.WithCancel(context.Background())
	q := &queue{work: w, waiting: make(chan *request, room), stop: stop, over: make(chan struct{})}
	go func() {
		defer close(q.over)
		q.run(ctx)
	}()
	return q
}

// ask waits for the answers to points until ctx ends; first is where they begin among the predictions. It fails with
// errBusy where there is no room to wait.
func (q *queue) ask(ctx context.Context, x []float64) (p *train.Predictions, first int, err error) {
	r := &request{ctx: ctx, x: x, result: make(chan result, 1)}
	select {
	case q.waiting <- r:
	default:
		return nil, 0, errBusy
	}
	select {
	case got := <-r.result:
		return got.predictions, got.first, got.err
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	case <-q.over:
		return nil, 0, errStopped
	}
}

// close ends the work, also what is under way; requests that wait get an error.
func (q *queue) close() {
	q.stop()
	<-q.over
}

func (q *queue) run(ctx context.Context) {
	var next *request // came too late for the last
	for {
		if next == nil {
			select {
			case next = <-q.waiting:
			case <-ctx.Done():
				return
			}
		}
		var together []*request
		together, next = q.gather(next)
		q.solve(ctx, together)
	}
}

// gather takes requests that wait, as many as go together with the first, and the one that was too much.
func (q *queue) gather(first *request) (together []*request, next *request) {
	together = []*request{first}
	points := len(first.x) / q.width
	for {
		select {
		case r := <-q.waiting:
			if points += len(r.x) / q.width; points > q.most {
				return together, r
			}
			together = append(together, r)
		default:
			return together, nil
		}
	}
}

// solve answers requests whose clients still wait.
func (q *queue) solve(ctx context.Context, together []*request) {
	together = slices.DeleteFunc(together, func(r *request) bool { return r.ctx.Err() != nil })
	if len(together) == 0 {
		return
	}
	x := together[0].x
	if len(together) > 1 {
		x = slices.Clone(x)
		for _, r := range together[1:] {
			x = append(x, r.x...)
		}
	}
	q.solved(len(x) / q.width)
	ctx, cancel := context.WithTimeoutCause(ctx, q.limit, errSlow)
	defer cancel()
	predictions, err := q.predict(ctx, x)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	first := 0
	for _, r := range together {
		r.result <- result{predictions, first, err}
		first += len(r.x) / q.width
	}
}
