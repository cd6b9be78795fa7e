package portrait

import (
	"context"
	"fmt"
	"strings"

	"neuralode/figure"
	"neuralode/train"
)

// The sizes of animations: samples, arrows along the longer axis, pictures of a flow, trajectories and their points.
const (
	animated     = 400
	animatedGrid = 17
	flowPictures = 49
	animatedWays = 40
	animatedSpan = 80
	mostMoments  = 48
)

// some is the portrait with a part of its samples, picked evenly over their labels, or with all where there are no
// more.
func (p *Portrait) some(n int) *Portrait {
	few := *p
	few.Data.Points, few.Data.Labels = nil, nil
	for _, i := range picked(p.Data.Labels, min(n, len(p.Data.Points))) {
		few.Data.Points = append(few.Data.Points, p.Data.Points[i])
		few.Data.Labels = append(few.Data.Labels, p.Data.Labels[i])
	}
	return &few
}

// Flow is the animation of the data carried by the flow from t0 to t1.
func (p *Portrait) Flow(ctx context.Context) (*figure.Animation, error) {
	p = p.some(animated)
	span := p.model.Span
	times := evenly(span.T0, span.T1, flowPictures)
	states, err := p.At(ctx, times)
	if err != nil {
		return nil, err
	}
	grid := Square(within(p.Limits, figure.Trajectories{Paths: states}), animatedGrid)
	flow := figure.Flow{Times: times, States: states, Fields: []figure.Field{p.Field(span.T0, grid)}}
	if p.model.Net.Time {
		flow.Fields = nil
		for _, t := range times {
			flow.Fields = append(flow.Fields, p.Field(t, grid))
		}
	}
	if flow.ReadOut, err = p.readOut(ctx, grid.Limits); err != nil {
		return nil, err
	}
	return flow.Animate(p.Data)
}

// moment is what a picture of a training shows.
type moment struct {
	of   *Portrait
	ways figure.Trajectories
	ends []figure.Point
}

// Training is the animation of the dynamics at the snapshots of a training, of many at some, all in one frame.
func (p *Portrait) Training(ctx context.Context, snapshots []train.Snapshot) (*figure.Animation, error) {
	some, snapshots := p.some(animated), spread(snapshots, mostMoments)
	limits, reached := p.Limits, []figure.Point(nil)
	var moments []moment
	for _, s := range snapshots {
		m, err := some.With(s.Theta).moment(ctx)
		if err != nil {
			return nil, fmt.Errorf("iteration %d: %w", s.Iteration, err)
		}
		moments = append(moments, m)
		l := within(p.Limits, m.ways)
		limits = figure.Limits{XMin: min(limits.XMin, l.XMin), XMax: max(limits.XMax, l.XMax),
			YMin: min(limits.YMin, l.YMin), YMax: max(limits.YMax, l.YMax)}
		reached = append(reached, m.ends...)
	}
	grid := Square(limits, animatedGrid)
	var pictures []*figure.Figure
	var captions []string
	for i, m := range moments {
		f, err := m.picture(ctx, grid, endLimits(reached))
		if err != nil {
			return nil, fmt.Errorf("iteration %d: %w", snapshots[i].Iteration, err)
		}
		pictures, captions = append(pictures, f), append(captions, fmt.Sprintf("iteration %d", snapshots[i].Iteration))
	}
	return figure.Animate(pictures, captions)
}

// Training is the animation of what the model makes of series at the snapshots of a training, of many at some: of the
// first feature over time and, beside it, of the plane of two features or the second of more. of says more of an
// iteration, or nothing.
func (s *Series) Training(ctx context.Context, snapshots []train.Snapshot,
	of func(iteration int) string) (*figure.Animation, error) {
	views := s.Views()
	if len(views) == 3 { // of two features
		views = []View{views[0], views[2]}
	}
	var pictures []*figure.Figure
	var captions []string
	for _, at := range spread(snapshots, mostMoments) {
		fits, err := s.FitsWith(ctx, at.Theta)
		if err != nil {
			return nil, fmt.Errorf("iteration %d: %w", at.Iteration, err)
		}
		f, err := fits.beside(views[:min(2, len(views))])
		if err != nil {
			return nil, fmt.Errorf("iteration %d: %w", at.Iteration, err)
		}
		pictures = append(pictures, f)
		captions = append(captions, strings.TrimSpace(fmt.Sprintf("iteration %d %s", at.Iteration, of(at.Iteration))))
	}
	return figure.Animate(pictures, captions)
}

// beside is one view or two, in frames of several moments.
func (f *Fits) beside(views []View) (*figure.Figure, error) {
	left, err := f.figure(views[0], f.Frame(views[0]))
	if err != nil || len(views) == 1 {
		return left, err
	}
	right, err := f.figure(views[1], f.Frame(views[1]))
	if err != nil {
		return nil, err
	}
	return figure.Beside(left, right), nil
}

// spread is at most so many of the snapshots, at even distances, the first and the last among them.
func spread(all []train.Snapshot, most int) []train.Snapshot {
	if len(all) <= most {
		return all
	}
	some := make([]train.Snapshot, most)
	for k := range some {
		some[k] = all[k*(len(all)-1)/(most-1)]
	}
	return some
}

func (p *Portrait) moment(ctx context.Context) (m moment, err error) {
	m.of = p
	if m.ways, err = p.Ways(ctx, animatedWays, animatedSpan); err != nil {
		return m, err
	}
	at, err := p.At(ctx, []float64{p.model.Span.T1})
	if err == nil {
		m.ends = at[0]
	}
	return m, err
}

func (m moment) picture(ctx context.Context, grid figure.Grid, ends figure.Limits) (*figure.Figure, error) {
	readOut, err := m.of.readOut(ctx, ends)
	if err != nil {
		return nil, err
	}
	span := m.of.model.Span
	return figure.DynamicsWithEnds(m.of.Data, m.of.Field(span.T0, grid), m.ways,
		figure.Ends{Points: m.ends, Time: span.T1, Limits: ends, ReadOut: readOut})
}
