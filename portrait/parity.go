package portrait

import (
	"context"
	"errors"
	"fmt"

	"neuralode/dataset"
	"neuralode/figure"
	"neuralode/solver"
	"neuralode/train"
)

// Parity is what a run's model says of series beside what was observed, all but their first rows.
type Parity struct {
	names      []string
	seen, held [][]figure.Point     // [features], of what the training saw, and of what it did not; held may be nil
	scores     []train.FeatureScore // of what is held out, or else of all; nil where not all of it can be solved
}

// The most series that are compared, picked evenly, and the most pairs of a feature: more are one blot.
const (
	maxCompared = 512
	maxPairs    = 4000
)

// NewParity solves the series of a run. The data must have been loaded.
func NewParity(ctx context.Context, r *train.Run, p *train.Predictor) (*Parity, error) {
	of, held := r.Training(), r.Held()
	w := &Parity{names: of.Series.Features}
	var err error
	if w.seen, err = pairs(ctx, p, of.Series); err != nil {
		return nil, err
	}
	if held != nil {
		if w.held, err = pairs(ctx, p, held.Series); err != nil {
			return nil, err
		}
		of = held
	}
	e, err := p.Evaluate(ctx, of)
	var sample *solver.SampleError
	if errors.As(err, &sample) && ctx.Err() == nil {
		return w, nil
	}
	if err == nil {
		w.scores = e.Features
	}
	return w, err
}

// pairs are, for each feature, what was observed after the first rows of some of the series, each with what the model
// says of it where a solve comes to it.
func pairs(ctx context.Context, p *train.Predictor, s *dataset.Series) ([][]figure.Point, error) {
	n := s.Len()
	var some []int
	for k := range min(n, maxCompared) {
		some = append(some, k*n/min(n, maxCompared))
	}
	starts, s, err := p.Scored(ctx, s.Select(some))
	if err != nil {
		return nil, err
	}
	x, err := solved(ctx, p, starts, s)
	if err != nil {
		return nil, err
	}
	all := make([][]figure.Point, s.Dim)
	for i := range s.Len() {
		for k := (s.Offsets[i] + 1) * s.Dim; k < s.Offsets[i+1]*s.Dim; k++ {
			if finite(s.X[k]) && finite(x[k]) {
				all[k%s.Dim] = append(all[k%s.Dim], figure.Point{s.X[k], x[k]})
			}
		}
	}
	for j, of := range all {
		all[j] = thin(of)
	}
	return all, nil
}

// thin is the points, or maxPairs of them, picked evenly.
func thin(points []figure.Point) []figure.Point {
	n := len(points)
	if n <= maxPairs {
		return points
	}
	some := make([]figure.Point, maxPairs)
	for k := range some {
		some[k] = points[k*n/maxPairs]
	}
	return some
}

// Of is the picture of feature j.
func (w *Parity) Of(j int) (*figure.Figure, error) {
	sets := []figure.Pairs{{Name: "training", Points: w.seen[j]}}
	if w.held != nil {
		sets = append(sets, figure.Pairs{Name: "held out", Points: w.held[j]})
	}
	var notes []string
	if w.scores != nil && finite(w.scores[j].R2) {
		of := sets[len(sets)-1].Name
		notes = append(notes, fmt.Sprintf("%s: RMSE %.3g, R² %.3f", of, w.scores[j].RMSE, w.scores[j].R2))
	}
	return figure.Parity(w.names[j], sets, notes...)
}
