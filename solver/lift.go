package solver

import (
	"errors"
	"fmt"
)

// Features is the number of features that the lift makes z0 of; 0 without a lift.
func (m Model) Features() int {
	if m.Lift == nil {
		return 0
	}
	return m.Lift.Values[m.Lift.Input("x")].Cols
}

// SplitTheta is θ, or anything that lies like it, in its parts: of the field, the head and the lift. What jump and events
// have of their own lies behind them.
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
