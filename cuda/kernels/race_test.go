package kernels_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// long asks for the tests that take minutes.
const long = "NEURALODE_LONG_CUDA_TESTS"

// sanitized are the models under the sanitizers: with heads, shared sections, time, save times, sums over features, and
// weights in registers.
func sanitized(t *testing.T) []modelCase {
	t.Helper()
	var some []modelCase
	for _, c := range modelCases() {
		if slices.Contains([]string{"deep gelu", "sigmoid", "shared sections", "reductions", "inputs", "trajectory"},
			c.name) {
			some = append(some, c)
		}
	}
	return some
}

// turns is a device with two rows that the samples of a leaf take in turns, and blocks of several leaves.
func turns(flags, env []string) emulated {
	return emulated{config: kernels.Config{Rows: 2, Threads: 64, Shared: 1 << 18}, chunk: 3, leaf: 3, runs: 4,
		record: 64, flags: flags, env: env}
}

// loose is a spec that takes few steps, since sanitizers are slow.
func loose(mode solver.Gradient) solver.Spec {
	spec := solver.DefaultSpec()
	spec.Gradient, spec.Controller.Rtol = mode, 1e-2
	return spec
}

// run differentiates a batch and returns what the sanitizer says.
func (c modelCase) run(t *testing.T, spec solver.Spec, device emulated) error {
	t.Helper()
	m := c.model(t)
	theta, b, o := c.problem(m, max(7, device.rows+2), []float64{0.25, 0.5, 0.50001, 1.5})
	p, err := device.Compile(m, spec)
	needCompiler(t, err)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Differentiate(context.Background(), theta, b, o); err != nil {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = p.Differentiate(cancelled, theta, b, o)
	return p.Close()
}

// source is what the device runs of the model.
func (c modelCase) source(t *testing.T, mode solver.Gradient, device emulated) string {
	t.Helper()
	source, _, err := (&program{emulated: device, model: c.model(t), spec: loose(mode)}).print()
	if err != nil {
		t.Fatal(err)
	}
	return source
}

var (
	raceFlags    = []string{"-g", "-fsanitize=thread"}
	raceEnv      = []string{"TSAN_OPTIONS=exitcode=66 halt_on_error=1"}
	addressFlags = []string{"-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"}
	addressEnv   = []string{"ASAN_OPTIONS=detect_leaks=0"}
)

// onlyWhereRequired skips a test of minutes where nobody asks that none be skipped; make gpu-test in CI does.
func onlyWhereRequired(t *testing.T) {
	t.Helper()
	if testing.Short() || os.Getenv(require) == "" && os.Getenv(long) == "" {
		t.Skip("slow: " + require + "=1 runs it")
	}
}

// TestSanitizers looks for overruns, undefined behaviour and races in the kernels.
func TestSanitizers(t *testing.T) {
	onlyWhereRequired(t)
	t.Parallel()
	for _, c := range sanitized(t) {
		for _, mode := range solver.Gradients() {
			some := []string{"deep geludiscrete", "sigmoidbacksolve", "reductionsadjoint", "inputsdiscrete",
				"inputsadjoint", "trajectorybacksolve"}
			if os.Getenv(long) == "" && !slices.Contains(some, c.name+mode.String()) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v", c.name, mode), func(t *testing.T) {
				t.Parallel()
				c.sanitize(t, loose(mode), turns(nil, nil))
			})
			if os.Getenv(long) == "" {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v/wide", c.name, mode), func(t *testing.T) {
				t.Parallel()
				device := broad()
				device.rows = 4
				c.sanitize(t, loose(mode), device)
			})
		}
		if c.name == "inputs" || c.name == "trajectory" {
			t.Run(c.name+"/stiff", func(t *testing.T) {
				t.Parallel()
				spec := loose(solver.Adjoint)
				spec.Method = solver.Rodas5P()
				c.sanitize(t, spec, turns(nil, nil))
			})
		}
	}
}

func (c modelCase) sanitize(t *testing.T, spec solver.Spec, device emulated) {
	t.Helper()
	device.flags, device.env = addressFlags, addressEnv
	if err := c.run(t, spec, device); err != nil {
		t.Error(err)
	}
	device.flags, device.env = raceFlags, raceEnv
	if err := c.run(t, spec, device); err != nil {
		t.Error(err)
	}
}

// TestEveryBarrierIsNeeded leaves out the barriers of the fused kernels one by one: each time the race checker must see
// it for some model. (Whether a barrier between two printed passes or sections is needed depends on the plan and the
// configuration.) The adjoint has the source of backsolve.
func TestEveryBarrierIsNeeded(t *testing.T) {
	onlyWhereRequired(t)
	t.Parallel()
	device := turns(raceFlags, nil)
	seen := map[string]bool{} // by the barrier's neighbourhood
	for _, mode := range []solver.Gradient{solver.Backsolve, solver.Discrete} {
		for _, c := range sanitized(t) {
			for line, where := range handwritten(c.source(t, mode, device)) {
				if !seen[where] {
					device.env = append([]string{fmt.Sprintf("EMULATION_SKIP=%d", line)}, raceEnv...)
					seen[where] = c.run(t, loose(mode), device) != nil
				}
			}
		}
	}
	for where, ok := range seen {
		if !ok {
			t.Errorf("nothing misses the last barrier in\n%s", where)
		}
	}
}

// handwritten gives the line number of each barrier outside of the printed plans and not after one of their sections,
// with the lines that end in it.
func handwritten(source string) map[int]string {
	found, lines, printed := map[int]string{}, strings.Split(source, "\n"), false
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "struct FieldWeights"):
			printed = true
		case strings.HasPrefix(line, "// What a solve leaves"):
			printed = false
		case !printed && strings.Contains(line, "__syncthreads();") && !afterSection(lines[max(0, i-2):i]):
			found[i+1] = strings.Join(lines[max(0, i-3):i+1], "\n")
		}
	}
	return found
}

// afterSection reports whether one of the lines runs a section of a plan.
func afterSection(lines []string) bool {
	for _, line := range lines {
		if strings.Contains(line, "::forward(") || strings.Contains(line, "::backward(") {
			return true
		}
	}
	return false
}
