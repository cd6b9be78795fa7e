package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"neuralode/dataset"
	"neuralode/train"
)

// assessment is how a model does, beside what it is to be compared with.
type assessment struct {
	*train.Evaluation                   // of rows held out, where there are any, else of all
	held              bool              // these are rows held out
	training          *train.Evaluation // of the rows that the training saw, where these are others
	baseline          train.Scores      // of the same rows as Evaluation
	answer            string            // the baseline's, in words
}

// assess evaluates a run on its own data, which are loaded.
func assess(ctx context.Context, p *train.Predictor, r *train.Run) (*assessment, error) {
	held := r.Held()
	if held == nil {
		return assessOn(ctx, p, r.Data)
	}
	a, err := assessBeside(ctx, p, held, r.Training())
	if err != nil {
		return nil, err
	}
	a.held = true
	a.training, err = p.Evaluate(ctx, r.Training())
	return a, err
}

// assessOn evaluates a model on data of which it is not said whether the training saw them.
func assessOn(ctx context.Context, p *train.Predictor, d *dataset.Dataset) (*assessment, error) {
	return assessBeside(ctx, p, d, d)
}

// assessBeside compares with the baseline that other rows suggest.
func assessBeside(ctx context.Context, p *train.Predictor, d, others *dataset.Dataset) (*assessment, error) {
	e, err := p.Evaluate(ctx, d)
	if err != nil {
		return nil, err
	}
	b := p.Model().Baseline(others)
	return &assessment{Evaluation: e, baseline: b.Scores(d), answer: inWords(b)}, nil
}

// comparesNothing reports series of which no row is left that a solve could miss.
func (a *assessment) comparesNothing() bool {
	for _, f := range a.Features {
		if !math.IsNaN(f.RMSE) {
			return false
		}
	}
	return len(a.Features) > 0
}

// inWords says what a baseline answers.
func inWords(b *train.Baseline) string {
	if b.Mean == nil {
		return "always " + onLine(b.Class)
	}
	return fmt.Sprintf("the mean, %.5g", b.Mean[0])
}

// warning is what to say of a model that is no better than its baseline, or "".
func (a *assessment) warning() string {
	switch {
	case a.Better(a.baseline) || a.Accuracy == 1 || a.RMSE == 0:
		return ""
	case a.Samples < 2:
		return ""
	}
	of := ""
	if a.held {
		of = "on the rows held out "
	}
	name, ours, theirs := "accuracy", fmt.Sprintf("%.4f", a.Accuracy), fmt.Sprintf("%.4f", a.baseline.Accuracy)
	if math.IsNaN(a.Accuracy) {
		name, ours, theirs = "RMSE", fmt.Sprintf("%.5g", a.RMSE), fmt.Sprintf("%.5g", a.baseline.RMSE)
	}
	return fmt.Sprintf("%sthe model is no better than its baseline (%s): %s %s, the baseline's %s", of, a.answer, name,
		ours, theirs)
}

// scoreLine is one score of a table.
type scoreLine struct {
	name, format string
	of           func(train.Scores) float64
}

var scoreLines = []scoreLine{
	{"loss", "%.4f", func(s train.Scores) float64 { return s.Loss }},
	{"accuracy", "%.4f", func(s train.Scores) float64 { return s.Accuracy }},
	{"R²", "%.4f", func(s train.Scores) float64 { return s.R2 }},
	{"RMSE", "%.5g", func(s train.Scores) float64 { return s.RMSE }},
}

// print writes the scores, each on a line with those it is compared with, the cost, and the confusion.
func (a *assessment) print(w io.Writer) error {
	samples := fmt.Sprint(a.Samples)
	if a.held {
		samples = fmt.Sprintf("%d held out, %d in training", a.Samples, a.training.Samples)
	}
	fmt.Fprintf(w, "samples   %s\n", samples)
	table := tabwriter.NewWriter(w, 10, 0, 2, ' ', 0)
	for _, line := range scoreLines {
		own := line.of(a.Scores)
		if math.IsNaN(own) {
			continue
		}
		fmt.Fprintf(table, "%s\t"+line.format, line.name, own)
		if a.training != nil {
			fmt.Fprintf(table, "\ttraining "+line.format, line.of(a.training.Scores))
		}
		fmt.Fprintf(table, "\tbaseline "+line.format, line.of(a.baseline))
		if line.name == "accuracy" || line.name == "RMSE" {
			fmt.Fprintf(table, " (%s)", a.answer)
		}
		fmt.Fprintln(table)
	}
	for j, f := range a.Features {
		fmt.Fprintf(table, "%s\tRMSE %.5g, R² %.4f\t", onLine(f.Name), f.RMSE, f.R2)
		if !math.IsNaN(f.Held) {
			fmt.Fprintf(table, "as it began %.5g", f.Held)
		}
		if a.Noise != nil {
			fmt.Fprintf(table, "\tnoise %.5g", a.Noise[j])
		}
		fmt.Fprintln(table)
	}
	if a.Features == nil && a.Noise != nil {
		fmt.Fprintf(table, "noise\t%s (deviation of what is seen from what is predicted)\n", joined(a.Noise))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printCost(w, a.Evaluation)
}

// joined are numbers as text.
func joined(x []float64) string {
	var texts []string
	for _, v := range x {
		texts = append(texts, fmt.Sprintf("%.5g", v))
	}
	return strings.Join(texts, ", ")
}

// scoresDocument are scores in JSON; what a task does not have is null.
type scoresDocument struct {
	Samples  int    `json:"samples"`
	Loss     number `json:"loss"`
	Accuracy number `json:"accuracy"`
	R2       number `json:"r2"`
	RMSE     number `json:"rmse"`
}

func scoresOf(samples int, s train.Scores) scoresDocument {
	return scoresDocument{samples, number(s.Loss), number(s.Accuracy), number(s.R2), number(s.RMSE)}
}

// assessmentDocument is an assessment in JSON.
type assessmentDocument struct {
	scoresDocument
	HeldOut  bool            `json:"held_out"` // the scores are those of rows held out
	NFEMean  float64         `json:"nfe_mean"`
	NFEMax   int             `json:"nfe_max"`
	Baseline scoresDocument  `json:"baseline"`
	Training *scoresDocument `json:"training,omitempty"`
	Noise    []float64       `json:"noise,omitempty"` // by the loss gaussian: of each feature of series, or label
}

func (a *assessment) document() assessmentDocument {
	d := assessmentDocument{scoresOf(a.Samples, a.Scores), a.held, a.NFEMean, a.NFEMax, scoresOf(a.Samples, a.baseline),
		nil, a.Noise}
	if a.training != nil {
		t := scoresOf(a.training.Samples, a.training.Scores)
		d.Training = &t
	}
	return d
}

func (a *assessment) writeJSON(w io.Writer) error { return json.NewEncoder(w).Encode(a.document()) }
