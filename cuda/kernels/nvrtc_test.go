package kernels_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/graph"
	"neuralode/solver"
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

// TestNVRTC compiles the kernels for three generations of GPUs, without a warning and without spilled registers.
func TestNVRTC(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Parallel()
	library := nvrtc(t)
	cases, archs := []modelCase{seedNet()}, "sm_90"
	modes := []solver.Gradient{solver.Discrete}
	if os.Getenv(long) != "" {
		cases, archs = append(cases, modelCases()...), "sm_80,sm_90,sm_100"
		modes = []solver.Gradient{solver.NoGradient, solver.Backsolve, solver.Discrete}
	}
	for _, c := range cases {
		for _, mode := range modes {
			m, spec := c.model(t), solver.DefaultSpec()
			spec.Gradient = mode
			for name, configure := range variants {
				t.Run(fmt.Sprintf("%s/%v/%s", c.name, mode, name), func(t *testing.T) {
					config, err := configure(m, spec, 160<<10)
					if err != nil {
						t.Fatal(err)
					}
					k, err := kernels.Print(m, spec, config)
					if err != nil {
						t.Fatal(err)
					}
					compileForGPU(t, library, archs, k.Source)
				})
			}
			t.Run(fmt.Sprintf("%s/%v/wide", c.name, mode), func(t *testing.T) {
				k, err := kernels.PrintWide(m, spec, kernels.DefaultWide())
				if err != nil {
					t.Fatal(err)
				}
				compileForGPU(t, library, archs, k.Source)
			})
		}
	}
}

// seedNet is the network of the spiral.
func seedNet() modelCase {
	head := &graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.BinaryCrossEntropy()}
	return modelCase{name: "2-64-64-2", dim: 2, mlp: &graph.MLP{Sizes: []int{2, 64, 64, 2}, Activation: graph.Tanh}, head: head}
}

// fewRegisters is so few that what a kernel spills it only saves around calls, as of the slow path of a division.
const fewRegisters = 64

// compileForGPU compiles all kernels of a source.
func compileForGPU(t *testing.T, library, archs, text string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "kernels.cu")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"testdata/nvrtc.py", library, source, archs}, kernels.CompileOptions...)
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
	if got, want := strings.Count(string(out), "\n"), strings.Count(text, "__global__")*(strings.Count(archs, ",")+1); got != want {
		t.Errorf("%d kernels compiled, want %d", got, want)
	}
}
