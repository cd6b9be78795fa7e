//go:build gpu && cgo && linux

package driver_test

import (
	"testing"

	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
)

// BenchmarkLaunch is the host's cost of one launch, and of one graph of ten.
func BenchmarkLaunch(b *testing.B) {
	s, f, x := benchmarkKernel(b)
	b.Run("kernel", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := launch(s, f, x); err != nil {
				b.Fatal(err)
			}
		}
	})
	g, err := s.Capture(func() error {
		for range 10 {
			if err := launch(s, f, x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	b.Run("graph of 10", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := s.LaunchGraph(g); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := s.Synchronize(); err != nil {
		b.Fatal(err)
	}
}

func benchmarkKernel(b *testing.B) (*driver.Stream, *driver.Function, *driver.Buffer) {
	b.Helper()
	drivertest.NVRTC(b)
	d := drivertest.Device(b)
	architecture, err := driver.Architecture(d.Info().Compute)
	if err != nil {
		b.Fatal(err)
	}
	image, _, err := driver.Compile(kernel, driver.Options{Architecture: architecture})
	if err != nil {
		b.Fatal(err)
	}
	m, err := d.LoadModule(image)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.Close() })
	f, err := m.Function("scale")
	if err != nil {
		b.Fatal(err)
	}
	s, err := d.NewStream()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	x, err := d.Alloc(1024)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close() })
	return s, f, x
}
