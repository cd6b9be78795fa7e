package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/dataset"
)

// animals are the series of the example.
const animals = "../../examples/lotkavolterra/animals.csv"

// TestForecast trains on series, which the file shows to be such, and continues them and others.
func TestForecast(t *testing.T) {
	dir, board := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "board")
	status, _, said := call(t, "train", "--data", animals, "--out", dir, "--iterations", "20", "--hidden", "8",
		"--device", "cpu", "--tensorboard", board)
	if status != 0 || !strings.Contains(said, "the rows lie as in series") || !strings.Contains(said, "gradient discrete") {
		t.Fatalf("status %d, %s", status, said)
	}
	events := eventsIn(t, filepath.Join(board, "run"))
	for _, name := range []string{"series-1", "series-2", "parity-1", "parity-2", "plane", "loss"} {
		picture, err := os.ReadFile(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(events, name) || !strings.Contains(events, string(picture)) {
			t.Errorf("TensorBoard is not shown %s.png", name)
		}
	}
	fresh := filepath.Join(t.TempDir(), "new.csv")
	if err := os.WriteFile(fresh, []byte("predators,id,t,prey\n1,x,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args  []string
		times string // of the first series: first, second and last
		rows  int    // of all
	}{
		{[]string{}, "0 0.05 9.94", 438},
		{[]string{"--until", "20", "--every", "5"}, "0 5 20", 15},
		{[]string{"--until", "12", "--every", "5"}, "0 5 10", 9},
		{[]string{"--until", "19.95", "--every", "0.1"}, "0 0.1 19.9", 600},
		{[]string{"--until", "1.05", "--every", "0.35"}, "0 0.35 1.05", 12},
		{[]string{"--data", fresh, "--until", "4", "--every", "1"}, "2 3 4", 3},
		{[]string{"--data", fresh, "--until", "4"}, "2 4 4", 2},
		{[]string{"--until", "0.07"}, "0 0.05 0.07", 9},
	} {
		out := succeed(t, append([]string{"forecast", dir, "--device", "cpu"}, x.args...)...)
		s, err := dataset.ReadSeriesCSV("out", strings.NewReader(out), dataset.SeriesOptions{})
		if err != nil {
			t.Errorf("%v: %v", x.args, err)
			continue
		}
		if s.Rows() != x.rows || s.Features[0] != "prey" {
			t.Errorf("%v: %d rows of %v, want %d", x.args, s.Rows(), s.Features, x.rows)
		}
		times := s.TimesOf(0)
		if got := fmt.Sprint(times[0], times[1], times[len(times)-1]); got != x.times {
			t.Errorf("%v: times %s, want %s", x.args, got, x.times)
		}
	}
	for want, args := range map[string][]string{
		"until 1 is before the first time of series \"x\", 2":  {"forecast", dir, "--data", fresh, "--until", "1"},
		"want at most 10000000":                                {"forecast", dir, "--until", "1e9", "--every", "0.001"},
		"every must be positive, got -1":                       {"forecast", dir, "--every", "-1"},
		"out must end in .csv":                                 {"forecast", dir, "--out", "x.npy"},
		"is a model of series: forecast":                       {"predict", dir, "--points", fresh},
		"a model of series: forecast":                          {"solve", dir, "--points", fresh},
		"run is a model of series: forecast":                   {"serve", dir},
		"of series there are animations of the training alone": {"plot", dir, "--animate", filepath.Join(t.TempDir(), "flow.gif")},
		"has no series of its own":                             {"forecast", filepath.Join(dir, "model.safetensors")},
		"is before the 2 of line 2: sort the":                  {"train", "--task", "series", "--data", badSeries(t)},
	} {
		if status, _, said := call(t, args...); status == 0 || !strings.Contains(said, want) || strings.Contains(said, "panic") {
			t.Errorf("%v: status %d, %q, want %q", args, status, said, want)
		}
	}
	if out := succeed(t, "verify", dir, "--gradient-samples", "1"); !strings.Contains(out, "3 of the run's samples") {
		t.Errorf("verify says %q", out)
	}
	if status, _, said := call(t, "eval", dir, "--data", fresh); status == 0 || !strings.Contains(said, "nothing was observed") {
		t.Errorf("eval of first rows: status %d, %s", status, said)
	}
	out := succeed(t, "eval", dir, "--data", animals, "--device", "cpu")
	for _, want := range []string{"prey", "RMSE", "as it began", "baseline"} {
		if !strings.Contains(out, want) {
			t.Errorf("eval says %q, want %q in it", out, want)
		}
	}
}

// TestStartsUnseen goes the whole way with series of which not all was observed where they begin.
func TestStartsUnseen(t *testing.T) {
	text, err := os.ReadFile(animals)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	id := ""
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if cells := strings.Split(line, ","); cells[0] != id && i > 0 {
			id, cells[2] = cells[0], ""
			line = strings.Join(cells, ",")
		}
		lines = append(lines, line)
	}
	path := write(t, "unseen.csv", strings.Join(lines, "\n")+"\n")
	if status, _, said := call(t, "train", "--data", path, "--out", filepath.Join(t.TempDir(), "run")); status == 0 ||
		!strings.Contains(said, "is not observed") || strings.Contains(said, "panic") {
		t.Errorf("without a start: status %d, %s", status, said)
	}
	for _, start := range [][]string{{"--lift", "mlp"}, {"--lift", "linear", "--latent", "3"}, {"--start", "learnt"}} {
		dir := filepath.Join(t.TempDir(), "run")
		succeed(t, append([]string{"train", "--data", path, "--out", dir, "--iterations", "20", "--hidden", "8", "--device",
			"cpu"}, start...)...)
		for _, out := range []string{succeed(t, "eval", dir, "--device", "cpu"),
			succeed(t, "forecast", dir, "--until", "12", "--every", "0.5", "--device", "cpu")} {
			if strings.Contains(out, "NaN") {
				t.Errorf("%v: %s", start, out)
			}
		}
	}
}

// TestFilesAreNamed finds each file of a run of points and of one of series in docs/files.md, in the README and in train's help.
func TestFilesAreNamed(t *testing.T) {
	page, err := os.ReadFile("../../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"docs/files.md": string(page), "README.md": readme(t), "train --help": succeed(t, "train", "--help")}
	table := write(t, "points.csv", "x,y,kind\n"+strings.Repeat("1,2,0\n2,1,1\n", 5))
	for kind, flags := range map[string][]string{"points": {"--data", table}, "series": {"--data", animals, "--iterations", "2"}} {
		files, err := os.ReadDir(trained(t, flags...))
		if err != nil || len(files) < 8 {
			t.Fatalf("%s: %d files (%v)", kind, len(files), err)
		}
		for _, f := range files {
			name := strings.Replace(f.Name(), "-2.", "-1.", 1) // and so on
			for where, text := range texts {
				if name != ".lock" && !strings.Contains(text, name) {
					t.Errorf("%s does not name %s of %s", where, name, kind)
				}
			}
		}
	}
}

// TestNothingHeld trains on a series, and on rows, too few for any to be held out.
func TestNothingHeld(t *testing.T) {
	for want, text := range map[string]string{
		"nothing can be held out of 1 series, 2 rows, of 1 features:": "id,t,x\na,0,1\na,1,2\n",
		"nothing can be held out of 2 samples of 2 features:":         "x,y,z\n1,2,u\n2,1,v\n",
	} {
		args := quick("--data", write(t, "few.csv", text), "--out", filepath.Join(t.TempDir(), "run"), "--no-figures")
		if status, _, said := call(t, args...); status != 0 || !strings.Contains(said, want) {
			t.Errorf("status %d, %s, want %s", status, said, want)
		}
	}
}

func badSeries(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(path, []byte("id,t,x\na,2,1\na,1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// oscillator is the series of the example with an input.
const oscillator = "../../examples/oscillator/oscillator.csv"

// TestForecastWithInputs trains on a driven oscillator and goes on as far as its inputs are known, by the file, by
// another, or held.
func TestForecastWithInputs(t *testing.T) {
	dir, of := filepath.Join(t.TempDir(), "run"), t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(of, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	status, _, said := call(t, "train", "--data", oscillator, "--inputs", "force", "--interpolation", "hermite",
		"--second-order", "--out", dir, "--iterations", "20", "--hidden", "8", "--device", "cpu")
	if status != 0 || !strings.Contains(said, "inputs force, hermite") {
		t.Fatalf("status %d, %s", status, said)
	}
	future := write("future.csv", "t,force\n20,1\n20.5,0\n22,-1\n")
	fresh := write("new.csv", "t,position,force\n0,1,0\n1,0.5,1\n2,,2\n3,,1\n")
	alone := write("alone.csv", "t,force\n0,1\n1,2\n")
	for _, x := range []struct {
		args []string
		last string // time
		rows int
	}{
		{[]string{}, "20", 401},
		{[]string{"--future", future}, "22", 403},
		{[]string{"--future", future, "--until", "21"}, "21", 412},
		{[]string{"--future", future, "--every", "1"}, "22", 23},
		{[]string{"--until", "21", "--every", "1", "--hold-inputs"}, "21", 22},
		{[]string{"--data", fresh}, "3", 4},
	} {
		out := succeed(t, append([]string{"forecast", dir, "--device", "cpu"}, x.args...)...)
		s, err := dataset.ReadSeriesCSV("out", strings.NewReader(out), dataset.SeriesOptions{Time: "t"})
		if err != nil {
			t.Errorf("%v: %v", x.args, err)
			continue
		}
		if got := fmt.Sprint(s.Times[s.Rows()-1]); got != x.last || s.Rows() != x.rows || s.Features[0] != "position" {
			t.Errorf("%v: %d rows of %v up to %s, want %d up to %s", x.args, s.Rows(), s.Features, got, x.rows, x.last)
		}
	}
	if out := succeed(t, "eval", dir, "--data", fresh, "--json"); !strings.Contains(out, "\"samples\":1") {
		t.Errorf("eval says %s", out)
	}
	succeed(t, "verify", dir, "--gradient-samples", "1")
	succeed(t, "plot", dir)
	for want, args := range map[string][]string{
		`the input "force" is known from 0 to 20`: {"forecast", dir, "--until", "21"},
		`there is no column "force"`:              {"forecast", dir, "--future", write("other.csv", "t,u\n20,1\n")},
		`line 3, column 2 ("force")`:              {"forecast", dir, "--future", write("bad.csv", "t,force\n20,1\n21,on\n")},
		`there is no column "position"`:           {"forecast", dir, "--data", alone},
		"interpolation must be one of":            {"train", "--data", oscillator, "--inputs", "force", "--interpolation", "step"},
		"none are named":                          {"train", "--data", oscillator, "--task", "series", "--hold-inputs"},
	} {
		if status, _, said := call(t, args...); status == 0 || !strings.Contains(said, want) || strings.Contains(said, "panic") {
			t.Errorf("%v: status %d, %q, want %q", args, status, said, want)
		}
	}
}

// TestGapsAtTheStart trains on series of which one feature is in no first row: a lift looks at more. Pictures and scores
// are such as of others.
func TestGapsAtTheStart(t *testing.T) {
	text := strings.Builder{}
	text.WriteString("id,t,x,y\n")
	for i := range 6 {
		for k := range 12 {
			x, y := math.Sincos(0.3*float64(k) + float64(i))
			if k == 0 {
				fmt.Fprintf(&text, "%d,0,,%v\n", i, y)
			} else {
				fmt.Fprintf(&text, "%d,%v,%v,%v\n", i, 0.3*float64(k), x, y)
			}
		}
	}
	data := write(t, "gaps.csv", text.String())
	dir := filepath.Join(t.TempDir(), "run")
	status, out, said := call(t, "train", "--data", data, "--lift", "mlp", "--lift-from", "3", "--iterations", "20", "--hidden",
		"8", "--out", dir, "--device", "cpu")
	if status != 0 || strings.Contains(out, "NaN") || !strings.Contains(out, "plane.png") {
		t.Errorf("status %d, %s, %s", status, out, said)
	}
	var scores map[string]any
	if err := json.Unmarshal([]byte(succeed(t, "eval", dir, "--json", "--device", "cpu")), &scores); err != nil {
		t.Error(err)
	}
	if status, _, said := call(t, "train", "--data", data, "--out", dir+"2"); status != 1 ||
		!strings.Contains(said, `series "0" begins at t 0, where feature "x" is not observed`) || !strings.Contains(said, "lift") {
		t.Errorf("without a lift: status %d, %s", status, said)
	}
}
