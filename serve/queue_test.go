package serve

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"neuralode/train"
)

// scripted is a solver that waits until it is told to go on, and answers with the points themselves.
type scripted struct {
	begun, goOn chan struct{}
	together    [][]float64
	err         error
}

func newScripted() *scripted {
	return &scripted{begun: make(chan struct{}, 10), goOn: make(chan struct{}, 10)}
}

func (s *scripted) predict(ctx context.Context, x []float64) (*train.Predictions, error) {
	s.together = append(s.together, slices.Clone(x))
	s.begun <- struct{}{}
	select {
	case <-s.goOn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &train.Predictions{Value: x}, s.err
}

func (s *scripted) queue(t *testing.T, room, most int) *queue {
	t.Helper()
	q := newQueue(room, work{predict: s.predict, width: 1, most: most, limit: time.Minute, solved: func(int) {}})
	t.Cleanup(q.close)
	return q
}

// waitFor waits until so many requests wait.
func waitFor(t *testing.T, q *queue, requests int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); len(q.waiting) != requests; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d requests wait, want %d", len(q.waiting), requests)
		}
	}
}

// TestTogether sends requests while one is solved: they are solved together next, up to the limit, each gets its own
// answers, and one whose client has gone is left out.
func TestTogether(t *testing.T) {
	s := newScripted()
	q := s.queue(t, 10, 4)
	var group sync.WaitGroup
	ask := func(ctx context.Context, x ...float64) {
		group.Go(func() {
			p, first, err := q.ask(ctx, x)
			if ctx.Err() == nil && (err != nil || !slices.Equal(p.Value[first:first+len(x)], x)) {
				t.Errorf("asked for %v: %v from %d, %v", x, p, first, err)
			}
		})
	}
	ask(context.Background(), 1)
	<-s.begun
	gone, leave := context.WithCancel(context.Background())
	for i, x := range [][]float64{{2, 3}, {9}, {4}, {5, 6}} {
		ctx := context.Background()
		if x[0] == 9 {
			ctx = gone
		}
		ask(ctx, x...)
		waitFor(t, q, i+1)
	}
	leave()
	for range 3 {
		s.goOn <- struct{}{}
	}
	group.Wait()
	if got := s.together; len(got) != 3 || !slices.Equal(got[1], []float64{2, 3, 4}) ||
		!slices.Equal(got[2], []float64{5, 6}) {
		t.Errorf("solved together were %v", got)
	}
}

// TestQueueErrors fills the room to wait, fails a solve, and closes the queue: nobody waits for ever.
func TestQueueErrors(t *testing.T) {
	s := newScripted()
	s.err = errors.New("the device is gone")
	q := s.queue(t, 1, 10)
	answers := make(chan error, 3)
	ask := func() {
		_, _, err := q.ask(context.Background(), []float64{1})
		answers <- err
	}
	go ask()
	<-s.begun
	go ask()
	waitFor(t, q, 1)
	if _, _, err := q.ask(context.Background(), []float64{1}); !errors.Is(err, errBusy) {
		t.Errorf("where there is no room: %v", err)
	}
	s.goOn <- struct{}{}
	if err := <-answers; err != s.err {
		t.Errorf("the solve that failed: %v", err)
	}
	<-s.begun
	q.close()
	if err := <-answers; err == nil {
		t.Error("the queue was closed, and no error is said")
	}
	if _, _, err := q.ask(context.Background(), []float64{1}); !errors.Is(err, errStopped) {
		t.Errorf("after it was closed: %v", err)
	}
}

// TestSlowSolve ends a solve that takes longer than the limit.
func TestSlowSolve(t *testing.T) {
	s := newScripted()
	q := newQueue(1, work{predict: s.predict, width: 1, most: 1, limit: time.Millisecond, solved: func(int) {}})
	defer q.close()
	if _, _, err := q.ask(context.Background(), []float64{1}); !errors.Is(err, errSlow) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkClients has 32 clients that ask for a point each, solved one by one and together.
func BenchmarkClients(b *testing.B) {
	for name, most := range map[string]int{"alone": 1, "together": 10_000} {
		b.Run(name, func(b *testing.B) {
			p := predictor(b, "tanh", 1)
			q := newQueue(1000, work{predict: p.Predict, width: 2, most: most, limit: time.Minute,
				solved: func(int) {}})
			defer q.close()
			b.SetParallelism(max(1, 32/runtime.GOMAXPROCS(0)))
			b.RunParallel(func(loop *testing.PB) {
				for loop.Next() {
					if _, _, err := q.ask(context.Background(), []float64{0.3, -0.2}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
