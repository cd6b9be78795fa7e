package solvertest

import (
	"errors"
	"testing"

	"neuralode/solver"
)

// refusals checks that Compile takes what Supports says, and that what it does not support is an error that says so.
func (s Suite) refusals(t *testing.T) {
	m := solver.Model{Field: lower(t, rate())}
	for _, control := range solver.Controls() {
		for _, precision := range solver.Precisions() {
			for _, mode := range append(solver.Gradients(), solver.NoGradient) {
				spec := s.spec(mode)
				spec.Precision, spec.Controller.Control = precision, control
				spec.Controller.Rtol, spec.Controller.Atol = solver.TF32Rtol, 1e-6
				if s.supports(t, m, spec) {
					s.compile(t, m, spec)
				}
			}
		}
	}
}

// supports reports whether the backend supports the spec. Where it does not, the error must be errors.ErrUnsupported,
// and that of Compile.
func (s Suite) supports(t *testing.T, m solver.Model, spec solver.Spec) bool {
	t.Helper()
	want := s.Backend.Supports(spec)
	if want == nil {
		return true
	}
	p, err := s.Backend.Compile(m, spec)
	if err == nil {
		t.Cleanup(func() { _ = p.Close() })
	}
	if !errors.Is(want, errors.ErrUnsupported) || err == nil || err.Error() != want.Error() {
		t.Errorf("control %v, %v, gradient %v: Compile gives %v, Supports %v", spec.Controller.Control, spec.Precision,
			spec.Gradient, err, want)
	}
	return false
}

// supported skips the test of what the backend says, at a call, that it lacks.
func supported[T any](t *testing.T, x T, err error) T {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	return must(t, x, err)
}
