package kernels_test

import (
	"fmt"
	"slices"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// TestConfigurations checks that rows, threads and where weights and sums lie change no bit of a sample, and that the cut
// into blocks alone decides the bits of ∂L/∂θ.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	c := modelCases()[1]
	m, spec := c.model(t), solver.DefaultSpec()
	for _, mode := range []solver.Gradient{solver.Backsolve, solver.Discrete} {
		spec.Gradient = mode
		theta, b, o := c.problem(m, 9, nil)
		want := differentiate(t, small(), m, spec, theta, b, o)
		for i, config := range []kernels.Config{{Rows: 1, Threads: 64, Shared: 1 << 17}, {Rows: 16, Threads: 32, Shared: 1 << 18},
			{Rows: 2, Threads: 128, Shared: 21 << 10}} {
			if testing.Short() && i > 0 {
				break // each is a run of the compiler
			}
			t.Run(fmt.Sprint(mode, config), func(t *testing.T) {
				device := small()
				device.config = config
				got := differentiate(t, device, m, spec, theta, b, o)
				if !slices.Equal(got.Z1, want.Z1) || !slices.Equal(got.Z0, want.Z0) || !slices.Equal(got.Losses, want.Losses) {
					t.Errorf("z1 %v, want %v", got.Z1, want.Z1)
				}
				near(t, "∂L/∂θ", got.Theta, want.Theta, 1e-5)
			})
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
			if got := differentiate(t, device, m, spec, theta, b, o); !slices.Equal(got.Theta, want.Theta) || !slices.Equal(got.Z0, want.Z0) {
				t.Errorf("%s: order %s changes the gradient", name, order)
			}
		}
	}
}
