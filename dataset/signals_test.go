package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// driven are two series with two signals, which are not known everywhere.
func driven(t *testing.T) *Series {
	t.Helper()
	s, err := series("id,t,x,u,v\na,0,1,5,7\na,1,,,8\na,2,3,6,9\nb,5,1,1,0\nb,6,2,,\nb,8,2,3,\n",
		SeriesOptions{ID: "id", Time: "t", Inputs: []string{"u", "v"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSignals reads columns as signals: where one is empty it is not known, and it must be at the ends of its series.
func TestSignals(t *testing.T) {
	s, nan := driven(t), math.NaN()
	u := s.Signals
	if !slices.Equal(u.Names, []string{"u", "v"}) || !slices.Equal(u.Times, s.Times) ||
		!slices.Equal(u.Offsets, []int{0, 3, 6}) || !slices.Equal(s.Features, []string{"x"}) {
		t.Errorf("%+v", u)
	}
	for k, want := range []float64{5, 7, nan, 8, 6, 9, 1, 0, nan, nan, 3, nan} {
		if got := u.Values[k]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("value %d is %v, want %v", k, got, want)
		}
	}
	err := s.CheckSignals(false)
	if want := `series "b" goes from t 5 to 8, the input "v" is known from 5 to 5`; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if err := s.CheckSignals(true); err != nil {
		t.Error(err)
	}
	u.Values[7] = nan
	if err := s.CheckSignals(true); err == nil || !strings.Contains(err.Error(), `series "b": the input "v" is never known`) {
		t.Error(err)
	}
}

// TestPartsKeepTheirSignals: whatever is made of series, each has the whole recording that it had.
func TestPartsKeepTheirSignals(t *testing.T) {
	s := driven(t)
	early, late := s.SplitEnds(0.4)
	windows, of := s.Windows(1)
	for name, p := range map[string]struct {
		s  *Series
		of []int
	}{
		"selected": {s.Select([]int{1, 0, 1}), []int{1, 0, 1}}, "early": {early, []int{0, 1}}, "late": {late, []int{0, 1}},
		"hidden":    {s.Hide(func(i int) bool { return i == 0 }), []int{0, 1}},
		"elsewhere": {s.At(func(int) []float64 { return []float64{9, 10} }), []int{0, 1}}, "windows": {windows, of},
	} {
		u, recordings := p.s.SignalsOf()
		for i, k := range p.of {
			r := recordings[i]
			got, want := u.Values[2*u.Offsets[r]:2*u.Offsets[r+1]], s.Signals.Values[6*k:6*(k+1)]
			if !slices.EqualFunc(got, want, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
				t.Errorf("%s: series %d has the signals %v, want %v", name, i, got, want)
			}
		}
	}
	if u, _ := s.SignalsOf(); u != s.Signals {
		t.Error("signals that lie as the series do are copied")
	}
}

// TestWithSignals adds what is known of the future: of what stands twice the later counts.
func TestWithSignals(t *testing.T) {
	s := driven(t)
	future, err := series("id,t,u,v,other\na,2,7,,high\na,4,8,8,\n", SeriesOptions{ID: "id", Time: "t",
		Inputs: []string{"u", "v"}, SignalsAlone: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.WithSignals(future)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Check(); err != nil {
		t.Fatal(err)
	}
	if u := got.Signals; !slices.Equal(u.Times, []float64{0, 1, 2, 4, 5, 6, 8}) || !slices.Equal(u.Offsets, []int{0, 4, 7}) ||
		!slices.Equal(u.Values[4:8], []float64{7, 9, 8, 8}) {
		t.Errorf("%+v", u)
	}
	other := future.Select([]int{0})
	other.IDs[0] = "c"
	if _, err := s.WithSignals(other); err == nil || !strings.Contains(err.Error(), `series "c"`) {
		t.Error(err)
	}
}

// TestWrongSignals are reported by Check.
func TestWrongSignals(t *testing.T) {
	for want, spoil := range map[string]func(s *Series){
		"there are no signals":      func(s *Series) { s.Signals, s.Recording = nil, []int{0, 0} },
		"11 values":                 func(s *Series) { s.Signals.Values = s.Signals.Values[1:] },
		"offset 1 of the signals":   func(s *Series) { s.Signals.Offsets = []int{0, 0, 6} },
		"2 recordings of signals":   func(s *Series) { s.Recording = []int{0} },
		`"b" has recording 2`:       func(s *Series) { s.Recording = []int{0, 2} },
		"time of a signal 4 is NaN": func(s *Series) { s.Signals.Times[4] = math.NaN() },
		"knot 0 follows 0":          func(s *Series) { s.Signals.Times[1] = 0 },
		`signal "v" is +Inf at 5`:   func(s *Series) { s.Signals.Values[7] = math.Inf(1) },
		`signal "u" is there twice`: func(s *Series) { s.Signals.Names = []string{"u", "u"} },
		"want 6 knots of 0 names":   func(s *Series) { s.Signals.Names = nil },
	} {
		s := driven(t)
		s.Signals.Times = slices.Clone(s.Signals.Times)
		spoil(s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestStandardiseSignals takes each recording once, however many series read it.
func TestStandardiseSignals(t *testing.T) {
	s := driven(t)
	got := s.StandardiseSignals()
	again := s.Select([]int{0, 1, 1, 1}).StandardiseSignals()
	if want := []float64{15. / 4, 6}; !slices.Equal(got.Mean, want) || !slices.Equal(again.Mean, want) {
		t.Errorf("means %v and %v, want %v", got.Mean, again.Mean, want)
	}
}
