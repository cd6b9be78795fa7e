//go:build gpu && cgo && linux

package driver_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
)

// wheel makes the folder in which pip puts NVRTC under that root.
func wheel(t *testing.T, root string) string {
	t.Helper()
	folder := filepath.Join(root, "lib", "python3.11", "site-packages", "nvidia", "cuda_nvrtc", "lib")
	check(t, os.MkdirAll(folder, 0o755))
	return folder
}

// withoutRunpath writes a copy of NVRTC that does not look beside itself, as that of CUDA 13's wheel, into the folder.
func withoutRunpath(t *testing.T, folder string) {
	t.Helper()
	library := mustRead(t, drivertest.NVRTC(t).Path)
	if bytes.Count(library, []byte("\x00$ORIGIN:\x00")) != 1 {
		t.Skip("this NVRTC has another RUNPATH")
	}
	library = bytes.Replace(library, []byte("\x00$ORIGIN:\x00"), []byte("\x00/none00:\x00"), 1)
	check(t, os.WriteFile(filepath.Join(folder, "libnvrtc.so.12"), library, 0o755))
}

// builtins links the library with NVRTC's own device functions into the folder.
func builtins(t *testing.T, folder string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(filepath.Dir(drivertest.NVRTC(t).Path), "libnvrtc-builtins.so*"))
	check(t, err)
	for _, file := range found {
		check(t, os.Symlink(file, filepath.Join(folder, filepath.Base(file))))
	}
}

// TestNVRTCInAWheel: NVRTC is found in the active environment, and with it the library beside it that it cannot find
// itself.
func TestNVRTCInAWheel(t *testing.T) {
	root := t.TempDir()
	folder := wheel(t, root)
	withoutRunpath(t, folder)
	builtins(t, folder)
	tried(t, "NEURALODE_NVRTC=", "CUDA_HOME=", "VIRTUAL_ENV="+root, "WANT_NVRTC="+folder)
}

// TestNVRTCThatCompilesNothing: a library that tells its version but compiles nothing is passed over, and told of where
// there is no other.
func TestNVRTCThatCompilesNothing(t *testing.T) {
	broken, whole := t.TempDir(), t.TempDir()
	withoutRunpath(t, wheel(t, broken))
	folder := wheel(t, whole)
	withoutRunpath(t, folder)
	builtins(t, folder)
	tried(t, "NEURALODE_NVRTC=", "CUDA_HOME=", "VIRTUAL_ENV="+broken, "CONDA_PREFIX="+whole, "WANT_NVRTC="+folder)
	alone := filepath.Join(wheel(t, broken), "libnvrtc.so.12")
	tried(t, "NEURALODE_NVRTC="+alone, "WANT_ERROR=compiles nothing|BUILTIN_OPERATION_FAILURE|pip install")
}

// tried runs TestNVRTCFound in a process with these settings.
func tried(t *testing.T, settings ...string) {
	t.Helper()
	out, err := drivertest.RunAlone("TestNVRTCFound", settings...)
	if err != nil {
		t.Errorf("%v: %v\n%s", settings, err, out)
	}
}

// TestNVRTCFound does in a process of its own what the tests above ask for.
func TestNVRTCFound(t *testing.T) {
	want, said := os.Getenv("WANT_NVRTC"), os.Getenv("WANT_ERROR")
	if want == "" && said == "" {
		return
	}
	l := driver.NVRTC()
	if said != "" {
		for _, part := range strings.Split(said, "|") {
			if l.Err == nil || !strings.Contains(l.Err.Error(), part) {
				t.Errorf("the error is %v, want %q in it", l.Err, part)
			}
		}
		return
	}
	if l.Err == nil && !strings.HasPrefix(l.Path, os.TempDir()) {
		t.Skipf("NOT TESTED: %s is taken before any wheel's", l.Path)
	}
	if l.Err != nil || filepath.Dir(l.Path) != want {
		t.Fatalf("found %q, %v, want one in %s", l.Path, l.Err, want)
	}
	t.Setenv("NEURALODE_CACHE", t.TempDir())
	if _, log, err := driver.Compile(kernel, driver.Options{Architecture: "sm_90"}); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
}
