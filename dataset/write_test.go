package dataset

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"neuralode/dataset/internal/npy"
)

func array(t interface{ Fatal(...any) }, shape []int, data ...float64) *bytes.Buffer {
	var b bytes.Buffer
	if err := (&npy.Array{Shape: shape, Data: data}).Write(&b); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestNPY(t *testing.T) {
	labelled := array(t, []int{2, 3}, 1, 2, 0, 3, 4, 1)
	d, err := ReadNPY("points.npy", labelled, Options{})
	want := &Dataset{X: []float64{1, 2, 3, 4}, Dim: 2, Features: []string{"x1", "x2"},
		Task: Binary, Labels: []float64{0, 1}, Width: 1, Targets: []string{"label"}, Classes: []string{"0", "1"}}
	if err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("read %+v, error %v", d, err)
	}
	d, err = ReadNPY("points.npy", array(t, []int{2, 3}, 1, 2, 0, 3, 4, 1), Options{Labels: []string{"2", "1"}})
	want = &Dataset{X: []float64{0, 1}, Dim: 1, Features: []string{"x1"},
		Task: Regression, Labels: []float64{2, 1, 4, 3}, Width: 2, Targets: []string{"label1", "label2"}}
	if err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("read %+v, error %v", d, err)
	}
	d, err = ReadNPY("points.npy", array(t, []int{2, 1}, 5, 6), Options{Task: Unlabelled})
	if err != nil || !slices.Equal(d.X, []float64{5, 6}) || d.Width != 0 {
		t.Errorf("read %+v, error %v", d, err)
	}
}

func TestNPYErrors(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		file *bytes.Buffer
		o    Options
		want string
	}{
		{&bytes.Buffer{}, Options{}, `not a .npy file`},
		{array(t, []int{4}, 1, 2, 3, 4), Options{}, `the array has 1 dimensions, want 2: points and columns`},
		{array(t, []int{1, 1, 2}, 1, 2), Options{}, `the array has 3 dimensions, want 2`},
		{array(t, []int{0, 3}), Options{}, `there are no points in the file`},
		{array(t, []int{3, 0}), Options{}, `there are no points in the file`},
		{array(t, []int{2, 1}, 1, 2), Options{}, `no column is left for features`},
		{array(t, []int{2, 2}, 1, 2, nan, 3), Options{}, `row 2, column 1: "NaN" is not finite`},
		{array(t, []int{2, 2}, 1, 2, 2, math.Inf(-1)), Options{}, `row 2, column 2: "-Inf" is not finite`},
		{array(t, []int{2, 2}, 1, 2, 2, 2), Options{}, `column 2: every label is "2"`},
		{array(t, []int{2, 2}, 1, 2, 2, 2), Options{Labels: []string{"y"}}, `there is no column "y"; the columns are 1 to 2`},
	} {
		_, err := ReadNPY("points.npy", c.file, c.o)
		if err == nil || !strings.HasPrefix(err.Error(), "dataset: points.npy: "+c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func FuzzReadNPY(f *testing.F) {
	for _, b := range []*bytes.Buffer{array(f, []int{2, 3}, 1, 2, 0, 3, 4, 1), array(f, []int{2, 1}, 1, 2),
		array(f, []int{0, 2})} {
		for task := Auto; task <= Regression; task++ {
			f.Add(b.Bytes(), uint8(task), "")
			f.Add(b.Bytes(), uint8(task), "1,2")
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, task uint8, label string) {
		o := Options{Task: Task(task)}
		if label != "" {
			o.Labels = strings.Split(label, ",")
		}
		checkRead(t, len(data), o, func() (*Dataset, error) { return ReadNPY("f", bytes.NewReader(data), o) })
	})
}

// anyDataset has names that survive CSV.
var anyDataset = rapid.Custom(func(t *rapid.T) *Dataset {
	name := rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9 ,"é]{0,5}[g-mo-z]`)
	d := &Dataset{Dim: rapid.IntRange(1, 4).Draw(t, "dim"),
		Task: rapid.SampledFrom([]Task{Unlabelled, Binary, MultiClass, Regression}).Draw(t, "task")}
	n := rapid.IntRange(1, 10).Draw(t, "n")
	switch d.Task {
	case Unlabelled:
	case Regression:
		d.Width = rapid.IntRange(1, 3).Draw(t, "width")
	case Binary:
		d.Width, d.Classes = 1, rapid.SliceOfNDistinct(name, 2, 2, rapid.ID).Draw(t, "classes")
	case MultiClass:
		d.Width, d.Classes = 1, rapid.SliceOfNDistinct(name, 2, 5, rapid.ID).Draw(t, "classes")
	}
	names := rapid.SliceOfNDistinct(name, d.Dim+d.Width, d.Dim+d.Width, rapid.ID).Draw(t, "names")
	d.Features, d.Targets = names[:d.Dim], names[d.Dim:]
	d.X = rapid.SliceOfN(rapid.Float64(), n*d.Dim, n*d.Dim).Draw(t, "x")
	label := rapid.Float64()
	if d.Task.classes() {
		label = rapid.Map(rapid.IntRange(0, len(d.Classes)-1), func(i int) float64 { return float64(i) })
	}
	d.Labels = rapid.SliceOfN(label, n*d.Width, n*d.Width).Draw(t, "labels")
	return d
})

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDataset.Draw(t, "data")
		var text, binary bytes.Buffer
		if err := errors.Join(d.WriteCSV(&text), d.WriteNPY(&binary)); err != nil {
			t.Fatal(err)
		}
		got, err := ReadCSV("f", &text, Options{Task: d.Task, Classes: d.Classes, Labels: d.Targets})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.X, d.X) || !slices.Equal(got.Labels, d.Labels) ||
			!slices.Equal(got.Features, d.Features) ||
			!slices.Equal(got.Targets, d.Targets) || !slices.Equal(got.Classes, d.Classes) || got.Task != d.Task {
			t.Fatalf("CSV: read %+v, wrote %+v", got, d)
		}
		o := Options{Task: d.Task}
		for i := range d.Width {
			o.Labels = append(o.Labels, strconv.Itoa(d.Dim+i+1))
		}
		for i := range d.Classes {
			o.Classes = append(o.Classes, strconv.Itoa(i))
		}
		got, err = ReadNPY("f", &binary, o)
		if err != nil || !slices.Equal(got.X, d.X) || !slices.Equal(got.Labels, d.Labels) {
			t.Fatalf(".npy: read %+v, wrote %+v, error %v", got, d, err)
		}
	})
}

func TestGeneratedSurviveCSV(t *testing.T) {
	d := must(t)(Spiral(50, 0.1, seeded(1)))
	var b bytes.Buffer
	if err := d.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	d.Named = true // now
	if got := must(t)(ReadCSV("f", &b, Options{})); !reflect.DeepEqual(got, d) {
		t.Errorf("read %v, wrote %v", got, d)
	}
}

func TestDatasetCheck(t *testing.T) {
	for want, spoil := range map[string]func(*Dataset){
		"dim must be at least 1, got 0":                   func(d *Dataset) { d.Dim = 0 },
		"there must be at least one point":                func(d *Dataset) { d.X = nil },
		"x has 5 numbers, which is no multiple of dim 2":  func(d *Dataset) { d.X = append(d.X, 1) },
		"1 feature names, want 2":                         func(d *Dataset) { d.Features = d.Features[:1] },
		"task must be one of":                             func(d *Dataset) { d.Task = Auto },
		"2 label columns do not fit task binary":          func(d *Dataset) { d.Width = 2 },
		"1 label columns do not fit task unlabelled":      func(d *Dataset) { d.Task = Unlabelled },
		"0 label columns do not fit task regression":      func(d *Dataset) { d.Task, d.Width = Regression, 0 },
		"1 labels, want 2 for 2 points":                   func(d *Dataset) { d.Labels = d.Labels[:1] },
		"0 label names, want 1":                           func(d *Dataset) { d.Targets = nil },
		"3 classes do not fit task binary":                func(d *Dataset) { d.Classes = append(d.Classes, "2") },
		"0 classes do not fit task multiclass":            func(d *Dataset) { d.Task, d.Classes = MultiClass, nil },
		"x 1 is NaN, want finite numbers":                 func(d *Dataset) { d.X[1] = math.NaN() },
		"label 0 is +Inf, want finite numbers":            func(d *Dataset) { d.Labels[0] = math.Inf(1) },
		"label 1 is 2, want a whole number from 0 to 1":   func(d *Dataset) { d.Labels[1] = 2 },
		"label 1 is 0.5, want a whole number from 0 to 1": func(d *Dataset) { d.Labels[1] = 0.5 },
		"-1 label columns do not fit task binary":         func(d *Dataset) { d.Width = -1 },
	} {
		d := must(t)(Circle(2, 0, seeded(1)))
		spoil(d)
		var b bytes.Buffer
		for _, err := range []error{d.Check(), d.WriteCSV(&b), d.WriteNPY(&b)} {
			if err == nil || !strings.Contains(err.Error(), "dataset: "+want) {
				t.Errorf("error %v, want %q", err, want)
			}
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes written", want, b.Len())
		}
	}
}

func opened(t *testing.T) func(*TrajectoryWriter, error) *TrajectoryWriter {
	return func(w *TrajectoryWriter, err error) *TrajectoryWriter {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
}

// TestTrajectories writes two samples one after the other.
func TestTrajectories(t *testing.T) {
	times, states := []float64{0, 0.1}, []float64{1, 2, 3, 4, 5, 6, math.NaN(), 1e-300}
	var text, binary bytes.Buffer
	inCSV, inNPY := opened(t)(NewTrajectoryCSV(&text, times, 2, Rounding{})),
		opened(t)(NewTrajectoryNPY(&binary, 2, times, 2))
	for _, w := range []*TrajectoryWriter{inCSV, inNPY} {
		if err := errors.Join(w.Write(states[:4]), w.Write(nil), w.Write(states[4:]), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if want := "sample,t,z1,z2\n0,0,1,2\n0,0.1,3,4\n1,0,5,6\n1,0.1,NaN,1e-300\n"; text.String() != want {
		t.Errorf("wrote %q, want %q", text.String(), want)
	}
	a, err := npy.Read(&binary)
	if err != nil || !slices.Equal(a.Shape, []int{2, 2, 2}) || a.Data[5] != 6 || a.Data[7] != 1e-300 {
		t.Errorf("wrote %v, error %v", a, err)
	}
}

func TestTrajectoriesCheck(t *testing.T) {
	for _, c := range []struct {
		dim   int
		times []float64
	}{{0, []float64{1}}, {-1, []float64{1}}, {1, nil}} {
		var b bytes.Buffer
		_, err1 := NewTrajectoryCSV(&b, c.times, c.dim, Rounding{})
		_, err2 := NewTrajectoryNPY(&b, 1, c.times, c.dim)
		if err1 == nil || err2 == nil || b.Len() > 0 {
			t.Errorf("%+v: errors %v, %v, %d bytes", c, err1, err2, b.Len())
		}
	}
	w := opened(t)(NewTrajectoryNPY(io.Discard, 2, []float64{1, 2}, 2))
	if err := w.Write([]float64{1, 2, 3}); err == nil || !strings.Contains(err.Error(), "are not full samples of") {
		t.Errorf("three states of a sample of four: %v", err)
	}
	if err := errors.Join(w.Write(make([]float64, 4)), w.Close()); err == nil ||
		!strings.Contains(err.Error(), "missing") {
		t.Errorf("one sample of two: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
func (failing) Read([]byte) (int, error)  { return 0, errors.New("broken pipe") }

func TestFailuresOfTheStream(t *testing.T) {
	d := must(t)(Circle(2, 0, seeded(1)))
	inCSV := opened(t)(NewTrajectoryCSV(failing{}, []float64{0}, 1, Rounding{}))
	inNPY := opened(t)(NewTrajectoryNPY(failing{}, 0, []float64{0}, 1))
	for _, err := range []error{d.WriteCSV(failing{}), d.WriteNPY(failing{}), inCSV.Close(), inNPY.Close()} {
		if err == nil || !strings.Contains(err.Error(), "broken pipe") {
			t.Errorf("error %v", err)
		}
	}
	_, fromCSV := ReadCSV("f", failing{}, Options{})
	_, fromNPY := ReadNPY("f", failing{}, Options{})
	for _, err := range []error{fromCSV, fromNPY} {
		if err == nil || err.Error() != "dataset: f: broken pipe" {
			t.Errorf("error %v", err)
		}
	}
}
