package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"neuralode/dataset"
	"neuralode/solver"
)

// signals are those of series as the field reads them.
func (m *Model) signals(s *dataset.Series) solver.Signals {
	if len(m.Signals) == 0 {
		return solver.Signals{}
	}
	u, of := s.SignalsOf()
	return solver.Signals{Interpolation: m.Interpolation, Hold: m.HoldSignals, Times: m.TimeScale.Apply(u.Times),
		Values: m.SignalScale.Apply(u.Values), Offsets: u.Offsets, Of: of}
}

// manyKnots is how many knots a recording has at least, on average, before a note says what lines between them cost.
const manyKnots = 200

// signalNotes are for people who may not know what their choice of interpolation costs.
func (c Config) signalNotes(s *dataset.Series) []string {
	if s.Signals == nil || c.Interpolation != solver.LinearInterpolation.String() {
		return nil
	}
	if each := len(s.Signals.Times) / s.Signals.Len(); each >= manyKnots {
		return []string{fmt.Sprintf("steps end where inputs bend, at most of the %d rows that a series has on average: "+
			"interpolation hermite goes over them", each)}
	}
	return nil
}

// nameInputs calls constants and signals of series as the file's header does: a column may have been named by its
// number, which is another's in another file.
func (m *Model) nameInputs(s *dataset.Series) {
	if s != nil {
		m.Constants, m.Signals = s.ConstantNames, s.SignalNames()
	}
}

// checkSignals reports signals that are not those of the model, or not known for all of the series.
func (m *Model) checkSignals(s *dataset.Series) error {
	if got := s.SignalNames(); len(got) != len(m.Signals) {
		return fmt.Errorf("the series have the inputs %q, the model wants %q", got, m.Signals)
	}
	return s.CheckSignals(m.HoldSignals)
}

// checkInterpolation reports one that there is not, or that nothing has.
func (c Config) checkInterpolation() error {
	_, err := solver.ParseInterpolation(c.Interpolation)
	if given := c.HoldInputs || c.Interpolation != DefaultConfig().Interpolation; err == nil && given &&
		len(c.Inputs) == 0 {
		err = errors.New("interpolation and hold-inputs are of inputs, and none are named")
	}
	return err
}

// What a model file says of signals.
const (
	signalsKey       = "signals"
	interpolationKey = "interpolation"
	holdKey          = "hold_signals"
)

// addSignals puts into the metadata of a model file what it says of signals: nothing of none.
func (m *Model) addSignals(metadata map[string]string) error {
	if len(m.Signals) == 0 {
		return nil
	}
	names, err := json.Marshal(m.Signals)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	metadata[signalsKey], metadata[interpolationKey] = string(names), m.Interpolation.String()
	if m.HoldSignals {
		metadata[holdKey] = "true"
	}
	return nil
}

// takeSignals reads what addSignals wrote.
func (m *Model) takeSignals(meta *metadata) {
	meta.names(signalsKey, &m.Signals)
	if text, ok := meta.find(interpolationKey); ok {
		i, err := solver.ParseInterpolation(text)
		meta.require(err == nil, "metadata %q is %.60q, want one of %v", interpolationKey, text, solver.Interpolations())
		m.Interpolation = i
	}
	if text, ok := meta.find(holdKey); ok {
		meta.require(slices.Contains([]string{"true", "false"}, text), "metadata %q is %.60q, want true or false",
			holdKey, text)
		m.HoldSignals = text == "true"
	}
}
