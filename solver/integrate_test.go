package solver_test

import (
	"math"
	"testing"

	"neuralode/solver"
)

func spec(rtol, atol float64) solver.Spec {
	s := solver.DefaultSpec()
	s.Controller.Rtol, s.Controller.Atol = rtol, atol
	s.Controller.MaxSteps = 100000
	return s
}

func decay(_ float64, z, dz []float64) { dz[0] = -z[0] }

func lotkaVolterra(_ float64, z, dz []float64) {
	dz[0] = 1.5*z[0] - z[0]*z[1]
	dz[1] = z[0]*z[1] - 3*z[1]
}

func vanDerPol(mu float64) solver.FieldFunc {
	return func(_ float64, z, dz []float64) { dz[0], dz[1] = z[1], mu*(1-z[0]*z[0])*z[1]-z[0] }
}

func cubicSpiral(_ float64, z, dz []float64) {
	a, b := z[0]*z[0]*z[0], z[1]*z[1]*z[1]
	dz[0], dz[1] = -0.1*a-2*b, 2*a-0.1*b
}

func kepler(_ float64, z, dz []float64) {
	r := math.Pow(z[0]*z[0]+z[1]*z[1], 1.5)
	dz[0], dz[1], dz[2], dz[3] = z[2], z[3], -z[0]/r, -z[1]/r
}

// TestStepCounts compares steps and evaluations with an independent emulation of torchdiffeq's dopri5. The rule that
// differs is the end: that emulation steps past t1 and interpolates back, ours cuts the last step to t1. The steps
// before the last are the same, and so is their number, unless the cut step itself is rejected or a rejection is
// avoided by cutting.
func TestStepCounts(t *testing.T) {
	type counts struct{ accepted, rejected int }
	tolerances := [3][2]float64{{1e-3, 1e-6}, {1e-6, 1e-6}, {1e-7, 1e-9}}
	cases := []struct {
		name string
		f    solver.FieldFunc
		z0   []float64
		t1   float64
		want [3]counts
	}{
		{"decay", decay, []float64{1}, 20, [3]counts{{16, 0}, {25, 0}, {63, 0}}},
		{"Lotka-Volterra", lotkaVolterra, []float64{1, 1}, 10, [3]counts{{25, 10}, {75, 19}, {127, 25}}},
		{"van der Pol 1", vanDerPol(1), []float64{2, 0}, 20, [3]counts{{50, 23}, {133, 53}, {248, 78}}},
		{"van der Pol 5", vanDerPol(5), []float64{2, 0}, 10, [3]counts{{45, 12}, {99, 14}, {202, 20}}},
		{"cubic spiral", cubicSpiral, []float64{2, 0}, 25, [3]counts{{55, 18}, {166, 31}, {329, 79}}},
		{"Kepler 0.5", kepler, []float64{0.5, 0, 0, math.Sqrt(3)}, 20, [3]counts{{36, 12}, {88, 27}, {173, 41}}},
	}
	for _, c := range cases {
		for i, tol := range tolerances {
			got := solver.Integrate(c.f, c.z0, solver.Span{T1: c.t1}, nil, spec(tol[0], tol[1]), nil)
			if got.End.Status != solver.OK {
				t.Fatalf("%s: %v", c.name, got.End)
			}
			s := got.Stats
			if s.NFE != 2+6*s.Tried() {
				t.Errorf("%s: %d evaluations for %d steps", c.name, s.NFE, s.Tried())
			}
			if (counts{s.Accepted, s.Rejected}) != c.want[i] {
				t.Errorf("%s at %v: %d accepted, %d rejected, want %v", c.name, tol, s.Accepted, s.Rejected, c.want[i])
			}
		}
	}
}

// TestStartsWithoutAScale solves z' = (cos t, −z1) with atol zero from a component that is zero: its scaled size is
// 0/0, and the first step must come from elsewhere.
func TestStartsWithoutAScale(t *testing.T) {
	f := func(t float64, z, dz []float64) { dz[0], dz[1] = math.Cos(t), -z[1] }
	got := solver.Integrate(f, []float64{0, 1}, solver.Span{T1: 1}, nil, spec(1e-6, 0), nil)
	if got.End.Status != solver.OK || got.Stats.Tried() > 100 {
		t.Fatalf("%+v with %+v", got.End, got.Stats)
	}
	if math.Abs(got.Z1[0]-math.Sin(1)) > 1e-5 || math.Abs(got.Z1[1]-math.Exp(-1)) > 1e-5 {
		t.Errorf("z(1) is %v", got.Z1)
	}
}
