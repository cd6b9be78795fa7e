package train_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"neuralode/train"
)

// TestNothingStaysOfARunThatCannotBegin makes a run where the configuration can be written, and the first checkpoint not.
func TestNothingStaysOfARunThatCannotBegin(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skip(err)
	}
	root := t.TempDir()
	mine := filepath.Join(root, "mine")
	if err := os.Mkdir(mine, 0o755); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Hidden = []int{64, 64}
	limited := before
	limited.Cur = 4096
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Skip(err)
	}
	_, err1 := train.NewRun(filepath.Join(root, "new"), c, backend(t), "test")
	_, err2 := train.NewRun(mine, c, backend(t), "test")
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err1 == nil || err2 == nil {
		t.Fatalf("errors %v, %v", err1, err2)
	}
	if _, err := os.Stat(filepath.Join(root, "new")); err == nil {
		t.Error("a folder stays")
	}
	if left, err := os.ReadDir(mine); err != nil || len(left) != 0 {
		t.Errorf("%d files stay (%v)", len(left), err)
	}
}
