//go:build !(gpu && cgo && linux)

package driver_test

import (
	"errors"
	"testing"

	"neuralode/cuda/driver"
)

// TestNotBuilt: without CUDA every way in says so.
func TestNotBuilt(t *testing.T) {
	_, open := driver.Open(0)
	_, devices := driver.Devices()
	_, _, compile := driver.Compile("", driver.Options{Architecture: "sm_90"})
	_, architecture := driver.Architecture(driver.Version{Major: 9})
	for call, err := range map[string]error{
		"Open": open, "Devices": devices, "Compile": compile, "Architecture": architecture, "NVRTC": driver.NVRTC().Err,
	} {
		if !errors.Is(err, &driver.Error{Name: driver.NotBuilt}) {
			t.Errorf("%s: got %v, want %s", call, err, driver.NotBuilt)
		}
	}
	if live := driver.Live(); !live.IsZero() {
		t.Errorf("left open: %v", live)
	}
}
