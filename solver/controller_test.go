package solver_test

import (
	"math"
	"strings"
	"testing"

	"neuralode/solver"
)

func TestController(t *testing.T) {
	c := solver.DefaultController()
	for _, x := range []struct {
		err    float64
		accept bool
		factor float64
	}{
		{1, true, 1}, // 0.9, but no shrinking after an accepted step
		{0, true, 10},
		{1e-12, true, 10},
		{math.Pow(0.9/2, 5), true, 2},
		{math.Pow(0.9/0.5, 5), false, 0.5},
		{1.0001, false, 0.9 * math.Pow(1.0001, -0.2)},
		{1e12, false, 0.2},
		{math.NaN(), false, 0.2},
		{math.Inf(1), false, 0.2},
	} {
		var history solver.Errors
		accept, factor := c.Next(x.err, 5, &history)
		if accept != x.accept || math.Abs(factor-x.factor) > 1e-12 {
			t.Errorf("error %v: %v, %v, want %v, %v", x.err, accept, factor, x.accept, x.factor)
		}
		if (history.Prev == x.err) != x.accept && x.err == x.err {
			t.Errorf("error %v: the history is %+v", x.err, history)
		}
	}
}

// TestPIControl compares two accepted steps with the formula of Söderlind (2003) written out.
func TestPIControl(t *testing.T) {
	c := solver.DefaultController()
	c.P, c.I = 0.3, 0.4
	var history solver.Errors
	c.Next(0.5, 5, &history)
	if _, got := c.Next(0.2, 5, &history); math.Abs(got-0.9*math.Pow(0.2, -0.7/5)*math.Pow(0.5, 0.3/5)) > 1e-12 {
		t.Errorf("the second factor is %v", got)
	}
}

// TestGains looks the names up; each is a controller that works.
func TestGains(t *testing.T) {
	for _, g := range solver.AllGains() {
		same, err := solver.GainsNamed(g.Name)
		c := solver.DefaultController().With(same)
		if err == nil {
			err = c.Check()
		}
		if err != nil || c.P != g.P || c.I != g.I || c.D != g.D {
			t.Errorf("%v gives %+v: %v", g, c, err)
		}
	}
	if _, err := solver.GainsNamed("pdi"); err == nil || !strings.Contains(err.Error(), "integral") {
		t.Errorf("an unknown name gives %v", err)
	}
	var history solver.Errors // DOPRI5 with β = 0.04: err^(−(1/5 − 0.75β))·errPrev^β
	g, _ := solver.GainsNamed("hairer")
	c := solver.DefaultController().With(g)
	c.Next(0.5, 5, &history)
	if _, got := c.Next(0.02, 5, &history); math.Abs(got-0.9*math.Pow(0.02, -0.17)*math.Pow(0.5, 0.04)) > 1e-12 {
		t.Errorf("the factor of hairer is %v", got)
	}
}

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	spec := solver.DefaultSpec()
	spec.Controller.Rtol, spec.Controller.MaxSteps = -1, 0
	spec.Gradient = 7
	err := spec.Check()
	if err == nil {
		t.Fatal("nothing is reported")
	}
	for _, want := range []string{"rtol must be zero or positive, got -1", "number of steps", "gradient must be"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in %q", want, err)
		}
	}
}

// TestTheFirstStepIsAStep checks that norms that overflowed or have no scale give a step that time can take.
func TestTheFirstStepIsAStep(t *testing.T) {
	norms := []float64{0, 1e-300, 1, 1e300, math.Inf(1), math.NaN()}
	for _, d0 := range norms {
		for _, d1 := range norms {
			h0 := solver.StartProbe(d0, d1, solver.Span{T1: math.MaxFloat64})
			if !(h0 > 0 && h0 <= math.MaxFloat64) {
				t.Errorf("the probe for %v, %v is %v", d0, d1, h0)
			}
			for _, d2 := range norms {
				if h := solver.StartStep(h0, d1, d2, 5); !(h > 0 && h <= math.MaxFloat64) {
					t.Errorf("the step for %v, %v, %v is %v", d0, d1, d2, h)
				}
			}
		}
	}
}
