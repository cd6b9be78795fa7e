package neuralode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/solver"
)

// FitOptions say how [ODE.Fit] goes about it. The zero value is a good start.
type FitOptions struct {
	// FixedStarts takes the starts as exact. Otherwise they are fitted too: a first observation is as noisy as the
	// others.
	FixedStarts bool

	// Starts are the states at the first time of each series, [series, dim]; without them they are the first
	// observations, for which every component must be observed there.
	Starts []float64

	// Horizons are the parts of each series' span, rising to 1, that are fitted one after the other: what oscillates
	// has many local minima over a long span and few over a short one. Without them they are 1/8, 1/4, 1/2 and 1.
	Horizons []float64

	// Of the signals that series have: how they are interpolated, whether the field reads their derivatives too, and
	// whether they stay what they are beyond what is known of them (see [solver.Signals]).
	Interpolation solver.Interpolation
	Derivative    bool
	Hold          bool

	// Iterations is how many there are at most for each horizon; 200 when it is 0.
	Iterations int
}

// Fitted is what a fit found.
type Fitted struct {
	Theta       []float64
	Starts      []float64 // [series, dim], the states at the first times
	RMSE        []float64 // of each feature, over all that was observed of it
	Iterations  int
	Evaluations int    // of the loss and its gradient
	Why         string // the fit ended, in a word
}

// Fit is [ODE.Fit] for the field alone, on the CPU with solver.AccurateSpec and no options.
func Fit(ctx context.Context, field graph.Field, theta []float64, s *dataset.Series) (*Fitted, error) {
	backend, _, err := Open("cpu")
	if err != nil {
		return nil, err
	}
	ode, err := New(backend, field, nil, solver.AccurateSpec())
	if err != nil {
		return nil, err
	}
	defer ode.Close()
	return ode.Fit(ctx, theta, s, FitOptions{})
}

// Fit returns the parameters, and unless they are fixed the starts, with the least squares of what series observed of
// the first components of z: Σ ((z − x)/σ)² with each feature's own deviation σ, by L-BFGS (Nocedal 1980) along
// gradients of [solver.Discrete], for one horizon after the other. theta is where it begins. A series begins at its
// first time; its constants, and behind them its signals, are the inputs of the field. Parameters for which a sample
// fails are never taken; that theta is of them is an error, as are series that do not fit the ODE, all before any work.
// When ctx ends the error is ctx's.
//
// The spec of the ODE should have float64 and tolerances well below the noise of the observations: the search ends
// where the loss no longer changes smoothly.
func (o *ODE) Fit(ctx context.Context, theta []float64, s *dataset.Series, opt FitOptions) (*Fitted, error) {
	starts, err := o.checkFit(theta, s, &opt)
	if err != nil {
		return nil, err
	}
	start := solver.Span{T0: s.Times[0], T1: s.Times[0]}
	one := solver.Batch{Z0: starts[:o.Dim()], Spans: []solver.Span{start}, Inputs: s.Constants[:len(s.ConstantNames)],
		Signals: opt.signals(s.Select([]int{0}))}
	if _, err := o.SolveBatch(ctx, theta, one); err != nil { // a closed ODE fits nothing
		return nil, err
	}
	f, err := newFit(o, theta, starts, s, opt)
	if err != nil {
		return nil, err
	}
	defer f.ode.Close()
	for _, horizon := range opt.Horizons {
		f.look(horizon)
		if err := f.minimize(ctx); err != nil {
			return nil, err
		}
	}
	return f.result(ctx)
}

// checkFit fills in the options and returns the starts.
func (o *ODE) checkFit(theta []float64, s *dataset.Series, opt *FitOptions) ([]float64, error) {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("neuralode: Fit: "+format, args...))
		}
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	if opt.Horizons == nil {
		opt.Horizons = []float64{1.0 / 8, 1.0 / 4, 1.0 / 2, 1}
	}
	if opt.Iterations == 0 {
		opt.Iterations = 200
	}
	require(len(theta) == o.model.ThetaLen(), "theta has %d numbers, want %d", len(theta), o.model.ThetaLen())
	require(o.model.WithHead(nil).ThetaLen() == o.model.ThetaLen(),
		"the read-out or the lift of the ODE has parameters, but states are fitted from their starts on: leave it out")
	require(s.Dim <= o.Dim(), "the series have %d features, want at most the %d components of z", s.Dim, o.Dim())
	signals := opt.signals(s)
	require(len(s.ConstantNames)+signals.Inputs() == o.model.Inputs(),
		"the series have %d constants and %d signals%s, want one for each of the field's %d inputs",
		len(s.ConstantNames), signals.Width(), opt.withDerivatives(), o.model.Inputs())
	errs = append(errs, s.CheckSignals(opt.Hold))
	require(len(theta) > 0 || !opt.FixedStarts,
		"the equation has no parameters and the starts are fixed: there is nothing to fit")
	require(opt.Iterations > 0, "iterations must be positive, got %d", opt.Iterations)
	require(slices.IsSorted(opt.Horizons) && len(opt.Horizons) > 0 && opt.Horizons[0] > 0 &&
		opt.Horizons[len(opt.Horizons)-1] == 1, "horizons must rise to 1 from above 0, got %v", opt.Horizons)
	starts := slices.Clone(opt.Starts)
	if starts == nil && s.Dim <= o.Dim() {
		starts = firstObservations(s, o.Dim())
	}
	require(len(starts) == s.Len()*o.Dim(), "starts has %d numbers, want %d for %d series", len(starts),
		s.Len()*o.Dim(), s.Len())
	for i, v := range starts[:min(len(starts), s.Len()*o.Dim())] {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			require(false, "component %d of series %q is not observed at its first time: give starts", i%o.Dim(),
				s.IDs[i/o.Dim()])
			break
		}
	}
	return starts, errors.Join(errs...)
}

// signals are those of series as solves take them.
func (o FitOptions) signals(s *dataset.Series) solver.Signals {
	u, of := s.SignalsOf()
	if u == nil {
		return solver.Signals{}
	}
	return solver.Signals{Interpolation: o.Interpolation, Derivative: o.Derivative, Hold: o.Hold, Times: u.Times,
		Values: u.Values, Offsets: u.Offsets, Of: of}
}

// withDerivatives are words for an error.
func (o FitOptions) withDerivatives() string {
	if o.Derivative {
		return " with their derivatives"
	}
	return ""
}

// firstObservations is the first row of each series, [series, dim]; NaN where it has no observation.
func firstObservations(s *dataset.Series, dim int) []float64 {
	var starts []float64
	for _, row := range s.Offsets[:s.Len()] {
		for j := range dim {
			x := math.NaN()
			if j < s.Dim {
				x = s.X[row*s.Dim+j]
			}
			starts = append(starts, x)
		}
	}
	return starts
}

// fit is one under way.
type fit struct {
	ode     *ODE // with the loss of the series
	series  *dataset.Series
	scale   []float64 // [features], the deviation of each
	weights []float64 // [features], of squares in the loss
	options MinimizeOptions

	signals   solver.Signals
	batch     solver.Batch
	objective solver.Objective

	found       *Minimum
	iterations  int
	evaluations int
}

func newFit(o *ODE, theta, starts []float64, s *dataset.Series, opt FitOptions) (*fit, error) {
	head, err := graph.LowerHead(graph.Head{Dim: o.Dim(), Readout: graph.FirstComponents(s.Dim),
		Loss: graph.WeightedSquaredError(s.Dim)})
	if err != nil {
		return nil, err
	}
	spec := o.spec
	if spec.Gradient = solver.Discrete; spec.Rosenbrock() != nil {
		spec.Gradient = solver.Adjoint
	}
	deviations, _ := s.Standardise()
	f := &fit{series: s, scale: deviations.Std, signals: opt.signals(s), found: &Minimum{Theta: theta, Z0: starts},
		options: MinimizeOptions{Iterations: opt.Iterations, Z0: !opt.FixedStarts, Units: units(theta)}}
	for _, std := range f.scale {
		f.weights = append(f.weights, 1/(std*std))
	}
	if !opt.FixedStarts {
		f.options.Units = append(f.options.Units, f.startUnits(starts, o.Dim())...)
	}
	f.ode, err = Compile(o.backend, o.model.WithHead(head), spec)
	return f, err
}

// startUnits are the sizes in which starts are searched: the deviations of what is observed.
func (f *fit) startUnits(starts []float64, dim int) []float64 {
	u := units(starts)
	for i := range u {
		if j := i % dim; j < f.series.Dim {
			u[i] = f.scale[j]
		}
	}
	return u
}

// units are the sizes in which parameters are searched: those where the search begins.
func units(theta []float64) []float64 {
	u := make([]float64, len(theta))
	for i, v := range theta {
		if u[i] = math.Abs(v); u[i] == 0 {
			u[i] = 1
		}
	}
	return u
}

// look takes the rows within that part of each series' span, two at least.
func (f *fit) look(horizon float64) {
	s := f.series
	f.batch = solver.Batch{Offsets: []int{0}, Inputs: s.Constants, Signals: f.signals}
	f.objective = solver.Objective{AtTimes: true}
	observed := 0.0
	for i := range s.Len() {
		from, to := s.Offsets[i], s.Offsets[i+1]
		end := s.Times[from] + horizon*(s.Times[to-1]-s.Times[from])
		if horizon < 1 {
			for to > from+2 && s.Times[to-1] > end {
				to--
			}
		}
		f.batch.Spans = append(f.batch.Spans, solver.Span{T0: s.Times[from], T1: s.Times[to-1]})
		f.batch.Times = append(f.batch.Times, s.Times[from:to]...)
		f.batch.Offsets = append(f.batch.Offsets, len(f.batch.Times))
		seen := s.X[from*s.Dim : to*s.Dim]
		f.objective.Labels = append(f.objective.Labels, graph.WeightedLabels(seen, f.weights)...)
		for _, v := range seen {
			if !math.IsNaN(v) {
				observed++
			}
		}
	}
	f.objective.Weight = slices.Repeat([]float64{1 / max(observed, 1)}, len(f.batch.Times))
}

// minimize searches on from what was found, over the rows that look took.
func (f *fit) minimize(ctx context.Context) error {
	f.batch.Z0 = f.found.Z0
	found, err := f.ode.Minimize(ctx, f.found.Theta, f.batch, f.objective, f.options)
	if err != nil {
		return fmt.Errorf("neuralode: Fit: %w", err)
	}
	f.found = found
	f.iterations, f.evaluations = f.iterations+found.Iterations, f.evaluations+found.Evaluations
	return nil
}

// result is where the search came to.
func (f *fit) result(ctx context.Context) (*Fitted, error) {
	f.batch.Z0 = f.found.Z0
	s, err := f.ode.SolveBatch(ctx, f.found.Theta, f.batch)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return nil, err
	}
	return &Fitted{Theta: f.found.Theta, Starts: f.found.Z0, RMSE: f.rmse(s.Saved), Iterations: f.iterations,
		Evaluations: f.evaluations, Why: f.found.Why}, nil
}

// rmse is the root of the mean square of each feature's errors.
func (f *fit) rmse(states []float64) []float64 {
	all := make([]float64, f.series.Dim)
	for j := range all {
		n, squares := 0.0, 0.0
		for r := range f.series.Rows() {
			if e := states[r*f.ode.Dim()+j] - f.series.X[r*f.series.Dim+j]; !math.IsNaN(e) {
				n, squares = n+1, squares+e*e
			}
		}
		all[j] = math.Sqrt(squares / n)
	}
	return all
}
