//go:build gpu && cgo && linux

package driver_test

import (
	"slices"
	"testing"

	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
)

// TestGPU takes a kernel from its source to its result on a real GPU: launched, from a graph, in memory of both sorts.
func TestGPU(t *testing.T) {
	drivertest.NVRTC(t)
	t.Setenv("NEURALODE_CACHE", t.TempDir())
	d := drivertest.Device(t)
	architecture, err := driver.Architecture(d.Info().Compute)
	check(t, err)
	image, log, err := driver.Compile(kernel, driver.Options{Architecture: architecture})
	if err != nil {
		t.Fatal(err, log)
	}
	m := must[*driver.Module](t)(d.LoadModule(image))
	f := function(t, m, "scale")
	s := newStream(t, d)
	h := must[*driver.HostBuffer](t)(d.AllocHost(4000))
	buffers := []*driver.Buffer{must[*driver.Buffer](t)(d.Alloc(4000))}
	if d.Info().MemoryPools {
		buffers = append(buffers, must[*driver.Buffer](t)(s.Alloc(4000)))
	}
	for _, b := range buffers {
		testOnGPU(t, d, s, f, b, h)
	}
	info, err := f.Info()
	if err != nil || info.Registers == 0 || info.MaxThreads < 32 {
		t.Errorf("got %+v, %v", info, err)
	}
	if n, err := f.Occupancy(128, 0); n < 1 || err != nil {
		t.Errorf("got %d blocks, %v", n, err)
	}
	t.Logf("%v, driver %v, NVRTC %v, %s, %+v", d.Info(), d.Info().Driver, d.Info().NVRTC, architecture, info)
}

func testOnGPU(t *testing.T, d *driver.Device, s *driver.Stream, f *driver.Function, b *driver.Buffer, h *driver.HostBuffer) {
	t.Helper()
	x := make([]float32, 1000)
	for i := range x {
		x[i] = float32(i)
	}
	scale := func(by float32) error {
		return s.Launch(f, driver.Dim{X: 8}, driver.Dim{X: 128}, 0, b, int32(900), by)
	}
	start := must[*driver.Event](t)(d.NewEvent())
	end := must[*driver.Event](t)(d.NewEvent())
	check(t, s.Upload(b, 0, driver.AsBytes(x)), s.Record(start), scale(2), s.Record(end))
	g := must[*driver.Graph](t)(s.Capture(func() error { return first(func() error { return scale(3) }, func() error { return scale(0.5) }) }))
	check(t, s.LaunchGraph(g), s.LaunchGraph(g), s.DownloadAsync(h, 0, b, 0, 4000), s.Synchronize())
	for i := range 900 {
		x[i] *= 2 * 1.5 * 1.5
	}
	if got := driver.View[float32](h); !slices.Equal(got, x) {
		t.Errorf("got %v..., want %v...", got[:4], x[:4])
	}
	if took, err := end.Since(start); took < 0 || err != nil {
		t.Errorf("it took %v, %v", took, err)
	}
}

// TestGPULost: a real illegal address is told as such. It runs in a process of its own, which cannot use the GPU after.
func TestGPULost(t *testing.T) {
	drivertest.NVRTC(t)
	if !drivertest.Alone(t) {
		return
	}
	d, err := driver.Open(0)
	if err != nil {
		drivertest.SkipGPU(t, err.Error())
	}
	architecture, err := driver.Architecture(d.Info().Compute)
	check(t, err)
	image, _, err := driver.Compile(kernel, driver.Options{Architecture: architecture, NoCache: true})
	check(t, err)
	m, err := d.LoadModule(image)
	check(t, err)
	s, err := d.NewStream()
	check(t, err)
	check(t, s.Launch(function(t, m, "scale"), driver.Dim{X: 1}, driver.Dim{X: 32}, 0, driver.Pointer(64), int32(32), float32(2)))
	err = s.Synchronize()
	if e, ok := err.(*driver.Error); !ok || e.Code != 700 || d.Err() != err {
		t.Errorf("got %v, and %v after", err, d.Err())
	}
	for _, c := range []interface{ Close() error }{s, m, d} {
		if c.Close() != err {
			t.Errorf("closing a %T: want the same error", c)
		}
	}
	if live := driver.Live(); !live.IsZero() {
		t.Errorf("left open: %v", live)
	}
}
