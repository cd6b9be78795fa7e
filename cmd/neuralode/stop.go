package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// stopped is the signal that ended a context.
type stopped struct{ os.Signal }

func (s stopped) Error() string { return s.String() }

// status is the exit status, as shells count.
func (s stopped) status() int {
	if number, ok := s.Signal.(syscall.Signal); ok && number != syscall.SIGINT {
		return exitSignal + int(number)
	}
	return exitInterrupted
}

// gate decides what a signal does. While something is under way that loses by a sudden end, such as a training or the
// writing of a file, the gate is closed: the signal ends the context, and what is under way ends itself. Otherwise the
// program ends at once, whatever it reads or waits for. A nil gate does nothing.
type gate struct {
	closed chan struct{} // holds one token while the gate is closed
	mine   bool          // the command has closed it; for its goroutine alone
	last   string        // what the program says when it ends at once; is set while the gate is closed
}

type gateKey struct{}

// gateOf is the gate that a context of interruptible has.
func gateOf(ctx context.Context) *gate {
	g, _ := ctx.Value(gateKey{}).(*gate)
	return g
}

// close closes the gate and returns what opens it again, which need not be called. When the program is about to end it
// does not return.
func (g *gate) close() (open func()) {
	if g == nil || g.mine {
		return func() {}
	}
	g.closed <- struct{}{}
	g.mine = true
	return func() {
		g.mine = false
		<-g.closed
	}
}

// say sets what the program says when it ends at once.
func (g *gate) say(text string) {
	if g == nil {
		return
	}
	open := g.close()
	g.last = text
	open()
}

// interruptible returns a context with a gate. The first signal to stop ends the program, or the context, of which its
// cause tells; the second ends the program at once. A hang-up that is ignored stays so, as nohup wants it.
func interruptible(ctx context.Context) context.Context {
	g := &gate{closed: make(chan struct{}, 1), last: "stopped"}
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, gateKey{}, g))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		by := stopped{<-signals}
		select {
		case g.closed <- struct{}{}:
			g.end(by)
		default:
		}
		cancel(by)
		select {
		case g.closed <- struct{}{}: // what was under way is done
			g.end(by)
		case again := <-signals:
			os.Exit(stopped{again}.status())
		}
	}()
	return ctx
}

// end ends the program. The gate is closed to all others.
func (g *gate) end(by stopped) {
	fmt.Fprintln(os.Stderr, "neuralode:", g.last)
	os.Exit(by.status())
}
