package solver

import (
	"errors"
	"fmt"
)

// CheckCompile reports everything that is wrong with what a backend's Compile is given, before any work.
func CheckCompile(m Model, spec Spec) error {
	if err := errors.Join(m.Check(), spec.Check()); err != nil {
		return err
	}
	if err := errors.Join(m.checkJacobian(spec), m.checkTolerances(spec), m.checkEvents(spec)); err != nil {
		return err
	}
	if spec.Gradient == NoGradient {
		return nil
	}
	return m.checkVJP()
}

// CheckCall reports everything that is wrong with what a program's Solve is given.
func CheckCall(m Model, spec Spec, theta []float64, b Batch) error {
	if err := checkFeatures(m, b); err != nil {
		return errors.Join(checkTheta(m, theta), err)
	}
	b = m.WithRoom(b)
	return errors.Join(checkTheta(m, theta), b.Check(m.Dim(), spec), checkInputs(m, b),
		checkAmounts(m, b), checkMoments(m, b), checkTime(m, spec, b))
}

// checkMoments reports signals of which events and jumps would need second derivatives.
func checkMoments(m Model, b Batch) error {
	u := &b.Signals
	if u.Derivative && u.Interpolation == HermiteInterpolation && (m.Jump != nil || len(m.Events) > 0) {
		return fmt.Errorf("solver: events and jumps do not read derivatives of signals between which cubics run: %w",
			errors.ErrUnsupported)
	}
	return nil
}

// checkInputs reports constants and signals that are not together what the field reads of each sample.
func checkInputs(m Model, b Batch) error {
	n, signals := b.Len(m.Dim()), b.Signals.Inputs()
	if signals > m.Inputs() {
		return fmt.Errorf("solver: the field reads %d inputs, the signals are %d", m.Inputs(), signals)
	}
	constants := m.Inputs() - signals
	if want := n * constants; len(b.Inputs) != want {
		of := ""
		if signals > 0 {
			of = fmt.Sprintf(", beside which the field reads %d of signals", signals)
		}
		return fmt.Errorf("solver: inputs has %d numbers, want %d for %d samples of %d%s", len(b.Inputs), want, n,
			constants, of)
	}
	return nil
}

// checkTime reports the first span, or part of one between stops, over which a solve in the precision of the spec would
// mislead.
func checkTime(m Model, spec Spec, b Batch) error {
	timed := m.Field.Reads(m.Field.Input("t")) || m.Head != nil && m.Head.Reads(m.Head.Input("t"))
	for i, s := range b.Spans {
		if err := s.checkPrecision(i, spec.Precision, timed); err != nil {
			return err
		}
	}
	n := b.Len(m.Dim())
	if err := b.Signals.checkPrecision(b, spec.Precision); err != nil {
		return err
	}
	if len(b.Stops)+len(b.Jumps) == 0 || b.Check(m.Dim(), spec) != nil { // reported
		return nil
	}
	b.stopAtJumps(n)
	for i := range n {
		from := b.Span(i).T0
		for _, stop := range b.Span(i).ends(b.StopsOf(i)) {
			if err := (Span{from, stop}).checkPrecision(i, spec.Precision, timed); err != nil {
				return fmt.Errorf("%w (between stops)", err)
			}
			from = stop
		}
		if len(b.Spans) == 1 && b.StopOffsets == nil { // all are alike
			break
		}
	}
	return nil
}

// CheckGradient reports everything that is wrong with what a program's Differentiate is given.
func CheckGradient(m Model, spec Spec, theta []float64, b Batch, o Objective) error {
	if err := CheckCall(m, spec, theta, b); err != nil {
		return err
	}
	var errs []error
	b = m.WithRoom(b)
	if spec.Gradient == NoGradient {
		errs = append(errs, errors.New("solver: the program was compiled without a gradient"))
	}
	return errors.Join(append(errs, o.Check(m, b.Len(m.Dim()), b.RowCount(b.Len(m.Dim()))))...)
}

// CheckTraining reports everything that is wrong with what a program's Train is given.
func CheckTraining(m Model, spec Spec, data Data, opt Optimizer, start OptimizerState) error {
	n := m.ThetaLen()
	errs := []error{opt.CheckIn(spec.Precision), opt.CheckFrozen(n), opt.check(start, n), data.check(m, spec)}
	if spec.Gradient == NoGradient {
		errs = append(errs, errors.New("solver: training needs a gradient, the program was compiled without one"))
	}
	if m.Head == nil {
		errs = append(errs, errors.New("solver: training needs a loss, the model has none"))
	}
	return errors.Join(errs...)
}

func checkTheta(m Model, theta []float64) error {
	if want := m.ThetaLen(); len(theta) != want {
		return fmt.Errorf("solver: θ has %d numbers, want %d", len(theta), want)
	}
	return nil
}
