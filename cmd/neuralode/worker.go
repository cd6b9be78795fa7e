package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"
)

// workerProgram is a program of its own, so that its libraries stay out of this one.
const workerProgram = "neuralode-worker"

func (a *app) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "worker [arguments of " + workerProgram + "]",
		Short: "Spread the shards of an ensemble over workers by a queue (" + workerProgram + ")",
		Long: `Run ` + workerProgram + `, which lies beside this program or where the shell finds programs: it puts the shards
of an ensemble into a queue of NATS JetStream, and runs a command for each, on as many machines as you like.
make worker builds it.`,
		Example: `  neuralode worker fill 64
  neuralode worker work -- neuralode solve RUN --points p.npy --out s.npy --shard {}`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := findWorker(); err != nil && len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
				return c.Help() // else its own, which says more
			}
			return a.worker(c.Context(), args)
		},
	}
}

func (a *app) worker(ctx context.Context, args []string) error {
	path, err := findWorker()
	if err != nil {
		return err
	}
	defer gateOf(ctx).close()() // the worker hands its shard back before it ends
	c := exec.CommandContext(ctx, path, args...)
	c.Stdin, c.Stdout, c.Stderr = a.stdin, a.out, a.err
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	err = c.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return fmt.Errorf("%s ended with status %d", workerProgram, exit.ExitCode())
	}
	return err
}

// findWorker is the worker's program beside this one, or where programs are looked for.
func findWorker() (string, error) {
	if own, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(own), workerProgram)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(workerProgram)
	if err != nil {
		return "", fmt.Errorf("%s is not here: make worker builds it, beside this program or anywhere in PATH",
			workerProgram)
	}
	return path, nil
}
