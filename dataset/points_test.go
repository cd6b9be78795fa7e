package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var unlabelled = Options{Task: Unlabelled}

// readAll reads points in blocks of n.
func readAll(p *Points, n int) (all Block, err error) {
	for {
		b, err := p.Next(n)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all.X, all.Kept, all.Rows = append(all.X, b.X...), append(all.Kept, b.Kept...), append(all.Rows, b.Rows...)
	}
}

// TestPoints reads a table in blocks of several sizes: points, columns carried along and lines are those of the text.
func TestPoints(t *testing.T) {
	text := "id,x2,note,x1\n007,2,\"a, b\",1\n\n008,4,,3\n9,6,NA,5\n"
	o := unlabelled
	o.Features, o.Keep = []string{"x1", "x2"}, []string{"id", "note", "x1"}
	for n := range 5 {
		p, err := NewPoints("t.csv", strings.NewReader(text), o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(p, n+1)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.X, []float64{1, 2, 3, 4, 5, 6}) || !slices.Equal(got.Rows, []int{2, 4, 5}) ||
			!slices.Equal(got.Kept, []string{"007", "a, b", "1", "008", "", "3", "9", "NA", "5"}) {
			t.Errorf("blocks of %d: %q", n+1, fmt.Sprint(got))
		}
		if !p.Named || !slices.Equal(p.Kept, o.Keep) || p.Unit != "line" {
			t.Errorf("%+v", p)
		}
	}
}

// TestKeptColumns carries columns along: those that are named are no features of a table in its own order, those of "*"
// are.
func TestKeptColumns(t *testing.T) {
	for _, c := range []struct {
		text             string
		keep, drop, want []string
		x                []float64
		kept             []string
	}{
		{"name,x,y\nann,1,2\nbob,3,4\n", []string{"name"}, nil, []string{"name"}, []float64{1, 2, 3, 4}, []string{"ann", "bob"}},
		{"7,1,2\n8,3,4\n", []string{"1"}, nil, []string{"column1"}, []float64{1, 2, 3, 4}, []string{"7", "8"}},
		{"name,x,y\nann,1,2\n", []string{"*"}, []string{"name"}, []string{"name", "x", "y"}, []float64{1, 2}, []string{"ann", "1", "2"}},
		{",x,y\n0,1,2\n", []string{"Unnamed: 0"}, nil, []string{"Unnamed: 0"}, []float64{1, 2}, []string{"0"}},
	} {
		o := unlabelled
		o.Keep, o.Drop, o.Header = c.keep, c.drop, WithHeader
		if c.text[0] == '7' {
			o.Header = WithoutHeader
		}
		p, err := NewPoints("t.csv", strings.NewReader(c.text), o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(p, 10)
		if err != nil || !slices.Equal(got.X, c.x) || !slices.Equal(got.Kept, c.kept) || !slices.Equal(p.Kept, c.want) {
			t.Errorf("%q keeping %q: %v, %q of %q (%v)", c.text, c.keep, got.X, got.Kept, p.Kept, err)
		}
	}
}

// TestBadPoints gives tables that are none: the errors name the file, the line and the column, however late.
func TestBadPoints(t *testing.T) {
	keep := func(names ...string) Options { return Options{Task: Unlabelled, Keep: names} }
	long := "x,y\n" + strings.Repeat("1,2\n", 200) + "1,two\n"
	for _, c := range []struct {
		text, want string
		o          Options
	}{
		{long, `dataset: t.csv: line 202, column 2 ("y"): "two" is not a number`, unlabelled},
		{"x,y\n1,2\n3\n", "line 3: 1 columns, want 2 as in line 1", unlabelled},
		{"x,y\n", "there are no points in the file", unlabelled},
		{"", "there are no points in the file", unlabelled},
		{"x,y\n1,2\n", `there is no column "id"`, keep("id")},
		{"x,y\n1,2\n", `column "x" is kept twice`, keep("x", "x")},
		{"x\n1\n", "no column is left for features", keep("x")},
		{"x,y\n1,2\n", "points are read without labels", Options{}},
	} {
		p, err := NewPoints("t.csv", strings.NewReader(c.text), c.o)
		if err == nil {
			_, err = readAll(p, 7)
			if _, again := p.Next(1); !errors.Is(again, err) {
				t.Errorf("%.20q: after %v comes %v", c.text, err, again)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v, want %q", c.text, err, c.want)
		}
	}
}

// TestPointsOfFiles reads what ReadFile reads, by the endings of names.
func TestPointsOfFiles(t *testing.T) {
	d := Dataset{X: []float64{1, 2, 3, 4, 5, 6}, Dim: 3, Features: []string{"x1", "x2", "x3"}, Task: Unlabelled}
	var array bytes.Buffer
	if err := d.WriteNPY(&array); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"p.npy": array.String(), "p.csv": "1,2,3\n4,5,6\n",
		"p.tsv": "1\t2\t3\n4\t5\t6\n"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		o := unlabelled
		o.Keep, o.Header = []string{"2"}, WithoutHeader
		p, err := OpenPoints(path, o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(p, 1)
		if err != nil || !slices.Equal(got.X, []float64{1, 3, 4, 6}) || !slices.Equal(got.Kept, []string{"2", "5"}) ||
			!slices.Equal(got.Rows, []int{1, 2}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	cut := filepath.Join(t.TempDir(), "p.npy")
	if err := os.WriteFile(cut, array.Bytes()[:array.Len()-3], 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := OpenPoints(cut, unlabelled)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := readAll(p, 1); err == nil || !strings.Contains(err.Error(), "45 bytes of data, want 48") {
		t.Errorf("an array that was cut: %v", err)
	}
	if _, err := OpenPoints("p.xlsx", unlabelled); err == nil ||
		!strings.Contains(err.Error(), "save the table as CSV") {
		t.Errorf("%v", err)
	}
}
