package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/solver"
)

// Lifts are what can make the initial state: "none", the features and zeros; "linear", a linear map of what is known of
// a sample, and "mlp", a perceptron; "auto" is mlp where the state is latent, else none.
var Lifts = []string{"auto", "none", "linear", "mlp"}

// Lift says how an initial state is made of what is known of a sample: the features of a point, or the first
// observations of a series. Its zero value is no lift.
type Lift struct {
	Hidden   []int // widths of its layers between; none is a linear map
	Features int   // of the data: with a lift, the state does not tell
	Rows     int   // of series: so many first rows are looked at
	// of series: and of these, where it is positive, those that are no later than this after the first, in their time
	Window float64
}

// lifted reports whether a lift makes the initial states.
func (m *Model) lifted() bool { return m.Lift.Features > 0 }

// Latent reports whether the state's components are none of the data's: a lift makes them, and the read-out something
// else of them again.
func (m *Model) Latent() bool { return m.lifted() && m.Readout != components }

// components is the read-out of series that are compared as they are.
const components = "components"

// wantsLift is the kind of lift that the configuration asks for: "none", "linear" or "mlp".
func (c Config) wantsLift() string {
	switch {
	case c.Lift != "auto" && c.Lift != "":
		return c.Lift
	case c.Latent > 0:
		return "mlp"
	}
	return "none"
}

// checkLift reports what does not go with a lift, or with none.
func (c Config) checkLift() error {
	var p problems
	p.require(slices.Contains(Lifts, c.Lift) || c.Lift == "",
		"lift must be one of auto, none, linear, mlp, got %q", c.Lift)
	p.require(c.Latent >= 0 && c.Latent <= MaxWidth, "latent must be from 0 to %d, got %d", MaxWidth, c.Latent)
	p.require(c.LiftFrom >= 0 && c.LiftFrom <= MaxWidth,
		"lift-from must be from 0 to %d rows, got %d", MaxWidth, c.LiftFrom)
	p.require(c.LiftWindow >= 0 && !math.IsInf(c.LiftWindow, 0),
		"lift-window must be zero or positive, got %v", c.LiftWindow)
	for name, widths := range map[string][]int{"lift-hidden": c.LiftHidden, "readout-hidden": c.ReadoutHidden} {
		p.require(len(widths) < MaxLayers, "%s must be fewer than %d layers, got %d", name, MaxLayers, len(widths))
		for _, h := range widths {
			p.require(h >= 1 && h <= MaxWidth, "%s must be at least 1 and at most %d, got %d", name, MaxWidth, h)
		}
	}
	p.require(c.wantsLift() != "mlp" || len(c.LiftHidden) > 0,
		"lift mlp needs layers: choose lift-hidden, or lift linear")
	p.require(c.Readout != "mlp" || len(c.ReadoutHidden) > 0,
		"readout mlp needs layers: choose readout-hidden, or readout linear")
	p.require(c.Latent == 0 || c.wantsLift() != "none",
		"a latent state of %d components is made by a lift: choose lift linear or mlp", c.Latent)
	p.require(c.Latent == 0 || c.Augment == 0, "latent is how many components the state has: leave out augment %d",
		c.Augment)
	p.require(!c.SecondOrder || c.Latent%2 == 0,
		"a latent state of second order has as many velocities as positions, got latent %d", c.Latent)
	if c.Task != seriesTask {
		p.require(c.LiftFrom == 0 && c.LiftWindow == 0,
			"points are lifted from what they are: lift-from and lift-window are of series")
		p.require(len(c.Constants) == 0, "points have no constants beside their features: constants are of series")
		p.require(len(c.Inputs) == 0 && !c.HoldInputs,
			"points have no inputs in time: inputs and hold-inputs are of series")
	}
	return errors.Join(p...)
}

// dim is how many components the state has, for data of that many features.
func (c Config) dim(features int) int {
	switch {
	case c.Latent > 0:
		return c.Latent
	case c.SecondOrder:
		return 2 * (features + c.Augment)
	}
	return features + c.Augment
}

// defaultLiftRows is how many first rows of series a lift looks at without a word of it: enough for noise to average
// out, few enough that most series have them.
const defaultLiftRows = 8

// chooseLift settles what the initial state is made of, for these data.
func (m *Model) chooseLift(c Config, d *dataset.Dataset) error {
	kind := c.wantsLift()
	if kind == "none" {
		return nil
	}
	m.Augment, m.Lift = 0, Lift{Features: d.Dim}
	if kind == "mlp" {
		m.Lift.Hidden = c.LiftHidden
	}
	if s := d.Series; s != nil {
		m.Lift.Window, m.Lift.Rows = c.LiftWindow, c.LiftFrom
		if most := mostRowsWithin(s, c.LiftWindow); c.LiftWindow > 0 && (c.LiftFrom == 0 || most < c.LiftFrom) {
			m.Lift.Rows = most
		} else if c.LiftFrom == 0 {
			m.Lift.Rows = defaultLiftRows
		}
		if n := m.liftWidth(); n > MaxWidth {
			return fmt.Errorf("train: a lift from %d rows reads %d numbers, want at most %d: choose a smaller lift-from or lift-window",
				m.Lift.Rows, n, MaxWidth)
		}
	}
	return nil
}

// mostRowsWithin is how many rows a series has at most within a duration after its first.
func mostRowsWithin(s *dataset.Series, duration float64) (most int) {
	for i := range s.Len() {
		times := s.TimesOf(i)
		n := 0
		for n < len(times) && times[n] <= times[0]+duration {
			n++
		}
		most = max(most, n)
	}
	return most
}

// liftWidth is how many numbers the lift reads of a sample: of a point the features; of each row of series the
// features, whether they were observed, and how much later than the first it is; and the constants of the series.
func (m *Model) liftWidth() int {
	if m.Lift.Rows == 0 {
		return m.Lift.Features
	}
	return m.Lift.Rows*(2*m.Lift.Features+1) + len(m.Constants)
}

// lift is the lift as an expression.
func (m *Model) lift() (graph.Lift, error) {
	widths := slices.Concat([]int{m.liftWidth()}, m.Lift.Hidden, []int{m.Net.Dim()})
	return graph.PerceptronLift(widths, m.Net.Activation)
}

// leads are what the lift reads of series, [series, liftWidth]: zeros stand for what was not observed.
func (m *Model) leads(s *dataset.Series) []float64 {
	lead, width := s.Leading(), m.liftWidth()
	x, unit := make([]float64, s.Len()*width), m.timeUnit()
	for i := range s.Len() {
		at, first := x[i*width:(i+1)*width], lead.Offsets[i]
		for k := range min(m.Lift.Rows, lead.Offsets[i+1]-first) {
			later := lead.Times[first+k] - lead.Times[first]
			if m.Lift.Window > 0 && later > m.Lift.Window {
				break
			}
			row := at[k*(2*s.Dim+1):]
			for j, v := range m.FeatureScale.Apply(lead.X[(first+k)*s.Dim : (first+k+1)*s.Dim]) {
				if !math.IsNaN(v) {
					row[j], row[s.Dim+j] = v, 1
				}
			}
			row[2*s.Dim] = later / unit
		}
		copy(at[width-len(m.Constants):], m.constantsOf(s, i))
	}
	return x
}

// timeUnit is that of the field, in the time of the series.
func (m *Model) timeUnit() float64 {
	if len(m.TimeScale.Std) > 0 {
		return m.TimeScale.Std[0]
	}
	return 1
}

// constantsOf are the scaled constants of series i.
func (m *Model) constantsOf(s *dataset.Series, i int) []float64 {
	n := len(m.Constants)
	return m.ConstantScale.Apply(s.Constants[i*n : (i+1)*n])
}

// starts puts into the batch where solves of the series begin.
func (m *Model) starts(b *solver.Batch, s *dataset.Series) {
	if m.lifted() {
		b.Features = m.leads(s)
		return
	}
	for i := range s.Len() {
		z := m.States(m.beginning(s, i))
		if m.Net.SecondOrder {
			m.startVelocities(z[m.Net.Dim()/2:], s.Leading(), i)
		}
		b.Z0 = append(b.Z0, z...)
	}
}

// beginning is what was observed of series i in its first row. Where that is not all, as learnt starts allow, it is
// what was observed first of a feature, and the mean where nothing was.
func (m *Model) beginning(s *dataset.Series, i int) []float64 {
	x := slices.Clone(s.X[s.Offsets[i]*s.Dim : (s.Offsets[i]+1)*s.Dim])
	for j := range x {
		if row := s.FirstObserved(i, j); row < s.Offsets[i+1] {
			x[j] = s.X[row*s.Dim+j]
		} else if x[j] = 0; m.Scaled() {
			x[j] = m.FeatureScale.Mean[j]
		}
	}
	return x
}

// velocityWindow is how long a feature is looked at for its first velocity, in units of the scaled time, in which
// features move by about one deviation: a parabola is close to what moves smoothly over that, and noise averages out.
const velocityWindow = 0.75

// startVelocities are the slopes at the first row of series i of the parabolas that fit the observations of each
// feature within the velocity window best, of three at least where there are so many; of two, that of the line.
func (m *Model) startVelocities(v []float64, s *dataset.Series, i int) {
	first := s.Offsets[i]
	for j := range s.Dim {
		var t, x []float64
		for r := first; r < s.Offsets[i+1]; r++ {
			later := (s.Times[r] - s.Times[first]) / m.timeUnit()
			if later > velocityWindow && len(t) >= 3 {
				break
			}
			if v := m.FeatureScale.Apply(s.X[r*s.Dim : (r+1)*s.Dim])[j]; !math.IsNaN(v) {
				t, x = append(t, later), append(x, v)
			}
		}
		v[j] = slopeAtZero(t, x)
	}
}

// slopeAtZero is the slope at t = 0 of the parabola with the least squares, or of two points the line; 0 of one. It is
// made of polynomials that are orthogonal over the points (Forsythe 1957).
func slopeAtZero(t, x []float64) float64 {
	if len(t) < 2 {
		return 0
	}
	n, mean := float64(len(t)), 0.0
	for _, t := range t {
		mean += t / n
	}
	square, third, fit := 0.0, 0.0, 0.0 // of t − mean
	for i, t := range t {
		p := t - mean
		square, third, fit = square+p*p, third+t*p*p, fit+x[i]*p
	}
	slope := fit / square
	if len(t) < 3 {
		return slope
	}
	a, b := third/square, square/n
	square, fit = 0, 0
	for i, t := range t {
		p := (t-a)*(t-mean) - b
		square, fit = square+p*p, fit+x[i]*p
	}
	return slope - fit/square*(mean+a)
}

// CheckStarts reports the first series that the model has no initial state for: where not all features are observed in
// its first row, of second order none in a later one, or, with a lift, nothing is among the rows that it looks at; of
// models with learnt starts there is none. It also reports a series that goes on where its inputs are not known.
func (m *Model) CheckStarts(s *dataset.Series) error {
	if err := m.checkSignals(s); err != nil {
		return err
	}
	if m.found != nil {
		return nil
	}
	lead := s.Leading()
	if !m.lifted() {
		if _, err := lead.Dataset(); err != nil || !m.Net.SecondOrder {
			return err
		}
		for i, id := range lead.IDs {
			for j, name := range lead.Features {
				if seenIn(lead, j, lead.Offsets[i]+1, lead.Offsets[i+1]) == 0 {
					return fmt.Errorf("series %q has one observation of feature %q, want two: a field of second order begins with its velocity, unless a lift makes it",
						id, name)
				}
			}
		}
		return nil
	}
	for i, id := range lead.IDs {
		to, seen := min(lead.Offsets[i+1], lead.Offsets[i]+m.Lift.Rows), 0
		for j := range lead.Dim {
			seen += seenIn(lead, j, lead.Offsets[i], to)
		}
		if seen == 0 {
			return fmt.Errorf("nothing was observed in the first %d rows of series %q, from which its solve begins",
				to-lead.Offsets[i], id)
		}
	}
	return nil
}

// seenIn counts the observations of a feature in rows from one to before another.
func seenIn(s *dataset.Series, feature, from, to int) (n int) {
	for r := from; r < to; r++ {
		if !math.IsNaN(s.X[r*s.Dim+feature]) {
			n++
		}
	}
	return n
}

// takeLift reads what addLift wrote.
func (m *Model) takeLift(meta *metadata) {
	meta.number("lift_features", &m.Lift.Features)
	meta.number("lift_rows", &m.Lift.Rows)
	meta.widths("lift_hidden", &m.Lift.Hidden)
	meta.widths("readout_hidden", &m.ReadoutHidden)
	if text, ok := meta.find("lift_window"); ok {
		v, err := strconv.ParseFloat(text, 64)
		meta.require(err == nil && v >= 0 && finite(v),
			"metadata %q is %.60q, want a number from 0", "lift_window", text)
		m.Lift.Window = v
	}
}

// addLift says of the lift and the read-out what their tensors do not.
func (m *Model) addLift(meta map[string]string) {
	list := func(widths []int) string {
		text, _ := json.Marshal(slices.Concat([]int{}, widths)) // cannot fail for numbers
		return string(text)
	}
	if m.lifted() {
		meta["lift_features"], meta["lift_rows"] = strconv.Itoa(m.Lift.Features), strconv.Itoa(m.Lift.Rows)
		meta["lift_window"] = strconv.FormatFloat(m.Lift.Window, 'g', -1, 64)
		meta["lift_hidden"] = list(m.Lift.Hidden)
	}
	if m.Readout == "mlp" {
		meta["readout_hidden"] = list(m.ReadoutHidden)
	}
}

// checkLift reports a lift that does not go with the rest of the model.
func (m *Model) checkLift() error {
	var p problems
	p.require(m.Lift.Features >= 0 && m.Lift.Features <= MaxWidth && m.Lift.Rows <= MaxWidth,
		"a lift of %d features from %d rows, want at most %d of each", m.Lift.Features, m.Lift.Rows, MaxWidth)
	p.require(!m.lifted() || m.Augment == 0, "a lift makes the whole state, got augment %d", m.Augment)
	p.require(m.lifted() || m.Lift.Rows == 0 && len(m.Lift.Hidden) == 0 && m.Lift.Window == 0,
		"lift_rows, lift_hidden and lift_window are of a lift, and there are no lift_features")
	p.require(!m.lifted() || m.Series() == (m.Lift.Rows > 0),
		"a lift of series is from their rows, and one of points from none: got %d",
		m.Lift.Rows)
	p.require(m.Lift.Features <= MaxWidth && m.Lift.Rows <= MaxWidth && m.Lift.Rows*(2*m.Lift.Features+1) <= MaxWidth,
		"a lift of %d features from %d rows, want at most %d numbers", m.Lift.Features, m.Lift.Rows, MaxWidth)
	p.require((m.Readout == "mlp") == (len(m.ReadoutHidden) > 0),
		"readout_hidden are of readout mlp, got %d layers for readout %s",
		len(m.ReadoutHidden), m.Readout)
	return errors.Join(p...)
}
