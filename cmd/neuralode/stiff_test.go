package main

import (
	"path/filepath"
	"strings"
	"testing"

	"neuralode/safetensors"
)

// TestStiffField solves z' = (10⁶(1 − x), x − y) from a file: the default method says early that it is stiff, and what to
// do, which then works.
func TestStiffField(t *testing.T) {
	f := &safetensors.File{
		Metadata: map[string]string{"sizes": "[2,2]", "activation": "tanh", "time": "false", "t0": "0", "t1": "10"},
		Tensors: map[string]safetensors.Tensor{
			"layers.0.weight": safetensors.Float64([]float64{-1e6, 0, 1, -1}, 2, 2),
			"layers.0.bias":   safetensors.Float64([]float64{1e6, 0}, 2),
		},
	}
	model := filepath.Join(t.TempDir(), "stiff.safetensors")
	if err := f.WriteFile(model); err != nil {
		t.Fatal(err)
	}
	points := write(t, "points.csv", "x1,x2\n0.5,0.2\n")
	args := []string{"solve", model, "--points", points, "--device", "cpu"}
	status, _, errors := call(t, args...)
	for _, want := range []string{"sample 0: stiff", "1e+07 times shorter", "--method rodas5p", "--method auto"} {
		if status != exitFailure || !strings.Contains(errors, want) {
			t.Errorf("status %d, want %q in %q", status, want, errors)
		}
	}
	for _, method := range []string{"rodas5p", "rosenbrock23", "auto"} {
		if out := succeed(t, append(args, "--method", method)...); !strings.Contains(out, "\n0,10,1,") {
			t.Errorf("--method %s gives %q", method, out)
		}
	}
}
