package train

import "sort"

// Stage is what iterations of a training see of series, up to one of them.
type Stage struct {
	Until int // the last of these iterations
	Sight
}

// Whole reports whether the iterations see all of each series.
func (s Sight) Whole() bool { return s.Parts == Whole }

// Stages are those of the run, in order, with durations in the time of the series: see Horizons; none of points. The
// data must have been loaded.
func (r *Run) Stages() (all []Stage) {
	if r.learnt().Series == nil {
		return nil
	}
	begin, unit := 0, r.timeUnit()
	for _, s := range r.Config.stages(r.longest()) {
		s.Duration *= unit
		switch n := len(all); {
		case s.Until <= begin: // of so few iterations
			continue
		case n > 0 && all[n-1].Sight == s.Sight:
			all[n-1].Until = s.Until
		default:
			all = append(all, s)
		}
		begin = s.Until
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
