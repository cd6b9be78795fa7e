package solver

import (
	"errors"
	"fmt"

	"neuralode/plan"
)

// Features is the number of features that the lift makes z0 of; 0 without a lift.
func (m Model) Features() int {
	if m.Lift == nil {
		return 0
	}
	return m.Lift.Values[m.Lift.Input("x")].Cols
}

// SplitTheta is θ, or anything that lies like it, in its parts: of the field, the head and the lift. What jump and
// events have of their own lies behind them.
func SplitTheta[E any](m Model, theta []E) (field, head, lift []E) {
	n := m.Field.ThetaLen()
	field, theta = theta[:n], theta[n:]
	n = 0
	if m.Head != nil {
		n = m.Head.ThetaLen()
	}
	head, theta = theta[:n], theta[n:]
	n = 0
	if m.Lift != nil {
		n = m.Lift.ThetaLen()
	}
	return field, head, theta[:n]
}

// WithRoom is the batch with a Z0 of its own for the states that a lift makes of its features; as it is, where it has
// none. It must pass [CheckCall] as it is. Backends fill in what it has room for.
func (m Model) WithRoom(b Batch) Batch {
	if m.Lift != nil && b.Features != nil {
		b.Z0 = make([]float64, len(b.Features)/m.Features()*m.Dim())
	}
	return b
}

// pick is the batch of some of the samples.
func (m Model) pick(b Batch, samples []int) Batch {
	p := m.WithRoom(b).pick(samples, m.Dim())
	if p.Features != nil {
		p.Z0 = nil
	}
	return p
}

// checkFeatures reports features without a lift, beside initial states, or of another width.
func checkFeatures(m Model, b Batch) error {
	switch {
	case b.Features == nil:
		return nil
	case m.Lift == nil:
		return errors.New("solver: the batch has features, but the model no lift to make z0 of them: give z0")
	case b.Z0 != nil:
		return errors.New("solver: give z0 or the features that the lift makes it of, not both")
	case len(b.Features) == 0 || len(b.Features)%m.Features() != 0:
		return fmt.Errorf("solver: the features are %d numbers, want a positive multiple of the %d that the lift reads",
			len(b.Features), m.Features())
	}
	return nil
}

// Lifter runs a model's lift by the interpreter, in float64: for the reference, and for backends that have no kernels
// for lifts, which are a small part of a solve. It is not for concurrent use.
type Lifter struct{ machine *plan.Machine }

// NewLifter is the lifter of a model; nil for one without a lift.
func NewLifter(m Model) *Lifter {
	if m.Lift == nil {
		return nil
	}
	return &Lifter{plan.NewMachine(m.Lift)}
}

// SetTheta takes the lift's part of θ: see [SplitTheta].
func (l *Lifter) SetTheta(theta []float64) { l.machine.SetTheta(theta) }

// Raise fills in the initial states of a batch of features that has room for them: see [Model.WithRoom].
func (l *Lifter) Raise(b Batch, dim int) {
	if b.Features != nil {
		l.machine.Forward(b.Len(dim), map[string][]float64{"x": b.Features})
		copy(b.Z0, l.machine.Output("z0"))
	}
}

// PullBack writes to the lift's part of ∂L/∂θ what ∂L/∂z0 of the batch that was raised last makes of it.
func (l *Lifter) PullBack(b Batch, z0Bar, theta []float64) {
	if b.Features != nil && len(theta) > 0 {
		l.machine.VJP(map[string][]float64{"z0": z0Bar})
		l.machine.ThetaGrad(theta)
	}
}
