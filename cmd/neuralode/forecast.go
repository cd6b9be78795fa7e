package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/train"
)

// forecastOptions are forecast's flags.
type forecastOptions struct {
	data, out, device string
	future            string // a file of inputs
	hold              bool
	until, every      float64
	id, time          string
	format            dataset.Format
	digits            digits
	solve             solveFlags
}

func (a *app) forecastCommand() *cobra.Command {
	o := &forecastOptions{}
	c := &cobra.Command{
		Use:   "forecast RUN|MODEL [--data FILE]",
		Short: "Continue series from their first observations",
		Long: `Solve series with a model that was trained on series, each from its first row on, and write a row for each series and time
as CSV: id, time and features, named and in units as in the data. Series are those of the run, or of --data, where one row
of each suffices. Times are those of the series; with --every they are evenly spaced; --until goes on to that time, by
--every or else as far apart as the series' own times are on average. Of a model with inputs these must be known for all of
that: they are columns of the series, whose features may be empty, and --future is a file of id, time and inputs with what
is known beyond, up to which series are continued. Where starts are learnt, a series that was not trained on begins where
it fits best all that was observed of it, which a note says. Exit status 1 when a series has no answer to the end:
its fields are empty from there on, and all others are written.`,
		Example: `  neuralode forecast RUN --until 20 --every 0.1
  neuralode forecast RUN --data new.csv --until 20 --every 0.1 --out forecast.csv
  neuralode forecast RUN --future inputs.csv --out forecast.csv`,
		Args: oneArgument("a run folder or a model file"),
		RunE: func(c *cobra.Command, args []string) error { return a.forecast(c.Context(), o, args[0]) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.data, "data", "", "series as train reads them (default the run's own)")
	f.Float64Var(&o.until, "until", math.NaN(), "time to which every series is continued (default its last)")
	f.Lookup("until").DefValue = "0" // of which pflag says nothing
	f.Float64Var(&o.every, "every", 0, "time between two rows (default the times of the series)")
	f.StringVar(&o.future, "future", "", "file of ids, times and inputs that are known beyond those of the series")
	f.BoolVar(&o.hold, "hold-inputs", false, "let inputs stay what they are beyond what is known of them")
	f.StringVar(&o.id, "id", "", "the column that tells the series apart (default that of the training, or one with a usual name)")
	f.StringVar(&o.time, "time-column", "",
		"the column of times (default that of the training, or one with a usual name)")
	formatFlags(f, &o.format)
	f.StringVar(&o.out, "out", "-", ".csv file to write; - for standard output")
	o.digits.add(f)
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	o.solve.add(f)
	return c
}

// check reports wrong use before any work.
func (o *forecastOptions) check(path string) error {
	if o.every < 0 || math.IsInf(o.every, 0) || math.IsNaN(o.every) {
		return fmt.Errorf("every must be positive, got %v", o.every)
	}
	if math.IsInf(o.until, 0) {
		return fmt.Errorf("until must be finite, got %v", o.until)
	}
	if o.out != "-" && filepath.Ext(o.out) != ".csv" {
		return fmt.Errorf("out must end in .csv, or be -, got %q", o.out)
	}
	if err := o.digits.check(true); err != nil {
		return err
	}
	return checkReplaced(o.out, inputFile{"data", o.data}, inputFile{"future", o.future},
		inputFile{"metrics of the run", filepath.Join(path, "metrics.csv")})
}

func (a *app) forecast(ctx context.Context, o *forecastOptions, path string) error {
	if err := o.check(path); err != nil {
		return wrongUse(err)
	}
	s, err := openSource(path)
	if err != nil {
		return err
	}
	if !s.model.Series() {
		return wrongUse(fmt.Errorf("%s is no model of series: predict answers for points, solve gives their states",
			path))
	}
	if len(s.model.Signals) == 0 && (o.future != "" || o.hold) {
		return wrongUse(fmt.Errorf("%s has no inputs: future and hold-inputs have no effect", path))
	}
	s.model.HoldSignals = s.model.HoldSignals || o.hold
	spec, err := o.solve.spec(s)
	if err != nil {
		return err
	}
	series, err := o.series(s, spec)
	if err != nil {
		return err
	}
	p, err := a.predictor(o.device, s.model, spec)
	if err != nil {
		return err
	}
	defer p.Close()
	a.noteNothingRead(o.solve.flags, o.data)
	a.takeNotes(series.Notes)
	wanted, err := o.wanted(series)
	if err == nil {
		err = wanted.CheckSignals(s.model.HoldSignals)
	}
	if err != nil {
		return wrongUse(err)
	}
	if n := s.model.Unknown(series); n > 0 {
		a.takeNotes([]string{fmt.Sprintf("the training has not seen %d of %d series: each of these begins where it fits what was observed of it",
			n, series.Len())})
	}
	starts, err := p.Starts(ctx, series)
	if err != nil {
		return err
	}
	var failed error
	err = a.writeStates(ctx, o.out, func(w io.Writer) (err error) {
		failed, err = writeForecast(ctx, w, p, starts, wanted,
			o.digits.rounding(spec, s.model.FeatureScale, s.model.Features()))
		return err
	})
	return errors.Join(err, failed)
}

// series are those to be continued.
func (o *forecastOptions) series(s *source, spec solver.Spec) (*dataset.Series, error) {
	if o.data == "" {
		if s.run == nil {
			return nil, wrongUse(errors.New("a model file has no series of its own: give --data"))
		}
		if err := s.run.LoadData(); err != nil {
			return nil, err
		}
		return o.withFuture(s, s.run.Data.Series, spec)
	}
	options := o.options(s, spec)
	options.Features, options.Constants = s.model.Inputs, s.model.Constants
	series, err := dataset.ReadSeries(o.data, options)
	if err != nil {
		return nil, err
	}
	if series.Dim != s.model.Features() {
		return nil, fmt.Errorf("%s has %d features, the model wants %d (--drop leaves columns out)", o.data, series.Dim,
			s.model.Features())
	}
	if series, err = o.withFuture(s, series, spec); err != nil {
		return nil, err
	}
	if err := s.model.CheckStarts(series); err != nil {
		return nil, fmt.Errorf("%s: %w", o.data, err)
	}
	return series, nil
}

// options say how files are read for a model.
func (o *forecastOptions) options(s *source, spec solver.Spec) dataset.SeriesOptions {
	options := dataset.SeriesOptions{ID: o.id, Time: o.time, Inputs: s.model.Signals, SinglePoints: true,
		Format: o.format, Float32: spec.Precision != solver.Float64}
	if s.run != nil {
		c := s.run.Config
		options.Format = ownFormat(o.solve.flags, o.format, c.Format)
		options.Drop = o.format.Drop
		for _, own := range []struct{ from, to *string }{{&c.ID, &options.ID}, {&c.TimeColumn, &options.Time}} {
			if *own.to == "" {
				*own.to = *own.from
			}
		}
	}
	return options
}

// withFuture adds to the series what the file of the future says of their inputs.
func (o *forecastOptions) withFuture(s *source, series *dataset.Series, spec solver.Spec) (*dataset.Series, error) {
	if o.future == "" {
		return series, nil
	}
	options := o.options(s, spec)
	options.SignalsAlone = true
	future, err := dataset.ReadSeries(o.future, options)
	if err != nil {
		return nil, err
	}
	if series, err = series.WithSignals(future); err != nil {
		return nil, fmt.Errorf("%s: %w", o.future, err)
	}
	return series, nil
}

// ownTimes are those of series i, and behind them those for which the file of the future has inputs.
func (o *forecastOptions) ownTimes(s *dataset.Series, i int) []float64 {
	times := slices.Clone(s.TimesOf(i))
	if o.future == "" {
		return times
	}
	last := times[len(times)-1]
	for _, t := range s.KnotsOf(i) {
		if t > last {
			times = append(times, t)
		}
	}
	return times
}

// wanted are the series at the times that are asked for.
func (o *forecastOptions) wanted(s *dataset.Series) (*dataset.Series, error) {
	if o.every == 0 && math.IsNaN(o.until) && o.future == "" {
		return s, nil
	}
	const most = 10_000_000
	rows := 0.0
	for i := range s.Len() {
		times := o.ownTimes(s, i)
		if end := o.end(times); end < times[0] {
			return nil, fmt.Errorf("until %v is before the first time of series %q, %v", o.until, s.IDs[i], times[0])
		} else if d := o.spacing(times); d > 0 {
			rows += (end - times[0]) / d
		}
	}
	if rows > most {
		return nil, fmt.Errorf("that makes %.3g rows, want at most %d: choose a larger --every", rows, most)
	}
	return s.At(func(i int) []float64 { return o.times(o.ownTimes(s, i)) }), nil
}

// end is the last time that is wanted of a series.
func (o *forecastOptions) end(times []float64) float64 {
	if math.IsNaN(o.until) {
		return times[len(times)-1]
	}
	return o.until
}

// spacing is how far apart times are: as asked for, or as the series' own are on average; 0 of a single one.
func (o *forecastOptions) spacing(times []float64) float64 {
	if o.every > 0 || len(times) < 2 {
		return o.every
	}
	return (times[len(times)-1] - times[0]) / float64(len(times)-1)
}

// times are those after the first that are wanted of a series with these.
func (o *forecastOptions) times(own []float64) []float64 {
	end, d, from := o.end(own), o.spacing(own), own[0]
	var times []float64
	if o.every == 0 {
		for _, t := range own[1:] {
			if t <= end {
				times, from = append(times, t), t
			}
		}
	}
	for k := 1; d > 0; k++ {
		t := roundedAs(from+float64(k)*d, from, d)
		if t > end+1e-9*d {
			break
		}
		times = append(times, math.Min(t, end))
	}
	if last := append(own[:1:1], times...)[len(times)]; o.every == 0 && last < end || len(times) == 0 && end > own[0] {
		times = append(times, end)
	}
	return times
}

// writeForecast solves the series and writes a row for each of theirs; failed names the first that has no answer.
func writeForecast(ctx context.Context, w io.Writer, p *train.Predictor, starts []float64, s *dataset.Series,
	rounding []dataset.Rounding) (
	failed, err error) {
	rows := dataset.NewSeriesWriter(w, s, rounding...)
	err = p.SolveSeries(ctx, starts, s, func(_ int, part *dataset.Series, solved *solver.Solution, wrong error) error {
		var sample *solver.SampleError
		if errors.As(wrong, &sample) {
			if sample.End.Status == solver.Cancelled {
				return ctx.Err()
			}
			failed = errors.Join(failed, fmt.Errorf("series %q has no answer to its end: %s", s.IDs[sample.Sample],
				sample.Reason()))
		}
		x, err := p.Observed(ctx, solved.Saved)
		if err != nil {
			return err
		}
		for i, id := range part.IDs {
			for r := part.Offsets[i]; r < part.Offsets[i+1]; r++ {
				rows.Write(id, part.Times[r], x[r*part.Dim:(r+1)*part.Dim])
			}
		}
		return nil
	})
	return failed, errors.Join(err, rows.Close())
}
