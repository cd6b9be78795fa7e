package verify_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"neuralode/gradcheck"
	"neuralode/plan"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/train"
	"neuralode/verify"
)

func subject(t *testing.T, name string, rtol float64) (verify.Subject, reference.Problem) {
	t.Helper()
	p := reference.Embedded()[slices.Index(reference.Names(), name)]
	m, err := train.FromReference(&p.Model)
	if err != nil {
		t.Fatal(err)
	}
	s := solver.DefaultSpec()
	s.Precision, s.Controller.Rtol, s.Controller.Atol = solver.Float64, rtol, rtol/1000
	return verify.Subject{Model: m, Spec: s, Data: solver.Labelled(p.X, p.Label, m.Span), Backend: backend(t),
		Exact: backend(t), Gradients: 1}, p
}

// TestModelAgainstReferences holds what a model is said to be off by to what the eighth-order answers of its reference
// file say.
func TestModelAgainstReferences(t *testing.T) {
	names := []string{"mlp_time_backward", "spiral_trained"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		s, p := subject(t, name, 1e-4)
		r, err := verify.Model(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		want, err := verify.Check(context.Background(), backend(t), s.Spec, &p)
		if err != nil {
			t.Fatal(err)
		}
		trained := r.Answers[0]
		if !trained.Trained || math.Abs(trained.ZMax-want.Z) > 1e-8 || math.Abs(trained.Loss-want.Loss) > 1e-8 {
			t.Errorf("%s: z is off by %v, loss by %v; the reference says %v and %v", name, trained.ZMax, trained.Loss,
				want.Z, want.Loss)
		}
		if !(r.Own <= 1e-9) || !(r.Independent <= 1e-9) || r.Samples != len(p.Label) {
			t.Errorf("%s: %d samples, exact answers known to %v, the reference backend at %v", name, r.Samples, r.Own,
				r.Independent)
		}
		last := r.Answers[len(r.Answers)-1]
		if len(r.Answers) != 4 || last.Changed != 0 || !(last.ZMax < trained.ZMax/50) || !(last.NFE > trained.NFE) {
			t.Errorf("%s: %d tolerances, the last %+v", name, len(r.Answers), last)
		}
		for _, m := range r.Gradients.Modes {
			if m.Err != nil || !(m.ToDifferences <= 1e-5) || !(m.ToOthers <= 1e-5) {
				t.Errorf("%s: %+v", name, m)
			}
		}
	}
}

// TestModelCountsClasses counts the classes that a coarse tolerance gets wrong beside the answers of the reference
// file.
func TestModelCountsClasses(t *testing.T) {
	s, p := subject(t, "circle_trained", 0.5)
	s.Gradients = 0
	r, err := verify.Model(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	spec := s.Spec
	spec.Gradient = solver.NoGradient
	program, err := backend(t).Compile(s.Model.Solver, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	coarse, err := program.Solve(context.Background(), p.Theta, solver.Batch{Z0: p.X, Spans: s.Data.Spans})
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for i := range p.Label {
		if (coarse.Z1[2*i] > 0) != (p.Z1[2*i] > 0) {
			want++
		}
	}
	if want == 0 || r.Answers[0].Changed != want || r.Gradients != nil {
		t.Errorf("%d classes change, want %d; gradients %v", r.Answers[0].Changed, want, r.Gradients)
	}
}

// TestModelWithoutLabels checks the gradient of the sum of z(t1), and finds one that was taken out.
func TestModelWithoutLabels(t *testing.T) {
	s, _ := subject(t, "mlp_random", 1e-3)
	s.Data.Labels, s.Data.Z0 = nil, s.Data.Z0[:4*s.Model.Net.Dim()]
	r, err := verify.Model(context.Background(), s)
	if err != nil || !math.IsNaN(r.Answers[0].Loss) || r.GradientSamples != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	spoiled := *s.Model.Solver.Field
	spoiled.ParamGrads = slices.Clone(spoiled.ParamGrads)
	spoiled.ParamGrads[0] = plan.None
	m := *s.Model
	m.Solver.Field = &spoiled
	s.Model = &m
	r, err = verify.Model(context.Background(), s)
	var wrong *gradcheck.Error
	if !errors.As(err, &wrong) || wrong.Faults[0].Of != spoiled.Params[0].Name || r == nil {
		t.Errorf("%v", err)
	}
}

// TestModelOfSeries looks at the same states once as ends and once as the only time of each sample, and at one that is
// masked: what is said of them must be the same but for the mean over fewer losses.
func TestModelOfSeries(t *testing.T) {
	s, p := subject(t, "mlp_random", 1e-3)
	n, dim := 6, s.Model.Net.Dim()
	s.Data = solver.Labelled(p.X[:n*dim], p.Label[:n], s.Data.Spans[0])
	ends, err := verify.Model(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	s.Data.AtTimes, s.Data.Times = true, []float64{s.Data.Spans[0].T1}
	rows, err := verify.Model(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	if !rows.AtTimes || !slices.Equal(ends.Answers, rows.Answers) || ends.Size != rows.Size {
		t.Errorf("ends %+v, rows %+v", ends, rows)
	}
	s.Data.Mask = make([]bool, n)
	s.Data.Mask[2] = true
	if masked, err := verify.Model(context.Background(), s); err != nil ||
		masked.Answers[0].Loss == rows.Answers[0].Loss ||
		masked.Answers[0].ZMax != rows.Answers[0].ZMax {
		t.Errorf("masked %+v, %v", masked, err)
	}
}
