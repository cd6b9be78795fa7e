// Package python finds, for tests, an interpreter that has the libraries of requirements.txt: others' readers and
// solvers are the oracles of what this program writes.
package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Require names that what cannot run is a failure.
const Require = "NEURALODE_REQUIRE_PYTHON_TESTS"

// Interpreter is that of NEURALODE_PYTHON, else the one that make python puts into the cache folder of the repository,
// which is at root. Without one the test is skipped, or fails where [Require] is set.
func Interpreter(t *testing.T, root string) string {
	t.Helper()
	found := os.Getenv("NEURALODE_PYTHON")
	if found == "" {
		found = filepath.Join(root, ".cache", "python", "bin", "python")
	}
	found, err := exec.LookPath(found)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	if err == nil {
		return found
	}
	if os.Getenv(Require) != "" {
		t.Fatalf("no Python with the libraries: run make python (%v)", err)
	}
	t.Skip("SKIPPED, not read by other programs: make python fetches them")
	return ""
}

// Run runs a script and returns what it prints; a script that fails fails the test.
func Run(t *testing.T, root, script string, args ...string) []byte {
	t.Helper()
	c := exec.Command(Interpreter(t, root), append([]string{script}, args...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}
