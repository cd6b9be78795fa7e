package kernels_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/graph"
	"neuralode/solver"
)

// broad is a device with the wide kernels: two tiles, so that rows take samples in turns.
func broad() emulated { return emulated{chunk: 5, record: 64, rows: 8, flags: fast} }

// tooWide is a model that the fused kernels refuse, with widths that no vector divides.
func tooWide() modelCase {
	return modelCase{name: "too wide", dim: 5,
		mlp:  &graph.MLP{Sizes: []int{5, kernels.MaxWidth + 3, 5}, Activation: graph.Tanh, Time: true},
		head: &graph.Head{Dim: 5, Readout: graph.Linear(3), Loss: graph.CrossEntropy()}}
}

// TestWideReference compares the wide kernels, compiled for float64, with the reference: the same steps, the same
// numbers.
func TestWideReference(t *testing.T) {
	t.Parallel()
	for i, c := range append(modelCases(), tooWide()) {
		for j, mode := range someModes(i / 2) {
			if testing.Short() && i%5 != 1 || os.Getenv(long) == "" && (i+j)%2 == 0 {
				continue // each is a run of the compiler
			}
			t.Run(fmt.Sprintf("%s/%v", c.name, mode), func(t *testing.T) {
				t.Parallel()
				c.compare(t, mode, broad())
			})
		}
	}
}

// TestWideRows checks that how many rows there are, and which of them a sample is in, changes no bit of a sample.
func TestWideRows(t *testing.T) {
	t.Parallel()
	c := tooWide()
	m, spec := c.model(t), solver.DefaultSpec()
	for _, mode := range solver.Gradients() {
		spec.Gradient = mode
		theta, b, o := c.problem(m, 9, nil)
		want := differentiate(t, broad(), m, spec, theta, b, o)
		for _, rows := range []int{4, 12} {
			device := broad()
			device.rows = rows
			got := differentiate(t, device, m, spec, theta, b, o)
			if !slices.Equal(got.Z1, want.Z1) || !slices.Equal(got.Z0, want.Z0) ||
				!slices.Equal(got.Losses, want.Losses) {
				t.Errorf("%v, %d rows: z1 %v, want %v", mode, rows, got.Z1, want.Z1)
			}
			near(t, "∂L/∂θ", got.Theta, want.Theta, 1e-5)
		}
	}
}

// TestWideRefuses checks that what the wide kernels cannot run is an error, and that they take what the fused ones
// refuse.
func TestWideRefuses(t *testing.T) {
	t.Parallel()
	m, spec := tooWide().model(t), solver.DefaultSpec()
	if _, err := kernels.GenerateFused(m, spec, small().config); !errors.Is(err, kernels.ErrWide) {
		t.Errorf("the fused kernels say %v", err)
	}
	if _, err := kernels.GenerateWide(m, spec, kernels.DefaultWide()); err != nil {
		t.Error(err)
	}
	for _, c := range []kernels.WideConfig{{Tile: 0, Threads: 32, RowThreads: 32},
		{Tile: 1, Threads: 33, RowThreads: 32}, {Tile: 1, Threads: 32, RowThreads: 96}} {
		if _, err := kernels.GenerateWide(m, spec, c); err == nil {
			t.Errorf("%+v is no error", c)
		}
	}
	spec.Controller.Rtol = -1
	if _, err := kernels.GenerateWide(m, spec, kernels.DefaultWide()); err == nil {
		t.Error("a negative rtol is no error")
	}
}

// TestWideSchedule checks that an evaluation of an MLP is a product and a kernel for each layer, and of its VJP a
// product for each layer and a kernel for each activation; that a round back sums each parameter's gradient once.
func TestWideSchedule(t *testing.T) {
	t.Parallel()
	m := modelCase{dim: 64, mlp: &graph.MLP{Sizes: []int{64, 512, 512, 64}, Activation: graph.Tanh}}.model(t)
	spec := solver.DefaultSpec()
	spec.Gradient = solver.Backsolve
	k, err := kernels.GenerateWide(m, spec, kernels.DefaultWide())
	if err != nil {
		t.Fatal(err)
	}
	evaluations := spec.Tableau().Stages() - 1
	for _, c := range []struct {
		name              string
		steps             []kernels.Step
		products, kernels int
	}{
		{"forward", k.Round, evaluations * 3, evaluations * (3 + 1)},
		{"back", k.RoundBack, evaluations*6 + 6, evaluations*(3+2+1) + 1},
	} {
		products := 0
		for _, s := range c.steps {
			if s.GEMM != nil {
				products++
			}
		}
		if launches := len(c.steps) - products; products != c.products || launches != c.kernels {
			t.Errorf("a round %s has %d products and %d launches, want %d and %d", c.name, products, launches,
				c.products, c.kernels)
		}
	}
}
