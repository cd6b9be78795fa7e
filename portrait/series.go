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
	model          *train.Model
	observed, held *dataset.Series // held is nil where the training saw everything
	curves         *dataset.Series // the times of states
	states         []float64       // [rows of curves, features], in the units of the data
}

// NewSeries solves some of a run's series, picked evenly.
func NewSeries(ctx context.Context, r *train.Run, p *train.Predictor) (*Series, error) {
	s := &Series{model: p.Model()}
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
	var err error
	s.states, err = solved(ctx, p, s.curves)
	return s, err
}

// solved is what the model makes of series at the times of all rows, [rows, features], in the units of the data. One
// that fails has no numbers where it did not come to.
func solved(ctx context.Context, p *train.Predictor, s *dataset.Series) (x []float64, err error) {
	m := p.Model()
	err = p.SolveSeries(ctx, s, func(_ int, _ *dataset.Series, solved *solver.Solution, failed error) error {
		z, dim := m.Unscale(solved.Saved), m.Net.Dim()
		for i := range len(z) / dim {
			x = append(x, z[i*dim:i*dim+m.Features()]...)
		}
		return ctx.Err()
	})
	return x, err
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
	tracks := s.tracks(at)
	return figure.Tracks([2]string{s.observed.TimeName, s.observed.Features[j]}, tracks, figure.Frame(tracks))
}

// Plane is the second feature over the first, and the field where these two are all that it depends on.
func (s *Series) Plane() (*figure.Figure, error) {
	at := func(of *dataset.Series, x []float64, row int) figure.Point {
		return figure.Point{x[row*of.Dim], x[row*of.Dim+1]}
	}
	axes, tracks := [2]string{s.observed.Features[0], s.observed.Features[1]}, s.tracks(at)
	l := figure.Frame(tracks)
	if m := s.model; m.Net.Dim() != 2 || m.Net.Time {
		return figure.Tracks(axes, tracks, l)
	}
	grid := figure.Grid{Limits: l, NX: quiver, NY: int(math.Round(quiver * figure.TrackRatio))}
	return figure.PhasePlane(axes, tracks, figure.Field{Grid: grid, Vectors: fieldOn(s.model, 0, grid)})
}

// Features are the names of those that are drawn.
func (s *Series) Features() []string { return s.observed.Features[:min(MaxFeatures, s.observed.Dim)] }

// place is where a picture has a row of series with these numbers, [rows, features].
type place func(of *dataset.Series, x []float64, row int) figure.Point

func (s *Series) tracks(at place) []figure.Track {
	var all []figure.Track
	for i, id := range s.observed.IDs {
		t := figure.Track{Name: id, Observed: placed(s.observed, s.observed.X, i, at),
			Curve: placed(s.curves, s.states, i, at)}
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
func placed(of *dataset.Series, x []float64, i int, at place) (all []figure.Point) {
	for row := of.Offsets[i]; row < of.Offsets[i+1]; row++ {
		if p := at(of, x, row); finite(p[0]) && finite(p[1]) {
			all = append(all, p)
		}
	}
	return all
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
