package memory

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestProcessLimit runs this test again under ulimit -v: there is less to be had than the limit says, as the process
// has addresses already.
func TestProcessLimit(t *testing.T) {
	if os.Getenv("NEURALODE_TEST_LIMITED") != "" {
		fmt.Println(Available())
		os.Exit(0)
	}
	const limit = 8 << 30
	again := exec.Command("sh", "-c", fmt.Sprintf("ulimit -v %d && exec \"$0\" -test.run TestProcessLimit", limit>>10),
		os.Args[0])
	again.Env = append(os.Environ(), "NEURALODE_TEST_LIMITED=1")
	out, err := again.Output()
	if err != nil {
		t.Skip(err)
	}
	var have float64
	if _, err := fmt.Sscan(string(out), &have); err != nil || !(have > 0 && have < limit) {
		t.Errorf("under a limit of %d there is %q to be had (%v)", limit, out, err)
	}
}
