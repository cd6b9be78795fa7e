package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestFiles trains on files as people have them, and says what was taken for what.
func TestFiles(t *testing.T) {
	points := strings.Repeat("0.1,-0.7,a\n0.6,-0.8,b\n1.5,-2.1,a\n", 7)
	for _, c := range []struct{ text, flags, want string }{
		{"kind,x,y\n" + strings.Repeat("#ant,0.4,-0.7\nbee,0.6,-0.8\ncat,1.5,-2.1\n", 7), "--label kind",
			"21 samples of 2 features (multiclass), task auto\ncolumns    features x, y; label kind, classes #ant, bee, cat\n"},
		{"0,1,label\n" + points, "", "21 samples of 2 features (binary), task auto\ncolumns    features 0, 1; label label, classes a, b\n"},
		{"5,3,a\n" + points, "", "22 samples of 2 features (binary), task auto\ncolumns    features x1, x2; label label, classes a, b\n"},
		{"5,3,kind\n" + points, "--header yes", "21 samples of 2 features (binary), task auto\ncolumns    features 5, 3; label kind, classes a, b\n"},
		{"x,y,label\n" + strings.Repeat("0.1,-0.7,1_1\n0.6,-0.8,11\n1.5,-2.1,a\n", 7), "--task classification",
			"21 samples of 2 features (multiclass), task classification\ncolumns    features x, y; label label, classes 11, 1_1, a\n"},
		{"x;y;\"the kind\"\n" + strings.ReplaceAll(strings.ReplaceAll(points, ",", ";"), ".", ","), "--decimal-comma --separator ;",
			"columns    features x, y; label \"the kind\", classes a, b\n"},
		{",x,y,kind\n" + strings.Repeat("3,0.1,-0.7,a\n8,0.6,-0.8,b\n", 7), "",
			"columns    features x, y; label kind, classes a, b\nnote       column 1 has no name and is taken for the index of pandas: left out\n"},
		{"who,x,y,kind,note\n" + strings.Repeat("Ann,0.1,-0.7,a,\nBob,0.6,-0.8,b,NA\n", 7), "--drop who,note",
			"columns    features x, y; label kind, classes a, b\n"},
	} {
		args := append([]string{"--data", write(t, "points.csv", c.text), "--out", filepath.Join(t.TempDir(), "run"),
			"--no-figures", "--iterations", "2"},
			strings.Fields(c.flags)...)
		status, _, errors := call(t, quick(args...)...)
		if status != 0 || !strings.Contains(errors, c.want) {
			t.Errorf("%.30q %s: status %d, want %q in\n%s", c.text, c.flags, status, c.want, errors)
		}
	}
}

// TestOwnFormat reads other data in the format of the run's own, but for the flags that are given.
func TestOwnFormat(t *testing.T) {
	rows := strings.Repeat("1;1,5;2;u\n2;2;1;v\n3;,1;1;u\n4;1;0;v\n", 5)
	dir := trained(t, "--no-figures", "--validation", "0", "--separator", ";", "--decimal-comma", "--drop", "1",
		"--data", write(t, "own.csv", rows))
	want := succeed(t, "eval", dir, "--json")
	if got := succeed(t, "eval", dir, "--json", "--data", write(t, "same.csv", rows)); got != want {
		t.Errorf("the same file again gives %s, want %s", got, want)
	}
	commas := strings.NewReplacer(",", ".", ";", ",").Replace(rows)
	if got := succeed(t, "eval", dir, "--json", "--data", write(t, "commas.csv", commas), "--separator", ",",
		"--decimal-comma=false"); got != want {
		t.Errorf("the same numbers in another format give %s, want %s", got, want)
	}
	points := write(t, "points.csv", "1,5;2\n")
	at := succeed(t, "solve", dir, "--points", points)
	for _, args := range [][]string{
		{"--points", write(t, "wide.csv", "9;1,5;2;w\n"), "--drop", "1,4"},
		{"--points", write(t, "wide.csv", "9;1,5;2;w\n"), "--leave-out", "1,4"},
		{"--points", write(t, "points.tsv", "1.5\t2\n"), "--separator", "tab", "--decimal-comma=false"},
	} {
		if got := succeed(t, append([]string{"solve", dir}, args...)...); got != at {
			t.Errorf("%v: %s, want %s", args, got, at)
		}
	}
}

// TestLargeNumbers finds a number that the precision of the run cannot hold, before anything is written.
func TestLargeNumbers(t *testing.T) {
	data := write(t, "large.csv", "x,y,kind\n"+strings.Repeat("1,2,0\n2,1,1\n", 5)+"1e39,2,0\n")
	dir := filepath.Join(t.TempDir(), "run")
	status, _, errors := call(t, quick("--data", data, "--out", dir)...)
	if _, err := os.Stat(dir); err == nil || status != 1 ||
		!strings.Contains(errors, `line 12, column 1 ("x"): "1e39" is beyond float32`) {
		t.Errorf("status %d, folder %v, %s", status, err, errors)
	}
	dir = trained(t, "--no-figures")
	points := write(t, "points.csv", "1e39,0\n")
	status, _, errors = call(t, "solve", dir, "--points", points)
	if status != 1 || !strings.Contains(errors, `line 1, column 1: "1e39" is beyond float32`) {
		t.Errorf("status %d, %s", status, errors)
	}
}

// TestFlagsWithoutEffect gives flags that the kind of data has no use for, by hand and in a configuration.
func TestFlagsWithoutEffect(t *testing.T) {
	table := write(t, "points.csv", "x,y,kind\n"+strings.Repeat("1,2,0\n2,1,1\n", 5))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--data", table, "--noise", "1"}, "note       without effect, for made data sets alone: --samples, --noise\n"},
		{[]string{"--data", table, "--horizon", "full"}, "for series alone: --horizon\n"},
		{[]string{"--label", "z", "--drop", "x"}, "note       without effect, for files alone: --label, --drop\n"},
		{[]string{"--horizon", "full"}, "note       without effect, for series alone: --horizon\n"},
		{[]string{"--start-lr", "2"}, "note       without effect, for learnt starts alone: --start-lr\n"},
		{[]string{"--lift-hidden", "4"}, "note       without effect, for a lift alone: --lift-hidden\n"},
		{[]string{"--lift", "linear", "--lift-hidden", "4"}, "note       without effect, for the lift mlp alone: --lift-hidden\n"},
		{[]string{"--readout", "linear", "--readout-hidden", "4"},
			"note       without effect, for the readout mlp alone: --readout-hidden\n"},
		{[]string{"--data", animals, "--t0", "0", "--t1", "2", "--horizon", "full"},
			"note       without effect, for made data sets alone: --samples; without effect, for points alone: --t0, --t1\n"},
		{nil, ""},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		status, _, errors := call(t, quick(append(c.args, "--out", dir, "--no-figures", "--iterations", "1")...)...)
		if status != 0 || !strings.Contains(errors, c.want) || c.want == "" &&
			strings.Contains(errors, "without effect") {
			t.Errorf("%v: status %d, %s", c.args, status, errors)
		}
		config := filepath.Join(dir, "config.json")
		status, _, errors = call(t, "train", "--config", config, "--out", filepath.Join(t.TempDir(), "again"),
			"--no-figures")
		if status != 0 || strings.Contains(errors, "without effect") {
			t.Errorf("%v as a configuration: status %d, %s", c.args, status, errors)
		}
	}
}

// TestNothingRead gives flags that say how a file is read where there is none to read, or where there is no label.
func TestNothingRead(t *testing.T) {
	points := trained(t, "--no-figures")
	series := trained(t, "--data", animals, "--iterations", "1", "--no-figures")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"for a file of --data alone: --label, --header", []string{"eval", points, "--label", "x", "--header", "no"}},
		{"for points alone: --label", []string{"eval", series, "--data", animals, "--label", "prey"}},
		{"for a file of --data alone: --id, --time-column", []string{"forecast", series, "--id", "a", "--time-column", "b"}},
		{"for a file of --data alone: --label", []string{"verify", points, "--label", "x", "--samples", "1", "--gradient-samples", "0"}},
	} {
		if status, _, said := call(t, c.args...); status != 0 || strings.Count(said, "without effect, "+c.want) != 1 {
			t.Errorf("%q: status %d, %s", c.args, status, said)
		}
	}
}

// TestTimesHaveNoRoundingInThem: sums of decimal steps are the decimals that a person would write.
func TestTimesHaveNoRoundingInThem(t *testing.T) {
	for text, want := range map[string]string{"0:20:201": "7:0.7 9:0.9 199:19.9 200:20", "0:3:31": "3:0.3 6:0.6 11:1.1 30:3",
		"1:0:4": "0:1 1:0.6666666666666667 3:0", "-0.25:0.25:3": "0:-0.25 1:0 2:0.25", "0:1e-7:11": "3:3e-08 10:1e-07",
		"0:1e300:3": "1:5e+299 2:1e+300"} {
		times, err := parseTimes(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range strings.Fields(want) {
			place, value, _ := strings.Cut(pair, ":")
			i, _ := strconv.Atoi(place)
			if got := fmt.Sprint(times[i]); got != value {
				t.Errorf("%s: time %d is %s, want %s", text, i, got, value)
			}
		}
	}
}
