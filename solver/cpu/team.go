package cpu

import (
	"runtime"
	"sync/atomic"
	"time"
)

// team is a set of goroutines that wait for work: the caller is one of them, so a single share never leaves it.
type team struct {
	work    func(worker int)
	helpers []*helper
}

// helper is a goroutine beside the caller's.
type helper struct{ begin, end gate }

func newTeam(helpers int, work func(int)) *team {
	t := &team{work: work}
	for i := range helpers {
		h := &helper{newGate(), newGate()}
		t.helpers = append(t.helpers, h)
		go t.help(h, i+1)
	}
	return t
}

func (t *team) help(h *helper, worker int) {
	for h.begin.wait() {
		t.work(worker)
		h.end.open()
	}
}

// run has that many workers do their share and returns when all have.
func (t *team) run(workers int) {
	helpers := t.helpers[:workers-1]
	for _, h := range helpers {
		h.begin.open()
	}
	t.work(0)
	for _, h := range helpers {
		h.end.wait()
	}
}

// close ends the goroutines.
func (t *team) close() {
	for _, h := range t.helpers {
		h.begin.close()
	}
	t.helpers = nil
}

// gate lets one goroutine wait for another: awake for a little while, since waking a sleeper takes longer than a small
// batch, and then asleep.
type gate struct {
	state atomic.Int32
	bell  chan struct{}
}

const (
	shut int32 = iota
	open
	closed
	asleep // shut, and somebody sleeps before it
)

// patience is how long a goroutine waits awake: longer than what lies between two iterations.
const patience = 200 * time.Microsecond

func newGate() gate { return gate{bell: make(chan struct{}, 1)} }

func (g *gate) open() { g.set(open) }

// close makes the next wait return false.
func (g *gate) close() { g.set(closed) }

func (g *gate) set(state int32) {
	if g.state.Swap(state) == asleep {
		g.bell <- struct{}{}
	}
}

// wait returns when the gate is open and shuts it, or false when it is closed.
func (g *gate) wait() bool {
	for start := time.Now(); time.Since(start) < patience; runtime.Gosched() {
		if g.state.Load() != shut {
			return g.pass()
		}
	}
	if g.state.CompareAndSwap(shut, asleep) {
		<-g.bell
	}
	return g.pass()
}

func (g *gate) pass() bool { return g.state.Swap(shut) == open }
