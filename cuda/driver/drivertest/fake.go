package drivertest

import (
	"bytes"
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
)

//go:embed fake/*.c
var sources embed.FS

// libraries are the fakes' sources and the names under which they are looked for.
var libraries = map[string]string{
	"libcuda.c":   "libcuda.so.1",
	"libnvrtc.c":  "libnvrtc.so.12",
	"libcublas.c": "libcublas.so.12",
}

// inside is set in the process that has the fakes.
const inside = "NEURALODE_DRIVERTEST_INSIDE"

// InFake runs the test t, at the top level of its file, in a process of its own where driver finds the fakes; settings are
// more of its environment, as "FAKE_CUDA_DEVICES=2". In that process InFake returns true, and the test does its work. In
// the process that go test has started it returns false when the other is over, having failed t if that failed.
func InFake(t *testing.T, settings ...string) bool {
	t.Helper()
	if os.Getenv(inside) != "" {
		return true
	}
	out, err := Run(t, t.Name(), settings...)
	if err != nil {
		t.Errorf("with the fake driver: %v\n%s", err, out)
	}
	return false
}

// Run runs the test of that name in a process that has the fakes, and returns what it printed.
func Run(t *testing.T, name string, settings ...string) (output []byte, err error) {
	t.Helper()
	folder := Folder(t)
	cmd := again(name)
	cmd.Env = append(cmd.Env,
		"LD_LIBRARY_PATH="+folder,
		"NEURALODE_NVRTC="+filepath.Join(folder, libraries["libnvrtc.c"]),
		"NEURALODE_CUBLAS="+filepath.Join(folder, libraries["libcublas.c"]),
		"NEURALODE_CACHE="+t.TempDir(),
	)
	cmd.Env = append(cmd.Env, settings...)
	return cmd.CombinedOutput()
}

// RunAlone runs the test of that name in a process of its own, without the fakes, and returns what it printed.
func RunAlone(name string, settings ...string) (output []byte, err error) {
	cmd := again(name)
	cmd.Env = append(cmd.Env, settings...)
	return cmd.CombinedOutput()
}

// Alone is InFake without the fakes: a process of its own, for a test after which the GPU cannot be used.
func Alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) != "" {
		return true
	}
	out, err := RunAlone(t.Name())
	if err != nil {
		t.Errorf("alone: %v\n%s", err, out)
	} else if bytes.Contains(out, []byte("--- SKIP")) {
		t.Skipf("%s", out)
	}
	return false
}

// again is this test binary with one test to run.
func again(name string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^"+regexp.QuoteMeta(name)+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	return cmd
}

var built struct {
	sync.Mutex
	folder string
}

// Folder is where the fakes are, compiled once a process with the C compiler.
func Folder(t testing.TB) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.folder != "" {
		return built.folder
	}
	compiler, err := exec.LookPath("cc")
	if err != nil {
		Skip(t, "no C compiler for the fake driver")
	}
	folder, err := os.MkdirTemp("", "neuralode-fake-")
	if err != nil {
		t.Fatal(err)
	}
	for source, library := range libraries {
		build(t, compiler, folder, source, library)
	}
	built.folder = folder
	return folder
}

func build(t testing.TB, compiler, folder, source, library string) {
	t.Helper()
	text, err := sources.ReadFile("fake/" + source)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, source)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(compiler, "-shared", "-fPIC", "-O1", "-g", "-pthread", "-Wl,-soname,"+library,
		"-o", filepath.Join(folder, library), path, "-ldl")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("compiling %s: %v\n%s", source, err, out)
	}
}

// Clean removes what Folder has made; TestMain calls it at the end.
func Clean() {
	built.Lock()
	defer built.Unlock()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder) // a folder for temporary files: nothing depends on it
		built.folder = ""
	}
}
