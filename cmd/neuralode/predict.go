package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/train"
)

// predictOptions are predict's flags.
type predictOptions struct {
	points, out, as, device string
	keep                    []string
	format                  dataset.Format
	digits                  digits
	solve                   solveFlags
}

func (a *app) predictCommand() *cobra.Command {
	o := &predictOptions{}
	c := &cobra.Command{
		Use:   "predict RUN|MODEL --points FILE",
		Short: "Answer for points: class and probabilities, or numbers",
		Long: `Answer for each point of a table, a row each, in their order: the class and the probability of
every class, or the number in the units of the training's labels. Columns whose header has the names that the model was
trained on may come in any order and beside others; --keep carries such others along, and is no feature then.

As csv and jsonl a row has the kept columns as they stand, predicted (with the label's name where there are several),
p_CLASS for each class, and error: why a point has no answer. As npy it has numbers alone: the class counted from 0 and
the probabilities, or the numbers predicted; NaN where there is no answer. Exit status 1 when points have no answer; all others
are written. A CSV has the digits that the tolerances let hold (--digits all has all, as jsonl and npy have). A file is read and
answered a block at a time, so that it need not fit into memory.`,
		Example: `  neuralode predict RUN --points new.csv
  neuralode predict RUN --points new.csv --keep id --out answers.csv
  neuralode predict model.safetensors --points new.npy --out answers.npy
  gunzip -c new.csv.gz | neuralode predict RUN --points - --format jsonl --keep '*'`,
		Args: oneArgument("a run folder or a model file"),
		RunE: func(c *cobra.Command, args []string) error { return a.predict(c.Context(), o, args[0]) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.points, "points", "",
		".csv, .tsv, .txt or .npy file of points, or one of these and .gz; - for text on standard input")
	f.StringSliceVar(&o.keep, "keep", nil, "columns to carry along, by name, or number from 1; * for all")
	formatFlags(f, &o.format)
	f.StringVar(&o.out, "out", "-", "file to write; - for standard output")
	f.StringVar(&o.as, "format", "", oneOf(answerFormats)+" (default as --out ends, csv on standard output)")
	o.digits.add(f)
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	o.solve.add(f)
	return c
}

// answerFormats are the ways to write answers, and the endings of files that are such.
var answerFormats = []string{"csv", "jsonl", "npy"}

// check reports wrong use, and settles the format.
func (o *predictOptions) check(path string) error {
	if o.points == "" {
		return errors.New("give the points: --points FILE")
	}
	if o.as == "" {
		o.as = strings.TrimPrefix(filepath.Ext(o.out), ".")
		if o.out == "-" {
			o.as = "csv"
		}
		if !slices.Contains(answerFormats, o.as) {
			return fmt.Errorf("out must end in .csv, .jsonl or .npy, or be -, or --format say what to write, got %q",
				o.out)
		}
	}
	if !slices.Contains(answerFormats, o.as) {
		return fmt.Errorf("format must be one of %q, got %q", answerFormats, o.as)
	}
	if o.as == "npy" && o.out == "-" {
		return errors.New("an array is written to a file: give --out FILE.npy")
	}
	if o.as == "npy" && len(o.keep) > 0 {
		return errors.New("an array of numbers has no room for the columns of --keep: write csv or jsonl")
	}
	if err := o.digits.check(o.as == "csv"); err != nil {
		return err
	}
	return checkReplaced(o.out, inputFile{"points", o.points},
		inputFile{"metrics of the run", filepath.Join(path, "metrics.csv")})
}

func (a *app) predict(ctx context.Context, o *predictOptions, path string) error {
	if err := o.check(path); err != nil {
		return wrongUse(err)
	}
	s, err := openForPoints(path)
	if err != nil {
		return err
	}
	spec, err := o.solve.answering(s)
	if err != nil {
		return err
	}
	points, err := a.openPoints(ctx, o, s, spec)
	if err != nil {
		return err
	}
	defer points.Close()
	if n := len(points.Features); n != s.model.Features() {
		return fmt.Errorf("%s has %d features, the model wants %d (--drop leaves columns out, --keep carries them along)",
			o.points, n, s.model.Features())
	}
	if err := checkKept(points.Kept, s.model); err != nil {
		return err
	}
	p, err := a.predictor(o.device, s.model, spec)
	if err != nil {
		return err
	}
	defer p.Close()
	a.takeNotes(points.Notes)
	a.compareNames(points.Named, points.Features, s.model)
	var t tally
	if err := a.writeStates(ctx, o.out, func(w io.Writer) error {
		return o.answer(ctx, w, p, spec, points, &t)
	}); err != nil {
		return err
	}
	return t.err(o.points)
}

// openPoints opens the table of points.
func (a *app) openPoints(ctx context.Context, o *predictOptions, s *source, spec solver.Spec) (*dataset.Points, error) {
	options := pointOptions(s, o.solve.flags, o.format, spec)
	options.Keep = o.keep
	if o.points == "-" {
		return dataset.NewPoints("standard input", whileLasts(ctx, a.stdin), options)
	}
	return dataset.OpenPoints(o.points, options)
}

// whileLasts reads r until ctx ends, also while nothing comes.
func whileLasts(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	return out
}

// blockRows are the points that are read, answered and written at once: enough to keep every core busy.
const blockRows = 1 << 14

// answer writes the answers for all points to w.
func (o *predictOptions) answer(ctx context.Context, w io.Writer, p *train.Predictor, spec solver.Spec,
	points *dataset.Points,
	t *tally) error {
	m := p.Model() // the numbers of an answer are scaled back, or probabilities of classes
	answers := newAnswerWriter(o.as, w, m, points.Kept,
		o.digits.rounding(spec, m.LabelScale, max(m.Outputs, len(m.Classes))))
	for {
		b, err := points.Next(blockRows)
		if err == io.EOF {
			return answers.close()
		}
		if err != nil {
			return err
		}
		all, err := p.Predict(ctx, b.X)
		if err != nil {
			return err
		}
		t.count(points.Unit, b, all)
		if err := answers.write(b, all); err != nil {
			return err
		}
	}
}

// tally counts points and those that have no answer.
type tally struct {
	points, failed int
	first          string // of those that have none: where it stands, and why
}

func (t *tally) count(unit string, b *dataset.Block, p *train.Predictions) {
	t.points += b.Len()
	for i, err := range p.Err {
		if err == nil {
			continue
		}
		if t.failed++; t.failed == 1 {
			t.first = fmt.Sprintf("%s %d: %s", unit, b.Rows[i], train.Reason(err))
		}
	}
}

// err says which points have no answer, if there are any.
func (t *tally) err(file string) error {
	if t.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d points have no answer, the first in %s, %s", t.failed, t.points, onLine(file), t.first)
}
