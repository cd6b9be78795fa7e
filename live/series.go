package live

import (
	"context"

	"neuralode/figure"
	"neuralode/portrait"
	"neuralode/train"
)

// seriesAbout is what the page is told once of series.
type seriesAbout struct {
	Views  []viewAbout  `json:"views"`
	Stages []stageAbout `json:"stages"` // of the training, in order
}

// viewAbout is a way to look at series, with what was observed.
type viewAbout struct {
	Axes   [2]string    `json:"axes"`
	Plane  bool         `json:"plane"`  // one feature over the other
	Limits numbers      `json:"limits"` // x from, to, y from, to
	Tracks []trackAbout `json:"tracks"`
}

// trackAbout is a series: places are x and y in turn.
type trackAbout struct {
	Name     string  `json:"name"`
	Colour   string  `json:"colour"`
	Observed numbers `json:"observed"`
	Held     numbers `json:"held"`
}

// stageAbout is a stage of the training; a duration that is null is all of each series.
type stageAbout struct {
	Until    int    `json:"until"`
	Duration number `json:"duration"`
}

func seriesOf(s *portrait.Series, stages []train.Stage) *seriesAbout {
	about := &seriesAbout{}
	for _, v := range s.Views() {
		l := s.Frame(v)
		view := viewAbout{Axes: v.Axes, Plane: v.Plane(), Limits: numbers{l.XMin, l.XMax, l.YMin, l.YMax}}
		for i, t := range s.Tracks(v) {
			view.Tracks = append(view.Tracks, trackAbout{t.Name, figure.TrackColour(i), flat(t.Observed), flat(t.Held)})
		}
		about.Views = append(about.Views, view)
	}
	for _, s := range stages {
		about.Stages = append(about.Stages, stageAbout{s.Until, number(s.Duration)})
	}
	return about
}

// viewPicture is what a model makes of the series in a view.
type viewPicture struct {
	Curves []numbers `json:"curves"` // of the series, x and y in turn
	arrows           // none where the view has no field
}

// series adds what is seen of series.
func (p *picture) series(ctx context.Context, s *portrait.Series, theta []float64) error {
	fits, err := s.FitsWith(ctx, theta)
	if err != nil {
		return err
	}
	for _, v := range s.Views() {
		var view viewPicture
		for _, t := range fits.Tracks(v) {
			view.Curves = append(view.Curves, flat(t.Curve))
		}
		if field := fits.Field(v, s.Frame(v), quiver); field != nil {
			view.arrows = arrowsOf(*field)
		}
		p.Views = append(p.Views, view)
	}
	return nil
}
