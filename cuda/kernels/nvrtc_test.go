package kernels_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/graph"
	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// nvrtc finds the compiler's library: NVRTC_LIBRARY, or the cache folder of the repository.
func nvrtc(t *testing.T) string {
	t.Helper()
	found := os.Getenv("NVRTC_LIBRARY")
	if found == "" {
		cached, _ := filepath.Glob("../../.cache/*/libnvrtc.so.1*")
		deep, _ := filepath.Glob("../../.cache/*/*/libnvrtc.so.1*")
		if cached = append(cached, deep...); len(cached) > 0 {
			found = cached[0]
		}
	}
	_, err := exec.LookPath("python3")
	if found != "" && err == nil {
		return found
	}
	if os.Getenv(require) != "" {
		t.Fatal("no NVRTC library: set NVRTC_LIBRARY, or python3 is missing")
	}
	t.Skip("SKIPPED, the kernels are not compiled for a GPU: no NVRTC library (NVRTC_LIBRARY) or no python3")
	return ""
}

var variants = map[string]func(solver.Model, solver.Spec, int) (kernels.Config, error){
	"latency": kernels.Latency, "throughput": kernels.Throughput,
}

// generations of GPUs that the kernels are compiled for.
const generations = "sm_80,sm_90,sm_100"

// compiled are the models for the compiler of GPUs: widths from 2 to 128, one to four layers, time, fields that are no
// network, shared sections, heads of all kinds.
func compiled() []modelCase {
	some := []modelCase{seedNet()}
	for _, c := range modelCases() {
		if os.Getenv(long) != "" || slices.Contains([]string{"time softplus", "wide tanh", "deep gelu", "functions",
			"shared sections", "inputs"}, c.name) {
			some = append(some, c)
		}
	}
	return some
}

// TestNVRTC compiles the kernels for three generations of GPUs, without a warning and without spilled registers.
func TestNVRTC(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Parallel()
	library := nvrtc(t)
	for i, c := range compiled() {
		modes := someModes(i)
		if i == 0 {
			modes = solver.Gradients()
		}
		for _, mode := range append(modes, solver.NoGradient) {
			spec := solver.DefaultSpec()
			spec.Gradient = mode
			c.compileVariants(t, library, spec)
		}
	}
	spec := solver.DefaultSpec()
	spec.Gradient, spec.Precision = solver.Discrete, solver.TF32
	seedNet().compileVariants(t, library, spec)
	for _, mode := range []solver.Gradient{solver.NoGradient, solver.Adjoint} {
		spec := solver.DefaultSpec()
		spec.Method, spec.Gradient = solver.Rodas5P(), mode
		seedNet().compileVariants(t, library, spec)
	}
}

// TestNVRTCFunctions compiles every function of plans.
func TestNVRTCFunctions(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	library := nvrtc(t)
	m := solver.Model{Field: solvertest.FunctionField()}
	for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
		spec := solver.DefaultSpec()
		spec.Gradient, spec.Precision = solver.NoGradient, precision // the field has no derivative
		k, err := kernels.GenerateWide(m, spec, kernels.DefaultWide())
		if err != nil {
			t.Fatal(err)
		}
		compileForGPU(t, library, k.Source)
	}
}

// compileVariants compiles the fused kernels for small and large batches, and the wide ones.
func (c modelCase) compileVariants(t *testing.T, library string, spec solver.Spec) {
	t.Helper()
	m := c.model(t)
	for name, configure := range variants {
		t.Run(fmt.Sprintf("%s/%v/%v/%s", c.name, spec.Gradient, spec.Precision, name), func(t *testing.T) {
			t.Parallel()
			config, err := configure(m, spec, 160<<10)
			if err != nil {
				t.Fatal(err)
			}
			k, err := kernels.GenerateFused(m, spec, config)
			if err != nil {
				t.Fatal(err)
			}
			compileForGPU(t, library, k.Source)
		})
	}
	t.Run(fmt.Sprintf("%s/%v/%v/wide", c.name, spec.Gradient, spec.Precision), func(t *testing.T) {
		t.Parallel()
		k, err := kernels.GenerateWide(m, spec, kernels.DefaultWide())
		if errors.Is(err, errors.ErrUnsupported) && spec.Rosenbrock() != nil {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		compileForGPU(t, library, k.Source)
	})
}

// seedNet is the network of the spiral.
func seedNet() modelCase {
	head := &graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.BinaryCrossEntropy()}
	return modelCase{name: "2-64-64-2", dim: 2, mlp: &graph.MLP{Sizes: []int{2, 64, 64, 2}, Activation: graph.Tanh},
		head: head}
}

// fewRegisters is so few that what a kernel spills it only saves around calls, as of the slow path of a division.
const fewRegisters = 64

// compileForGPU compiles all kernels of a source.
func compileForGPU(t *testing.T, library, text string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "kernels.cu")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"testdata/nvrtc.py", library, source, generations}, kernels.CompileOptions...)
	out, err := exec.Command("python3", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		t.Log(strings.TrimSpace(line))
		var arch, name string
		var registers, spilled int
		if _, err := fmt.Sscan(line, &arch, &name, &registers, &spilled); err != nil {
			t.Fatal(err)
		}
		if spilled > 0 && registers > fewRegisters {
			t.Errorf("registers spill: %s", line)
		}
	}
	if got, want := strings.Count(string(out), "\n"),
		strings.Count(text, "__global__")*(strings.Count(generations, ",")+1); got != want {
		t.Errorf("%d kernels compiled, want %d", got, want)
	}
}
