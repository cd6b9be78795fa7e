package train

import (
	"math"

	"neuralode/dataset"
	"neuralode/solver"
)

// Horizons are how much of each series is solved at once in the course of a training: "full", all of it from the first
// row on; "windows", parts of a duration in which the features move by a few deviations, each from the row that it
// begins with, and longer ones as the training goes on; "auto", windows and then, for the last part of the iterations,
// series as a whole where they are not many times as long as the longest windows.
//
// What oscillates fits a long span badly everywhere but near the right parameters, so that a training begun there ends
// at the mean; over a short span there is a way down from afar. Parts that begin with observations are the segments of
// multiple shooting (Bock 1981) with their starts held fixed.
var Horizons = []string{"auto", "full", "windows"}

// stage is the duration of the windows that are seen until a part of the run's iterations is done, in units of the
// scaled times, in which features move by about one deviation.
type stage struct {
	duration float64
	until    float64
}

var stages = []stage{{2, 0.3}, {6, 0.6}, {18, 0.8}}

// manyWindows is how many times as long as the longest windows a series is at most that auto sees whole in the end: a
// phase that is right to a tenth over a window is lost over many.
const manyWindows = 6

// horizon is the duration that iteration number done+1 sees of series whose longest has that duration, infinite for all
// of it, and the iteration with which that ends.
func (c Config) horizon(done int, longest float64) (duration float64, until int) {
	if c.Task != seriesTask || c.Horizon == "full" {
		return math.Inf(1), c.Iterations
	}
	last := stages[len(stages)-1].duration
	for _, s := range stages {
		if end := int(s.until * float64(c.Iterations)); done < end && s.duration < longest {
			return s.duration, end
		}
	}
	if longest > manyWindows*last || c.Horizon == "windows" && longest > last {
		return last, c.Iterations
	}
	return math.Inf(1), c.Iterations
}

// view is what iterations see: the data, which of its samples are trained on, and of which row of the run's data each
// is part; nil where they are the same.
type view struct {
	data solver.Data
	rows []int
	of   []int
}

// view is what iterations see for a duration, in units of the scaled times.
func (r *Run) view(duration float64) view {
	d := r.learnt()
	switch {
	case d.Series == nil:
		return view{data: r.Model.data(d), rows: r.training}
	case math.IsInf(duration, 1):
		return view{data: r.Model.data(d), rows: r.orAll(observedLater(d.Series, r.training))}
	}
	windows, of := d.Series.Select(r.training).Windows(duration * r.timeUnit())
	for i, k := range of {
		of[i] = r.training[k]
	}
	rows := observedLater(windows, between(0, windows.Len()))
	if len(rows) == 0 {
		return r.view(math.Inf(1))
	}
	return view{r.Model.seriesData(windows), rows, of}
}

// orAll is the rows, or all that are trained on where these are none: an iteration has samples, if only without a loss.
func (r *Run) orAll(rows []int) []int {
	if len(rows) == 0 {
		return r.training
	}
	return rows
}

// timeUnit is that of the scaled times.
func (r *Run) timeUnit() float64 {
	if s := r.Model.TimeScale.Std; len(s) > 0 {
		return s[0]
	}
	_, time := r.Training().Series.Standardise()
	return time.Std[0]
}

// longest is the duration of the longest series that is trained on, in units of the scaled times.
func (r *Run) longest() float64 {
	d := r.learnt()
	if d.Series == nil {
		return 0
	}
	return longestOf(d.Series) / r.timeUnit()
}

func longestOf(s *dataset.Series) (duration float64) {
	for i := range s.Len() {
		t := s.TimesOf(i)
		duration = math.Max(duration, t[len(t)-1]-t[0])
	}
	return duration
}
