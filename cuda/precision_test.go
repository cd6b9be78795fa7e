//go:build gpu && cgo && linux

package cuda_test

import (
	"math"
	"testing"

	"neuralode/solver"
)

// TestTF32 checks that TF32 is what was asked for: near float32, and not float32. Narrow models have the GPU's tanh, wide
// ones its products too.
func TestTF32(t *testing.T) {
	if !onDevice(t) {
		return
	}
	b := open(t)
	for name, width := range map[string]int{"fused": 8, "wide": 140} {
		m, spec := network(t, width), solver.DefaultSpec()
		spec.Gradient = solver.Discrete
		theta, z0 := numbers(m.ThetaLen(), 3), numbers(2*7, 5)
		for i := range theta {
			theta[i] *= 0.3
		}
		exact := differentiate(t, compile(t, b, m, spec), theta, z0, classes(7))
		spec.Precision = solver.TF32
		coarse := differentiate(t, compile(t, b, m, spec), theta, z0, classes(7))
		if e := largest(coarse.Z1, exact.Z1); !(e > 1e-6 && e < 2e-2) {
			t.Errorf("%s: z1 differs from float32's by %g", name, e)
		}
		if e := largest(coarse.Theta, exact.Theta); !(e > 1e-6 && e < 2e-2) {
			t.Errorf("%s: ∂L/∂θ differs from float32's by %g", name, e)
		}
	}
}

// TestTF32Refused checks that TF32 is refused for tolerances finer than its errors.
func TestTF32Refused(t *testing.T) {
	if !onDevice(t) {
		return
	}
	m, spec := network(t, 8), solver.DefaultSpec()
	spec.Precision, spec.Controller.Rtol = solver.TF32, 1e-4
	if _, err := open(t).Compile(m, spec); err == nil {
		t.Error("rtol 1e-4 is no error")
	}
}

// largest is the largest difference, relative to the largest number.
func largest(got, want []float64) float64 {
	scale, worst := 0.0, 0.0
	for i, v := range want {
		scale, worst = math.Max(scale, math.Abs(v)), math.Max(worst, math.Abs(got[i]-v))
	}
	return worst / scale
}
