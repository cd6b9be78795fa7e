//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is far more than what a program that ends takes; one that does not is killed after it.
const patience = 30 * time.Second

// program is this binary as the program. It may be killed; otherwise its end is waited for.
func program(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	p := exec.CommandContext(ctx, os.Args[0], args...)
	p.Env = append(os.Environ(), "NEURALODE_TEST_PROGRAM=1")
	p.Dir = t.TempDir()
	var said bytes.Buffer
	p.Stderr = &said
	return p, &said
}

// ended waits and returns the exit status, −1 for a program that a signal killed.
func ended(t *testing.T, p *exec.Cmd) int {
	t.Helper()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// TestStoppedBeforeTraining sends one signal to programs that read what does not come: each ends at once, and leaves
// nothing.
func TestStoppedBeforeTraining(t *testing.T) {
	dir := trained(t, "--no-figures")
	for name, c := range map[string]struct {
		by     syscall.Signal
		status int
		args   []string
	}{
		"train": {syscall.SIGINT, 130, []string{"train", "--config", "PIPE.toml"}},
		"solve": {syscall.SIGTERM, 143, []string{"solve", dir, "--points", "PIPE.csv"}},
		"eval":  {syscall.SIGTERM, 143, []string{"eval", dir, "--data", "PIPE.csv"}},
	} {
		pipe := filepath.Join(t.TempDir(), "pipe"+filepath.Ext(c.args[len(c.args)-1]))
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Skip(err)
		}
		for i, a := range c.args {
			if strings.HasPrefix(a, "PIPE") {
				c.args[i] = pipe
			}
		}
		p, said := program(t, c.args...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the program to read
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Process.Signal(c.by); err != nil {
			t.Fatal(err)
		}
		if status := ended(t, p); status != c.status || said.String() != "neuralode: stopped\n" {
			t.Errorf("%s: status %d, want %d; %s", name, status, c.status, said)
		}
		if left, err := os.ReadDir(p.Dir); err != nil || len(left) > 0 {
			t.Errorf("%s leaves %v (%v)", name, left, err)
		}
		w.Close()
	}
}

// TestStoppedReadingStandardInput stops a solve that waits for more points.
func TestStoppedReadingStandardInput(t *testing.T) {
	p, said := program(t, "solve", trained(t, "--no-figures"), "--points", "-")
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(bytes.Repeat([]byte("0.5,0.25\n"), 20_000)); err != nil {
		// more than a pipe holds: it is being read
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status := ended(t, p); status != exitInterrupted || said.String() != "neuralode: stopped\n" {
		t.Errorf("status %d: %s", status, said)
	}
}

// TestStoppedWhileTraining sends signals during the training: the checkpoint is written.
func TestStoppedWhileTraining(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	p, said := program(t, quick("--out", dir, "--iterations", "1000000", "--no-figures")...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	metrics := filepath.Join(dir, "metrics.csv")
	for began := time.Now(); time.Since(began) < patience; time.Sleep(time.Millisecond) {
		if rows, _ := os.ReadFile(metrics); bytes.Count(rows, []byte("\n")) > 20 {
			break
		}
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := ended(t, p); status != 143 ||
		!strings.HasSuffix(said.String(), "; go on with: neuralode train --resume "+dir+"\n") {
		t.Errorf("status %d: %s", status, said)
	}
	if out := succeed(t, "eval", dir); !strings.Contains(out, "accuracy") {
		t.Errorf("the stopped run evaluates to %s", out)
	}
}
