//go:build gpu && cgo && linux

package cuda_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"neuralode/cuda"
	"neuralode/cuda/driver/drivertest"
	"neuralode/cuda/kernels"
	"neuralode/cuda/kernels/emulate"
)

// deviceVariable asks for the tests on the GPU of this machine instead of the emulated one.
const deviceVariable = "NEURALODE_TEST_DEVICE"

// emulationVariable is where the fake compiler keeps what it makes, in the processes that have the fakes.
const emulationVariable = "FAKE_NVRTC_EMULATION"

// folder is that of the emulation, the same for all tests, so that each kernel is compiled once.
var folder string

func TestMain(m *testing.M) {
	folder = os.Getenv(emulationVariable)
	inherited := folder != ""
	if !inherited {
		var err error
		if folder, err = os.MkdirTemp("", "neuralode-emulation-"); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	drivertest.Clean()
	if !inherited {
		_ = os.RemoveAll(folder) // for temporary files: nothing depends on it
	}
	os.Exit(code)
}

// onDevice reports whether this process has a GPU for the test: the machine's, where deviceVariable asks for it, or an
// emulated one. If not, the test has been run in a process that has.
func onDevice(t *testing.T, settings ...string) bool {
	t.Helper()
	if os.Getenv(deviceVariable) != "" {
		return true
	}
	return drivertest.InFake(t, append(emulation(t), settings...)...)
}

// emulation is the environment of a process with an emulated GPU, beside that of drivertest.
func emulation(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("g++"); err != nil {
		drivertest.Skip(t, "no g++ for the emulated GPU")
	}
	header := filepath.Join(folder, "emulation.h")
	if _, err := os.Stat(header); err != nil {
		if err := os.WriteFile(header, []byte(emulate.Header()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{emulationVariable + "=" + folder, "NEURALODE_CACHE=" + filepath.Join(folder, "cache"),
		"FAKE_CUDA_MEMORY=1000000000"}
}

// open opens the GPU; it is closed, with nothing left open, when the test ends.
func open(t *testing.T) *cuda.Backend {
	t.Helper()
	o := cuda.Options{}
	if os.Getenv(deviceVariable) == "" {
		o.Small = 16
		// an emulated row costs as much when it is idle
		o.Wide = kernels.WideConfig{Tile: 8, Threads: 32, RowThreads: 32}
	}
	b, err := cuda.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}
