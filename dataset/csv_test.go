package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"neuralode/memory"
)

func text(s string, o Options) (*Dataset, error) {
	return ReadCSV("points.csv", strings.NewReader(s), o)
}

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    Options
		want Dataset
	}{
		"header and numbers": {"x1,x2,y\n1,2,0\n3,4,1\n", Options{}, Dataset{
			X: []float64{1, 2, 3, 4}, Dim: 2, Features: []string{"x1", "x2"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"y"}, Classes: []string{"0", "1"}}},
		"no header": {"1e3,-2,1\n3,.5,-1\n", Options{}, Dataset{
			X: []float64{1000, -2, 3, 0.5}, Dim: 2, Features: []string{"x1", "x2"},
			Task: Binary, Labels: []float64{1, 0}, Width: 1, Targets: []string{"label"}, Classes: []string{"-1", "1"}}},
		"text in order of names": {"1,dog\n2,cat\n3,ant\n4,dog\n", Options{}, Dataset{
			X: []float64{1, 2, 3, 4}, Dim: 1, Features: []string{"x1"},
			Task: MultiClass, Labels: []float64{2, 1, 0, 2}, Width: 1, Targets: []string{"label"},
			Classes: []string{"ant", "cat", "dog"}}},
		"numbers in order of numbers": {"0,10\n0,2\n", Options{Task: MultiClass}, Dataset{
			X: []float64{0, 0}, Dim: 1, Features: []string{"x1"},
			Task: MultiClass, Labels: []float64{1, 0}, Width: 1, Targets: []string{"label"},
			Classes: []string{"2", "10"}}},
		"classes are texts": {"0,007\n0,7\n0,1_1\n0,11\n0,0x10\n", Options{Task: Classification}, Dataset{
			X: []float64{0, 0, 0, 0, 0}, Dim: 1, Features: []string{"x1"},
			Task: MultiClass, Labels: []float64{0, 4, 3, 2, 1}, Width: 1, Targets: []string{"label"},
			Classes: []string{"007", "0x10", "11", "1_1", "7"}}},
		"numbers of one value in their order": {"0,1\n0,10.0\n0,1.0\n0,10\n", Options{Task: Classification}, Dataset{
			X: []float64{0, 0, 0, 0}, Dim: 1, Features: []string{"x1"},
			Task: MultiClass, Labels: []float64{0, 3, 1, 2}, Width: 1, Targets: []string{"label"},
			Classes: []string{"1", "1.0", "10", "10.0"}}},
		"a named column": {"kind,a,b\nu,1,2\nv,3,4\n", Options{Labels: []string{"kind"}}, Dataset{
			X: []float64{1, 2, 3, 4}, Dim: 2, Features: []string{"a", "b"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"kind"}, Classes: []string{"u", "v"}}},
		"a numbered column": {"0.5,1,2\n0.25,3,4\n", Options{Labels: []string{"1"}}, Dataset{
			X: []float64{1, 2, 3, 4}, Dim: 2, Features: []string{"x1", "x2"},
			Task: Regression, Labels: []float64{0.5, 0.25}, Width: 1, Targets: []string{"label"}}},
		"several targets": {"a,u,v\n1,2,3\n4,5,6\n", Options{Labels: []string{"v", "u"}}, Dataset{
			X: []float64{1, 4}, Dim: 1, Features: []string{"a"}, Named: true,
			Task: Regression, Labels: []float64{3, 2, 6, 5}, Width: 2, Targets: []string{"v", "u"}}},
		"whole numbers as numbers": {"1,0\n2,1\n", Options{Task: Regression}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x1"},
			Task: Regression, Labels: []float64{0, 1}, Width: 1, Targets: []string{"label"}}},
		"numbers and text as classes": {"1,3\n2,3a\n", Options{Task: Binary}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x1"},
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"label"}, Classes: []string{"3", "3a"}}},
		"known classes": {"1,b\n2,b\n", Options{Classes: []string{"c", "b", "a"}}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x1"},
			Task: MultiClass, Labels: []float64{1, 1}, Width: 1, Targets: []string{"label"},
			Classes: []string{"c", "b", "a"}}},
		"unlabelled": {"1,2\n3,4\n", Options{Task: Unlabelled}, Dataset{
			X: []float64{1, 2, 3, 4}, Dim: 2, Features: []string{"x1", "x2"}, Task: Unlabelled}},
		"unlabelled without a column": {"a,b,c\n1,n/a,2\n", Options{Task: Unlabelled, Format: Format{Drop: []string{"b"}}}, Dataset{
			X: []float64{1, 2}, Dim: 2, Features: []string{"a", "c"}, Named: true, Task: Unlabelled}},
		"numbers as names": {"0,1\n5,6\n", Options{Task: Unlabelled, Format: Format{Header: WithHeader}}, Dataset{
			X: []float64{5, 6}, Dim: 2, Features: []string{"0", "1"}, Named: true, Task: Unlabelled}},
		"a header with a number in it": {"a,1990,y\n1,2,0\n2,3,1\n", Options{Labels: []string{"y"}}, Dataset{
			X: []float64{1, 2, 2, 3}, Dim: 2, Features: []string{"a", "1990"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"y"}, Classes: []string{"0", "1"}}},
		"comments, blanks, spaces, quotes, a mark, \\r\\n": {
			"\uFEFF# points\r\n\r\n x , \"y z\",c\r\n  \t\r\n 1 , 2 ,\"u, v\"\r\n\r\n3,4,#w", Options{}, Dataset{
				X: []float64{1, 2, 3, 4}, Dim: 2, Features: []string{"x", "y z"}, Named: true,
				Task: Binary, Labels: []float64{1, 0}, Width: 1, Targets: []string{"c"},
				Classes: []string{"#w", "u, v"},
				Notes:   []string{"lines that begin with # in front of the table are left out, up to line 1"}}},
		"comments before one column": {"# a\n\n# b\n1\n2\n", Options{Task: Unlabelled}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x1"}, Task: Unlabelled,
			Notes: []string{"lines that begin with # in front of the table are left out, up to line 3"}}},
		"a comment with half a quote": {"# 5\" pipes\nx,c\n1,\"a\nb\"\n2,b\n", Options{}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"a\nb", "b"},
			Notes: []string{"lines that begin with # in front of the table are left out, up to line 1"}}},
		"one column with decimal commas": {"1,5\n2,5\n", Options{Task: Unlabelled, Format: Format{DecimalComma: true}}, Dataset{
			X: []float64{1.5, 2.5}, Dim: 1, Features: []string{"x1"}, Task: Unlabelled}},
		"no line but rows that begin with #": {"#1,2\n#2,3\n", Options{Task: Unlabelled, Format: Format{Drop: []string{"1"}}}, Dataset{
			X: []float64{2, 3}, Dim: 1, Features: []string{"x1"}, Task: Unlabelled}},
		"rows that begin with #": {"#k,x,c\n#1,2,a\n#2,3,b\n", Options{Format: Format{Drop: []string{"#k"}}}, Dataset{
			X: []float64{2, 3}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"a", "b"}}},
		"an index": {",x,c\n5,2,a\n7,3,b\n", Options{}, Dataset{
			X: []float64{2, 3}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"a", "b"},
			Notes: []string{"column 1 has no name and is taken for the index of pandas: left out"}}},
		"the last column is dropped": {"x,c,note\n2,a,\n3,b,NA\n", Options{Format: Format{Drop: []string{"3"}}}, Dataset{
			X: []float64{2, 3}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"a", "b"}}},
		"more than the features wanted": {"kind,b,id,a\nu,2,1,1\nv,4,2,3\n", Options{Features: []string{"a", "b"}, Labels: []string{"kind"}}, Dataset{
			X: []float64{1, 2, 3, 4}, Dim: 2, Features: []string{"a", "b"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"kind"}, Classes: []string{"u", "v"},
			Notes: []string{`columns left out beside the features wanted: "id"`}}},
		"commas at the ends of lines": {"x,c,,\n1,u,,\n2,v,,\n", Options{}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"u", "v"},
			Notes: []string{"column 3 has neither name nor content: left out",
				"column 4 has neither name nor content: left out"}}},
		"commas at the ends of lines without a header": {"1,u,\n2,v,\n", Options{}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x1"},
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"label"}, Classes: []string{"u", "v"},
			Notes: []string{"column 3 has neither name nor content: left out"}}},
		"numbers have short names": {"x,c\n1,0.00e+00\n2,1.00e+00\n", Options{}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"0", "1"}}},
		"codes keep their zeros": {"x,c\n1,007\n2,08\n", Options{}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"007", "08"}}},
		"known classes in another spelling": {"x,c\n1,2.0\n2,1.0\n3,2.5\n4,-0\n", Options{Classes: []string{"1", "2", "2.50", "0"}}, Dataset{
			X: []float64{1, 2, 3, 4}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: MultiClass, Labels: []float64{1, 0, 2, 3}, Width: 1, Targets: []string{"c"},
			Classes: []string{"1", "2", "2.50", "0"}}},
		"known classes, exactly": {"x,c\n1,1.0\n2,1\n", Options{Classes: []string{"1", "1.0"}}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{1, 0}, Width: 1, Targets: []string{"c"}, Classes: []string{"1", "1.0"}}},
		"true and false": {"x,b,c\n1,True,u\n2,false,v\n", Options{}, Dataset{
			X: []float64{1, 1, 2, 0}, Dim: 2, Features: []string{"x", "b"}, Named: true,
			Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"c"}, Classes: []string{"u", "v"}}},
		"true and false as labels": {"x,c\n1,True\n2,False\n", Options{}, Dataset{
			X: []float64{1, 2}, Dim: 1, Features: []string{"x"}, Named: true,
			Task: Binary, Labels: []float64{1, 0}, Width: 1, Targets: []string{"c"},
			Classes: []string{"False", "True"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := text(c.text, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, c.want) {
				t.Errorf("read %+v\nwant %+v", *got, c.want)
			}
			if err := got.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFeaturesInOrder reads columns into the order of names that are wanted, where the header has exactly these.
func TestFeaturesInOrder(t *testing.T) {
	wanted := Options{Features: []string{"a", "b"}}
	for text, want := range map[string][]float64{
		"a,b,kind\n1,2,0\n3,4,1\n": {1, 2, 3, 4},
		"b,a,kind\n1,2,0\n3,4,1\n": {2, 1, 4, 3},
		"b,c,kind\n1,2,0\n3,4,1\n": {1, 2, 3, 4},
		"1,2,0\n3,4,1\n":           {1, 2, 3, 4},
	} {
		d := must(t)(ReadCSV("f", strings.NewReader(text), wanted))
		if !slices.Equal(d.X, want) {
			t.Errorf("%q: %v, want %v", text, d.X, want)
		}
	}
	d := must(t)(ReadCSV("f", strings.NewReader("b,kind,a\n1,0,2\n"),
		Options{Task: Unlabelled, Format: Format{Drop: []string{"kind"}}, Features: wanted.Features}))
	if !slices.Equal(d.X, []float64{2, 1}) || !slices.Equal(d.Features, wanted.Features) {
		t.Errorf("read %+v", d)
	}
}

func TestAutoTask(t *testing.T) {
	for labels, want := range map[string]Task{
		"0 1 1":               Binary,
		"-1 1 1":              Binary,
		"1 2 1":               Binary,
		"4 7 4":               Binary,
		"0 1 2 0 1 2":         MultiClass,
		"1 2 3 1 2 3":         MultiClass,
		"0 1 2 0":             Regression, // too few of each
		"0 1 3 0 1 3 3":       Regression, // a gap
		"2 3 4 2 3 4":         Regression, // not from 0 or 1
		"0 0.5 1 0 0.5 1":     Regression,
		"0.5 0.5 0.25":        Regression,
		"a b a":               Binary,
		"a b c":               MultiClass,
		"1e300 -1e300 5 5 5 ": Regression,
	} {
		d, err := text("0,"+strings.Join(strings.Fields(labels), "\n0,"), Options{})
		if err != nil || d.Task != want {
			t.Errorf("%s: %v, want %v, error %v", labels, d, want, err)
		}
	}
}

// TestManyWholeNumbers takes more whole numbers than anyone has classes for measurements.
func TestManyWholeNumbers(t *testing.T) {
	for k, want := range map[int]Task{mostClasses: MultiClass, mostClasses + 1: Regression} {
		var b strings.Builder
		for i := range 2 * k {
			fmt.Fprintf(&b, "0.5,%d\n", i%k)
		}
		if d, err := text(b.String(), Options{}); err != nil || d.Task != want || d.Len() != 2*k {
			t.Errorf("%d whole numbers: %v, want %v, error %v", k, d.Task, want, err)
		}
	}
}

func TestClassification(t *testing.T) {
	for labels, want := range map[string]Task{"0 1 1": Binary, "0.5 2 7 9": MultiClass, "a b a": Binary,
		"a b 3": MultiClass} {
		d, err := text("0,"+strings.Join(strings.Fields(labels), "\n0,"), Options{Task: Classification})
		if err != nil || d.Task != want || d.Check() != nil {
			t.Errorf("%s: %v, want %v, error %v", labels, d, want, err)
		}
	}
	d, err := text("0,a\n0,b", Options{Task: Classification, Classes: []string{"a", "b", "c"}})
	if err != nil || d.Task != MultiClass {
		t.Errorf("two of three classes: %v, %v", d, err)
	}
}

func TestCSVErrors(t *testing.T) {
	header := "x1,x2,y\n"
	for _, c := range []struct {
		text string
		o    Options
		want string
	}{
		{"", Options{}, `there are no points in the file`},
		{"# nothing\n\n", Options{}, `there are no points in the file`},
		{header, Options{}, `there are no points in the file`},
		{"# c\nid,x1,x2,y\n1,1,1,0\n\n2,1,1,1\n3,1,1,0\n4,1,abc,1\n", Options{}, `line 7, column 3 ("x2"): "abc" is not a number`},
		{"1,2,0\n1,abc,1\n", Options{}, `line 2, column 2: "abc" is not a number`},
		{"1,abc,0\n1,2,1\n", Options{}, `line 1 ("1,abc,0") may name the columns or be the first row: say header yes or no`},
		{"1,abc,0\n1,2,1\n", Options{Format: Format{Header: WithoutHeader}}, `line 1, column 2: "abc" is not a number: drop leaves a column out`},
		{header + "1,,0\n", Options{}, `line 2, column 2 ("x2"): "" is empty`},
		{header + "1,NaN,0\n", Options{}, `line 2, column 2 ("x2"): "NaN" stands for a missing value: fill it in, remove the line, or drop the column`},
		{"-inf,1,0\n", Options{}, `line 1, column 1: "-inf" is not finite`},
		{header + "1,1e999,0\n", Options{}, `line 2, column 2 ("x2"): "1e999" is too large`},
		{header + "1,2,0\n1,2\n", Options{}, `line 3: 2 columns, want 3 as in line 1`},
		{header + "1,2,0\n1,2,3,4\n", Options{}, `line 3: 4 columns, want 3 as in line 1`},
		{header + "1,2,0\n", Options{Labels: []string{"z"}}, `there is no column "z"; the columns are "x1", "x2", "y"`},
		{header + "1,2,0\n", Options{Labels: []string{"4"}}, `there is no column "4"; the columns are "x1", "x2", "y"`},
		{"a,b,b", Options{}, `there are no points in the file`},
		{header + "1,2,0\n# c\n", Options{}, `line 3: 1 columns, want 3 as in line 1; lines that begin with # are rows`},
		{"1,2,0\n", Options{Labels: []string{"y"}}, `there is no column "y"; the columns are 1 to 3 and have no names`},
		{header + "1,2,0\n", Options{Labels: []string{"y", "3"}}, `column 3 ("y") is named twice as a label`},
		{",y\n0,1\n", Options{}, `no column is left for features: 2 in the file, 1 for labels, 1 dropped`},
		{"1\n2\n", Options{}, `no column is left for features: 1 in the file, 1 for labels, 0 dropped`},
		{header + "1,2,0\n", Options{Format: Format{Drop: []string{"z"}}}, `there is no column "z"`},
		{header + "1,2,0\n", Options{Format: Format{Drop: []string{"y"}}, Labels: []string{"3"}}, `column 3 ("y") is both a label and dropped`},
		{header + "1,2,0\n", Options{Features: []string{"y"}, Labels: []string{"y"}}, `column 3 ("y") is wanted both as a feature and as a label`},
		{header, Options{Features: []string{"y", "x2", "x1"}}, `no column is left for labels`},
		{"0,1,2\n1,2,3", Options{Labels: []string{"3"}, Format: Format{Header: WithHeader}}, `there is no column "3"; the columns are "0", "1", "2"`},
		{"1,2\n2,3\n", Options{Labels: []string{"1", "2"}}, `no column is left for features`},
		{header + "1,2,0\n1,2,0\n", Options{}, `column 3 ("y"): every label is "0": want at least two classes`},
		{header + "1,2,a\n1,2,a\n", Options{}, `column 3 ("y"): every label is "a": want at least two classes`},
		{"1,2,0\n1,2,1\n1,2,2\n", Options{Task: Binary}, `column 3: 3 classes, want 2: "0", "1", "2"`},
		{header + "1,2,\"0,5\"\n1,2,\"1,5\"\n1,2,\"0,5\"\n", Options{}, `line 2, column 3 ("y"): "0,5" is not a number: say decimal-comma if the comma stands for the point, or else write the number without; if labels are classes, name the task`},
		{"x;y\n1;0,5\n2;-1,5e3\n", Options{}, `line 2, column 2 ("y"): "0,5" is not a number: say decimal-comma`},
		{header + "1,2,\"12,000\"\n1,2,\"1,234.5\"\n", Options{}, `line 2, column 3 ("y"): "12,000" is not a number: say decimal-comma`},
		{header + "1,2,$1\n1,2,$1\n" + different(8), Options{}, `column 3 ("y"): 9 different texts in 10 rows, such as "$1": label names the column of labels; if these are classes, name the task`},
		{header + "1,2,0\n1,2,1.5x\n", Options{}, `line 3, column 3 ("y"): "1.5x" is not a number, as the label of line 2 is`},
		{header + "1,2,a\n1,2,\n", Options{}, `line 3, column 3 ("y"): "" is empty`},
		{header + "1,2,0\n1,2,nan\n", Options{}, `line 3, column 3 ("y"): "nan" stands for a missing value`},
		{header + "1,2,0.5\n1,2,inf\n", Options{}, `line 3, column 3 ("y"): "inf" is not finite`},
		{header + "1,2,a\n1,2,N/A\n", Options{Task: Classification}, `line 3, column 3 ("y"): "N/A" stands for a missing value`},
		{header + "1,2,0.5\n1,2,a\n", Options{}, `line 3, column 3 ("y"): "a" is not a number: if labels are classes, name the task`},
		{header + "1,2,a\n1,2,0.5\n", Options{}, `line 2, column 3 ("y"): "a" is not a number, as the label of line 3 is`},
		{header + "1,2,1\n1,2,0\n1,2,1.0\n", Options{}, `line 4, column 3 ("y"): "1.0" is the same number as "1" in line 2: name the task`},
		{header + "1,2,1.0\n1,2,1\n", Options{Classes: []string{"1", "2"}}, `line 2, column 3 ("y"): "1.0" is none of the classes "1", "2"`},
		{header + "1,2,1.00\n", Options{Classes: []string{"1", "1.0"}}, `line 2, column 3 ("y"): "1.00" is none of the classes "1", "1.0"`},
		{header + "1,2,007\n", Options{Classes: []string{"7", "8"}}, `line 2, column 3 ("y"): "007" is none of the classes "7", "8"`},
		{header + "1,2,+7\n", Options{Classes: []string{"7", "8"}}, `line 2, column 3 ("y"): "+7" is none of the classes "7", "8"`},
		{header + "\"1,234.5\",2,0\n", Options{}, `line 2, column 1 ("x1"): "1,234.5" is not a number: say decimal-comma if the comma stands for the point, or else write the number without`},
		{"x,c,\n" + strings.Repeat("1,a,\n2,b,\n", 60) + "1,a,7\n", Options{}, `line 122, column 3 ("Unnamed: 2"): "7" in a column that is empty before: drop it, or give it a name`},
		{header + "1,2,1\n1,2,True\n", Options{Task: Regression}, `line 3, column 3 ("y"): "True": the column mixes numbers with true and false`},
		{header + "1,1_000,0\n", Options{}, `line 2, column 2 ("x2"): "1_000" is not a number`},
		{header + "1,0x10,0\n", Options{}, `line 2, column 2 ("x2"): "0x10" is not a number`},
		{header + "1,\"1,5\",0\n", Options{}, `line 2, column 2 ("x2"): "1,5" is not a number: say decimal-comma if`},
		{header + "1,2024-01-01,0\n", Options{}, `line 2, column 2 ("x2"): "2024-01-01" is not a number: drop leaves`},
		{header + "1,-,0\n", Options{}, `line 2, column 2 ("x2"): "-" is not a number`},
		{header + "1,1e39,0\n", Options{Float32: true}, `line 2, column 2 ("x2"): "1e39" is beyond float32, which ends at 3.4e38`},
		{header + "1,2,0\n1,2,-3.5e38\n", Options{Float32: true, Task: Regression}, `line 3, column 3 ("y"): "-3.5e38" is beyond float32`},
		{header + "1,2,caf\xe9\n", Options{}, `line 2, column 3 ("y"): "caf\xe9" is not UTF-8: save the file as UTF-8`},
		{"x,caf\xe9,y\n", Options{}, `line 1, column 2: "caf\xe9" is not UTF-8`},
		{"\xff\xfex\x00", Options{}, `the text is in UTF-16: save it as UTF-8`},
		{"x\x00,\x00y", Options{}, `byte 2 is zero: want text in UTF-8`},
		{"PK\x03\x04", Options{}, `this is a zip archive, such as .xlsx or .npz: save the table as CSV`},
		{"\x1f\x8b\x08", Options{}, `unexpected EOF`},
		{header + "1,2,0\n1,2,\n", Options{Task: MultiClass}, `line 3, column 3 ("y"): "" is empty`},
		{header + "1,2,0\n1,2,x\n", Options{Task: Regression}, `line 3, column 3 ("y"): "x" is not a number`},
		{header + "1,2,a\n1,2,d\n", Options{Classes: []string{"a", "b"}}, `line 3, column 3 ("y"): "d" is none of the classes "a", "b"`},
		{"# c\nx1;x2;y\n1;2;0\n", Options{Format: Format{Separator: ','}}, `line 2: one field with ';' in it: want fields separated by ',', or another separator`},
		{"1\t2\t0\n", Options{Format: Format{Separator: ';'}}, `line 1: one field with '\t' in it: want fields separated by ';'`},
		{"1,5;2,5;a\n1,5;3,5;b\n", Options{}, `fields may be separated by "," or by ";": say which is the separator`},
		{"1,\"2,0\n1,2,3\n", Options{}, `lines 1 to 2: extraneous or missing`},
		{"1,2\"2,0\n", Options{}, `line 1, byte 4: bare " in non-quoted-field`},
	} {
		_, err := text(c.text, c.o)
		if err == nil || !strings.HasPrefix(err.Error(), "dataset: points.csv: "+c.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error\n%v, want\n%s", c.text, err, c.want)
		}
	}
}

// different is n rows that end in different texts.
func different(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "1,2,name%d\n", i)
	}
	return b.String()
}

// TestSeparatorLine reads tables under the line by which Excel knows the separator.
func TestSeparatorLine(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64 // the second feature of the first row
	}{
		{"sep=;\r\nx1;x2;y\r\n1;2;a\r\n2;1;b\r\n", 2},
		{"\uFEFFsep=;\n# note\n1;2;a\n2;1;b\n", 2},
		{"sep=:\nx1:x2:y\n1:2:a\n2:1:b\n", 2},
		{"sep=\t\nx1\tx2\ty\n1\t2\ta\n2\t1\tb\n", 2},
		{"sep=,y\n1,a\n2,b\n", 0}, // names
	} {
		d, err := text(c.text, Options{})
		if err != nil || d.Len() != 2 || c.want > 0 && (d.Dim != 2 || d.X[1] != c.want) {
			t.Errorf("%q: %+v, error %v", c.text, d, err)
		}
	}
	_, err := text("sep=;\n# note\nx1;x2;y\n1;abc;a\n", Options{})
	if err == nil || !strings.Contains(err.Error(), "line 4, column 2") {
		t.Errorf("error %v, want one in line 4", err)
	}
}

// TestManyTexts takes different texts in most rows for classes where that is asked for, where rows are few, and where
// most come twice.
func TestManyTexts(t *testing.T) {
	for _, c := range []struct {
		rows string
		o    Options
	}{
		{different(10), Options{Task: Classification}},
		{different(9), Options{}},
		{different(5) + different(5), Options{}},
	} {
		if d, err := text("x1,x2,y\n"+c.rows, c.o); err != nil || d.Task != MultiClass {
			t.Errorf("%q: %v, error %v", c.rows, d, err)
		}
	}
	if d, err := text("x;y\n1;0,5\n2;1,5\n", Options{Task: Classification}); err != nil || len(d.Classes) != 2 {
		t.Errorf("classes with a comma: %v, error %v", d, err)
	}
}

func TestLongListsAreCut(t *testing.T) {
	names := make([]string, 200)
	for i := range names {
		names[i] = "c" + strings.Repeat("x", i)
	}
	_, err := text(strings.Join(names, ","), Options{Labels: []string{"y"}})
	if err == nil || !strings.Contains(err.Error(), "and 180 more") || len(err.Error()) > 1000 {
		t.Errorf("error %v", err)
	}
}

func TestOptionsCheck(t *testing.T) {
	for want, o := range map[string]Options{
		`dataset: task must be one of ["auto" "classification" "unlabelled" "binary" "multiclass" "regression"], got unknown(9)`: {Task: 9},
		`dataset: header must be one of ["auto" "yes" "no"], got unknown(7)`:                                                     {Format: Format{Header: 7}},
		`dataset: unlabelled points have no label columns, got ["a"]`:                                                            {Task: Unlabelled, Labels: []string{"a"}},
		`dataset: column "a" is dropped twice`:                                                                                   {Format: Format{Drop: []string{"a", "a"}}},
		`dataset: fields with decimal commas cannot be separated by commas`:                                                      {Format: Format{Separator: ',', DecimalComma: true}},
		`dataset: classes are in one column, got 2 label columns`:                                                                {Task: Binary, Labels: []string{"a", "b"}},
		`dataset: task regression has no classes, got 2`:                                                                         {Task: Regression, Classes: []string{"a", "b"}},
		`dataset: 3 classes do not make task binary`:                                                                             {Task: Binary, Classes: []string{"a", "b", "c"}},
		`dataset: 1 classes do not make task auto`:                                                                               {Classes: []string{"a"}},
		`dataset: class "a" is there twice`:                                                                                      {Classes: []string{"a", "a"}},
	} {
		if err := o.Check(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		for _, read := range []func(string, Options) error{
			func(s string, o Options) error { _, err := text(s, o); return err },
			func(s string, o Options) error { _, err := ReadNPY("f", strings.NewReader(s), o); return err },
		} {
			if err := read("1,2\n", o); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		}
	}
}

func TestTaskNames(t *testing.T) {
	for task := Auto; task <= Regression; task++ {
		if got, err := ParseTask(task.String()); err != nil || got != task {
			t.Errorf("%v is parsed as %v, error %v", task, got, err)
		}
	}
	if _, err := ParseTask("guess"); err == nil || !strings.Contains(err.Error(), `"binary"`) {
		t.Errorf("error %v", err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "Points.CSV")
	if err := os.WriteFile(path, []byte("1,0\n2,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if d, err := ReadFile(path, Options{}); err != nil || !slices.Equal(d.X, []float64{1, 2}) {
		t.Errorf("read %v, error %v", d, err)
	}
	if _, err := ReadFile(filepath.Join(dir, "no.csv"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := ReadFile(filepath.Join(dir, "a.parquet"), Options{}); err == nil ||
		!strings.HasSuffix(err.Error(), `a.parquet": save the table as CSV`) {
		t.Errorf("error %v", err)
	}
	var short *memory.Error
	if err := os.Truncate(path, 1<<42); err == nil { // a hole
		if _, err := ReadFile(path, Options{}); !errors.As(err, &short) {
			t.Errorf("4 TiB: %v", err)
		}
	}
	if _, err := ReadFile(dir+"/", Options{}); err == nil {
		t.Error("a folder is read")
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"x1,x2,y\n1,2,0\n3,4,1\n", "1,a\n2,b\n3,c\n", "\uFEFF# c\n\n1 ,\"2\n\",0\n", "a,b\n1,\n",
		"0,1e999",
		"1,2\n3\n", "0x1p-2,nan\n", "0,1,label\n1,True,007\n2,False,7\n", ",x;y\t|z\r1,5;2\r", "#a b\n 1  2 \n# c\n", "x,x,,y\n1,2,3,4\n"} {
		for task := Auto; task <= Regression; task++ {
			f.Add(s, uint8(task), "", uint8(0), "", "auto", false)
			f.Add(s, uint8(task), "y", uint8(WithHeader), "1", ";", true)
		}
	}
	f.Fuzz(func(t *testing.T, s string, task uint8, label string, header uint8, drop, separator string, comma bool) {
		o := Options{Task: Task(task), Format: Format{Header: Header(header), DecimalComma: comma}}
		if label != "" {
			o.Labels = strings.Split(label, ",")
		}
		if drop != "" {
			o.Drop = strings.Split(drop, ",")
		}
		if o.Separator.UnmarshalText([]byte(separator)) != nil || strings.HasPrefix(s, "\x1f\x8b") {
			return // what is compressed may be longer than its file
		}
		checkRead(t, len(s), o, func() (*Dataset, error) { return text(s, o) })
	})
}

// checkRead demands a well-formed data set that is no larger than its file, or an error of one line.
func checkRead(t *testing.T, size int, o Options, read func() (*Dataset, error)) {
	if o.Check() != nil {
		return // several lines at once
	}
	d, err := read()
	if err != nil {
		if strings.Contains(err.Error(), "\n") {
			t.Fatalf("more than a line: %q", err)
		}
		return
	}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(d.Features, d.Targets, d.Classes) {
		if !utf8.ValidString(name) {
			t.Fatalf("%q is not UTF-8", name)
		}
	}
	if len(d.X)+len(d.Labels) > size {
		t.Fatalf("%d numbers from %d bytes", len(d.X)+len(d.Labels), size)
	}
}
