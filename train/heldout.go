package train

import "neuralode/dataset"

// hold draws the rows that the training does not see.
func (r *Run) hold() (err error) {
	if s := r.Data.Series; s != nil && r.Config.Validation > 0 && s.Len() < fewSeries {
		return r.holdEnds(s)
	}
	r.training, r.held, err = r.Data.Split(r.Config.Validation, stream(r.Config.Seed, validationStream, 0))
	return err
}

// fewSeries is how many series there are at least before whole ones are held out; of fewer it is their ends.
const fewSeries = 5

// holdEnds holds out the ends of all series.
func (r *Run) holdEnds(s *dataset.Series) (err error) {
	early, late := s.SplitEnds(r.Config.Validation)
	if early.Rows() == s.Rows() { // they are too short
		r.training = between(0, s.Len())
		return nil
	}
	r.early, r.late = early.Unstarted(), late.Unstarted() // whose first rows are those of the data
	r.training, r.held = between(0, s.Len()), between(0, s.Len())
	return nil
}

// Training is the part of the run's data that it is trained on: all of them where none are held out. The data must have
// been loaded.
func (r *Run) Training() *dataset.Dataset {
	if len(r.held) == 0 || r.early != nil {
		return r.learnt()
	}
	return r.Data.Select(r.training)
}

// EndsHeld reports whether what is held out are the ends of series.
func (r *Run) EndsHeld() bool { return r.early != nil }

// TrainingLen is how many rows Training has.
func (r *Run) TrainingLen() int { return len(r.training) }

// BatchLen is how many samples a minibatch has: of series it may be fewer where they are seen whole and are few.
func (r *Run) BatchLen() int {
	if r.Data.Series != nil {
		return r.Config.Batch
	}
	return min(r.Config.Batch, len(r.training))
}

// Held is the part of the run's data that the training does not see, or nil where that is none. The data must have been
// loaded.
func (r *Run) Held() *dataset.Dataset {
	if len(r.held) == 0 {
		return nil
	}
	return r.checkable().Select(r.held)
}

// learnt is the data with all rows that the training may see: those that it does are in r.training.
func (r *Run) learnt() *dataset.Dataset {
	if r.early != nil {
		return r.early
	}
	return r.Data
}

// checkable is the data with all rows that it may not.
func (r *Run) checkable() *dataset.Dataset {
	if r.late != nil {
		return r.late
	}
	return r.Data
}

// BaselineLoss is the loss of the baseline of the rows that the training sees on those that it does not, 0 where all
// rows are seen. No data are needed.
func (r *Run) BaselineLoss() float64 { return r.baselineLoss }

// maxChecked is how many of the rows held out are looked at while the run is trained: more would say the same and take
// time. They are picked evenly. What is reported of the model at the end is of all.
const maxChecked = 4096

// checked is these rows.
func (r *Run) checked() *dataset.Dataset {
	rows, n := r.held, len(r.held)
	if n > maxChecked {
		rows = nil
		for k := range maxChecked {
			rows = append(rows, r.held[k*n/maxChecked])
		}
	}
	return r.checkable().Select(rows)
}

// Bounds of how often the rows held out are looked at without a word of it: a check costs about as much as the
// iterations that see two fifths as many samples, so that it takes a twentieth of the time at most.
const (
	leastBetweenChecks  = 10
	iterationsPerSample = 8
	fitsPerCheck        = 10 // as much more a check costs that fits the starts of series, of half their rows
)

// CheckEvery is how many iterations lie between two looks at the rows held out, 0 without such rows:
// Config.ValidateEvery, or 10, or more where the rows are many beside a minibatch, or their starts are fitted. The data
// must have been loaded.
func (r *Run) CheckEvery() int {
	switch n, batch := min(len(r.held), maxChecked), min(r.Config.Batch, len(r.training)); {
	case n == 0:
		return 0
	case r.Config.ValidateEvery > 0:
		return r.Config.ValidateEvery
	case r.Config.Start == learntStart && !r.EndsHeld():
		return fitsPerCheck * max(leastBetweenChecks, (iterationsPerSample*n+batch-1)/batch)
	default:
		return max(leastBetweenChecks, (iterationsPerSample*n+batch-1)/batch)
	}
}
