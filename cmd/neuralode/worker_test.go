//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWorker runs the worker's program with the arguments, and says what to do where there is none.
func TestWorker(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":/bin:/usr/bin")
	if status, _, said := call(t, "worker", "fill", "64"); status != 1 || !strings.Contains(said, "make worker") {
		t.Errorf("status %d, %s", status, said)
	}
	if said := succeed(t, "worker", "--help"); !strings.Contains(said, "make worker builds it") {
		t.Errorf("its help is %q", said)
	}
	script := "#!/bin/sh\necho \"$@\"\ntest $1 = fill\n"
	if err := os.WriteFile(filepath.Join(dir, workerProgram), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if said := succeed(t, "worker", "fill", "--url", "x", "64"); said != "fill --url x 64\n" {
		t.Errorf("%q", said)
	}
	if status, _, said := call(t, "worker", "work"); status != 1 || !strings.Contains(said, "status 1") {
		t.Errorf("status %d, %s", status, said)
	}
}
