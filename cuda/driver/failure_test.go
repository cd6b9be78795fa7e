//go:build gpu && cgo && linux

package driver_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
)

// roundTrip does everything that a solve does and closes everything, also after an error, which it returns.
func roundTrip() (err error) {
	if _, err := driver.Devices(); err != nil {
		return err
	}
	d, err := driver.Open(0)
	if err != nil {
		return err
	}
	closing := func(c interface{ Close() error }) {
		if e := c.Close(); err == nil {
			err = e
		}
	}
	defer func() { closing(d) }()
	image, _, err := driver.Compile("source", driver.Options{Architecture: "sm_90", NoCache: true})
	if err != nil {
		return err
	}
	m, err := d.LoadModule(image)
	if err != nil {
		return err
	}
	defer func() { closing(m) }()
	s, err := d.NewStream()
	if err != nil {
		return err
	}
	defer func() { closing(s) }()
	return work(d, m, s)
}

func work(d *driver.Device, m *driver.Module, s *driver.Stream) (err error) {
	var open []interface{ Close() error }
	defer func() {
		for _, c := range open {
			if e := c.Close(); err == nil {
				err = e
			}
		}
	}()
	b, err := d.Alloc(1024)
	if err != nil {
		return err
	}
	open = append(open, b)
	b2, err := s.Alloc(1024)
	if err != nil {
		return err
	}
	open = append(open, b2)
	h, err := d.AllocHost(1024)
	if err != nil {
		return err
	}
	open = append(open, h)
	e, err := d.NewEvent()
	if err != nil {
		return err
	}
	open = append(open, e)
	blas, err := s.NewBLAS()
	if err != nil {
		return err
	}
	open = append(open, blas)
	f, err := m.Function("scale")
	if err != nil {
		return err
	}
	if err := run(s, f, b, b2, h, e); err != nil {
		return err
	}
	g, err := s.Capture(func() error { return launch(s, f, b) })
	if err != nil {
		return err
	}
	open = append(open, g)
	matrix := driver.Matrix{Data: b.Pointer(), Stride: 2}
	return first(
		func() error { return s.LaunchGraph(g) },
		func() error { return blas.SetMath(driver.TF32) },
		func() error { return blas.Sgemm(false, false, 2, 2, 2, 1, matrix, matrix, 0, matrix) },
		s.Synchronize, d.Synchronize,
		func() error { _, _, err := d.Memory(); return err },
	)
}

func run(s *driver.Stream, f *driver.Function, b, b2 *driver.Buffer, h *driver.HostBuffer, e *driver.Event) error {
	return first(
		func() error { return f.SetMaxShared(100 << 10) },
		func() error { _, err := f.Info(); return err },
		func() error { _, err := f.Occupancy(128, 0); return err },
		func() error { return s.Upload(b, 0, make([]byte, 64)) },
		func() error { return s.UploadAsync(b, 0, h, 0, 64) },
		func() error { return launch(s, f, b) },
		func() error { return s.Copy(b2, 0, b, 0, 64) },
		func() error { return s.Fill(b2, 0, 64, 0) },
		func() error { return s.Record(e) },
		func() error { return s.Wait(e) },
		e.Synchronize,
		func() error { _, err := e.Since(e); return err },
		func() error { return s.DownloadAsync(h, 0, b, 0, 64) },
		func() error { _, err := s.Done(); return err },
		func() error { return s.Download(make([]byte, 64), b2, 0) },
	)
}

func launch(s *driver.Stream, f *driver.Function, b *driver.Buffer) error {
	return s.Launch(f, driver.Dim{X: 1}, driver.Dim{X: 32}, 0, b, int32(16), float32(2))
}

// first returns the first error.
func first(calls ...func() error) error {
	for _, call := range calls {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

// TestRoundTrip is what the tests below run in a process of its own; the variable WANT_ERROR has the text that its error
// must have, or is empty where it must succeed.
func TestRoundTrip(t *testing.T) {
	if os.Getenv("FAKE_CUDA_REPORT") == "" {
		t.Skip("run by TestEveryCallFails")
	}
	err := roundTrip()
	want := os.Getenv("WANT_ERROR")
	if want == "" && err != nil {
		t.Error(err)
	}
	if e, ok := err.(*driver.Error); want != "" && (!ok || !strings.Contains(e.Error(), want) || e.Call == "" || e.Remedy == "") {
		t.Errorf("got %v (a %T), want an *Error with %q and a remedy", err, err, want)
	}
	if live := driver.Live(); !live.IsZero() {
		t.Errorf("left open: %v", live)
	}
}

// runRoundTrip runs TestRoundTrip in a process and returns the fake driver's count of calls and of objects left.
func runRoundTrip(t *testing.T, settings ...string) (calls, live int) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report")
	out, err := drivertest.Run(t, "TestRoundTrip", append(settings, "FAKE_CUDA_REPORT="+report)...)
	if err != nil {
		t.Errorf("%v: %v\n%s", settings, err, out)
		return 0, 0
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(text), "calls %d live %d", &calls, &live); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return calls, live
}

// TestEveryCallFails lets each call of the driver in a round trip fail in turn, once harmlessly, with too little memory, and
// once fatally: always it returns that error and nothing is left, in the program or in the driver.
func TestEveryCallFails(t *testing.T) {
	calls, live := runRoundTrip(t)
	if calls < 100 || live != 0 {
		t.Fatalf("%d calls, %d objects left", calls, live)
	}
	for _, code := range []struct {
		number int
		want   string
	}{{2, "CUDA_ERROR_OUT_OF_MEMORY (2)"}, {700, "CUDA_ERROR_ILLEGAL_ADDRESS (700)"}} {
		step := 1
		if testing.Short() {
			step = 7
		}
		each(calls/step, func(i int) {
			n := i * step
			fail := fmt.Sprintf("FAKE_CUDA_FAIL=%d:%d", n, code.number)
			if _, live := runRoundTrip(t, fail, "WANT_ERROR="+code.want); live != 0 {
				t.Errorf("%s: %d objects left", fail, live)
			}
		})
	}
}

// each calls f with 1 to n, some at a time.
func each(n int, f func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := 1; i <= n; i++ {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	group.Wait()
}

// TestEveryLibraryCallFails does the same with the calls of NVRTC and cuBLAS.
func TestEveryLibraryCallFails(t *testing.T) {
	for _, c := range []struct {
		variable, want string
		calls          int
	}{
		{"FAKE_NVRTC_FAIL", "NVRTC_ERROR_INTERNAL_ERROR (11)", 9},
		{"FAKE_CUBLAS_FAIL", "CUDA_ERROR_OUT_OF_MEMORY (3)", 6},
	} {
		each(c.calls, func(n int) {
			code := 11
			if c.variable == "FAKE_CUBLAS_FAIL" {
				code = 3
			}
			if _, live := runRoundTrip(t, fmt.Sprintf("%s=%d:%d", c.variable, n, code), "WANT_ERROR="+c.want); live != 0 {
				t.Errorf("%s, call %d: %d objects left", c.variable, n, live)
			}
		})
	}
}

func TestErrorsAreTyped(t *testing.T) {
	var e *driver.Error
	_, err := driver.Open(-1)
	if !errors.As(err, &e) {
		t.Errorf("got a %T", err)
	}
}
