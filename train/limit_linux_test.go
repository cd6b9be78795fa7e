package train_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"neuralode/train"
)

// TestNothingStaysOfARunThatCannotBegin makes a run where the configuration can be written, and the first checkpoint
// not. A process of its own has the limit: other files that a test writes must not meet it.
func TestNothingStaysOfARunThatCannotBegin(t *testing.T) {
	if dir := os.Getenv("NEURALODE_TEST_LIMITED"); dir != "" {
		c := small()
		c.Hidden = []int{64, 64}
		if _, err := train.NewRun(dir, c, backend(t), "test"); err == nil {
			t.Error("there is room for a checkpoint")
		}
		return
	}
	root := t.TempDir()
	made, mine := filepath.Join(root, "made"), filepath.Join(root, "mine")
	if err := os.Mkdir(mine, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{made, mine} {
		limited := exec.Command("bash", "-c",
			`ulimit -f 4 && exec "$0" -test.run '^TestNothingStaysOfARunThatCannotBegin$'`, os.Args[0])
		limited.Env = append(os.Environ(), "NEURALODE_TEST_LIMITED="+dir)
		if out, err := limited.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if _, err := os.Stat(made); err == nil {
		t.Error("a folder stays")
	}
	if left, err := os.ReadDir(mine); err != nil || len(left) != 0 {
		t.Errorf("%d files stay (%v)", len(left), err)
	}
}
