package drivertest

import (
	"os"
	"path/filepath"
	"testing"

	"neuralode/cuda/driver"
)

// Required is the environment variable that turns skips into failures: set to anything for what needs no GPU, to "gpu" for
// the tests that need one also.
const Required = "NEURALODE_REQUIRE_CUDA_TESTS"

// Skip skips the test for the reason, or fails it where Required is set.
func Skip(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(Required) != "" {
		t.Fatalf("%s is set: %s", Required, reason)
	}
	t.Skipf("NOT TESTED: %s", reason)
}

// SkipGPU skips the test for want of a GPU, or fails it where Required is "gpu".
func SkipGPU(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(Required) == "gpu" {
		t.Fatalf("%s is gpu: %s", Required, reason)
	}
	t.Skipf("NOT TESTED: no GPU: %s", reason)
}

// NVRTC skips the test where the real NVRTC is missing. It is looked for as driver does it, and where make nvrtc puts it.
// A test that calls it must do so before anything that looks for NVRTC.
func NVRTC(t testing.TB) driver.Library {
	t.Helper()
	if os.Getenv("NEURALODE_NVRTC") == "" {
		if path := fetched(); path != "" {
			os.Setenv("NEURALODE_NVRTC", path) // for the process: driver looks once
		}
	}
	l := driver.NVRTC()
	if l.Err != nil {
		Skip(t, "no NVRTC (try make nvrtc): "+l.Err.Error())
	}
	return l
}

// Device opens the first GPU, or skips the test. The device is closed when the test ends.
func Device(t testing.TB) *driver.Device {
	t.Helper()
	d, err := driver.Open(0)
	if err != nil {
		SkipGPU(t, err.Error())
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// fetched is the NVRTC of make nvrtc in the module's cache, or "".
func fetched() string {
	folder, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return ""
		}
		folder = parent
	}
	found, _ := filepath.Glob(filepath.Join(folder, ".cache", "cuda", "lib", "libnvrtc.so.1?"))
	if len(found) == 0 {
		return ""
	}
	return found[0]
}
