package train

import (
	"math"
	"slices"

	"neuralode/dataset"
	"neuralode/solver"
)

// Horizons are how much of each series is solved at once in the course of a training:
//
//   - "full": all of it, from the first row on.
//   - "grow": its beginning, twice as long from time to time, and then all of it.
//   - "windows": parts of a duration in which the features move by a few deviations, each from the row that it begins
//     with, and longer ones as the training goes on.
//   - "auto": windows and then, for the last part of the iterations, series as a whole where they are not many times as
//     long as the longest windows.
//   - "shooting": multiple shooting (Bock and Plitt 1984): segments whose starts are learnt beside θ, with a penalty on
//     the gaps between where one ends and the next begins, that grows, as the segments do; and then, as auto, series as a
//     whole: one solve.
//
// What oscillates fits a long span badly everywhere but near the right parameters, so that a training begun there ends
// at the mean; over a short span there is a way down from afar.
var Horizons = []string{"auto", "full", "grow", "windows", "shooting"}

// Parts are what a training sees of series at once.
type Parts uint8

const (
	Whole      Parts = iota
	Beginnings       // from the first row on
	Windows          // from any row on, which overlap
	Segments         // that follow each other, with learnt starts
)

// Sight is what iterations see of series: parts of a duration, infinite of whole ones.
type Sight struct {
	Parts    Parts
	Duration float64
}

// whole is the sight of all.
var whole = Sight{Whole, math.Inf(1)}

// The stages of windows and segments: their duration, in units of the scaled times, in which features move by about one deviation,
// and the part of the run's iterations until which they are seen.
var windowStages = []struct{ duration, until float64 }{{2, 0.3}, {6, 0.6}, {18, 0.8}}

// The stages of other horizons.
const (
	leastBeginning = 2   // the duration that grow begins with
	untilWhole     = 0.8 // the part of the iterations that see parts
)

// manyWindows is how many times as long as the longest windows a series is at most that is seen whole in the end: a
// phase that is right to a tenth over a window is lost over many.
const manyWindows = 6

// stages are those of a run on series whose longest has that duration, in units of the scaled times; the last ends with
// the last iteration.
func (c Config) stages(longest float64) (all []Stage) {
	add := func(parts Parts, duration, until float64) {
		if duration < longest {
			all = append(all, Stage{int(until * float64(c.Iterations)), Sight{parts, duration}})
		}
	}
	longestWindow := windowStages[len(windowStages)-1].duration
	end := whole
	switch c.Horizon {
	case "grow":
		n := math.Ceil(math.Log2(longest / leastBeginning))
		for k := range int(math.Max(n, 0)) {
			add(Beginnings, math.Ldexp(leastBeginning, k), untilWhole*float64(k+1)/n)
		}
	case "shooting":
		for _, s := range windowStages {
			add(Segments, s.duration, s.until)
		}
		if longest > manyWindows*longestWindow {
			end = Sight{Segments, longestWindow}
		}
	case "auto", "windows":
		for _, s := range windowStages {
			add(Windows, s.duration, s.until)
		}
		if longest > manyWindows*longestWindow || c.Horizon == "windows" && longest > longestWindow {
			end = Sight{Windows, longestWindow}
		}
	}
	return append(all, Stage{c.Iterations, end})
}

// horizon is what iteration number done+1 sees of series whose longest has that duration, and the iteration with which
// that ends.
func (c Config) horizon(done int, longest float64) (see Sight, until int) {
	if c.Task != seriesTask {
		return whole, c.Iterations
	}
	s := StageOf(c.stages(longest), min(done+1, c.Iterations))
	return s.Sight, s.Until
}

// The penalty of gaps, in units of the loss, with which shooting begins and ends.
const (
	leastPenalty = 0.1
	mostPenalty  = 10
)

// penalty is that of iteration number done+1: it grows by the same factor with each until the segments become one.
func (c Config) penalty(done int) float64 {
	part := math.Min(1, float64(done)/(untilWhole*float64(c.Iterations)))
	return leastPenalty * math.Pow(mostPenalty/leastPenalty, part)
}

// view is what iterations see: the data, which of its samples are trained on, and of which row of the run's data each
// is part; nil where they are the same.
type view struct {
	data solver.Data
	rows []int
	of   []int

	begins []int // the series, of those that may be learnt, with whose first row a sample begins; −1: with another
	next   []int // the sample that begins where this one ends; −1 where there is none
}

// view is what iterations see, of a duration in units of the scaled times.
func (r *Run) view(see Sight) view {
	d := r.learnt()
	if d.Series == nil {
		return view{data: r.Model.data(d), rows: r.training}
	}
	v := view{begins: between(0, d.Len()), next: slices.Repeat([]int{-1}, d.Len())}
	duration := see.Duration * r.timeUnit()
	var parts *dataset.Series
	switch see.Parts {
	case Whole:
		parts, v.rows = d.Series, r.orAll(observedLater(d.Series, r.training))
	case Beginnings:
		parts = d.Series.Beginnings(duration)
		v.rows = r.orAll(observedLater(parts, r.training))
	default:
		cut := (*dataset.Series).Windows
		if see.Parts == Segments {
			cut = (*dataset.Series).Segments
		}
		parts, v.of = cut(d.Series.Select(r.training), duration)
		if v.rows = observedLater(parts, between(0, parts.Len())); len(v.rows) == 0 {
			return r.view(whole)
		}
		v.join(r.training, see.Parts == Segments)
	}
	v.data = r.Model.seriesData(parts)
	r.countFirstRows(&v, see)
	if r.Config.Horizon == "shooting" {
		v.data.Labels = widened(v.data.Labels, parts.Rows(), 2*parts.Dim+r.Model.Net.Dim()+1)
	}
	return v
}

// join says which samples, parts of these rows one after the other, begin rows, and which follow each other.
func (v *view) join(rows []int, follow bool) {
	v.begins, v.next = nil, nil
	for i, k := range v.of {
		begins, next := -1, -1
		if i == 0 || v.of[i-1] != rows[k] {
			begins = rows[k]
		}
		if follow && i+1 < len(v.of) && v.of[i+1] == k {
			next = i + 1
		}
		v.begins, v.next, v.of[i] = append(v.begins, begins), append(v.next, next), rows[k]
	}
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
