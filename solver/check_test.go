package solver_test

import (
	"strings"
	"testing"

	"neuralode/plan"
	"neuralode/solver"
)

// TestCheckCompile gives models that no backend can run; each must be an error that says why, and no panic.
func TestCheckCompile(t *testing.T) {
	spec := solver.DefaultSpec()
	spec.Gradient = solver.Backsolve
	if err := solver.CheckCompile(perceptron(t), spec); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		what, want string
		spoil      func(*solver.Model, *solver.Spec)
	}{
		{"no field", "no field", func(m *solver.Model, _ *solver.Spec) { m.Field = nil }},
		{"an empty field", "output f", func(m *solver.Model, _ *solver.Spec) { m.Field = &plan.Plan{} }},
		{"an empty head", "output loss", func(m *solver.Model, _ *solver.Spec) { m.Head = &plan.Plan{} }},
		{"ports out of range", "leaves as value 7", func(m *solver.Model, _ *solver.Spec) {
			m.Field = &plan.Plan{Inputs: []plan.Port{{Name: "z", Value: 3}, {Name: "t", Value: -9}},
				Outputs: []plan.Port{{Name: "f", Value: 7}}}
		}},
		{"a field without VJP", "needs a field with", func(m *solver.Model, _ *solver.Spec) { m.Field = plan.Forward(m.Field) }},
		{"a head without VJP", "needs a head with", func(m *solver.Model, _ *solver.Spec) { m.Head = plan.Forward(m.Head) }},
		{"a head as the field", "output f", func(m *solver.Model, _ *solver.Spec) { m.Field = m.Head }},
		{"a field as the head", "output loss", func(m *solver.Model, _ *solver.Spec) { m.Head = m.Field }},
		{"an input that nothing provides", `the input "u"`, func(m *solver.Model, _ *solver.Spec) {
			m.Field.Values = append(m.Field.Values, plan.Value{Space: plan.Row, Rows: 1, Cols: 1})
			m.Field.Inputs = append(m.Field.Inputs, plan.Port{Name: "u", Value: plan.ID(len(m.Field.Values) - 1)})
		}},
		{"a tableau without order", "order", func(_ *solver.Model, s *solver.Spec) { s.Tableau().Order = 0 }},
		{"a tableau without stages", "incomplete", func(_ *solver.Model, s *solver.Spec) { s.Method = &solver.Tableau{C: []float64{0, 1}} }},
		{"no method", "no method", func(_ *solver.Model, s *solver.Spec) { s.Method = nil }},
		{"no tableau", "incomplete", func(_ *solver.Model, s *solver.Spec) { s.Method = (*solver.Tableau)(nil) }},
		{"no error estimate", "rk4 has no error estimate", func(_ *solver.Model, s *solver.Spec) { s.Method = solver.RK4() }},
	} {
		m, s := perceptron(t), spec
		s.Method = solver.Dopri5()
		x.spoil(&m, &s)
		if err := solver.CheckCompile(m, s); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.what, err, x.want)
		}
	}
	m := perceptron(t)
	m.Field, m.Head, spec.Gradient = plan.Forward(m.Field), plan.Forward(m.Head), solver.NoGradient
	if err := solver.CheckCompile(m, spec); err != nil {
		t.Errorf("a solve without gradient: %v", err)
	}
}
