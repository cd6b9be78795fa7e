package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/safetensors"
)

// kinds is a table of three classes, of which the names need care in a text.
const kinds = "id,x,y,kind\n007,0.1,0.2,ant\n008,2,2.1,\"bee, queen\"\n009,-2,1,cat\n"

// trainedOn trains a little on the table, eight times.
func trainedOn(t *testing.T, table string, more ...string) (run string) {
	t.Helper()
	header, rows, _ := strings.Cut(table, "\n")
	data := write(t, "data.csv", header+"\n"+strings.Repeat(rows, 8))
	run = filepath.Join(t.TempDir(), "run")
	succeed(t, quick(append([]string{"--data", data, "--drop", "id", "--out", run, "--no-figures"}, more...)...)...)
	return run
}

// TestPredict answers for a table in every format: the columns asked for come along, classes are those of the training,
// and the formats agree.
func TestPredict(t *testing.T) {
	run := trainedOn(t, kinds)
	points := write(t, "new.csv", "y,id,x\n0.2,007,0.1\n2.1,\"a, b\",2\n1,,-2\n")
	rows := parse(t, succeed(t, "predict", run, "--points", points, "--keep", "id", "--device", "cpu", "--digits", "all"))
	shown := parse(t, succeed(t, "predict", run, "--points", points, "--keep", "id", "--device", "cpu"))
	if got := fmt.Sprint(rows[0]); got != "[id predicted p_ant p_bee, queen p_cat error]" {
		t.Errorf("columns %v", got)
	}
	lines := strings.Split(succeed(t, "predict", run, "--points", points, "--keep", "id", "--device", "cpu", "--format", "jsonl"), "\n")
	array := filepath.Join(t.TempDir(), "answers.npy")
	succeed(t, "predict", run, "--points", points, "--device", "cpu", "--out", array)
	d, err := dataset.ReadFile(array, dataset.Options{Task: dataset.Unlabelled})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{"007", "a, b", ""} {
		row := rows[1+i]
		p, best := probabilities(t, row[2:5]), 0
		for k := range p {
			if p[k] > p[best] {
				best = k
			}
		}
		for k, v := range probabilities(t, shown[1+i][2:5]) { // as many digits as the tolerances let hold
			if text := shown[1+i][2+k]; len(text) > 8 || math.Abs(v-p[k]) > 1e-3*p[k] {
				t.Errorf("%s is shown of %v", text, p[k])
			}
		}
		class := []string{"ant", "bee, queen", "cat"}[best]
		if row[0] != id || row[1] != class || row[5] != "" || math.Abs(p[0]+p[1]+p[2]-1) > 1e-12 {
			t.Errorf("row %d is %q", i, row)
		}
		want := fmt.Sprintf(`{"id":%q,"predicted":%q,"probability":{"ant":%s,"bee, queen":%s,"cat":%s}}`, id, class, row[2], row[3], row[4])
		if lines[i] != want {
			t.Errorf("as JSON it is %s, want %s", lines[i], want)
		}
		if got := d.X[4*i : 4*i+4]; got[0] != float64(best) || got[1] != p[0] || got[2] != p[1] || got[3] != p[2] {
			t.Errorf("in the array it is %v, want %d and %v", got, best, p)
		}
	}
}

func parse(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func probabilities(t *testing.T, texts []string) (p []float64) {
	t.Helper()
	for _, text := range texts {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		p = append(p, v)
	}
	return p
}

// TestPredictNumbers answers with a number, in the units of the labels and without their names' help.
func TestPredictNumbers(t *testing.T) {
	run := trainedOn(t, "id,x,y,price\n1,0,0,1000\n2,1,1,2000\n3,2,0,3000.5\n", "--iterations", "150")
	rows := parse(t, succeed(t, "predict", run, "--points", write(t, "new.csv", "x,y\n0,0\n1,1\n2,0\n"), "--device", "cpu"))
	if fmt.Sprint(rows[0]) != "[predicted error]" {
		t.Errorf("columns %q", rows[0])
	}
	p := probabilities(t, []string{rows[1][0], rows[2][0], rows[3][0]})
	if !(p[0] < p[1] && p[1] < p[2] && p[0] > 500 && p[2] < 3500) {
		t.Errorf("prices %v, want about 1000, 2000, 3000", p)
	}
}

// TestPredictInBlocks answers for more points than are read at once, from standard input.
func TestPredictInBlocks(t *testing.T) {
	run := trainedOn(t, kinds)
	const n = blockRows + 10
	var text strings.Builder
	text.WriteString("x,y\n")
	for i := range n {
		fmt.Fprintf(&text, "%d,%d\n", i%7, i%3)
	}
	var out, said bytes.Buffer
	status := runIn(t, text.String(), &out, &said, "predict", run, "--points", "-", "--device", "cpu")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if status != 0 || len(lines) != n+1 {
		t.Fatalf("status %d, %d lines: %s", status, len(lines), &said)
	}
	for i := 22; i < len(lines); i++ {
		if lines[i] != lines[i-21] {
			t.Fatalf("point %d is %s, the same before %s", i-1, lines[i], lines[i-21])
		}
	}
}

func runIn(t *testing.T, stdin string, out, said *bytes.Buffer, args ...string) int {
	t.Helper()
	return run(context.Background(), args, strings.NewReader(stdin), out, said)
}

// explosive writes a model whose field grows beyond all numbers where x is positive.
func explosive(t *testing.T) string {
	t.Helper()
	file := &safetensors.File{
		Metadata: map[string]string{"sizes": "[1,1,1]", "activation": "relu", "time": "false", "t0": "0", "t1": "1"},
		Tensors: map[string]safetensors.Tensor{
			"layers.0.weight": safetensors.Float64([]float64{1e4}, 1, 1), "layers.0.bias": safetensors.Float64([]float64{0}, 1),
			"layers.1.weight": safetensors.Float64([]float64{1e4}, 1, 1), "layers.1.bias": safetensors.Float64([]float64{0}, 1),
		},
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := file.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoAnswer asks for points of which one cannot be solved: it is said in its row, by the exit status and on a line,
// with the file and the line; the others are answered, and the file is there.
func TestNoAnswer(t *testing.T) {
	model, points := explosive(t), write(t, "new.csv", "x\n-1\n2\n\n-3\n")
	for _, format := range answerFormats {
		out := filepath.Join(t.TempDir(), "answers."+format)
		status, _, said := call(t, "predict", model, "--points", points, "--device", "cpu", "--out", out)
		if status != exitFailure || !strings.Contains(said, "1 of 3 points have no answer, the first in "+points+", line 3: ") ||
			!strings.Contains(said, " at t = ") {
			t.Errorf("%s: status %d: %s", format, status, said)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		checkRows(t, format, string(text), out)
	}
}

func checkRows(t *testing.T, format, text, path string) {
	t.Helper()
	switch format {
	case "csv":
		rows := parse(t, text)
		if len(rows) != 4 || rows[2][0] != "" || !strings.Contains(rows[2][3], " at t = ") || rows[1][0] != "0" || rows[3][0] != "0" || rows[3][3] != "" {
			t.Errorf("rows %q", rows)
		}
	case "jsonl":
		lines := strings.Split(text, "\n")
		var answer map[string]any
		if err := json.Unmarshal([]byte(lines[1]), &answer); err != nil || len(answer) != 1 || answer["error"] == "" {
			t.Errorf("line %q: %v", lines[1], err)
		}
	case "npy":
		if _, err := dataset.ReadFile(path, dataset.Options{Task: dataset.Unlabelled}); err == nil || !strings.Contains(err.Error(), "row 2") {
			t.Errorf("the array has no NaN in row 2: %v", err)
		}
	}
}

// TestPredictMisuse types wrong flags and gives wrong tables: what is wrong is said, and nothing is written.
func TestPredictMisuse(t *testing.T) {
	model, points := explosive(t), write(t, "new.csv", "id,x\n1,2\n")
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "--points FILE", nil},
		{2, "out must end in .csv, .jsonl or .npy", []string{"--points", points, "--out", "x.txt"}},
		{2, `format must be one of`, []string{"--points", points, "--format", "xml"}},
		{2, "--out FILE.npy", []string{"--points", points, "--format", "npy", "--out", "-"}},
		{2, "no room for the columns of --keep", []string{"--points", points, "--out", "x.npy", "--keep", "id"}},
		{2, "would replace the points", []string{"--points", points, "--out", points}},
		{2, `answers is called "predicted"`, []string{"--points", write(t, "p.csv", "predicted,x\n1,2\n"), "--keep", "predicted"}},
		{1, "the model wants 1 (--drop leaves columns out, --keep carries them along)", []string{"--points", points}},
		{1, `there is no column "name"; the columns are "id", "x"`, []string{"--points", points, "--keep", "name"}},
		{1, `line 3, column 2 ("x"): "two" is not a number`, []string{"--points", write(t, "p.csv", "id,x\n1,2\n2,two\n"), "--keep", "id"}},
		{1, "no such file", []string{"--points", "nowhere.csv"}},
	} {
		out := filepath.Join(t.TempDir(), "answers.csv")
		args := append([]string{"predict", model, "--device", "cpu", "--out", out}, c.args...)
		status, _, said := call(t, args...)
		if _, err := os.Stat(out); status != c.status || !strings.Contains(said, c.want) || err == nil {
			t.Errorf("%v: status %d, want %d: %s", c.args, status, c.status, said)
		}
	}
}

// TestPointsAreToBlame: an error of the points says nothing of the file that was to hold the answers.
func TestPointsAreToBlame(t *testing.T) {
	run := trainedOn(t, kinds)
	points := write(t, "empty.csv", strings.Split(kinds, "\n")[0]+"\n")
	out := filepath.Join(t.TempDir(), "out.jsonl")
	status, _, said := call(t, "predict", run, "--points", points, "--drop", "id", "--device", "cpu", "--out", out)
	if status != 1 || !strings.Contains(said, "there are no points") || strings.Contains(said, out) {
		t.Errorf("status %d, %q", status, said)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a file of answers")
	}
}
