//go:build gpu && cgo && linux

package driver_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
)

func wantMisuse(t *testing.T, call string, err error) {
	t.Helper()
	if !errors.Is(err, &driver.Error{Name: driver.InvalidUse}) {
		t.Errorf("%s: got %v, want %s", call, err, driver.InvalidUse)
	}
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
}

func TestCopies(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s := newStream(t, d)
	a := must[*driver.Buffer](t)(d.Alloc(16))
	b := must[*driver.Buffer](t)(s.Alloc(16))
	got := make([]float32, 3)
	check(t,
		s.Upload(a, 4, driver.AsBytes([]float32{1, 2, 3})),
		s.Fill(b, 0, 16, 0),
		s.Copy(b, 0, a, 8, 8),
		s.Download(driver.AsBytes(got), b, 0),
	)
	if want := []float32{2, 3, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	check(t, s.Upload(a, 16, nil), s.Download(nil, a, 16), s.Copy(a, 16, b, 16, 0), s.Fill(a, 0, 0, 1))
	for call, err := range map[string]error{
		"Upload": s.Upload(a, 13, make([]byte, 4)), "Download": s.Download(make([]byte, 17), a, 0),
		"Fill": s.Fill(a, -1, 4, 0), "Copy to": s.Copy(a, 9, b, 0, 8), "Copy from": s.Copy(a, 0, b, 9, 8),
	} {
		wantMisuse(t, call, err)
	}
}

func TestPinnedCopies(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s := newStream(t, d)
	b := must[*driver.Buffer](t)(d.Alloc(16))
	h := must[*driver.HostBuffer](t)(d.AllocHost(32))
	x := driver.View[float64](h)
	if len(x) != 4 || len(h.Bytes()) != 32 {
		t.Fatalf("%d numbers in %d bytes", len(x), len(h.Bytes()))
	}
	copy(x, []float64{1, 2, 3, 4})
	check(t, s.UploadAsync(b, 0, h, 16, 16), s.DownloadAsync(h, 0, b, 0, 16), s.Synchronize())
	if want := []float64{3, 4, 3, 4}; !slices.Equal(x, want) {
		t.Errorf("got %v, want %v", x, want)
	}
	wantMisuse(t, "UploadAsync", s.UploadAsync(b, 0, h, 20, 16))
	wantMisuse(t, "DownloadAsync", s.DownloadAsync(h, 0, b, 8, 16))
	if l, want := d.Live(), (driver.Counts{Buffers: 1, Bytes: 16, HostBuffers: 1, HostBytes: 32, Streams: 1}); l != want {
		t.Errorf("live: got %v, want %v", l, want)
	}
}

func TestMemory(t *testing.T) {
	if !drivertest.InFake(t, "FAKE_CUDA_MEMORY=1000") {
		return
	}
	d := open(t)
	b := must[*driver.Buffer](t)(d.Alloc(600))
	if free, total, err := d.Memory(); free != 400 || total != 1000 || err != nil {
		t.Errorf("got %d of %d, %v", free, total, err)
	}
	_, err := d.Alloc(401)
	if !errors.Is(err, &driver.Error{Name: driver.OutOfMemory}) {
		t.Errorf("got %v, want %s", err, driver.OutOfMemory)
	}
	if d.Err() != nil {
		t.Errorf("too little memory is not fatal: %v", d.Err())
	}
	for _, n := range []int64{0, -1} {
		_, err := d.Alloc(n)
		wantMisuse(t, "Alloc", err)
		_, err = d.AllocHost(n)
		wantMisuse(t, "AllocHost", err)
	}
	check(t, b.Close())
	s := newStream(t, d)
	wantMisuse(t, "a closed buffer", s.Fill(b, 0, 1, 0))
}

// TestLaunch: arguments arrive at the kernel's parameters of four and of eight bytes.
func TestLaunch(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s := newStream(t, d)
	m := must[*driver.Module](t)(d.LoadModule([]byte("code")))
	b := must[*driver.Buffer](t)(d.Alloc(16))
	scale, wide := function(t, m, "scale"), function(t, m, "wide")
	one, block := driver.Dim{X: 1}, driver.Dim{X: 32}

	x := []float32{1, 2, 3, 4}
	check(t, s.Upload(b, 0, driver.AsBytes(x)), s.Launch(scale, one, block, 0, b.At(4), int32(2), float32(10)),
		s.Download(driver.AsBytes(x), b, 0))
	if want := []float32{1, 20, 30, 4}; !slices.Equal(x, want) {
		t.Errorf("got %v, want %v", x, want)
	}
	y := []float64{1, 2}
	check(t, s.Upload(b, 0, driver.AsBytes(y)), s.Launch(wide, one, block, 0, b, int64(2), -0.5),
		s.Download(driver.AsBytes(y), b, 0))
	if want := []float64{-0.5, -1}; !slices.Equal(y, want) {
		t.Errorf("got %v, want %v", y, want)
	}
}

func function(t *testing.T, m *driver.Module, name string) *driver.Function {
	t.Helper()
	f, err := m.Function(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLaunchMisuse(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s := newStream(t, d)
	m := must[*driver.Module](t)(d.LoadModule([]byte("code")))
	f := function(t, m, "scale")
	one := driver.Dim{X: 1}
	closed, err := d.Alloc(4)
	check(t, err, closed.Close())
	for name, arguments := range map[string][]any{
		"int": {1}, "string": {"x"}, "nil": {nil}, "slice": {[]float32{1}}, "closed": {closed}, "bool": {true},
	} {
		wantMisuse(t, name, s.Launch(f, one, one, 0, arguments...))
	}
	wantMisuse(t, "negative grid", s.Launch(f, driver.Dim{X: -1}, one, 0))
	wantMisuse(t, "negative shared memory", s.Launch(f, one, one, -1))
	err = s.Launch(f, one, driver.Dim{X: 1025}, 0, driver.Pointer(0), int32(0), float32(0))
	if err == nil || !strings.HasPrefix(err.Error(), "cuda: cuLaunchKernel(scale): CUDA_ERROR_INVALID_VALUE (1): ") {
		t.Errorf("a block too large: %v", err)
	}
	check(t, m.Close())
	wantMisuse(t, "closed module", s.Launch(f, one, one, 0))
}

func TestModule(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	m := must[*driver.Module](t)(d.LoadModule([]byte("code\x00with zeros")))
	f := function(t, m, "scale")
	if i, err := f.Info(); err != nil || i != (driver.FunctionInfo{Registers: 40, Local: 30, Shared: 10, Constant: 20}) || f.Name() != "scale" {
		t.Errorf("got %+v, %v", i, err)
	}
	check(t, f.SetMaxShared(200<<10))
	if err := f.SetMaxShared(300 << 10); err == nil {
		t.Error("300 KiB of shared memory were allowed")
	}
	if n, err := f.Occupancy(256, 0); n != 8 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if p, bytes, err := m.Global("table"); p == 0 || bytes != 8 || err != nil {
		t.Errorf("got %v, %d, %v", p, bytes, err)
	}
	_, err := m.Function("nothing")
	if e, ok := err.(*driver.Error); !ok || e.Call != "cuModuleGetFunction(nothing)" || e.Name != "CUDA_ERROR_NOT_FOUND" {
		t.Errorf("got %v", err)
	}
	_, err = d.LoadModule(nil)
	wantMisuse(t, "LoadModule", err)
}

func TestEvents(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s, other := newStream(t, d), newStream(t, d)
	start := must[*driver.Event](t)(d.NewEvent())
	end := must[*driver.Event](t)(d.NewEvent())
	check(t, s.Record(start), s.Record(end), other.Wait(end), end.Synchronize())
	if took, err := end.Since(start); took != 1500*time.Microsecond || err != nil {
		t.Errorf("got %v, %v", took, err)
	}
	if done, err := s.Done(); !done || err != nil {
		t.Errorf("got %v, %v", done, err)
	}
	check(t, end.Close())
	wantMisuse(t, "Record", s.Record(end))
	wantMisuse(t, "Wait", s.Wait(end))
	_, err := start.Since(end)
	wantMisuse(t, "Since", err)
}

func TestBusyStream(t *testing.T) {
	if !drivertest.InFake(t, "FAKE_CUDA_BUSY=1") {
		return
	}
	if done, err := newStream(t, open(t)).Done(); done || err != nil {
		t.Errorf("got %v, %v", done, err)
	}
}

func TestGraph(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s := newStream(t, d)
	m := must[*driver.Module](t)(d.LoadModule([]byte("code")))
	b := must[*driver.Buffer](t)(d.Alloc(8))
	f := function(t, m, "scale")
	x := []float32{1, 2}
	check(t, s.Upload(b, 0, driver.AsBytes(x)))
	g := must[*driver.Graph](t)(s.Capture(func() error {
		wantMisuse(t, "Upload", s.Upload(b, 0, driver.AsBytes(x)))
		wantMisuse(t, "Download", s.Download(driver.AsBytes(x), b, 0))
		_, err := s.Alloc(4)
		wantMisuse(t, "Alloc", err)
		_, err = s.Capture(func() error { return nil })
		wantMisuse(t, "Capture", err)
		return s.Launch(f, driver.Dim{X: 1}, driver.Dim{X: 1}, 0, b, int32(2), float32(3))
	}))
	check(t, s.LaunchGraph(g), s.LaunchGraph(g), s.Download(driver.AsBytes(x), b, 0))
	if want := []float32{9, 18}; !slices.Equal(x, want) {
		t.Errorf("got %v, want %v", x, want)
	}
	check(t, g.Close())
	wantMisuse(t, "LaunchGraph", s.LaunchGraph(g))
}

// TestCaptureFails: a capture that fails or panics leaves a stream that works and nothing else.
func TestCaptureFails(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s := newStream(t, d)
	want := errors.New("mine")
	if _, err := s.Capture(func() error { return want }); err != want {
		t.Errorf("got %v, want %v", err, want)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_, _ = s.Capture(func() error { panic("mine") })
	}()
	check(t, s.Synchronize())
	g, err := s.Capture(func() error { return nil })
	check(t, err, g.Close())
}

func TestGEMM(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	d := open(t)
	s := newStream(t, d)
	blas := must[*driver.BLAS](t)(s.NewBLAS())
	work := must[*driver.Buffer](t)(d.Alloc(64))
	check(t, blas.SetMath(driver.TF32), blas.SetMath(driver.Exact), blas.SetWorkspace(work))
	b := must[*driver.Buffer](t)(d.Alloc(1024))
	for _, c := range []struct{ transA, transB bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		testGEMM(t, s, blas, b, c.transA, c.transB)
	}
	one := driver.Matrix{Data: b.Pointer(), Stride: 2}
	wantMisuse(t, "stride", blas.Sgemm(false, false, 2, 2, 3, 1, one, one, 0, one))
	wantMisuse(t, "negative size", blas.Dgemm(false, false, -1, 2, 2, 1, one, one, 0, one))
	check(t, blas.Sgemm(false, false, 0, 2, 2, 1, one, one, 0, one))
}

// testGEMM computes C = 2·op(A)·op(B) + 3·C with 2×3 times 3×4 in both precisions, rows one wider than needed.
func testGEMM(t *testing.T, s *driver.Stream, blas *driver.BLAS, buffer *driver.Buffer, transA, transB bool) {
	t.Helper()
	const m, n, k = 2, 4, 3
	a, b, c := newMatrix(m, k, transA), newMatrix(k, n, transB), newMatrix(m, n, false)
	want := slices.Clone(c.x)
	for i := range m {
		for j := range n {
			sum := 0.0
			for l := range k {
				sum += a.at(i, l) * b.at(l, j)
			}
			want[i*c.stride+j] = 2*sum + 3*c.at(i, j)
		}
	}
	got := make([]float64, len(c.x))
	matrix := func(offset int64, stride int) driver.Matrix {
		return driver.Matrix{Data: buffer.At(offset), Stride: stride}
	}
	check(t, s.Upload(buffer, 0, driver.AsBytes(a.x)), s.Upload(buffer, 256, driver.AsBytes(b.x)), s.Upload(buffer, 512, driver.AsBytes(c.x)),
		blas.Dgemm(transA, transB, m, n, k, 2, matrix(0, a.stride), matrix(256, b.stride), 3, matrix(512, c.stride)),
		s.Download(driver.AsBytes(got), buffer, 512))
	if !slices.Equal(got, want) {
		t.Errorf("Dgemm %v %v: got %v, want %v", transA, transB, got, want)
	}
	got32 := make([]float32, len(c.x))
	check(t, s.Upload(buffer, 0, driver.AsBytes(narrow(a.x))), s.Upload(buffer, 256, driver.AsBytes(narrow(b.x))), s.Upload(buffer, 512, driver.AsBytes(narrow(c.x))),
		blas.Sgemm(transA, transB, m, n, k, 2, matrix(0, a.stride), matrix(256, b.stride), 3, matrix(512, c.stride)),
		s.Download(driver.AsBytes(got32), buffer, 512))
	if !slices.Equal(got32, narrow(want)) {
		t.Errorf("Sgemm %v %v: got %v, want %v", transA, transB, got32, want)
	}
}

// matrix is op of what is stored in x by rows.
type matrix struct {
	x      []float64
	stride int
	trans  bool
}

func newMatrix(rows, columns int, trans bool) matrix {
	if trans {
		rows, columns = columns, rows
	}
	m := matrix{make([]float64, rows*(columns+1)), columns + 1, trans}
	for i := range m.x {
		m.x[i] = float64(i%7 - 3)
	}
	return m
}

func (m matrix) at(i, j int) float64 {
	if m.trans {
		i, j = j, i
	}
	return m.x[i*m.stride+j]
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i := range x {
		y[i] = float32(x[i])
	}
	return y
}
