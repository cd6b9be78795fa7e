package driver_test

import (
	"os"
	"testing"

	"neuralode/cuda/driver/drivertest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	drivertest.Clean()
	os.Exit(code)
}
