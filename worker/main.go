// Command neuralode-worker spreads the shards of an ensemble over workers by a queue of NATS JetStream: for work that
// is uneven, or workers that come and go. A shard whose worker dies goes to another. It is a module of its own, so that
// its libraries stay out of neuralode's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `usage:
  neuralode-worker fill   [flags] SHARDS            put the shards 0/SHARDS to SHARDS-1/SHARDS into a queue
  neuralode-worker work   [flags] -- COMMAND ...    run the command for shards, {} in it replaced, until there are none
  neuralode-worker status [flags]                   say how many shards are left
  neuralode-worker clear  [flags]                   take them out; what is at work is still done

  neuralode-worker fill 64
  neuralode-worker work -- neuralode solve RUN --points p.npy --out s.npy --shard {}
  neuralode join s.npy

work runs on as many machines as you like. A command that fails is tried again, by any worker; a worker that dies loses
nothing. work ends when nothing is left, with status 1 where shards failed as often as --attempts.
flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags of all commands.
type options struct {
	url, queue string
	patience   time.Duration
	attempts   int
}

func run(ctx context.Context, args []string, out, said io.Writer) int {
	o := options{}
	f := flag.NewFlagSet("neuralode-worker", flag.ContinueOnError)
	f.SetOutput(said)
	f.Usage = func() {
		fmt.Fprint(said, usage)
		f.PrintDefaults()
	}
	f.StringVar(&o.url, "url", "nats://127.0.0.1:4222", "of the NATS server")
	f.StringVar(&o.queue, "queue", "neuralode", "name of the queue")
	f.DurationVar(&o.patience, "patience", 30*time.Second,
		"how long a worker may be silent before its shard goes to another")
	f.IntVar(&o.attempts, "attempts", 5, "how often a shard is tried")
	if len(args) == 0 {
		f.Usage()
		return 2
	}
	if err := f.Parse(args[1:]); err != nil {
		return 2
	}
	err := o.dispatch(ctx, args[0], f.Args(), out, said)
	if err == nil {
		return 0
	}
	fmt.Fprintln(said, "neuralode-worker:", err)
	var wrong wrongUse
	if errors.As(err, &wrong) {
		return 2
	}
	return 1
}

type wrongUse string

func (w wrongUse) Error() string { return string(w) }

func (o options) dispatch(ctx context.Context, command string, args []string, out, said io.Writer) error {
	if o.patience < time.Second || o.attempts < 1 {
		return wrongUse("patience must be at least 1s and attempts at least 1")
	}
	switch command {
	case "fill", "work", "status", "clear":
	default:
		return wrongUse(fmt.Sprintf("there is no command %q: fill, work, status or clear", command))
	}
	q, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer q.close()
	switch command {
	case "fill":
		return q.fillFrom(ctx, args, out)
	case "work":
		return q.work(ctx, args, said)
	case "clear":
		return q.stream.Purge(ctx)
	}
	return q.status(ctx, out)
}
