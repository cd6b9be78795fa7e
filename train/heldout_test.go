package train_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/train"
)

// noisyKinds is a table of two classes that overlap: a small net learns its training rows by heart.
func noisyKinds(i int) (x, y, label any) {
	rng := rand.New(rand.NewPCG(1, uint64(i)))
	return rng.NormFloat64(), rng.NormFloat64() + 0.3*float64(i%2), []string{"no", "yes"}[i%2]
}

// TestHeldRowsAreNotSeen changes the features of all rows held out: the model has the same bits, scales and all.
func TestHeldRowsAreNotSeen(t *testing.T) {
	var models [2][]byte
	var held []float64
	for k := range models {
		path := tableFile(t, 40, func(i int) (x, y, label any) {
			x, y, label = noisyKinds(i)
			if slices.Contains(held, y.(float64)) {
				x = 1e6
			}
			return x, y, label
		})
		c := onFile(path)
		c.Patience = 0
		r := newRun(t, c)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		models[k] = file(t, r, "model.safetensors")
		for i := range r.Held().Len() {
			held = append(held, r.Held().X[2*i+1])
		}
		if n := r.Held().Len(); n != 8 || r.Training().Len() != 32 {
			t.Fatalf("%d rows are held out, %d are not", n, r.Training().Len())
		}
	}
	if !bytes.Equal(models[0], models[1]) {
		t.Error("the model depends on the rows held out")
	}
}

// heldColumns are the rows of a metrics.csv after which the rows held out were looked at, by the names of its columns.
func heldColumns(t *testing.T, r *train.Run) (iterations []int, rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(file(t, r, "metrics.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		if row["validation_loss"] != "" {
			n, _ := strconv.Atoi(row["iteration"])
			iterations, rows = append(iterations, n), append(rows, row)
		}
	}
	return iterations, rows
}

func numberIn(t *testing.T, row map[string]string, column string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(row[column], 64)
	if err != nil {
		t.Fatalf("%s: %v", column, err)
	}
	return x
}

// TestHeldScores compares the last scores in the metrics with those of the model file for the rows held out, counted
// here.
func TestHeldScores(t *testing.T) {
	for _, task := range []string{"classification", "regression"} {
		c := onFile(tableFile(t, 50, func(i int) (x, y, label any) {
			x, y, label = noisyKinds(i)
			if task == "regression" {
				label = 1000 + 50*x.(float64)*y.(float64)
			}
			return x, y, label
		}))
		c.Patience = 0
		r := newRun(t, c)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		iterations, rows := heldColumns(t, r)
		if !slices.Equal(iterations, []int{10, 20, 30}) {
			t.Fatalf("looked at after %v", iterations)
		}
		last, held := rows[2], r.Held()
		m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		spec, _ := c.Spec()
		e, err := m.Evaluate(context.Background(), backend(t), spec, held)
		if err != nil {
			t.Fatal(err)
		}
		if got := numberIn(t, last, "validation_loss"); got != e.Loss {
			t.Errorf("%s: loss %v, the model file has %v", task, got, e.Loss)
		}
		if task == "classification" {
			right := e.Confusion[0][0] + e.Confusion[1][1]
			if got := numberIn(t, last, "validation_accuracy"); got != float64(right)/10 || last["validation_r2"]+
				last["validation_rmse"] != "" {
				t.Errorf("%d of 10 are right: %v", right, last)
			}
			continue
		}
		rmse := rootMeanSquare(t, m, spec, held)
		mean, spread := 0.0, 0.0
		for _, y := range held.Labels {
			mean += y / float64(len(held.Labels))
		}
		for _, y := range held.Labels {
			spread += (y - mean) * (y - mean) / float64(len(held.Labels))
		}
		if got := numberIn(t, last, "validation_rmse"); math.Abs(got-rmse) > 1e-9*rmse {
			t.Errorf("rmse %v, want %v", got, rmse)
		}
		if got := numberIn(t, last, "validation_r2"); math.Abs(got-(1-rmse*rmse/spread)) > 1e-9 ||
			last["validation_accuracy"] != "" {
			t.Errorf("R² %v, want %v", got, 1-rmse*rmse/spread)
		}
	}
}

// early is a configuration that stops early.
func early(t *testing.T) train.Config {
	c := onFile(tableFile(t, 60, noisyKinds))
	c.Hidden, c.Iterations, c.Rate, c.ValidateEvery, c.Patience, c.CheckpointEvery = []int{32}, 400, 2e-2, 5, 3, 7
	return c
}

// TestPatience stops when three looks have found nothing better, and keeps the model of the best.
func TestPatience(t *testing.T) {
	r := newRun(t, early(t))
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	iterations, rows := heldColumns(t, r)
	best, at := math.Inf(1), 0
	for i, row := range rows {
		if loss := numberIn(t, row, "validation_loss"); loss < best {
			best, at = loss, i
		}
	}
	if !r.StoppedEarly() || r.Chosen() != iterations[at] || r.Done != iterations[at]+15 || at+3 != len(rows)-1 {
		t.Errorf("stopped after %d with the model of %d, the best of %v is %d", r.Done, r.Chosen(), iterations,
			iterations[at])
	}
	m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	spec, _ := r.Config.Spec()
	if e, err := m.Evaluate(context.Background(), backend(t), spec, r.Held()); err != nil || e.Loss != best {
		t.Errorf("the model file has loss %v, the best was %v (%v)", e.Loss, best, err)
	}
	done := r.Done
	for _, more := range []int{0, 1000} { // it stays stopped, as one that had them from the start
		r = resumed(t, r, more)
		if err := r.Train(context.Background(), backend(t)); err != nil || r.Done != done || !r.StoppedEarly() {
			t.Errorf("resumed, it went to %d (%v)", r.Done, err)
		}
	}
}

// TestPatienceResumed interrupts such a run before, at and after looks and checkpoints: it ends as one that went
// through.
func TestPatienceResumed(t *testing.T) {
	c := early(t)
	whole, r := newRun(t, c), newRun(t, c)
	if err := whole.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	for _, stop := range []int{2, 5, 6, 7, 14, 15, whole.Done - 6, whole.Done - 1} {
		ctx, cancel := context.WithCancel(context.Background())
		err := r.Train(ctx, backend(t), func(e train.Event) {
			if e.Iteration == stop {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("stopping at %d gives %v", stop, err)
		}
		r = resumed(t, r, 0)
	}
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if r.Done != whole.Done || !bytes.Equal(file(t, r, "model.safetensors"), file(t, whole, "model.safetensors")) {
		t.Errorf("ends after %d with another model, want %d", r.Done, whole.Done)
	}
	_, got := heldColumns(t, r)
	_, want := heldColumns(t, whole)
	for i := range want {
		if got[i]["validation_loss"] != want[i]["validation_loss"] || got[i]["iteration"] != want[i]["iteration"] {
			t.Errorf("look %d: %v, want %v", i, got[i], want[i])
		}
	}
}

// TestOlderMetrics goes on with a run whose metrics have no columns of rows held out.
func TestOlderMetrics(t *testing.T) {
	r := newRun(t, small())
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	text := string(file(t, r, "metrics.csv"))
	older := strings.NewReplacer(",validation_loss,validation_accuracy,validation_r2,validation_rmse", "", ",,,,",
		"").Replace(text)
	if older == text {
		t.Fatal("the metrics have no such columns")
	}
	if err := os.WriteFile(filepath.Join(r.Dir, "metrics.csv"), []byte(older), 0o644); err != nil {
		t.Fatal(err)
	}
	if training, held, err := r.BothLosses(); err != nil || len(training.Values) != 30 || len(held.Values) != 0 {
		t.Errorf("older metrics are %d losses and %d of rows held out (%v)", len(training.Values), len(held.Values),
			err)
	}
	r = resumed(t, r, 0)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	if got := string(file(t, r, "metrics.csv")); got != text {
		t.Errorf("the metrics are %s", got)
	}
}

// TestFewRows trains on tables with nothing, or hardly anything, to hold out.
func TestFewRows(t *testing.T) {
	for what, c := range map[string]struct {
		rows string
		held int
	}{
		"one row of numbers":   {"1,2,0.5\n", 0},
		"two rows":             {"1,2,0.5\n2,1,0.25\n", 0},
		"a class of one row":   {strings.Repeat("1,2,u\n2,1,v\n", 10) + "3,3,w\n", 4},
		"classes of one row":   {"1,2,u\n2,1,v\n", 0},
		"a constant feature":   {strings.Repeat("1,2,u\n1,3,v\n", 5), 2},
		"a label of one value": {strings.Repeat("1,2,3.5\n2,1,3.5\n", 5), 2},
	} {
		path := filepath.Join(t.TempDir(), "few.csv")
		if err := os.WriteFile(path, []byte("a,b,kind\n"+c.rows), 0o644); err != nil {
			t.Fatal(err)
		}
		r := newRun(t, onFile(path))
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		n := 0
		if held := r.Held(); held != nil {
			n = held.Len()
		}
		if n != c.held || n > 0 != (r.CheckEvery() > 0) {
			t.Errorf("%s: %d rows are held out", what, n)
		}
	}
}

// TestBaseline compares with scikit-learn 1.8: DummyClassifier(strategy="prior") and DummyRegressor() fitted on a,
// their log_loss, accuracy_score, r2_score and root_mean_squared_error on b.
func TestBaseline(t *testing.T) {
	kinds := func(labels ...float64) *dataset.Dataset {
		return &dataset.Dataset{X: labels, Dim: 1, Features: []string{"x"}, Task: dataset.MultiClass, Labels: labels,
			Width: 1, Targets: []string{"k"}, Classes: []string{"a", "b", "c"}}
	}
	numbers := func(labels ...float64) *dataset.Dataset {
		d := kinds(labels...)
		d.Task, d.Classes = dataset.Regression, nil
		return d
	}
	m := train.Model{Loss: "softmax"}
	b := m.Baseline(kinds(0, 1, 1, 2, 1, 0))
	got := b.Scores(kinds(0, 1, 2, 1))
	if b.Class != "b" || got.Accuracy != 0.5 || math.Abs(got.Loss-1.0691665297540138) > 1e-12 || !math.IsNaN(got.RMSE) {
		t.Errorf("%q has %+v", b.Class, got)
	}
	m = train.Model{Loss: "mse", Outputs: 1, LabelScale: dataset.Scale{Mean: []float64{3}, Std: []float64{2}}}
	got = m.Baseline(numbers(1, 2, 6)).Scores(numbers(2, 4))
	if math.Abs(got.RMSE-1) > 1e-12 || math.Abs(got.R2) > 1e-12 || math.Abs(got.Loss-0.25) > 1e-12 ||
		!math.IsNaN(got.Accuracy) {
		t.Errorf("the mean has %+v", got)
	}
	if got = m.Baseline(numbers(1, 2, 6)).Scores(numbers(5, 5)); !math.IsNaN(got.R2) || got.RMSE != 2 {
		t.Errorf("of a label that does not vary: %+v", got)
	}
}

// TestUnsolvedCheck looks at a row held out that the field cannot be solved for: the loss is no number, and the
// training goes on.
func TestUnsolvedCheck(t *testing.T) {
	path := tableFile(t, 40, noisyKinds)
	r := newRun(t, onFile(path))
	far := r.Held().X[1]
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.Contains(line, fmt.Sprint(far)) {
			lines[i] = "3e38," + line[strings.Index(line, ",")+1:]
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	c := onFile(path)
	c.Activation, c.MaxSteps = "softplus", 40
	r = newRun(t, c)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	iterations, rows := heldColumns(t, r)
	if len(iterations) != 3 || rows[0]["validation_loss"] != "NaN" || r.Chosen() != r.Done {
		t.Errorf("%v: %v, the model of %d", iterations, rows, r.Chosen())
	}
}
