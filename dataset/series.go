package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Series is n observed trajectories, each with its own times. It is plain data: safe to read from several goroutines.
// The rows of series i, an observation each, are Offsets[i] to Offsets[i+1].
type Series struct {
	IDs     []string  // [n], all different
	Offsets []int     // [n+1], from 0
	Times   []float64 // [rows], finite, rising within a series

	X        []float64 // [rows, Dim], finite, or NaN where a feature was not observed
	Dim      int       // at least 1
	Features []string  // [Dim]

	Signals   *Signals // that are known at times of their own; nil: there are none
	Recording []int    // [n] the recording of each series; nil: each has that of its number

	Constants     []float64 // [n, len(ConstantNames)], finite: what is the same in all rows of a series
	ConstantNames []string

	// Lead is what was observed of the same series where their solves begin, where these rows do not say it: they are
	// hidden, or those at which answers are wanted. nil: these rows say it.
	Lead *Series

	IDName, TimeName string   // of the columns, as a file's header has them
	Named            bool     // all these names come from a file's header
	Notes            []string // what a reader took upon itself or found strange, a line each; for people
}

// notObserved stands in X for a feature without a value.
var notObserved = math.NaN()

// Len is the number of series, n.
func (s *Series) Len() int { return max(len(s.Offsets)-1, 0) }

// Rows is the number of rows of all series.
func (s *Series) Rows() int { return len(s.Times) }

// like is no series, with the names of s.
func (s *Series) like() *Series {
	return &Series{Offsets: []int{0}, Dim: s.Dim, Features: s.Features, Signals: s.Signals,
		ConstantNames: s.ConstantNames, IDName: s.IDName, TimeName: s.TimeName, Named: s.Named}
}

// take appends the rows of series i of another, from one to before another, as a series of that id.
func (s *Series) take(of *Series, i, from, to int, id string) {
	c := len(s.ConstantNames)
	s.IDs = append(s.IDs, id)
	s.Times = append(s.Times, of.Times[from:to]...)
	s.X = append(s.X, of.X[from*s.Dim:to*s.Dim]...)
	if s.Signals != nil {
		s.Recording = append(s.Recording, of.recordingOf(i))
	}
	s.Constants = append(s.Constants, of.Constants[i*c:(i+1)*c]...)
	s.Offsets = append(s.Offsets, len(s.Times))
}

// Select is the series with these indices, in that order. It shares names and signals with s and nothing else.
func (s *Series) Select(indices []int) *Series {
	out := s.like()
	for _, i := range indices {
		out.take(s, i, s.Offsets[i], s.Offsets[i+1], s.IDs[i])
	}
	if s.Lead != nil {
		out.Lead = s.Lead.Select(indices)
	}
	return out
}

// Leading is what was observed where solves begin: Lead, or else the series themselves.
func (s *Series) Leading() *Series {
	if s.Lead != nil {
		return s.Lead
	}
	return s
}

// Unstarted is the series as a data set of the task Forecast, whose points are their first rows, whether all features
// were observed there or not. It shares their memory.
func (s *Series) Unstarted() *Dataset {
	return &Dataset{X: s.starts(), Dim: s.Dim, Features: s.Features, Named: s.Named, Task: Forecast, Series: s,
		Notes: s.Notes}
}

// Dataset is Unstarted of series that solves begin at: all features must be observed in the first rows.
func (s *Series) Dataset() (*Dataset, error) {
	d := s.Unstarted()
	for i, v := range d.X {
		if math.IsNaN(v) {
			return nil, fmt.Errorf("dataset: series %q begins at %s %v, where feature %q is not observed: a solve begins "+
				"there",
				s.IDs[i/s.Dim], s.TimeName, s.Times[s.Offsets[i/s.Dim]], s.Features[i%s.Dim])
		}
	}
	return d, nil
}

// FirstObserved is the first row of series i in which feature j was observed; one past its last row where none is.
func (s *Series) FirstObserved(i, j int) int {
	row := s.Offsets[i]
	for row < s.Offsets[i+1] && math.IsNaN(s.X[row*s.Dim+j]) {
		row++
	}
	return row
}

// starts are the first rows, [n, Dim].
func (s *Series) starts() []float64 {
	x := make([]float64, 0, s.Len()*s.Dim)
	for _, r := range s.Offsets[:s.Len()] {
		x = append(x, s.X[r*s.Dim:(r+1)*s.Dim]...)
	}
	return x
}

// At is the series with their first rows and, in place of the others, rows at other times without observations: at
// gives those of series i after its first, rising. It is where solves are wanted.
func (s *Series) At(at func(i int) []float64) *Series {
	out := s.like()
	out.IDs, out.Constants, out.Recording, out.Lead = s.IDs, s.Constants, s.Recording, s.Leading()
	for i := range s.Len() {
		first := s.Offsets[i]
		times := at(i)
		out.Times = append(append(out.Times, s.Times[first]), times...)
		out.X = append(out.X, s.X[first*s.Dim:(first+1)*s.Dim]...)
		for range len(times) * s.Dim {
			out.X = append(out.X, notObserved)
		}
		out.Offsets = append(out.Offsets, len(out.Times))
	}
	return out
}

// TimesOf are the times of series i.
func (s *Series) TimesOf(i int) []float64 { return s.Times[s.Offsets[i]:s.Offsets[i+1]] }

// Windows are parts of the series of about that duration, two rows at least, which overlap: a quarter of it after the
// start of one begins the next, at a row in which all features were observed. A series that is no longer is one itself.
// of are the numbers of the series that they are parts of.
func (s *Series) Windows(duration float64) (windows *Series, of []int) {
	windows = s.like()
	for i := range s.Len() {
		last := s.Offsets[i+1] - 1
		for from, next := s.Offsets[i], 0; from < last; from = next {
			next = s.nextWindow(from, last, duration/4)
			to := s.within(i, from, max(from+2, next+1), duration) // where none can begin for long, up to where one can
			windows.take(s, i, from, to, fmt.Sprintf("%s from %v", s.IDs[i], s.Times[from]))
			of = append(of, i)
			if to > last {
				break
			}
		}
	}
	return windows, of
}

// nextWindow is the first row at least so much later than another, and before the last, that a solve can begin at; last
// if there is none.
func (s *Series) nextWindow(row, last int, later float64) int {
	next := row + 1
	for next < last && (s.Times[next] < s.Times[row]+later || !s.complete(next)) {
		next++
	}
	return next
}

// complete reports whether all features were observed in a row.
func (s *Series) complete(row int) bool {
	return !slices.ContainsFunc(s.X[row*s.Dim:(row+1)*s.Dim], math.IsNaN)
}

// SplitEnds parts each series in time: early is the rows before about the last fraction of them, two at least, and late
// all rows with what early has not observed but for the first, from which both begin.
func (s *Series) SplitEnds(fraction float64) (early, late *Series) {
	early, late = s.like(), s.copy()
	for i := range s.Len() {
		from, to := s.Offsets[i], s.Offsets[i+1]
		end := min(to, from+max(2, to-from-int(math.Round(fraction*float64(to-from)))))
		early.take(s, i, from, end, s.IDs[i])
		late.hide(from+1, end)
	}
	late.Lead = early
	return early, late
}

// Hide is the series with those that hide names observed in their first rows alone.
func (s *Series) Hide(hide func(i int) bool) *Series {
	return s.HideRows(func(i int) (from, to int) {
		if hide(i) {
			return s.Offsets[i] + 1, s.Offsets[i+1]
		}
		return 0, 0
	})
}

// HideRows is the series with nothing observed in the rows of each from one to before another.
func (s *Series) HideRows(of func(i int) (from, to int)) *Series {
	out := s.copy()
	out.Lead = s.Leading()
	for i := range out.Len() {
		out.hide(of(i))
	}
	return out
}

func (s *Series) copy() *Series {
	out := s.like()
	for i := range s.Len() {
		out.take(s, i, s.Offsets[i], s.Offsets[i+1], s.IDs[i])
	}
	return out
}

// hide leaves nothing observed in the rows from one to before another.
func (s *Series) hide(from, to int) {
	for k := from * s.Dim; k < to*s.Dim; k++ {
		s.X[k] = notObserved
	}
}

// Check reports everything that contradicts the comments at the fields.
func (s *Series) Check() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("dataset: "+format, args...))
		}
	}
	n, rows := s.Len(), s.Rows()
	require(n >= 1, "there must be at least one series")
	require(s.Dim >= 1, "dim must be at least 1, got %d", s.Dim)
	require(len(s.IDs) == n, "%d ids, want %d", len(s.IDs), n)
	require(len(s.X) == rows*s.Dim, "x has %d numbers, want %d rows of %d", len(s.X), rows, s.Dim)
	require(len(s.Features) == s.Dim, "%d feature names, want %d", len(s.Features), s.Dim)
	require(len(s.Constants) == n*len(s.ConstantNames), "constants have %d numbers, want %d series of %d",
		len(s.Constants), n, len(s.ConstantNames))
	if name := repeated(s.IDs); name != nil {
		require(false, "series %q is there twice", *name)
	}
	errs = append(errs, s.checkOffsets(), finite("constant", s.Constants), s.checkSignals())
	if errors.Join(errs...) == nil {
		errs = append(errs, s.checkTimes(), s.checkFeatures())
	}
	return errors.Join(errs...)
}

func (s *Series) checkOffsets() error {
	for i, at := range s.Offsets {
		if i == 0 && at != 0 || i > 0 && at <= s.Offsets[i-1] || i == s.Len() && at != s.Rows() {
			return fmt.Errorf("dataset: offset %d is %d, want offsets that rise from 0 to %d", i, at, s.Rows())
		}
	}
	return nil
}

func (s *Series) checkTimes() error {
	if err := finite("time", s.Times); err != nil {
		return err
	}
	for i, id := range s.IDs {
		for r := s.Offsets[i] + 1; r < s.Offsets[i+1]; r++ {
			if s.Times[r] <= s.Times[r-1] {
				return fmt.Errorf("dataset: series %q: time %v follows %v, want times that rise", id, s.Times[r],
					s.Times[r-1])
			}
		}
	}
	return nil
}

// checkFeatures names the first feature that has no observation at all, or one that is no number.
func (s *Series) checkFeatures() error {
	for j, name := range s.Features {
		observed := false
		for r := range s.Rows() {
			v := s.X[r*s.Dim+j]
			if math.IsInf(v, 0) {
				return fmt.Errorf("dataset: feature %q is %v in row %d, want finite numbers", name, v, r)
			}
			observed = observed || !math.IsNaN(v)
		}
		if !observed {
			return fmt.Errorf("dataset: feature %q is never observed", name)
		}
	}
	return nil
}
