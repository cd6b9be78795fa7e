package kernels_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/cuda/kernels/emulate"
	"neuralode/solver"
)

// require makes a missing compiler a failure instead of a skip.
const require = "NEURALODE_REQUIRE_CUDA_TESTS"

// builds keeps the executables of a test run, by source and flags.
var builds struct {
	mu  sync.Mutex
	dir string
	by  map[string]func() (string, error)
}

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(builds.dir)
	os.Exit(code)
}

// build compiles a program once for all tests.
func build(program string, flags ...string) (string, error) {
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(flags)+program)))[:16]
	builds.mu.Lock()
	if builds.dir == "" {
		dir, err := os.MkdirTemp("", "kernels")
		if err != nil {
			builds.mu.Unlock()
			return "", err
		}
		builds.dir, builds.by = filepath.Clean(dir), map[string]func() (string, error){}
	}
	if builds.by[key] == nil {
		builds.by[key] = sync.OnceValues(func() (string, error) {
			return emulate.Build(context.Background(), builds.dir, key, program, flags...)
		})
	}
	once := builds.by[key]
	builds.mu.Unlock()
	return once()
}

// needCompiler skips, or fails where the tests are required, when there is no g++.
func needCompiler(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, emulate.ErrNoCompiler) {
		return
	}
	if os.Getenv(require) != "" {
		t.Fatal(err)
	}
	t.Skipf("SKIPPED, the kernels are not tested: %v", err)
}

// emulated is a backend that runs the kernels on the host. It is what package cuda does, without a device.
type emulated struct {
	config kernels.Config
	chunk  int      // samples per block of a solve
	leaf   int      // samples of a leaf; 0: as solver.LeafSize
	runs   int      // leaves per block; 0: as kernels.LeavesPerBlock
	flags  []string // of g++
	env    []string
	record int // accepted steps a block's record holds at first
	rows   int // that the wide kernels hold at once; 0: the fused kernels
}

func (e emulated) Device() string     { return "emulated" }
func (e emulated) Arithmetic() string { return "emulated" }

func (e emulated) Supports(spec solver.Spec) error { return kernels.Supports(spec) }

func (e emulated) Compile(m solver.Model, spec solver.Spec) (solver.Program, error) {
	p := &program{emulated: e, model: m, spec: spec}
	source, names, err := p.print()
	if err != nil {
		return nil, err
	}
	exe, err := build(emulate.Program(source, names), e.flags...)
	if err != nil {
		return nil, err
	}
	p.device, err = emulate.Start(exe, e.env...)
	return p, err
}

// print prints the kernels of the program's kind.
func (p *program) print() (string, []string, error) {
	if p.rows > 0 {
		k, err := kernels.GenerateWide(p.model, p.spec, kernels.WideConfig{Tile: 4, Threads: 32, RowThreads: 32})
		if err != nil {
			return "", nil, err
		}
		p.runner = wide{k}
		return k.Source, k.KernelNames(), nil
	}
	k, err := kernels.GenerateFused(p.model, p.spec, p.config)
	if errors.Is(err, kernels.ErrWide) {
		p.rows = broad().rows
		return p.print()
	}
	if err != nil {
		return "", nil, err
	}
	p.runner = fused{k}
	return k.Source, k.KernelNames(), nil
}

// program is a compiled model on the emulated device.
type program struct {
	emulated
	runner runner
	model  solver.Model
	spec   solver.Spec
	device *emulate.Device
	call   *call // the last
}

// runner launches the kernels of one kind.
type runner interface {
	rooms(c *call) // what these kernels need
	record(c *call, steps int)
	prepare(c *call)
	solve(c *call)
	gradient(c *call)
	update(c *call)
	solvesAlone() bool // also when they are for a gradient
}

func (p *program) Close() error { return p.device.Close() }

// ReadOut is not done by kernels.
func (p *program) ReadOut(context.Context, []float64, solver.States) (*solver.Readings, error) {
	return nil, errors.ErrUnsupported
}

// call is a parameter block under construction.
type call struct {
	*program
	kernels.Call
	blocks int // enough for a solve, and for a gradient
	leaf   int
	leaves int
	depth  int
	saved  int // rows of the states at save times
	losses int

	signalsBarAt []int64 // nil where nobody asks
}

// put copies data to the device; nothing gives the address 0.
func (c *call) put(field *kernels.Address, data any) {
	n := sizeOf(data)
	if n == 0 {
		return
	}
	*field = c.device.Alloc(n)
	c.device.Write(*field, data)
}

func (c *call) room(field *kernels.Address, bytes int) { *field = c.device.Alloc(max(bytes, 8)) }

// reals gives data the type of the state.
func (c *call) reals(x []float64) any {
	if c.spec.Precision == solver.Float64 {
		return x
	}
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func (c *call) realBytes() int {
	if c.spec.Precision == solver.Float64 {
		return 8
	}
	return 4
}

// read copies n reals back.
func (c *call) read(at kernels.Address, n int) []float64 {
	y := make([]float64, n)
	if c.spec.Precision == solver.Float64 {
		c.device.Read(at, y)
		return y
	}
	x := make([]float32, n)
	c.device.Read(at, x)
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func (c *call) launch(kernel string, grid, threads, shared int) {
	at := c.device.Alloc(kernels.CallBytes)
	c.device.Write(at, c.Call)
	c.device.Launch(kernel, grid, threads, shared, at)
}

func sizeOf(data any) int {
	switch x := data.(type) {
	case []float64:
		return 8 * len(x)
	case []float32:
		return 4 * len(x)
	case []int64:
		return 8 * len(x)
	case []int32:
		return 4 * len(x)
	}
	panic("no size")
}
