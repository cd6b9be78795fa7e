package portrait

import (
	"context"
	"errors"
	"fmt"
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

// Series are some of a run's series for pictures, picked evenly: each feature over time and, where there are two, one
// over the other. It is for one goroutine at a time.
type Series struct {
	observed, held *dataset.Series // held is nil where the training saw everything
	curves         *dataset.Series // the times of states
	predictor      *train.Predictor
}

// NewSeries is the series of a run and a predictor of its model, which belongs to it then. The data must have been
// loaded.
func NewSeries(r *train.Run, p *train.Predictor) *Series {
	s := &Series{predictor: p}
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
	return s
}

// Close frees the predictor.
func (s *Series) Close() error { return s.predictor.Close() }

// timesAfter are n times after the first, up to the last.
func timesAfter(first, last float64, n int) []float64 {
	t := make([]float64, n)
	for i := range t {
		t[i] = first + (last-first)*float64(i+1)/float64(n)
	}
	t[n-1] = last
	return t
}

// View is a way to look at series.
type View struct {
	Name string    // of its figure: series-1 and so on for each feature over time, plane for the second over the first
	Axes [2]string // what they are
	over [2]int    // the features along the axes, −1 for time
}

// Plane reports whether a view is of one feature over the other.
func (v View) Plane() bool { return v.over[0] >= 0 }

// Views are those that there are: each of the first MaxFeatures features over time, and the plane of two.
func (s *Series) Views() (all []View) {
	of := s.observed
	for j, name := range of.Features[:min(MaxFeatures, of.Dim)] {
		all = append(all, View{fmt.Sprintf("series-%d", j+1), [2]string{of.TimeName, name}, [2]int{-1, j}})
	}
	if of.Dim == 2 {
		all = append(all, View{"plane", [2]string(of.Features), [2]int{0, 1}})
	}
	return all
}

// at is where a view has a row of series with these numbers, [rows, features].
func (v View) at(of *dataset.Series, x []float64, row int) (p figure.Point) {
	for axis, j := range v.over {
		if p[axis] = of.Times[row]; j >= 0 {
			p[axis] = x[row*of.Dim+j]
		}
	}
	return p
}

// placed are the points of series i that are there, from one of its rows on.
func (v View) placed(of *dataset.Series, x []float64, i, from int) (all []figure.Point) {
	for row := of.Offsets[i] + from; row < of.Offsets[i+1]; row++ {
		if p := v.at(of, x, row); finite(p[0]) && finite(p[1]) {
			all = append(all, p)
		}
	}
	return all
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Tracks are what was observed of each series.
func (s *Series) Tracks(v View) (all []figure.Track) {
	for i, id := range s.observed.IDs {
		t := figure.Track{Name: id, Observed: v.placed(s.observed, s.observed.X, i, 0)}
		if s.held != nil {
			t.Held = v.placed(s.held, s.held.X, i, 1) // without the first row, which the training saw too
		}
		if id != "" {
			t.Name = s.observed.IDName + " " + id
		}
		all = append(all, t)
	}
	return all
}

// frameRoom is how far beyond what was observed the frame of several moments reaches on each side, in parts of that.
const frameRoom = 0.2

// Frame is limits for pictures of several moments, whatever a model makes of the series at each.
func (s *Series) Frame(v View) figure.Limits {
	l := figure.Frame(s.Tracks(v))
	wider := func(lo, hi *float64) {
		room := frameRoom * (*hi - *lo)
		*lo, *hi = *lo-room, *hi+room
	}
	wider(&l.YMin, &l.YMax)
	if v.Plane() {
		wider(&l.XMin, &l.XMax)
	}
	return l
}

// Fits are the series with what a model makes of them from their first rows on.
type Fits struct {
	*Series
	model  *train.Model
	states []float64 // [rows of curves, features], in the units of the data
}

// Fits solves the series with the predictor's own parameters.
func (s *Series) Fits(ctx context.Context) (*Fits, error) { return s.fits(ctx, s.predictor) }

// FitsWith solves them with others, of which it keeps the memory.
func (s *Series) FitsWith(ctx context.Context, theta []float64) (*Fits, error) {
	return s.fits(ctx, s.predictor.With(theta))
}

func (s *Series) fits(ctx context.Context, p *train.Predictor) (*Fits, error) {
	starts, _, err := p.Scored(ctx, s.observed.Leading()) // as they are judged, with what pictures show as held out
	if err != nil {
		return nil, err
	}
	states, err := solved(ctx, p, starts, s.curves)
	return &Fits{s, p.Model(), states}, err
}

// solved is what the model makes of series, from their starts on, at the times of all rows, [rows, features], in the
// units of the data. One that fails has no numbers where it did not come to.
func solved(ctx context.Context, p *train.Predictor, starts []float64, s *dataset.Series) (x []float64, err error) {
	err = p.SolveSeries(ctx, starts, s, func(_ int, _ *dataset.Series, solved *solver.Solution, failed error) error {
		part, err := p.Observed(ctx, solved.Saved)
		x = append(x, part...)
		return errors.Join(err, ctx.Err())
	})
	return x, err
}

// Tracks are what was observed, and the curves.
func (f *Fits) Tracks(v View) []figure.Track {
	tracks := f.Series.Tracks(v)
	for i := range tracks {
		tracks[i].Curve = v.placed(f.curves, f.states, i, 0)
	}
	return tracks
}

// Figure is the picture of a view. The plane is drawn over the field where its two features are all that this depends
// on.
func (f *Fits) Figure(v View) (*figure.Figure, error) { return f.figure(v, figure.Frame(f.Tracks(v))) }

func (f *Fits) figure(v View, l figure.Limits) (*figure.Figure, error) {
	field := f.Field(v, l, quiver)
	if field == nil {
		return figure.Tracks(v.Axes, f.Tracks(v), l)
	}
	return figure.PhasePlane(v.Axes, f.Tracks(v), *field)
}

// Field is the field in a view with these limits, with so many arrows along the wider side; nil where the view is no
// plane, or the field depends on more than that shows.
func (f *Fits) Field(v View, l figure.Limits, arrows int) *figure.Field {
	if m := f.model; !v.Plane() || !m.Planar() || m.Net.Dim() != 2 || m.Net.Time || m.Net.Inputs > 0 {
		return nil
	}
	grid := figure.Grid{Limits: l, NX: arrows, NY: int(math.Round(float64(arrows) * figure.TrackRatio))}
	return &figure.Field{Grid: grid, Vectors: fieldOn(f.model, 0, grid)}
}
