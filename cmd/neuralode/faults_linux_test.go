package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"neuralode/train"
)

// faults are the system calls that files are written with, and an error that each may have.
var faults = []struct{ call, err string }{
	{"write", "ENOSPC"}, {"fsync", "EIO"}, {"renameat", "EIO"}, {"linkat", "EPERM"}, {"flock", "ENOLCK"}, {"openat", "EACCES"},
	{"unlinkat", "EIO"}, {"close", "EIO"}, {"newfstatat", "EIO"}, {"openat", "EMFILE"}, {"write", "EIO"}, {"pwrite64", "ENOSPC"},
	{"linkat", "ENOSPC"}, {"mkdirat", "ENOSPC"}, {"ftruncate", "EIO"}, {"fchmod", "EPERM"},
	{"read", "EIO"}, {"pread64", "EIO"}, {"renameat", "ENOSPC"}, {"fsync", "ENOSPC"},
}

// disturbed runs this binary as the program, whose nth system call of a kind fails, and returns how it ended and the
// call that failed, "" when there were fewer.
func disturbed(t *testing.T, call, err string, n int, args ...string) (status int, out, said, failed string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "calls")
	inject := fmt.Sprintf("inject=%s:error=%s:when=%d", call, err, n)
	strace := []string{"-f", "-qq", "-y", "--seccomp-bpf", "-o", log, "-e", "trace=" + call, "-e", inject, "--"}
	p, stderr := program(t, args...)
	p.Args = append(append([]string{"strace"}, strace...), append([]string{os.Args[0]}, args...)...)
	var path error
	if p.Path, path = exec.LookPath("strace"); path != nil {
		t.Skip(path)
	}
	var stdout bytes.Buffer
	p.Stdout = &stdout
	if err := p.Start(); err != nil {
		t.Skip(err)
	}
	status = ended(t, p)
	calls, readErr := os.ReadFile(log)
	if readErr != nil {
		t.Skip("strace cannot trace here: ", stderr.String())
	}
	return status, stdout.String(), stderr.String(), injected.FindString(string(calls))
}

var injected = regexp.MustCompile(`(?m)^.*\(INJECTED\)$`)

// TestFaultsWhileTraining lets system calls of a training fail, one in each: it ends well, or refuses clearly and goes
// on afterwards as if nothing had been.
func TestFaultsWhileTraining(t *testing.T) {
	survivesFaults(t, 9, func(string) {}, func(dir string) []string { return tiny("--out", dir) })
}

// TestFaultsWhileResuming does the same to a training that goes on.
func TestFaultsWhileResuming(t *testing.T) {
	short := filepath.Join(t.TempDir(), "short")
	succeed(t, tiny("--out", short, "--iterations", "5")...)
	begin := func(dir string) {
		if err := os.CopyFS(dir, os.DirFS(short)); err != nil {
			t.Fatal(err)
		}
	}
	survivesFaults(t, 4, begin, func(dir string) []string {
		return []string{"train", "--resume", dir, "--iterations", "20", "--no-figures", "--device", "cpu"}
	})
}

// survivesFaults disturbs a training that command makes after begin.
func survivesFaults(t *testing.T, kinds int, begin func(dir string), command func(dir string) []string) {
	t.Helper()
	want := tinyModel(t)
	tried, harmless := 0, 0
	eachFault(t, kinds, func(call, err string, n int) bool {
		dir := filepath.Join(t.TempDir(), "run")
		begin(dir)
		status, _, said, failed := disturbed(t, call, err, n, command(dir)...)
		what := fmt.Sprintf("%s (%s)", failed, said)
		switch {
		case failed == "":
			return false
		case isOfRuntime(failed):
			return true
		case status == 0:
			harmless++
			if !bytes.Equal(modelOf(t, dir), want) {
				t.Errorf("%s: another model", what)
			}
		case !strings.Contains(failed, "write(2<"):
			refusedClearly(t, what, said)
		}
		tried++
		survived(t, what, dir, want)
		return true
	})
	if tried == 0 {
		t.Skip("strace cannot trace here")
	}
	t.Logf("%d faults, %d of them without consequence", tried, harmless)
}

// TestFaultsWhileDrawing does the same to plot: it draws everything, or fails and leaves whole figures.
func TestFaultsWhileDrawing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny("--out", dir)...)
	succeed(t, "plot", dir, "--device", "cpu")
	tried, harmless := 0, 0
	eachFault(t, 3, func(call, err string, n int) bool {
		status, out, said, failed := disturbed(t, call, err, n, "plot", dir, "--device", "cpu")
		what := fmt.Sprintf("%s (%s)", failed, said)
		switch {
		case failed == "":
			return false
		case isOfRuntime(failed):
			return true
		case status == 0 && strings.Count(out, ".png") != 3:
			t.Errorf("%s: success with %s", what, out)
		case status == 0:
			harmless++
		case strings.Count(said, "neuralode: ") != 1:
			t.Errorf("%s: not said once", what)
		default:
			refusedClearly(t, what, said)
		}
		tried++
		for _, name := range []string{"loss.png", "dynamics.png", "decision.png"} {
			whole(t, what, filepath.Join(dir, name))
		}
		return true
	})
	if tried == 0 {
		t.Skip("strace cannot trace here")
	}
	t.Logf("%d faults, %d of them without consequence", tried, harmless)
	if r, err := train.ResumeRun(dir, train.Resumption{}); err != nil {
		t.Error(err)
	} else {
		r.Close()
	}
}

// eachFault tries every one of each kind of fault, until try says that there is no nth; in short trials that many
// kinds, in the third call of each.
func eachFault(t *testing.T, kinds int, try func(call, err string, n int) bool) {
	t.Helper()
	if !longTrials {
		for _, f := range faults[:kinds] {
			try(f.call, f.err, 3)
		}
		return
	}
	for _, f := range faults {
		for n := 1; try(f.call, f.err, n); n++ {
		}
	}
}

// isOfRuntime reports a call that the language's runtime makes for itself, before the program begins or to wake a
// thread.
func isOfRuntime(failed string) bool {
	return strings.Contains(failed, "anon_inode") || strings.Contains(failed, "/lib/") ||
		strings.Contains(failed, "/etc/ld.so") ||
		strings.Contains(failed, "hugepage")
}

func whole(t *testing.T, what, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Errorf("%s: %s: %v", what, path, err)
	}
}
