package safetensors

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestNamedPipe opens what another process writes into a pipe, as a shell's <(...) does.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	go func() { _ = os.WriteFile(path, []byte(fromPython), 0) }()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	check(t, r, pythonFiles[fromPython])
}
