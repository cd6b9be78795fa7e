package verify_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/verify"
)

func backend(t *testing.T) solver.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func spec(mode solver.Gradient, control solver.Control) solver.Spec {
	s := solver.DefaultSpec()
	s.Precision, s.Gradient = solver.Float64, mode
	s.Controller.Rtol, s.Controller.Atol, s.Controller.Control = 1e-9, 1e-10, control
	return s
}

// TestReferenceProblems holds both gradients under both controls to what an eighth-order solve says, a few times the
// errors that diffrax has at the same tolerances.
func TestReferenceProblems(t *testing.T) {
	for _, mode := range solver.Gradients() {
		for _, control := range []solver.Control{solver.ControlSample, solver.ControlBatch} {
			if control == solver.ControlBatch && testing.Short() {
				continue
			}
			for _, p := range reference.Embedded() {
				t.Run(fmt.Sprint(mode, "/", control, "/", p.Name), func(t *testing.T) {
					r, err := verify.Check(context.Background(), backend(t), spec(mode, control), &p)
					if err != nil {
						t.Fatal(err)
					}
					if !(r.Z <= 3e-7 && r.Loss <= 3e-7 && r.Grad <= 1e-6 && r.GradX <= 1e-6) {
						t.Errorf("%+v", r)
					}
				})
			}
		}
	}
}

// TestSeesErrors spoils one number of the answers at a time: each must show in its own result, and as large as it is.
func TestSeesErrors(t *testing.T) {
	check := func(spoil func(*reference.Problem)) *verify.Result {
		p := reference.Embedded()[2]
		spoil(&p)
		r, err := verify.Check(context.Background(), backend(t), spec(solver.Discrete, solver.ControlSample), &p)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-5*want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("z", check(func(p *reference.Problem) { p.Z1[len(p.Z1)-1] += 0.5 }).Z, 0.5)
	near("loss", check(func(p *reference.Problem) { p.Loss -= 0.5 }).Loss, 0.5)
	near("grad", check(func(p *reference.Problem) {
		g := p.Params[1].Of(p.GradTheta)
		for i := range g {
			g[i] *= 2
		}
	}).Grad, 0.5)
	near("grad.x", check(func(p *reference.Problem) {
		for i := range p.GradX {
			p.GradX[i] *= -4
		}
	}).GradX, 1.25)
	if z := check(func(p *reference.Problem) { p.Z1[0] = math.NaN() }).Z; !math.IsNaN(z) {
		t.Errorf("NaN in the answers gives %v", z)
	}
}

// TestProblemsThatCannotBeChecked names the problem and says why.
func TestProblemsThatCannotBeChecked(t *testing.T) {
	for want, spoil := range map[string]func(*reference.Problem, *solver.Spec){
		"sample 3":        func(p *reference.Problem, _ *solver.Spec) { p.X[3*p.Dim()] = math.NaN() },
		"without a gradi": func(_ *reference.Problem, s *solver.Spec) { s.Gradient = solver.NoGradient },
		"activation":      func(p *reference.Problem, _ *solver.Spec) { p.Activation = "swish" },
		"labels":          func(p *reference.Problem, _ *solver.Spec) { p.Label = p.Label[1:] },
	} {
		p, s := reference.Embedded()[2], spec(solver.Backsolve, solver.ControlSample)
		spoil(&p, &s)
		_, err := verify.Check(context.Background(), backend(t), s, &p)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), p.Name) {
			t.Errorf("%v, want %q of %s", err, want, p.Name)
		}
	}
}
