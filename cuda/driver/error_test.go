package driver_test

import (
	"errors"
	"fmt"
	"testing"

	"neuralode/cuda/driver"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  driver.Error
		want string
	}{
		{driver.Error{Call: "Open", Name: driver.NotBuilt, Remedy: "do"}, "cuda: Open: NOT_BUILT: do"},
		{driver.Error{Call: "cuMemAlloc", Code: 2, Name: driver.OutOfMemory, Remedy: "do"}, "cuda: cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (2): do"},
		{driver.Error{Call: "cuX", Code: 98765, Name: driver.UnknownError}, "cuda: cuX: UNKNOWN_ERROR (98765)"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestErrorIsComparesNames(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", &driver.Error{Call: "Open", Name: driver.NoDriver, Remedy: "x"})
	if !errors.Is(err, &driver.Error{Name: driver.NoDriver}) {
		t.Error("the same name is not recognised")
	}
	if errors.Is(err, &driver.Error{Name: driver.NotBuilt}) || errors.Is(err, &driver.Error{Call: "Open", Name: driver.NoDriver}) {
		t.Error("a different error is recognised")
	}
}

func TestCountsText(t *testing.T) {
	for _, c := range []struct {
		counts driver.Counts
		want   string
	}{
		{driver.Counts{}, "nothing"},
		{driver.Counts{Buffers: 2, Bytes: 512, Streams: 1}, "2 buffers (512 bytes), 1 stream"},
		{driver.Counts{Devices: 1, HostBuffers: 1, HostBytes: 8, BLAS: 2}, "1 device, 1 host buffer (8 bytes), 2 BLAS handles"},
	} {
		if got := c.counts.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
