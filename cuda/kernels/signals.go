package kernels

import "neuralode/solver"

// A row of Call.knots: solver.Knots.
const (
	knotsTime = iota
	knotsValue
	knotsCount
	KnotsLen
)

// SignalTable is what a Call has of the signals of a batch, and how many of the field's inputs are none.
type SignalTable struct {
	Constants, Signals, Hermite int64
	RecordingOf, Knots          []int64 // Call.recordingOf, which may be nil, and Call.knots
	Times, Values               []float64
}

// SignalsOf is that of a batch of n samples that was resolved, for a field with so many inputs.
func SignalsOf(b solver.Batch, n, inputs int) SignalTable {
	c := b.Courses()
	if c == nil {
		return SignalTable{Constants: int64(inputs)}
	}
	t := SignalTable{Constants: int64(inputs - c.Inputs()), Signals: int64(c.Width), Times: c.Times, Values: c.Values}
	if c.Interpolation == solver.HermiteInterpolation {
		t.Hermite = 1
	}
	for _, k := range c.Knots {
		t.Knots = append(t.Knots, int64(k.Time), int64(k.Value), int64(k.Count))
	}
	if len(c.Knots) > c.Width {
		for i := range n {
			t.RecordingOf = append(t.RecordingOf, int64(b.Recording(i)))
		}
	}
	return t
}

// SignalsBarAt is Call.signalsBarAt for a batch of n samples that was resolved, nil without signals.
func SignalsBarAt(b solver.Batch, n int) []int64 {
	c := b.Courses()
	if c == nil {
		return nil
	}
	at := make([]int64, 1, n+1)
	for i := range n {
		at = append(at, at[i]+int64(c.Len(b.Recording(i))))
	}
	return at
}

// SignalBars are the parts of Call.signalsBar, of which at is Call.signalsBarAt.
func SignalBars(bar []float64, at []int64) [][]float64 {
	bars := make([][]float64, len(at)-1)
	for i := range bars {
		bars[i] = bar[at[i]:at[i+1]]
	}
	return bars
}

// FineStops is Call.fineStops for a batch that was resolved.
func FineStops(b solver.Batch, p solver.Precision) int64 {
	if b.StopPrecision(p) == solver.Float64 {
		return 1
	}
	return 0
}

// ConstantsOf is what of Call.inputsBar, [n][inputs], is of constants.
func ConstantsOf(bar []float64, inputs, constants int) []float64 {
	if constants == inputs {
		return bar
	}
	own := make([]float64, 0, len(bar)/inputs*constants)
	for i := 0; i < len(bar); i += inputs {
		own = append(own, bar[i:i+constants]...)
	}
	return own
}
