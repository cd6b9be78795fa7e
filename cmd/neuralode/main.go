// Command neuralode solves and trains neural ordinary differential equations.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx := interruptible(context.Background())
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if by, ok := context.Cause(ctx).(stopped); ok && status == exitInterrupted {
		status = by.status()
	}
	os.Exit(status)
}

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

// interruptible returns a context that ends at the first signal to stop, of which its cause tells; the second ends the
// program at once. A hang-up that is ignored stays so, as nohup wants it.
func interruptible(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		cancel(stopped{<-signals})
		os.Exit(stopped{<-signals}.status())
	}()
	return ctx
}

// run is the program: it returns the exit status, after one line on stderr where that is not 0.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{w: stdout}
	a := &app{stdin: stdin, out: out, err: stderr}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	if err == nil {
		return exitOK
	}
	line, status := explain(root, args, err)
	fmt.Fprintln(stderr, "neuralode:", line)
	return status
}
