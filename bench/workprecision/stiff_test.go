package main

import (
	"testing"

	"neuralode/solver"
)

// TestNothingClassicalIsStiff gives the classical problems, of which none is stiff, far too few steps: they run out of
// them, and no method takes that for stiffness.
func TestNothingClassicalIsStiff(t *testing.T) {
	for _, p := range classical() {
		for _, method := range []solver.Method{solver.Dopri5(), solver.Tsit5(), solver.Dopri8(), solver.Bosh3()} {
			for _, rtol := range []float64{1e-3, 1e-6, 1e-9} {
				spec := solver.DefaultSpec()
				spec.Method, spec.Precision = method, solver.Float64
				spec.Controller.Rtol, spec.Controller.Atol, spec.Controller.MaxSteps = rtol, rtol/1000, 100
				path := solver.Integrate(p.f, p.z0, solver.Span{T1: 10 * p.t1}, nil, spec, nil)
				if path.End.Status != solver.MaxSteps && path.End.Status != solver.OK {
					t.Errorf("%s by %v at rtol %g: %+v after %+v", p.name, method, rtol, path.End, path.Stats)
				}
			}
		}
	}
}
