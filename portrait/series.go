package portrait

import (
	"context"
	"math"

	"neuralode/dataset"
	"neuralode/figure"
	"neuralode/solver"
	"neuralode/train"
)

// The most series and features that pictures of series have: more are hard to tell apart.
const (
	MaxSeries   = 6
	MaxFeatures = 4
)

// Series are the pictures of a run of series: each feature over time and, where there are two, one over the other, with
// what was observed and the solves from the first rows on.
type Series struct {
	observed, held *dataset.Series // held is nil where the training saw everything
	curves         *dataset.Series // the times of states
	states         []float64       // [rows of curves, features], in the units of the data
}

// NewSeries solves some of a run's series, picked evenly.
func NewSeries(ctx context.Context, r *train.Run, p *train.Predictor) (*Series, error) {
	s := &Series{}
	s.observed, s.held = r.ShownSeries(MaxSeries)
	s.curves = s.observed.At(func(i int) []float64 {
		times := s.observed.TimesOf(i)
		if s.held != nil {
			if late := s.held.TimesOf(i); late[len(late)-1] > times[len(times)-1] {
				times = late
			}
		}
		return timesAfter(times[0], times[len(times)-1], 3*points)
	})
	m := p.Model()
	err := p.SolveSeries(ctx, s.curves, func(_ int, _ *dataset.Series, solved *solver.Solution, failed error) error {
		z, dim := m.Unscale(solved.Saved), m.Net.Dim()
		for i := range len(z) / dim {
			s.states = append(s.states, z[i*dim:i*dim+m.Features()]...)
		}
		return nil // one that failed has no state where it did not come to, and is drawn as far as it came
	})
	return s, err
}

// timesAfter are n times after the first, up to the last.
func timesAfter(first, last float64, n int) []float64 {
	t := make([]float64, n)
	for i := range t {
		t[i] = first + (last-first)*float64(i+1)/float64(n)
	}
	t[n-1] = last
	return t
}

// OverTime is feature j over time.
func (s *Series) OverTime(j int) (*figure.Figure, error) {
	at := func(of *dataset.Series, x []float64, row int) figure.Point {
		return figure.Point{of.Times[row], x[row*of.Dim+j]}
	}
	return figure.Tracks([2]string{s.observed.TimeName, s.observed.Features[j]}, s.tracks(at))
}

// Plane is the second feature over the first.
func (s *Series) Plane() (*figure.Figure, error) {
	at := func(of *dataset.Series, x []float64, row int) figure.Point {
		return figure.Point{x[row*of.Dim], x[row*of.Dim+1]}
	}
	return figure.Tracks([2]string{s.observed.Features[0], s.observed.Features[1]}, s.tracks(at))
}

// Features are the names of those that are drawn.
func (s *Series) Features() []string { return s.observed.Features[:min(MaxFeatures, s.observed.Dim)] }

func (s *Series) tracks(at func(of *dataset.Series, x []float64, row int) figure.Point) []figure.Track {
	var all []figure.Track
	for i, id := range s.observed.IDs {
		t := figure.Track{Name: id, Observed: placed(s.observed, s.observed.X, i, at), Curve: placed(s.curves, s.states, i, at)}
		if s.held != nil {
			t.Held = placed(s.held, s.held.X, i, at)[1:] // without the first row, which the training saw too
		}
		if id != "" {
			t.Name = s.observed.IDName + " " + id
		}
		all = append(all, t)
	}
	return all
}

// placed are the points of series i that are there.
func placed(of *dataset.Series, x []float64, i int, at func(of *dataset.Series, x []float64, row int) figure.Point) (all []figure.Point) {
	for row := of.Offsets[i]; row < of.Offsets[i+1]; row++ {
		if p := at(of, x, row); !math.IsNaN(p[0]) && !math.IsNaN(p[1]) && !math.IsInf(p[0], 0) && !math.IsInf(p[1], 0) {
			all = append(all, p)
		}
	}
	return all
}
