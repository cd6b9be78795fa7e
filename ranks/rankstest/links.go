// Package rankstest has ranks within one process, for tests: each a goroutine, their messages through channels.
package rankstest

import (
	"errors"
	"fmt"
	"sync"

	"neuralode/ranks"
)

// Links are those of n ranks. A message waits until it is received.
func Links(n int) []ranks.Link {
	w := &world{lost: make(chan struct{}), messages: make([][]chan []byte, n), broadcasts: make([]chan []byte, n)}
	all := make([]ranks.Link, n)
	for i := range all {
		w.messages[i] = make([]chan []byte, n)
		for j := range n {
			w.messages[i][j] = make(chan []byte)
		}
		w.broadcasts[i] = make(chan []byte)
		all[i] = link{w, i}
	}
	return all
}

type world struct {
	messages   [][]chan []byte // from, to
	broadcasts []chan []byte
	lost       chan struct{} // is closed when a rank has left before the others were done with it
	once       sync.Once
}

type link struct {
	*world
	rank int
}

// ErrLost is the error of all calls once a rank is lost.
var ErrLost = errors.New("a rank is lost")

// Lose ends all calls of a link's world, as MPI does when a process dies.
func Lose(l ranks.Link) { l.(link).once.Do(func() { close(l.(link).lost) }) }

func (l link) Rank() int { return l.rank }
func (l link) Size() int { return len(l.broadcasts) }

func (l link) put(c chan []byte, data []byte) error {
	select {
	case c <- append([]byte{}, data...):
		return nil
	case <-l.lost:
		return ErrLost
	}
}

func (l link) take(c chan []byte, data []byte) (int, error) {
	select {
	case got := <-c:
		if len(got) > len(data) {
			return 0, fmt.Errorf("rank %d has room for %d bytes, got %d", l.rank, len(data), len(got))
		}
		return copy(data, got), nil
	case <-l.lost:
		return 0, ErrLost
	}
}

func (l link) Send(to int, data []byte) error { return l.put(l.messages[l.rank][to], data) }

func (l link) Receive(from int, data []byte) error {
	_, err := l.take(l.messages[from][l.rank], data)
	return err
}

func (l link) Broadcast(data []byte) error {
	if l.rank != 0 {
		n, err := l.take(l.broadcasts[l.rank], data)
		if err == nil && n < len(data) {
			err = fmt.Errorf("rank %d wants a broadcast of %d bytes, got %d", l.rank, len(data), n)
		}
		return err
	}
	for to := 1; to < l.Size(); to++ {
		if err := l.put(l.broadcasts[to], data); err != nil {
			return err
		}
	}
	return nil
}
