package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/solver"
)

// seriesTask is the task of a file of series: each is solved from its first row on and compared with the others at
// their times.
const seriesTask = "series"

// checkSeries reports what does not go with series, or with anything else.
func (c Config) checkSeries() error {
	var p problems
	if c.Task != seriesTask {
		p.require(c.ID == "" && c.TimeColumn == "" && len(c.Features) == 0 && len(c.Weights) == 0,
			"id, time-column, features and weights name the columns of series: choose task series")
		p.require(c.Readout != components, "readout components is of series: choose component, linear or mlp")
		p.require(c.Start == "first" || !slices.Contains(Starts, c.Start), "start %s is for series: choose task series",
			c.Start)
	} else {
		p.require(c.Label == "", "series have no labels, got label %q: features names what is fitted", c.Label)
		p.require(c.Readout != "component" && c.Component == 0,
			"series are compared in all features: leave component, and choose readout components, linear or mlp")
		p.require(c.Loss != "bce" && c.Loss != "softmax", "loss %s is for classes: series want one of %s", c.Loss,
			strings.Join(numberLosses, ", "))
		_, err := c.weights(nil)
		p = append(p, err)
		p.require(c.Start != learntStart || c.wantsLift() == "none",
			"start learnt learns states that a lift would make: choose lift none, or start first")
		p.require(c.Horizon != "shooting" || c.wantsLift() == "none",
			"horizon shooting learns states that a lift would make: choose lift none, or another horizon")
		p.require(c.Control == solver.ControlSample.String(),
			"series have times of their own, and so steps: choose control sample")
	}
	return errors.Join(p...)
}

func (c Config) seriesOptions() dataset.SeriesOptions {
	return dataset.SeriesOptions{ID: c.ID, Time: c.TimeColumn, Features: c.Features, Constants: c.Constants,
		Inputs: c.Inputs, Float32: c.Precision != "float64", Format: c.Format}
}

// readSeries reads the file of series.
func (c Config) readSeries() (*dataset.Dataset, error) {
	s, err := dataset.ReadSeries(c.Data, c.seriesOptions())
	if err != nil {
		return nil, err
	}
	d := s.Unstarted()
	if c.wantsLift() == "none" && c.Start != learntStart {
		if _, err = s.Dataset(); err != nil {
			err = fmt.Errorf("%w: choose start learnt or lift mlp, which find it", err)
		}
	}
	err = errors.Join(err, s.CheckSignals(c.HoldInputs))
	d.Notes = append(d.Notes, c.signalNotes(s)...)
	if err == nil && len(observedLater(s, between(0, s.Len()))) == 0 {
		err = errors.New("nothing was observed after the first rows, from which solves begin")
	}
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", c.Data, err)
	}
	return d, nil
}

// Series reports whether the model is one of series: its read-out is observed, at any time.
func (m *Model) Series() bool { return m.ofSeries || m.Readout == components }

// weights are those of the features with these names, or nil where all are 1. Without names they are only looked at.
func (c Config) weights(features []string) (weights []float64, err error) {
	if len(c.Weights) == 0 {
		return nil, nil
	}
	var p problems
	seen, sum := map[string]bool{}, float64(len(features))
	weights = slices.Repeat([]float64{1}, len(features))
	for _, text := range c.Weights {
		at := strings.LastIndexByte(text, '=')
		w, err := strconv.ParseFloat(text[at+1:], 64)
		if at < 1 || err != nil || !(w >= 0) || !finite(w) {
			p.require(false, "weights must be NAME=NUMBER with numbers from 0, got %q", text)
			continue
		}
		name := text[:at]
		p.require(!seen[name], "weights: %q is there twice", name)
		seen[name] = true
		if j := slices.Index(features, name); j >= 0 {
			weights[j], sum = w, sum+w-1
		} else if features != nil {
			p.require(false, "weights: %q is no feature, these are %s", name, strings.Join(features, ", "))
		}
	}
	p.require(features == nil || len(p) > 0 || sum > 0, "weights: those of all features are 0")
	return weights, errors.Join(p...)
}

// chooseSeriesHead settles read-out and loss for series, and the span until their times are scaled.
func (m *Model) chooseSeriesHead(c Config, d *dataset.Dataset) error {
	m.ofSeries, m.Readout, m.Component, m.Loss, m.Outputs = true, c.Readout, 0, c.Loss, d.Dim
	switch {
	case c.Readout == "auto" && c.Latent > 0:
		m.Readout = "linear"
	case c.Readout == "auto":
		m.Readout = components
	}
	if m.Loss == "auto" {
		m.Loss = "mse"
	}
	weights, err := c.weights(d.Features)
	if err != nil {
		return fmt.Errorf("train: %s: %w", c.Data, err)
	}
	m.Weights = weights
	m.Span = spanOf(d.Series.Times)
	if m.Span.T0 == m.Span.T1 {
		return fmt.Errorf("train: all series are at time %v", m.Span.T0)
	}
	return nil
}

// spanOf is from the earliest to the latest time.
func spanOf(times []float64) solver.Span {
	return solver.Span{T0: slices.Min(times), T1: slices.Max(times)}
}

// InFieldTime is the spec with step sizes in the field's time, of a spec that has them in the time of the series.
func (m *Model) InFieldTime(spec solver.Spec) solver.Spec {
	if len(m.TimeScale.Std) == 0 {
		return spec
	}
	c := &spec.Controller
	for _, step := range []*float64{&c.Step, &c.FirstStep, &c.MinStep, &c.MaxStep} {
		*step /= m.TimeScale.Std[0]
	}
	return spec
}

// inSeriesTime turns the time at which a sample failed into that of the series.
func (m *Model) inSeriesTime(failed error) error {
	var sample *solver.SampleError
	if errors.As(failed, &sample) && len(m.TimeScale.Std) > 0 {
		sample.End.T = m.TimeScale.Undo([]float64{sample.End.T}, 1)[0]
		sample.End.H *= m.TimeScale.Std[0]
	}
	return failed
}

// learnSeriesScale takes the scales of features and times from these series, or from all where rows is nil.
func (m *Model) learnSeriesScale(d *dataset.Dataset, rows []int) {
	seen := d.Series
	if rows != nil {
		seen = seen.Select(rows)
	}
	m.FeatureScale, m.TimeScale = seen.Standardise()
	if n := len(m.Constants); n > 0 {
		m.ConstantScale = dataset.Standardise(seen.Constants, n, nil)
	}
	m.SignalScale = seen.StandardiseSignals()
	m.Span = spanOf(m.TimeScale.Apply(d.Series.Times))
}

// SeriesBatch is the series as they are solved, each over its own times, those of the field.
func (m *Model) SeriesBatch(s *dataset.Series) solver.Batch { return m.batch(s) }

// batch is the series as solves take them: each from its first row on, kept at the times of all rows.
func (m *Model) batch(s *dataset.Series) solver.Batch {
	b := solver.Batch{Times: m.TimeScale.Apply(s.Times), Offsets: s.Offsets, Signals: m.signals(s)}
	if len(m.Constants) > 0 {
		b.Inputs = m.ConstantScale.Apply(s.Constants)
	}
	m.starts(&b, s)
	for i := range s.Len() {
		from, to := s.Offsets[i], s.Offsets[i+1]
		b.Spans = append(b.Spans, solver.Span{T0: b.Times[from], T1: b.Times[to-1]})
	}
	return b
}

// seriesData are the series with the loss of each row: the mean over the features, by their weights, of the losses of
// what was observed. The first rows, where solves begin unless they are lifted, and rows without any observation that has
// a weight do not count.
func (m *Model) seriesData(s *dataset.Series) solver.Data {
	d := solver.Data{Batch: m.batch(s), Objective: solver.Objective{AtTimes: true, Mask: make([]bool, s.Rows())}}
	d.Labels = graph.WeightedLabels(m.FeatureScale.Apply(s.X), m.shares())
	for r := range s.Rows() {
		weights := d.Labels[(2*r+1)*s.Dim : (2*r+2)*s.Dim]
		d.Mask[r] = !weighty(weights)
	}
	for _, first := range s.Offsets[:s.Len()] {
		d.Mask[first] = d.Mask[first] || !m.lifted()
	}
	return d
}

// weighty reports whether one of some weights is above 0.
func weighty(weights []float64) bool {
	return slices.ContainsFunc(weights, func(w float64) bool { return w > 0 })
}

// observedLater are the numbers, of these, of series with an observation after the first row: others have no loss.
func observedLater(s *dataset.Series, of []int) []int {
	return slices.DeleteFunc(slices.Clone(of), func(i int) bool {
		later := s.X[(s.Offsets[i]+1)*s.Dim : s.Offsets[i+1]*s.Dim]
		return !slices.ContainsFunc(later, func(v float64) bool { return !math.IsNaN(v) })
	})
}

// FeatureScore is how near solves come to a feature of series, in its units, over all observations but those that the
// series begin with.
type FeatureScore struct {
	Name string
	RMSE float64
	R2   float64 // 1 − Σ(x−z)²/Σ(x−x̄)²; NaN where all are the same
	Held float64 // RMSE of the answer that it stays as the series began
}

// evaluateSeries solves every series from its first row on and compares it with the others; where a start was fitted,
// with those that it was not fitted to.
func (p *Predictor) evaluateSeries(ctx context.Context, d *dataset.Dataset) (*Evaluation, error) {
	e := &Evaluation{Samples: d.Len(), Noise: p.model.Noise()}
	starts, scored, err := p.Scored(ctx, d.Series)
	if err != nil {
		return nil, err
	}
	near, loss, nfe := newNearness(scored, p.model.numberLoss()), 0.0, 0
	err = p.SolveSeries(ctx, starts, scored, func(from int, part *dataset.Series, s *solver.Solution, failed error) error {
		if failed != nil {
			return failed
		}
		seen, err := p.Observed(ctx, s.Saved)
		if err != nil {
			return err
		}
		loss += near.add(part, p.model, seen)
		for _, cost := range s.Stats {
			nfe, e.NFEMax = nfe+cost.NFE, max(e.NFEMax, cost.NFE)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.NFEMean = float64(nfe) / float64(e.Samples)
	e.Features = near.features()
	e.Scores = scoresOf(e.Features, loss/float64(max(near.rows, 1)))
	return e, nil
}

// seriesRows is about how many rows of series are solved at once.
const seriesRows = 1 << 16

// Observed is what states of the field, [n, dim], are as features of series: [n, features], in the units of the data.
func (p *Predictor) Observed(ctx context.Context, states []float64) ([]float64, error) {
	m := p.model
	if m.Readout != components {
		read, err := p.ode.ReadOut(ctx, m.Theta, solver.States{Z: states})
		if err != nil {
			return nil, err
		}
		return m.FeatureScale.Undo(read.Out, m.Outputs), nil
	}
	z, dim, n := m.Unscale(states), m.Net.Dim(), m.Features()
	x := make([]float64, 0, len(z)/dim*n)
	for i := range len(z) / dim {
		x = append(x, z[i*dim:i*dim+n]...)
	}
	return x, nil
}

// SolveSeries solves series from their first rows on, from the states that [Predictor.Starts] has given, perhaps of the
// same series at other times. It does so at the times of all rows, and gives use the solutions of so many at once as fit
// into a bounded memory, in their order: from is the number of the first, part has them, failed is nil or the
// *solver.SampleError of one of them, numbered as in s. States are those of the field: see Observed.
func (p *Predictor) SolveSeries(ctx context.Context, starts []float64, s *dataset.Series,
	use func(from int, part *dataset.Series, s *solver.Solution, failed error) error) error {
	if err := p.model.checkSignals(s); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	dim := p.model.Net.Dim()
	for from := 0; from < s.Len(); {
		to := from + 1
		for to < s.Len() && s.Offsets[to+1]-s.Offsets[from] <= seriesRows {
			to++
		}
		part := s
		if to-from < s.Len() {
			part = s.Select(between(from, to))
		}
		b := p.model.batch(part)
		if starts != nil {
			b.Z0 = starts[from*dim : to*dim]
		}
		solved, err := p.ode.SolveBatch(ctx, p.model.Theta, b)
		if err != nil {
			return err
		}
		if err := use(from, part, solved, p.model.inSeriesTime(failure(from, solved, p.spec))); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// between are the numbers from one to before another.
func between(from, to int) []int {
	n := make([]int, to-from)
	for i := range n {
		n[i] = from + i
	}
	return n
}

// nearness adds up how near solves come to what was observed.
type nearness struct {
	names           []string
	mean            []float64 // of what was observed, beside the first rows
	n, miss, spread []float64 // sums for each feature
	still, stayed   []float64 // squares of what is off the first observation of its series, and their number
	rows            int       // that count
	loss            numberLoss
}

func newNearness(s *dataset.Series, loss numberLoss) *nearness {
	dim := s.Dim
	w := &nearness{names: s.Features, mean: make([]float64, dim), n: make([]float64, dim), miss: make([]float64, dim),
		spread: make([]float64, dim), still: make([]float64, dim), stayed: make([]float64, dim), loss: loss}
	w.each(s, func(_, _, j int, x float64) { w.n[j], w.mean[j] = w.n[j]+1, w.mean[j]+x })
	for j, n := range w.n {
		w.mean[j] /= math.Max(n, 1)
	}
	clear(w.n)
	return w
}

// each goes through what was observed after the first rows.
func (w *nearness) each(s *dataset.Series, f func(series, row, feature int, x float64)) {
	for i := range s.Len() {
		for r := s.Offsets[i] + 1; r < s.Offsets[i+1]; r++ {
			for j := range s.Dim {
				if x := s.X[r*s.Dim+j]; !math.IsNaN(x) {
					f(i, r, j, x)
				}
			}
		}
	}
}

// add takes series with what solves make of their rows, [rows, features], and returns the sum of the losses of the rows.
func (w *nearness) add(s *dataset.Series, m *Model, seen []float64) (loss float64) {
	last := -1
	w.each(s, func(i, r, j int, x float64) {
		if r != last && w.loss.share[j] > 0 { // others have no loss, as in the training
			w.rows, last = w.rows+1, r
		}
		miss := x - seen[r*s.Dim+j]
		w.n[j]++
		w.miss[j] += miss * miss
		w.spread[j] += (x - w.mean[j]) * (x - w.mean[j])
		if first := s.FirstObserved(i, j); first < r {
			off := x - s.X[first*s.Dim+j]
			w.still[j], w.stayed[j] = w.still[j]+off*off, w.stayed[j]+1
		}
		if len(m.FeatureScale.Std) > 0 {
			miss /= m.FeatureScale.Std[j]
		}
		loss += w.loss.of(j, miss)
	})
	return loss
}

func (w *nearness) features() []FeatureScore {
	var all []FeatureScore
	for j, name := range w.names {
		f := FeatureScore{Name: name, RMSE: math.Sqrt(w.miss[j] / w.n[j]), R2: 1 - w.miss[j]/w.spread[j],
			Held: math.Sqrt(w.still[j] / w.stayed[j])}
		if !finite(f.R2) {
			f.R2 = math.NaN()
		}
		all = append(all, f)
	}
	return all
}

// scoresOf are the scores of all features together: the mean of R² over those that vary, and the root of the mean of
// the squares of the RMSE over those that were observed.
func scoresOf(features []FeatureScore, loss float64) Scores {
	s := Scores{Loss: loss, Accuracy: math.NaN()}
	r2, vary, squares, observed := 0.0, 0.0, 0.0, 0.0
	for _, f := range features {
		if !math.IsNaN(f.RMSE) {
			squares, observed = squares+f.RMSE*f.RMSE, observed+1
		}
		if finite(f.R2) {
			r2, vary = r2+f.R2, vary+1
		}
	}
	s.R2, s.RMSE = r2/vary, math.Sqrt(squares/observed) // NaN for none
	return s
}

// seriesScores are those of the mean as the answer for every row of series.
func (b *Baseline) seriesScores(s *dataset.Series) Scores {
	_, s = b.model.parted(s)
	near := newNearness(s, b.by)
	loss := near.add(s, b.model, slices.Repeat(b.Mean, s.Rows()))
	return scoresOf(near.features(), loss/float64(max(near.rows, 1)))
}

// ShownSeries are at most so many of the run's series for pictures: what the training saw of them, and what it did not,
// series by series; late is nil where it saw everything. The data must have been loaded.
func (r *Run) ShownSeries(most int) (seen, late *dataset.Series) {
	n := r.Data.Len()
	var picked []int
	for k := range min(n, most) {
		picked = append(picked, k*n/min(n, most))
	}
	switch all := r.Data.Series.Select(picked); {
	case r.early != nil:
		return r.early.Series.Select(picked), r.late.Series.Select(picked)
	case len(r.held) == 0:
		return all, nil
	default:
		return all.Hide(func(i int) bool { return slices.Contains(r.held, picked[i]) }),
			all.Hide(func(i int) bool { return !slices.Contains(r.held, picked[i]) })
	}
}
