//go:build gpu && cgo && linux

package driver_test

import (
	"errors"
	"strings"
	"testing"

	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
)

// wantOpenError demands that Open(0) fails with that name and a text that has all of parts.
func wantOpenError(t *testing.T, name string, parts ...string) {
	t.Helper()
	d, err := driver.Open(0)
	if d != nil || !errors.Is(err, &driver.Error{Name: name}) {
		t.Fatalf("Open: got %v, want %s", err, name)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error lacks %q: %v", p, err)
		}
	}
	if live := driver.Live(); !live.IsZero() {
		t.Errorf("left open: %v", live)
	}
}

func TestOpenWithoutDriver(t *testing.T) {
	if drivertest.InFake(t, "LD_LIBRARY_PATH="+t.TempDir()) {
		if _, err := driver.Devices(); !errors.Is(err, &driver.Error{Name: driver.NoDriver}) {
			t.Skip("this machine has a driver")
		}
		wantOpenError(t, driver.NoDriver, "no libcuda", "libcuda.so.1: cannot open")
	}
}

func TestOpenWithoutDevice(t *testing.T) {
	if drivertest.InFake(t, "FAKE_CUDA_DEVICES=0") {
		wantOpenError(t, driver.NoDevice, "nvidia-smi")
	}
}

func TestOpenInitFailsWithoutDevice(t *testing.T) {
	if drivertest.InFake(t, "FAKE_CUDA_INIT=100") {
		wantOpenError(t, driver.NoDevice, "nvidia-smi")
	}
}

func TestOpenInitFails(t *testing.T) {
	if drivertest.InFake(t, "FAKE_CUDA_INIT=803") {
		wantOpenError(t, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "cuInit", "803", "restart the machine")
	}
}

func TestOpenDriverTooOld(t *testing.T) {
	if drivertest.InFake(t, "FAKE_CUDA_VERSION=11030") {
		wantOpenError(t, driver.DriverTooOld, "11.3", "11.4", "update")
	}
}

func TestOpenWithoutNVRTC(t *testing.T) {
	if drivertest.InFake(t, "NEURALODE_NVRTC=/nowhere/libnvrtc.so") {
		wantOpenError(t, driver.NoNVRTC, "/nowhere/libnvrtc.so", "make nvrtc")
	}
}

func TestOpenNVRTCTooNew(t *testing.T) {
	if drivertest.InFake(t, "FAKE_NVRTC_VERSION=13") {
		wantOpenError(t, driver.NoNVRTC, "13.9", "12.9", "too new")
	}
}

func TestOpenUnknownOrdinal(t *testing.T) {
	if !drivertest.InFake(t, "FAKE_CUDA_DEVICES=2") {
		return
	}
	for _, n := range []int{-1, 2} {
		if _, err := driver.Open(n); !errors.Is(err, &driver.Error{Name: driver.InvalidUse}) {
			t.Errorf("Open(%d): %v", n, err)
		}
	}
	d, err := driver.Open(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestDevices(t *testing.T) {
	if !drivertest.InFake(t, "FAKE_CUDA_DEVICES=2") {
		return
	}
	infos, err := driver.Devices()
	if err != nil || len(infos) != 2 {
		t.Fatalf("got %v, %v", infos, err)
	}
	i := infos[1]
	if i.Ordinal != 1 || i.Name != "Fake GPU 1" || i.Memory != 1<<20 || i.Compute != (driver.Version{Major: 9}) || !i.MemoryPools {
		t.Errorf("got %+v", i)
	}
	if want := (driver.Version{Major: 12, Minor: 9}); i.Driver != want || i.NVRTC.Version != want || i.CUBLAS.Version != want {
		t.Errorf("versions: driver %v, NVRTC %v, cuBLAS %v", i.Driver, i.NVRTC, i.CUBLAS)
	}
	if got, want := i.String(), "Fake GPU 1 (0.0 GiB, sm_90)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDevicesWithoutCUBLAS(t *testing.T) {
	if !drivertest.InFake(t, "NEURALODE_CUBLAS=/nowhere.so") {
		return
	}
	infos, err := driver.Devices()
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(infos[0].CUBLAS.Err, &driver.Error{Name: driver.NoCUBLAS}) {
		t.Errorf("cuBLAS: %v", infos[0].CUBLAS)
	}
	s := newStream(t, open(t))
	if _, err := s.NewBLAS(); !errors.Is(err, &driver.Error{Name: driver.NoCUBLAS}) {
		t.Errorf("NewBLAS: %v", err)
	}
}

// open opens the first device and checks at the end of the test that nothing is left open.
func open(t *testing.T) *driver.Device {
	t.Helper()
	d, err := driver.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if live := driver.Live(); !live.IsZero() {
			t.Errorf("left open: %v", live)
		}
	})
	return d
}

// must closes what a constructor returned when the test ends.
func must[T interface{ Close() error }](t *testing.T) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
			if err := x.Close(); err != nil {
				t.Errorf("the second Close: %v", err)
			}
		})
		return x
	}
}

func newStream(t *testing.T, d *driver.Device) *driver.Stream {
	t.Helper()
	return must[*driver.Stream](t)(d.NewStream())
}

func TestCloseBeforeWhatIsOpen(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d, err := driver.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Alloc(100)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Close()
	if !errors.Is(err, &driver.Error{Name: driver.LeftOpen}) || !strings.Contains(err.Error(), "1 buffer (100 bytes)") {
		t.Errorf("Close: %v", err)
	}
	if _, err := d.Alloc(1); !errors.Is(err, &driver.Error{Name: driver.InvalidUse}) {
		t.Errorf("Alloc on a closed device: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("closing the buffer late: %v", err)
	}
	if live := driver.Live(); !live.IsZero() {
		t.Errorf("left open: %v", live)
	}
}

// TestLost: after an illegal address the device returns that error whatever is asked, and still closes.
func TestLost(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d, err := driver.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := d.NewStream()
	b, _ := d.Alloc(64)
	m, _ := d.LoadModule([]byte("code"))
	boom, err := m.Function("boom")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Launch(boom, driver.Dim{X: 1}, driver.Dim{X: 32}, 0); err != nil {
		t.Fatalf("a launch does not know yet: %v", err)
	}
	want := s.Synchronize()
	if !errors.Is(want, &driver.Error{Name: "CUDA_ERROR_ILLEGAL_ADDRESS"}) || d.Err() != want {
		t.Fatalf("Synchronize: %v, Err: %v", want, d.Err())
	}
	_, alloc := d.Alloc(1)
	_, module := d.LoadModule([]byte("code"))
	for i, got := range []error{
		alloc, module, s.Upload(b, 0, make([]byte, 4)), d.Synchronize(), s.Launch(boom, driver.Dim{}, driver.Dim{}, 0),
		b.Close(), m.Close(), s.Close(), d.Close(),
	} {
		if got != want {
			t.Errorf("call %d: got %v, want %v", i, got, want)
		}
	}
	if live := driver.Live(); !live.IsZero() {
		t.Errorf("left open: %v", live)
	}
}
