package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// queue holds the shards that are not done.
type queue struct {
	options
	conn     *nats.Conn
	js       jetstream.JetStream
	stream   jetstream.Stream
	consumer jetstream.Consumer
}

// open connects, and makes the queue where it is not there.
func (o options) open(ctx context.Context) (*queue, error) {
	conn, err := nats.Connect(o.url, nats.Name("neuralode-worker"), nats.MaxReconnects(-1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.url, err)
	}
	q := &queue{options: o, conn: conn}
	if err := q.make(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("queue %s: %w", o.queue, err)
	}
	return q, nil
}

func (q *queue) make(ctx context.Context) (err error) {
	if q.js, err = jetstream.New(q.conn); err != nil {
		return err
	}
	q.stream, err = q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: q.queue,
		Subjects: []string{q.subject()}, Retention: jetstream.WorkQueuePolicy})
	if err != nil {
		return err
	}
	q.consumer, err = q.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: "workers",
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.patience, MaxDeliver: q.attempts, MaxAckPending: -1})
	return err
}

func (q *queue) subject() string { return q.queue + ".shard" }

func (q *queue) close() { q.conn.Close() }

// mostShards is how many shards there are at most.
const mostShards = 1_000_000

func (q *queue) fillFrom(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return wrongUse("fill wants how many shards there are")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 1 || n > mostShards {
		return wrongUse(fmt.Sprintf("shards must be a number from 1 to %d, got %.20q", mostShards, args[0]))
	}
	info, err := q.stream.Info(ctx)
	if err != nil {
		return err
	}
	if left := info.State.Msgs; left > 0 {
		return fmt.Errorf("%d shards are left in the queue %s: let workers do them, or clear it", left, q.queue)
	}
	for k := range n {
		shard := fmt.Sprintf("%d/%d", k, n)
		if _, err := q.js.Publish(ctx, q.subject(), []byte(shard)); err != nil {
			return fmt.Errorf("shard %s: %w", shard, err)
		}
	}
	return q.status(ctx, out)
}

// status says how many shards are left.
func (q *queue) status(ctx context.Context, out io.Writer) error {
	info, err := q.stream.Info(ctx)
	if err != nil {
		return err
	}
	consumer, err := q.consumer.Info(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d shards are left: %d wait, %d are at work\n", info.State.Msgs, consumer.NumPending,
		consumer.NumAckPending)
	return err
}

// work takes shards until none is left.
func (q *queue) work(ctx context.Context, command []string, said io.Writer) error {
	if len(command) == 0 || !strings.Contains(strings.Join(command, " "), "{}") {
		return wrongUse("work wants a command behind --, with {} where the shard goes")
	}
	for ctx.Err() == nil {
		m, err := q.consumer.Next(jetstream.FetchMaxWait(time.Second))
		switch {
		case errors.Is(err, nats.ErrTimeout):
			if left, err := q.left(ctx); err != nil || !left {
				return err
			}
			continue
		case err != nil:
			return err
		}
		if err := q.do(ctx, m, command, said); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// left reports whether a shard waits or is at work; shards that failed too often are an error.
func (q *queue) left(ctx context.Context) (bool, error) {
	consumer, err := q.consumer.Info(ctx)
	if err != nil {
		return false, err
	}
	if consumer.NumPending > 0 || consumer.NumAckPending > 0 {
		return true, nil
	}
	info, err := q.stream.Info(ctx)
	if err == nil && info.State.Msgs > 0 {
		err = fmt.Errorf("%d shards failed %d times each", info.State.Msgs, q.attempts)
	}
	return false, err
}

// retryAfter is how long a shard waits that failed.
const retryAfter = time.Second

// do runs the command for a shard. The queue hears that it is under way, and of its end.
func (q *queue) do(ctx context.Context, m jetstream.Msg, command []string, said io.Writer) error {
	shard := string(m.Data())
	args := make([]string, len(command))
	for i, a := range command {
		args[i] = strings.ReplaceAll(a, "{}", shard)
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Stdout, c.Stderr = os.Stdout, said
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = q.patience
	if err := c.Start(); err != nil {
		return errors.Join(err, m.Nak()) // on this machine no shard can be solved
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	alive := time.NewTicker(q.patience / 3)
	defer alive.Stop()
	for {
		select {
		case err := <-done:
			if err == nil {
				return m.DoubleAck(context.WithoutCancel(ctx))
			}
			fmt.Fprintf(said, "neuralode-worker: shard %s: %v\n", shard, err)
			return m.NakWithDelay(retryAfter)
		case <-alive.C:
			_ = m.InProgress() // else the shard goes to another, which finds it done
		}
	}
}
