package solver_test

import (
	"strings"
	"testing"

	"neuralode/solver"
)

// TestPrecision checks names, and that TF32 is refused for a tolerance finer than its errors.
func TestPrecision(t *testing.T) {
	for _, name := range []string{"float32", "float64", "tf32"} {
		p, err := solver.ParsePrecision(name)
		if err != nil || p.String() != name {
			t.Errorf("%s reads as %v: %v", name, p, err)
		}
		spec := solver.DefaultSpec()
		spec.Precision = p
		if err := spec.Check(); err != nil {
			t.Errorf("%s with rtol %g: %v", name, spec.Controller.Rtol, err)
		}
		spec.Controller.Rtol = 0.99e-3
		if err := spec.Check(); (err != nil) != (name == "tf32") {
			t.Errorf("%s with rtol %g: %v", name, spec.Controller.Rtol, err)
		}
	}
	spec := solver.DefaultSpec()
	spec.Precision = 3
	if err := spec.Check(); err == nil || !strings.Contains(err.Error(), "tf32") {
		t.Errorf("an unknown precision gives %v", err)
	}
}
