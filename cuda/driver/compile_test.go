//go:build gpu && cgo && linux

package driver_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
)

const kernel = `
extern "C" __global__ void scale(float *x, int n, float by) {
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n) x[i] *= by;
}`

// TestCompile compiles with the real NVRTC for each GPU that this package is meant for.
func TestCompile(t *testing.T) {
	l := drivertest.NVRTC(t)
	t.Setenv("NEURALODE_CACHE", t.TempDir())
	architectures := []string{"sm_80", "sm_90"}
	if l.Version.Major > 12 || l.Version.Major == 12 && l.Version.Minor >= 8 {
		architectures = append(architectures, "sm_100", "sm_120")
	}
	for _, a := range architectures {
		image, log, err := driver.Compile(kernel, driver.Options{Architecture: a})
		if err != nil {
			t.Errorf("%s: %v\n%s", a, err, log)
			continue
		}
		if !isCubin(image) || !bytes.Contains(image, []byte(".text.scale\x00")) {
			t.Errorf("%s: no cubin with the kernel: %.64q", a, image)
		}
	}
}

// machineCUDA is EM_CUDA of the ELF specification.
const machineCUDA = 190

// isCubin reports whether the image is an ELF file for a GPU. (Package elf refuses the version that NVIDIA puts into it.)
func isCubin(image []byte) bool {
	return len(image) > 20 && string(image[:4]) == elf.ELFMAG && binary.LittleEndian.Uint16(image[18:]) == machineCUDA
}

func TestCompileToPTX(t *testing.T) {
	drivertest.NVRTC(t)
	t.Setenv("NEURALODE_CACHE", t.TempDir())
	image, log, err := driver.Compile(kernel, driver.Options{Architecture: "compute_80"})
	if err != nil || !bytes.Contains(image, []byte(".target sm_80")) || !bytes.Contains(image, []byte(".entry scale(")) {
		t.Errorf("%v\n%s\n%s", err, log, image)
	}
}

func TestCompileErrors(t *testing.T) {
	drivertest.NVRTC(t)
	t.Setenv("NEURALODE_CACHE", t.TempDir())
	_, log, err := driver.Compile("\n\n__global__ void k() { y = 1; }", driver.Options{Name: "mine.cu", Architecture: "sm_90"})
	if !errors.Is(err, &driver.Error{Name: "NVRTC_ERROR_COMPILATION"}) || !strings.Contains(err.Error(), `mine.cu(3): error: identifier "y" is undefined`) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(log, "mine.cu(3)") {
		t.Errorf("log: %s", log)
	}
	_, _, err = driver.Compile(kernel, driver.Options{Architecture: "sm_90", Flags: []string{"--no-such-flag"}})
	if !errors.Is(err, &driver.Error{Name: "NVRTC_ERROR_INVALID_OPTION"}) {
		t.Errorf("got %v", err)
	}
	_, _, err = driver.Compile(kernel, driver.Options{})
	wantMisuse(t, "Compile", err)
}

func TestArchitecture(t *testing.T) {
	if !drivertest.InFake(t) { // which knows sm_75, sm_80 and sm_90
		return
	}
	for _, c := range []struct {
		compute driver.Version
		want    string
	}{
		{driver.Version{Major: 9}, "sm_90"}, {driver.Version{Major: 8}, "sm_80"},
		{driver.Version{Major: 8, Minor: 9}, "compute_80"}, {driver.Version{Major: 12}, "compute_90"},
	} {
		if got, err := driver.Architecture(c.compute); got != c.want || err != nil {
			t.Errorf("%v: got %s, %v, want %s", c.compute, got, err, c.want)
		}
	}
	if _, err := driver.Architecture(driver.Version{Major: 7}); err == nil {
		t.Error("a GPU too old was accepted")
	}
}

func TestCompileWithoutDriver(t *testing.T) {
	if !drivertest.InFake(t, "FAKE_CUDA_INIT=803") {
		return
	}
	if image, _, err := driver.Compile("text", driver.Options{Architecture: "sm_90"}); string(image) != "text" || err != nil {
		t.Errorf("got %q, %v", image, err)
	}
}

// TestCache: the fake NVRTC returns the source, so an image that differs came from the cache.
func TestCache(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	o := driver.Options{Architecture: "sm_90"}
	compile := func(source string, o driver.Options) string {
		t.Helper()
		image, _, err := driver.Compile(source, o)
		if err != nil {
			t.Fatal(err)
		}
		return string(image)
	}
	compile("one", o)
	first := cached(t, 1)[0]
	whole := mustRead(t, first)
	compile("two", o)
	compile("one", driver.Options{Architecture: "sm_80"})
	compile("one", driver.Options{Architecture: "sm_90", Flags: []string{"-a", "b"}})
	compile("one", driver.Options{Architecture: "sm_90", Flags: []string{"-ab"}})
	compile("one", driver.Options{Architecture: "sm_90", Name: "other.cu"})
	cached(t, 6)
	compile("three", driver.Options{Architecture: "sm_90", NoCache: true})
	cached(t, 6)

	info, err := os.Stat(first)
	check(t, err)
	if compile("one", o) != "one" {
		t.Error("the cache returns something else")
	}
	if again, err := os.Stat(first); err != nil || again.ModTime() != info.ModTime() {
		t.Errorf("the entry was written again: %v", err)
	}
	for name, damaged := range map[string][]byte{
		"empty": {}, "short": whole[:40], "cut": whole[:len(whole)-1], "longer": append(bytes.Clone(whole), 0),
		"flipped": flip(whole, len(whole)-1), "flipped magic": flip(whole, 0), "flipped sum": flip(whole, 25),
		"flipped length": flip(whole, 60),
	} {
		check(t, os.WriteFile(first, damaged, 0o644))
		if got := compile("one", o); got != "one" {
			t.Errorf("%s: got %q", name, got)
		}
		if !bytes.Equal(mustRead(t, first), whole) {
			t.Errorf("%s: the entry was not made again", name)
		}
	}
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 1
	return b
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	return b
}

// cached lists the cache, which must have n files.
func cached(t *testing.T, n int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("NEURALODE_CACHE"), "kernels", "*"))
	if err != nil || len(files) != n {
		t.Fatalf("got %d files, %v, want %d", len(files), err, n)
	}
	return files
}

// TestCacheUnusable: a cache that is no folder only costs time.
func TestCacheUnusable(t *testing.T) {
	if !drivertest.InFake(t, "NEURALODE_CACHE=/dev/null") {
		return
	}
	for range 2 {
		if image, _, err := driver.Compile("text", driver.Options{Architecture: "sm_90"}); string(image) != "text" || err != nil {
			t.Errorf("got %q, %v", image, err)
		}
	}
}

func TestCompileConcurrently(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			source := strings.Repeat("x", 1+i%3)
			image, _, err := driver.Compile(source, driver.Options{Architecture: "sm_90"})
			if string(image) != source || err != nil {
				t.Errorf("got %q, %v", image, err)
			}
		})
	}
	group.Wait()
	cached(t, 3)
}

func TestCompileErrorIsNotCached(t *testing.T) {
	if !drivertest.InFake(t) {
		return
	}
	for range 2 {
		_, log, err := driver.Compile("a mistake", driver.Options{Architecture: "sm_90"})
		if !errors.Is(err, &driver.Error{Name: "NVRTC_ERROR_COMPILATION"}) || !strings.HasSuffix(err.Error(), "kernels.cu(2): error: a mistake") || log == "" {
			t.Errorf("got %v, log %q", err, log)
		}
	}
	cached(t, 0)
}
