package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/train"
)

// evalOptions are eval's flags.
type evalOptions struct {
	data, label, device string
	format              dataset.Format
	json                bool
	solve               solveFlags
}

func (a *app) evalCommand() *cobra.Command {
	o := &evalOptions{}
	c := &cobra.Command{
		Use:   "eval RUN|MODEL",
		Short: "Measure a model's loss, accuracy, confusion and cost",
		Long: `Measure a trained model on labelled data: a run on its own data unless --data names others, a model file on --data. Of a
run that held rows out, the scores are of these, with those of the training's rows beside them. The baseline is the best
answer that is the same for every row: the largest class of the training's rows or their mean, of --data that of its own.
R² and RMSE are of labels that are numbers, in their units; the loss is between scaled ones. NFE is the number of field
evaluations that a sample took. The confusion table has a row for each true class. Columns whose header has the names
that the model was trained on may come in any order. Series are solved from their first rows on: R² and RMSE are of all
other rows, also for each feature, beside the RMSE of the answer that it stays as it began. Where starts are
learnt, a series that was not trained on begins where it fits the first half of its rows, and is scored by the others.
With the loss gaussian noise is the deviation that was found of what is seen from what is predicted.`,
		Example: `  neuralode eval runs/spiral-20260101-120000
  neuralode eval runs/spiral-20260101-120000 --data others.csv --json
  neuralode eval model.safetensors --data points.csv --label kind`,
		Args: oneArgument("a run folder or a model file"),
		RunE: func(c *cobra.Command, args []string) error { return a.eval(c.Context(), o, args[0]) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.data, "data", "", "labelled .csv, .tsv, .txt or .npy file, or one of these and .gz (default a run's own data)")
	f.StringVar(&o.label, "label", "", "the label's column, by name, or number from 1 (default the last)")
	formatFlags(f, &o.format)
	f.BoolVar(&o.json, "json", false, "one JSON object")
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	o.solve.add(f)
	return c
}

func (a *app) eval(ctx context.Context, o *evalOptions, path string) error {
	s, err := openSource(path)
	if err != nil {
		return err
	}
	spec, err := o.solve.spec(s)
	if err != nil {
		return err
	}
	data, err := s.data(o, spec)
	if err != nil {
		return err
	}
	p, err := a.predictor(o.device, s.model, spec)
	if err != nil {
		return err
	}
	defer p.Close()
	a.noteNothingRead(o.solve.flags, o.data)
	if o.data != "" {
		a.describeColumns(data)
	}
	if note := idleOf(givenOf(o.solve.flags), []string{"label"}, "points"); s.model.Series() && note != "" {
		a.takeNotes([]string{note})
	}
	a.compareNames(data.Named, data.Features, s.model)
	var found *assessment
	if o.data != "" {
		if found, err = assessOn(ctx, p, data); err == nil && found.comparesNothing() {
			err = fmt.Errorf("%s: nothing was observed of these series after the rows in which they begin", onLine(o.data))
		}
	} else {
		found, err = assess(ctx, p, s.run)
	}
	if err != nil {
		return err
	}
	a.warn(found)
	if o.json {
		return found.writeJSON(a.out)
	}
	return found.print(a.out)
}

// warn says that a model is no better than its baseline.
func (a *app) warn(found *assessment) {
	if text := found.warning(); text != "" {
		fmt.Fprintf(a.err, "warning    %s\n", text)
	}
}

// source is a model with, when it comes from a run, the run.
type source struct {
	run   *train.Run
	model *train.Model
}

// openSource reads a run folder or a model file.
func openSource(path string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		m, err := train.LoadModel(path)
		return &source{model: m}, err
	}
	r, err := train.OpenRun(path)
	if err != nil {
		return nil, err
	}
	return &source{run: r, model: r.Model}, nil
}

// openForPoints is openSource of a model that answers for points: one of series is for another command.
func openForPoints(path string) (*source, error) {
	s, err := openSource(path)
	if err == nil && s.model.Series() {
		err = wrongUse(fmt.Errorf("%s is a model of series: forecast continues them", path))
	}
	return s, err
}

// data is the file that is asked for, or the run's own.
func (s *source) data(o *evalOptions, spec solver.Spec) (*dataset.Dataset, error) {
	switch {
	case o.data != "":
		label, format := o.label, o.format
		if s.run != nil {
			format = ownFormat(o.solve.flags, format, s.run.Config.Format)
			if label == "" {
				label = s.run.Config.Label
			}
		}
		if s.model.Series() {
			return s.readSeries(o, spec)
		}
		return s.model.ReadData(o.data, dataset.Options{Labels: train.LabelColumns(label), Format: format,
			Float32: spec.Precision != solver.Float64})
	case s.run != nil:
		err := s.run.LoadData()
		return s.run.Data, err
	}
	return nil, wrongUse(errors.New("a model file has no data of its own: give --data"))
}

// readSeries reads series to compare a model of series with.
func (s *source) readSeries(o *evalOptions, spec solver.Spec) (*dataset.Dataset, error) {
	f := forecastOptions{data: o.data, format: o.format, solve: o.solve}
	series, err := f.series(s, spec)
	if err != nil {
		return nil, err
	}
	return series.Unstarted(), nil // forecast has looked at their starts
}

// report evaluates a run that was trained on its own data.
func (a *app) report(ctx context.Context, r *train.Run, backend solver.Backend) (*assessment, error) {
	p, err := r.Predictor(backend)
	if err != nil {
		return nil, err
	}
	found, err := assess(ctx, p, r)
	if err != nil {
		return nil, err
	}
	a.warn(found)
	return found, nil
}

// mostConfused is how many classes the confusion table has at most.
const mostConfused = 20

// printCost writes what the solves cost, and the confusion of classes.
func printCost(w io.Writer, e *train.Evaluation) error {
	fmt.Fprintf(w, "NFE       mean %.1f, max %d (field evaluations of a sample)\n", e.NFEMean, e.NFEMax)
	if math.IsNaN(e.Accuracy) {
		return nil
	}
	if k := len(e.Classes); k > mostConfused {
		fmt.Fprintf(w, "confusion of %d classes is left out: at most %d are shown\n", k, mostConfused)
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "true \\ predicted\t")
	for _, c := range e.Classes {
		fmt.Fprintf(table, "%s\t", onLine(c))
	}
	for i, row := range e.Confusion {
		fmt.Fprintf(table, "\n%s\t", onLine(e.Classes[i]))
		for _, n := range row {
			fmt.Fprintf(table, "%d\t", n)
		}
	}
	fmt.Fprintln(table)
	return table.Flush()
}
