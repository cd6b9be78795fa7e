package kernels_test

import (
	"fmt"
	"slices"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/graph"
	"neuralode/solver"
)

// TestConfigurations checks that rows, threads and where weights and sums lie change no bit of a sample, and of ∂L/∂θ
// no more than rounding: within a leaf its order is that of the rows.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	c := modelCases()[1]
	m, spec := c.model(t), solver.DefaultSpec()
	for _, mode := range solver.Gradients() {
		spec.Gradient = mode
		theta, b, o := c.problem(m, 9, nil)
		want := differentiate(t, small(), m, spec, theta, b, o)
		for i, config := range []kernels.Config{{Rows: 1, Threads: 64, Shared: 1 << 17},
			{Rows: 16, Threads: 32, Shared: 1 << 18},
			{Rows: 2, Threads: 128, Shared: 21 << 10}} {
			if testing.Short() && i > 0 {
				break // each is a run of the compiler
			}
			t.Run(fmt.Sprint(mode, config), func(t *testing.T) {
				device := small()
				device.config = config
				got := differentiate(t, device, m, spec, theta, b, o)
				if !slices.Equal(got.Z1, want.Z1) || !slices.Equal(got.Z0, want.Z0) ||
					!slices.Equal(got.Losses, want.Losses) {
					t.Errorf("z1 %v, want %v", got.Z1, want.Z1)
				}
				near(t, "∂L/∂θ", got.Theta, want.Theta, 1e-5)
			})
		}
	}
}

// TestWideHead has a read-out that needs more of the block's memory than the passes do, which moves what lies behind
// it: the emulation stops at a wide access that is not aligned.
func TestWideHead(t *testing.T) {
	t.Parallel()
	c := modelCase{dim: 2, mlp: &graph.MLP{Sizes: []int{2, 16, 2}},
		head: &graph.Head{Dim: 2, Readout: graph.Linear(50), Loss: graph.CrossEntropy()}}
	m, spec := c.model(t), solver.DefaultSpec()
	for _, mode := range solver.Gradients() {
		spec.Gradient = mode
		theta, b, o := c.problem(m, 20, nil)
		device := small()
		device.config = kernels.Config{Rows: 16, Threads: 64, Shared: 1 << 18} // four columns a thread
		got := differentiate(t, device, m, spec, theta, b, o)
		if want := differentiate(t, small(), m, spec, theta, b, o); !slices.Equal(got.Z0, want.Z0) {
			t.Errorf("%v: ∂L/∂z0 %v, want %v", mode, got.Z0, want.Z0)
		}
	}
}

// TestFiberOrder runs the threads of a block in another order, which a race could show.
func TestFiberOrder(t *testing.T) {
	t.Parallel()
	c := modelCases()[1]
	m, spec := c.model(t), solver.DefaultSpec()
	spec.Gradient = solver.Backsolve
	theta, b, o := c.problem(m, 9, nil)
	for name, device := range map[string]emulated{"fused": small(), "wide": broad()} {
		want := differentiate(t, device, m, spec, theta, b, o)
		for _, order := range []string{"-1", "0"} {
			device.env = []string{"EMULATION_ORDER=" + order}
			if got := differentiate(t, device, m, spec, theta, b, o); !slices.Equal(got.Theta, want.Theta) ||
				!slices.Equal(got.Z0, want.Z0) {
				t.Errorf("%s: order %s changes the gradient", name, order)
			}
		}
	}
}

// TestLeaves checks that the order of ∂L/∂θ is that of the leaves: however many of them a block has, in a row or beside
// each other, the bits are those of the sums of each leaf, added along the tree.
func TestLeaves(t *testing.T) {
	t.Parallel()
	c := modelCases()[0]
	m, spec := c.model(t), solver.DefaultSpec()
	const n, leaf = 19, 4
	theta, b, o := c.problem(m, n, nil)
	for _, mode := range solver.Gradients() {
		spec.Gradient = mode
		for _, part := range []int{0, 3} {
			device := small()
			device.leaf, device.config.Part = leaf, part
			sums := func(b solver.Batch, o solver.Objective, runs int) []float64 {
				device := device
				device.runs = runs
				return differentiate(t, device, m, spec, theta, b, o).Theta
			}
			want := tree(n, leaf, func(from, to int) []float64 {
				one := solver.Batch{Z0: b.Z0[from*3 : to*3], Spans: b.Spans}
				return sums(one, solver.Objective{Labels: o.Labels[from*2 : to*2], Weight: o.Weight[from:to]}, 1)
			})
			for _, runs := range []int{1, 2, 4, 8} {
				if part > 0 && runs > 1 {
					break
				}
				if got := sums(b, o, runs); !slices.Equal(got, want) {
					t.Errorf("%v, parts of %d, %d leaves a block: ∂L/∂θ %v, want %v", mode, part, runs, got, want)
				}
			}
		}
	}
}

// tree adds the sums of leaves as solver.SumOverSamples does, in float32.
func tree(n, size int, leaf func(from, to int) []float64) []float64 {
	var add func(from, to int) []float64
	add = func(from, to int) []float64 {
		if to-from == 1 {
			return leaf(from*size, min(n, to*size))
		}
		left := 1
		for 2*left < to-from {
			left *= 2
		}
		sum := add(from, from+left)
		for i, x := range add(from+left, to) {
			sum[i] = float64(float32(sum[i]) + float32(x))
		}
		return sum
	}
	return add(0, (n+size-1)/size)
}
