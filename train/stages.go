package train

import (
	"math"
	"sort"
)

// Stage is what iterations of a training see of series, up to one of them.
type Stage struct {
	Until    int     // the last of these iterations
	Duration float64 // of the windows, in the time of the series; +Inf: all of each series
}

// Whole reports whether the iterations see all of each series.
func (s Stage) Whole() bool { return math.IsInf(s.Duration, 1) }

// Stages are those of the run, in order: see Horizons; none of points. The data must have been loaded.
func (r *Run) Stages() (all []Stage) {
	if r.learnt().Series == nil {
		return nil
	}
	longest, unit := r.longest(), r.timeUnit()
	for done := 0; done < r.Config.Iterations; {
		duration, until := r.Config.horizon(done, longest)
		if n := len(all); n > 0 && all[n-1].Duration == duration*unit {
			all[n-1].Until = until
		} else {
			all = append(all, Stage{until, duration * unit})
		}
		done = until
	}
	return all
}

// StageOf is the stage of an iteration, or of the first for 0; the zero Stage where there is none.
func StageOf(stages []Stage, iteration int) Stage {
	i := sort.Search(len(stages), func(i int) bool { return stages[i].Until >= iteration })
	if i == len(stages) {
		return Stage{}
	}
	return stages[i]
}
