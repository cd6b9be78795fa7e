package kernels_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/cuda/kernels"
	"neuralode/graph"
	"neuralode/solver"
)

// TestPrintRefuses checks that what the fused kernels cannot run is an error that says so.
func TestPrintRefuses(t *testing.T) {
	wide := modelCase{dim: 2, mlp: &graph.MLP{Sizes: []int{2, kernels.MaxWidth + 1, 2}}}.model(t)
	if _, err := kernels.GenerateFused(wide, solver.DefaultSpec(), small().config); !errors.Is(err, kernels.ErrWide) {
		t.Errorf("a wide field gives %v", err)
	}
	narrow := seedNet().model(t)
	config := small().config
	config.Shared = 1000
	if _, err := kernels.GenerateFused(narrow, solver.DefaultSpec(), config); !errors.Is(err, kernels.ErrWide) {
		t.Errorf("a small block gives %v", err)
	}
	if _, err := kernels.Latency(narrow, solver.DefaultSpec(), 1000); !errors.Is(err, kernels.ErrWide) {
		t.Errorf("Latency on a small block gives %v", err)
	}
	for _, c := range []kernels.Config{{Rows: 0, Threads: 32}, {Rows: 4, Threads: 33}, {Rows: 64, Threads: 32},
		{Rows: 1, Threads: 2048}} {
		if _, err := kernels.GenerateFused(narrow, solver.DefaultSpec(), c); err == nil {
			t.Errorf("%+v is no error", c)
		}
	}
	bad := solver.DefaultSpec()
	bad.Controller.Rtol = -1
	if _, err := kernels.GenerateFused(narrow, bad, small().config); err == nil {
		t.Error("a negative rtol is no error")
	}
}

// TestOneStepForAllNeedsTheCPU asks for what no kernel does.
func TestOneStepForAllNeedsTheCPU(t *testing.T) {
	m, spec := seedNet().model(t), solver.DefaultSpec()
	spec.Controller.Control = solver.ControlBatch
	_, fused := kernels.GenerateFused(m, spec, small().config)
	_, wide := kernels.GenerateWide(m, spec, kernels.DefaultWide())
	for _, err := range []error{fused, wide, kernels.Supports(spec)} {
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "one step for all samples") ||
			!strings.Contains(err.Error(), "CPU") {
			t.Errorf("one step for all gives %v", err)
		}
	}
	if err := kernels.Supports(solver.DefaultSpec()); err != nil {
		t.Error(err)
	}
}

// TestInfinityInATable asks for a constant that the compiler of GPUs does not take.
func TestInfinityInATable(t *testing.T) {
	infinite := modelCase{dim: 3, f: func(e *expr, _, z *node, _ []*node) *node {
		w := e.do(graph.Constant(z.Graph(), 3, 3, []float64{1, 2, 3, 4, math.Inf(-1), 6, 7, 8, 9}))
		return e.do(gorgonia.Tanh(e.do(gorgonia.Mul(z, w))))
	}}.model(t)
	_, err := kernels.GenerateFused(infinite, solver.DefaultSpec(), small().config)
	if err == nil || !strings.Contains(err.Error(), "-Inf") {
		t.Errorf("fused kernels: %v", err)
	}
	if _, err = kernels.GenerateWide(infinite, solver.DefaultSpec(), kernels.DefaultWide()); err == nil ||
		!strings.Contains(err.Error(), "-Inf") {
		t.Errorf("wide kernels: %v", err)
	}
}

// TestPrintReads checks that the text is the same every time, names what it computes, and keeps names from the outside
// in their comments.
func TestPrintReads(t *testing.T) {
	m := seedNet().model(t)
	for i := range m.Field.Values {
		m.Field.Values[i].Name = "x\n#error \\"
	}
	spec := solver.DefaultSpec()
	spec.Gradient = solver.Discrete
	one, err := kernels.GenerateFused(m, spec, small().config)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := kernels.GenerateFused(m, spec, small().config)
	if one.Source != two.Source {
		t.Error("the same model prints differently")
	}
	for line := range strings.Lines(one.Source) {
		if strings.HasPrefix(strings.TrimSpace(line), "#error") || strings.HasSuffix(line, "\\\n") {
			t.Errorf("a name escapes its comment: %q", line)
		}
	}
	for _, want := range []string{"struct FieldVJP", "struct Head", "constexpr int DIM = 2;", "product<64, 64>",
		"fnTanh("} {
		if !strings.Contains(one.Source, want) {
			t.Errorf("the source lacks %q", want)
		}
	}
}
