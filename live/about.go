package live

import (
	"math"

	"neuralode/figure"
	"neuralode/portrait"
)

// about is what the page is told once.
type about struct {
	Instance string       `json:"instance"` // of the feed: places in another mean nothing
	Title    string       `json:"title"`
	Facts    []Fact       `json:"facts"`
	Span     numbers      `json:"span"`   // t0, t1
	Plane    *plane       `json:"plane"`  // nil where the data are no points of two features
	Series   *seriesAbout `json:"series"` // nil where the data are none
	Actions  bool         `json:"actions"`
	Steps    bool         `json:"steps"`    // are counted
	StepBins numbers      `json:"stepBins"` // the ends of the sizes of steps that are told apart
}

// plane is the data as the pictures show them.
type plane struct {
	X       numbers    `json:"x"`
	Y       numbers    `json:"y"`
	Labels  numbers    `json:"labels"`
	Classes int        `json:"classes"` // 0: labels are numbers
	Names   []string   `json:"names"`   // of the classes, or of the label
	Axes    [2]string  `json:"axes"`
	Colours []string   `json:"colours"` // of the classes, or from the lowest label to the highest
	Range   [2]float64 `json:"range"`   // of the labels
	Limits  numbers    `json:"limits"`  // of the map: x from, to, y from, to
}

// maxPointsShown is how many samples the page draws: more are one blot, and slow.
const maxPointsShown = 1200

func describe(title string, facts []Fact, scene *Scene) about {
	span := portrait.Span(scene.Model)
	a := about{Title: title, Facts: facts, Span: numbers{span.T0, span.T1}, Steps: len(scene.Solves.Spans) > 0,
		StepBins: stepEnds(span.T1 - span.T0)}
	if scene.Portrait != nil {
		a.Plane = planeOf(scene.Portrait.Data, scene.Portrait.Limits)
	}
	if scene.Series != nil {
		a.Series = seriesOf(scene.Series, scene.Stages)
	}
	return a
}

func planeOf(d figure.Data, l figure.Limits) *plane {
	p := &plane{Classes: d.Classes, Names: d.Names, Axes: d.Axes, Colours: d.Colours(), Range: rangeOf(d.Labels),
		Limits: numbers{l.XMin, l.XMax, l.YMin, l.YMax}}
	for i, name := range []string{"z₁", "z₂"} {
		if p.Axes[i] == "" {
			p.Axes[i] = name
		}
	}
	n := len(d.Points)
	shown := min(n, maxPointsShown)
	for k := range shown {
		i := k * n / shown
		p.X, p.Y, p.Labels = append(p.X, d.Points[i][0]), append(p.Y, d.Points[i][1]), append(p.Labels, d.Labels[i])
	}
	return p
}

// rangeOf is from the lowest to the highest label, and never empty.
func rangeOf(labels []float64) [2]float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range labels {
		lo, hi = min(lo, v), max(hi, v)
	}
	if lo >= hi {
		lo, hi = lo-0.5, lo+0.5
	}
	return [2]float64{lo, hi}
}

// stepEnds are the ends of the bins of histogram.
func stepEnds(span float64) numbers {
	ends := make(numbers, stepBins+1)
	for i := range ends {
		ends[i] = math.Abs(span) * math.Pow(10, stepDecade*(float64(i)/stepBins-1))
	}
	return ends
}
