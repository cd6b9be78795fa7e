package dataset

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"neuralode/dataset/internal/npy"
)

func series(text string, o SeriesOptions) (*Series, error) {
	return ReadSeriesCSV("series.csv", strings.NewReader(text), o)
}

// same compares what reflect.DeepEqual does not: NaN with NaN.
func (s *Series) same(other *Series) bool { return s.text() == other.text() }

func (s *Series) text() string {
	rows, signals := *s, Signals{}
	if s.Signals != nil {
		rows.Signals, signals = nil, *s.Signals
	}
	return fmt.Sprint(rows, signals)
}

func TestSeriesCSV(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		text string
		o    SeriesOptions
		want Series
	}{
		"long form": {"id,t,x,y\na,0,1,2\na,0.5,3,\nb,7,NaN,5\nb,8,6,7\n", SeriesOptions{}, Series{
			IDs: []string{"a", "b"}, Offsets: []int{0, 2, 4}, Times: []float64{0, 0.5, 7, 8},
			X:   []float64{1, 2, 3, nan, nan, 5, 6, 7},
			Dim: 2, Features: []string{"x", "y"}, IDName: "id", TimeName: "t", Named: true, Notes: []string{
				`column 2 ("t") is taken for the time`, `column 1 ("id") is taken for the id`}}},
		"one series": {"time;x\n0;1,5\n1;2\n", SeriesOptions{Format: Format{DecimalComma: true}}, Series{
			IDs: []string{""}, Offsets: []int{0, 2}, Times: []float64{0, 1}, X: []float64{1.5, 2},
			Dim: 1, Features: []string{"x"}, IDName: "id", TimeName: "time", Named: true,
			Notes: []string{`column 1 ("time") is taken for the time`}}},
		"named columns": {"u,day,kind,dose,y,x\n1,0,p,3,5,6\n2,1,p,3,7,8\n", SeriesOptions{ID: "kind", Time: "day",
			Features: []string{"x", "y"}, Inputs: []string{"u"}, Constants: []string{"dose"}}, Series{
			IDs: []string{"p"}, Offsets: []int{0, 2}, Times: []float64{0, 1}, X: []float64{6, 5, 8, 7}, Dim: 2,
			Features: []string{"x", "y"}, Signals: &Signals{[]string{"u"}, []float64{0, 1}, []float64{1, 2}, []int{0, 2}},
			Constants: []float64{3}, ConstantNames: []string{"dose"}, IDName: "kind", TimeName: "day", Named: true}},
		"numbered columns": {"1 0 5\n1 1 6\n2 3 7\n2 4 8\n", SeriesOptions{ID: "1", Time: "2"}, Series{
			IDs: []string{"1", "2"}, Offsets: []int{0, 2, 4}, Times: []float64{0, 1, 3, 4}, X: []float64{5, 6, 7, 8},
			Dim: 1, Features: []string{"x1"}, IDName: "id", TimeName: "t"}},
		"single points": {"id,t,x\n1,0,5\n2,0,6\n", SeriesOptions{SinglePoints: true, ID: "id", Time: "t"}, Series{
			IDs: []string{"1", "2"}, Offsets: []int{0, 1, 2}, Times: []float64{0, 0}, X: []float64{5, 6}, Dim: 1,
			Features: []string{"x"}, IDName: "id", TimeName: "t", Named: true}},
	} {
		got, err := series(c.text, c.o)
		if err != nil || !got.same(&c.want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", name, got, err, c.want)
			continue
		}
		if err := got.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadSeries(t *testing.T) {
	named := SeriesOptions{ID: "id", Time: "t"}
	with := func(change func(o *SeriesOptions)) SeriesOptions {
		o := named
		change(&o)
		return o
	}
	for want, c := range map[string]struct {
		text string
		o    SeriesOptions
	}{
		`line 4, column 2 ("t"): "1" is before the 2 of line 3: sort`: {"id,t,x\na,0,1\na,2,1\na,1,1\n", named},
		`line 3, column 1 ("t"): "0" is before the 1 of line 2: sort the rows of a series by time, or name the column`: {
			"t,x\n1,1\n0,1\n", SeriesOptions{}},
		`line 3, column 2 ("t"): "0.0" is the time of line 2 too`:                                 {"id,t,x\na,0,1\na,0.0,1\n", named},
		`line 4: series "b" has this row alone: want two`:                                         {"id,t,x\na,0,1\na,1,1\nb,2,1\nc,1,1\n", named},
		`line 2, column 2 ("t"): "NaN" stands for a missing value: fill it in or remove the line`: {"id,t,x\na,NaN,1\na,2,1\n", named},
		`line 3, column 2 ("t"): "soon" is not a number: write times as`:                          {"id,t,x\na,0,1\na,soon,1\n", named},
		`line 2, column 2 ("t"): "2020-01-31" is not a number: write times as numbers, such as`:   {"id,t,x\na,2020-01-31,1\na,2020-02-01,1\n", named},
		`line 3, column 2 ("t"): "true" is not a number`:                                          {"id,t,x\na,0,1\na,true,1\n", named},
		`line 3, column 2 ("t"): "inf" is not finite`:                                             {"id,t,x\na,0,1\na,inf,1\n", named},
		`line 3, column 2 ("t"): "1e400" is too large`:                                            {"id,t,x\na,0,1\na,1e400,1\n", named},
		`line 3, column 2 ("t"): "1,5" is not a number: say decimal-comma`:                        {"id;t;x\na;0;1\na;1,5;1\n", named},
		`line 3, column 1 ("id"): "" is empty: fill it in or remove the line`:                     {"id,t,x\na,0,1\n,2,1\n", named},
		`line 6: series "a" has this row alone`:                                                   {"id,t,x\nc,0,1\nc,1,1\nb,0,1\nb,1,1\na,2,1\n", named},
		`line 3, column 4 ("y"): "?" is not a number`:                                             {"id,t,x,y\na,0,1,1\na,1,1,?\n", named},
		`line 6, column 1 ("id"): series "a", which began in line 2, comes back after "b"`:        {"id,t,x\na,0,1\na,1,1\nb,0,1\nb,1,1\na,2,1\n", named},
		`column 4 ("y") is never observed`:                                                        {"id,t,x,y\na,0,1,\na,2,1,NaN\n", named},
		`line 3, column 3 ("x"): "inf" is not finite`:                                             {"id,t,x\na,0,1\na,2,inf\n", named},
		`line 2, column 3 ("x"): "high" is not a number`:                                          {"id,t,x\na,0,high\na,2,1\n", named},
		`line 3, column 4 ("u"): "on" is not a number`:                                            {"id,t,x,u\na,0,1,2\na,2,1,on\n", with(func(o *SeriesOptions) { o.Inputs = []string{"u"} })},
		`line 3, column 4 ("c"): "3" is not the 2 of the rows before`:                             {"id,t,x,c\na,0,1,2\na,2,1,3\n", with(func(o *SeriesOptions) { o.Constants = []string{"c"} })},
		`there is no column "z"; the columns are "id", "t", "x"`:                                  {"id,t,x\na,0,1\na,1,1\n", with(func(o *SeriesOptions) { o.Features = []string{"z"} })},
		`no column is called t, time or year or the like, and none is named as the time-column`:   {"id,x\na,0\na,1\n", SeriesOptions{}},
		`column 2 ("t") and column 3 ("time") may both be the time: name it`:                      {"id,t,time\na,0,1\na,2,1\n", SeriesOptions{}},
		`column 3 ("x") is named twice`:                                                           {"id,t,x\na,0,1\na,2,1\n", with(func(o *SeriesOptions) { o.Features = []string{"x", "3"} })},
		`column "x" is named twice`:                                                               {"", SeriesOptions{ID: "x", Time: "x"}},
		`no column is left for features`:                                                          {"id,t\na,0\na,2\n", named},
		`line 2: 2 columns, want 3`:                                                               {"id,t,x\na,0\n", named},
		`there are no rows in the file`:                                                           {"id,t,x\n", named},
		`1e39`:                                                                                    {"id,t,x\na,0,1e39\na,1,0\n", with(func(o *SeriesOptions) { o.Float32 = true })},
	} {
		_, err := series(c.text, c.o)
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), `, "x"`, `,"x"`),
			strings.ReplaceAll(want, `, "x"`, `,"x"`)) {
			t.Errorf("%q gives %v\nwant %s", c.text, err, want)
		}
	}
}

func TestSeriesNPY(t *testing.T) {
	nan := math.NaN()
	var file bytes.Buffer
	a := npy.Array{Shape: []int{2, 3, 2}, Data: []float64{0, 1, 0.5, 2, 3, nan, 0, 4, 0.5, 5, 3, 6}}
	if err := a.Write(&file); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSeriesNPY("series.npy", bytes.NewReader(file.Bytes()), SeriesOptions{Time: "1"})
	want := Series{IDs: []string{"0", "1"}, Offsets: []int{0, 3, 6}, Times: []float64{0, 0.5, 3, 0, 0.5, 3},
		X: []float64{1, 2, nan, 4, 5, 6}, Dim: 1, Features: []string{"x1"}, IDName: "id", TimeName: "t"}
	if err != nil || !got.same(&want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	got, err = ReadSeriesNPY("series.npy", bytes.NewReader(file.Bytes()), SeriesOptions{})
	if err != nil || got.Dim != 2 || !reflect.DeepEqual(got.Times, []float64{0, 1, 2, 0, 1, 2}) {
		t.Errorf("without times: %+v, %v", got, err)
	}
	for want, o := range map[string]SeriesOptions{
		`series 1, row 2, column 2: "0.5" is before the 1 of`: {Time: "2"},
		`no column of ids`: {ID: "1"},
	} {
		a.Data[1], a.Data[3] = 1, 0.5
		file.Reset()
		if err := a.Write(&file); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSeriesNPY("series.npy", bytes.NewReader(file.Bytes()), o); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}

func TestSelectSeries(t *testing.T) {
	s, err := series("id,t,x,u,c\na,0,1,2,9\na,1,3,4,9\nb,5,5,6,8\nb,6,7,8,8\nb,7,9,0,8\n",
		SeriesOptions{Inputs: []string{"u"}, Constants: []string{"c"}})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Select([]int{1, 0})
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	want := Series{IDs: []string{"b", "a"}, Offsets: []int{0, 3, 5}, Times: []float64{5, 6, 7, 0, 1},
		X: []float64{5, 7, 9, 1, 3}, Named: true, Dim: 1, Features: []string{"x"}, Signals: s.Signals,
		Recording: []int{1, 0}, Constants: []float64{8, 9}, ConstantNames: []string{"c"}, IDName: "id",
		TimeName: "t"}
	if !got.same(&want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestSeriesCheck(t *testing.T) {
	good := func() Series {
		return Series{IDs: []string{"a"}, Offsets: []int{0, 2}, Times: []float64{0, 1}, X: []float64{1, 2}, Dim: 1,
			Features: []string{"x"}}
	}
	for want, spoil := range map[string]func(s *Series){
		"at least one series":       func(s *Series) { *s = Series{} },
		"offset 1 is 3":             func(s *Series) { s.Offsets[1] = 3 },
		"want times that rise":      func(s *Series) { s.Times[1] = 0 },
		"time 1 is NaN":             func(s *Series) { s.Times[1] = math.NaN() },
		"x has 1 numbers":           func(s *Series) { s.X = s.X[:1] },
		`"x" is never observed`:     func(s *Series) { s.X = []float64{math.NaN(), math.NaN()} },
		`"x" is +Inf in row 1`:      func(s *Series) { s.X[1] = math.Inf(1) },
		"constants have 0 numbers":  func(s *Series) { s.ConstantNames = []string{"u"} },
		`series "a" is there twice`: func(s *Series) { s.IDs = []string{"a", "a"} },
		"2 feature names, want 1":   func(s *Series) { s.Features = []string{"x", "y"} },
		"dim must be at least 1":    func(s *Series) { s.Dim = 0 },
	} {
		s := good()
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		spoil(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestWriteOneSeries: a series without an id has none in its file, and is read again.
func TestWriteOneSeries(t *testing.T) {
	s, err := series("t,x\n0,1\n1,2\n", SeriesOptions{Time: "t"})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	w := NewSeriesWriter(&text, s, Rounding{})
	w.Write("", 0, []float64{1})
	w.Write("", 1, []float64{2})
	if err := w.Close(); err != nil || text.String() != "t,x\n0,1\n1,2\n" {
		t.Errorf("%q, %v", text.String(), err)
	}
}

func FuzzReadSeriesCSV(f *testing.F) {
	for _, text := range []string{"id,t,x,y\na,0,1,2\na,0.5,3,\nb,7,NaN,5\nb,8,6,7\n", "t\tx\n0\t1\n1\t2\n",
		"id,t,x\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := series(text, SeriesOptions{})
		if err == nil {
			err = s.Check()
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("an error of several lines: %v", err)
			return
		} else {
			return
		}
		if err != nil {
			t.Errorf("%q was read as %+v: %v", text, s, err)
		}
	})
}

// walk is two series: x = t, y = −2t, one at 0, 1, ..., 9 and one at 100, 100.5.
func walk(t *testing.T) *Series {
	t.Helper()
	text := "id,t,x,y\n"
	for k := range 10 {
		text += fmt.Sprintf("a,%d,%d,%d\n", k, k, -2*k)
	}
	s, err := series(text+"b,100,100,-200\nb,100.5,100.5,-201\n", SeriesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWindows(t *testing.T) {
	s := walk(t)
	s.X[2*2] = math.NaN() // at time 2 no window begins
	w, of := s.Windows(4)
	var got []string
	for i := range w.Len() {
		got = append(got, fmt.Sprint(w.TimesOf(i)))
	}
	want := []string{"[0 1 2 3 4]", "[1 2 3 4 5]", "[3 4 5 6 7]", "[4 5 6 7 8]", "[5 6 7 8 9]", "[100 100.5]"}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(of, []int{0, 0, 0, 0, 0, 1}) {
		t.Errorf("windows %v of %v, want %v", got, of, want)
	}
	if err := w.Check(); err != nil {
		t.Error(err)
	}
	if whole, of := walk(t).Windows(1000); fmt.Sprint(whole.Times) != fmt.Sprint(walk(t).Times) || len(of) != 2 {
		t.Errorf("windows longer than the series: %v", whole.Times)
	}
}

// TestWindowsLeaveNothingOut: where features are observed in turn, no window can begin at the rows between.
func TestWindowsLeaveNothingOut(t *testing.T) {
	s := walk(t)
	for r := 1; r < 10; r++ {
		s.X[2*r+r%2] = math.NaN()
	}
	w, _ := s.Windows(2)
	seen := map[float64]bool{}
	for _, at := range w.Times {
		seen[at] = true
	}
	if len(seen) != s.Rows() {
		t.Errorf("the windows have the times %v", w.Times)
	}
	s.X[2*6], s.X[2*6+1] = 6, -12 // here one can
	w, _ = s.Windows(2)
	if fmt.Sprint(w.TimesOf(0), w.TimesOf(1)) != "[0 1 2 3 4 5 6] [6 7 8 9]" {
		t.Errorf("windows %v and %v", w.TimesOf(0), w.TimesOf(1))
	}
}

func TestPartsOfSeries(t *testing.T) {
	s := walk(t)
	early, late := s.SplitEnds(0.3)
	if fmt.Sprint(early.TimesOf(0)) != "[0 1 2 3 4 5 6]" || fmt.Sprint(early.TimesOf(1)) != "[100 100.5]" {
		t.Errorf("early: %v", early.Times)
	}
	for r, x := range map[int]float64{0: 0, 7: 7, 9: 9} {
		if late.X[2*r] != x {
			t.Errorf("late: row %d is %v, want %v", r, late.X[2*r], x)
		}
	}
	if !math.IsNaN(late.X[2*1]) || !math.IsNaN(late.X[2*6+1]) || late.Rows() != s.Rows() {
		t.Errorf("late has observed what is early: %v", late.X)
	}
	at := s.At(func(i int) []float64 { return []float64{200, float64(300 + i)} })
	if fmt.Sprint(at.Times) != "[0 200 300 100 200 301]" || at.X[6] != 100 || !math.IsNaN(at.X[2]) {
		t.Errorf("at other times: %v, %v", at.Times, at.X)
	}
	hidden := s.Hide(func(i int) bool { return i == 0 })
	if hidden.X[0] != 0 || !math.IsNaN(hidden.X[2]) || hidden.X[22] != 100.5 {
		t.Errorf("hidden: %v", hidden.X)
	}
}

func TestSeriesAsDataset(t *testing.T) {
	s := walk(t)
	d, err := s.Dataset()
	if err != nil || d.Check() != nil || d.Len() != 2 || fmt.Sprint(d.X) != "[0 0 100 -200]" || d.Task != Forecast {
		t.Fatalf("%+v, %v, %v", d, err, d.Check())
	}
	if one := d.Select([]int{1}); one.Check() != nil || one.Series.IDs[0] != "b" {
		t.Errorf("one of them: %+v, %v", one, one.Check())
	}
	d.X[0] = 1
	if d.Check() == nil {
		t.Error("points that are not the first rows are right")
	}
	s.X[1] = math.NaN()
	if _, err := s.Dataset(); err == nil ||
		!strings.Contains(err.Error(), `series "a" begins at t 0, where feature "y" is not observed`) {
		t.Errorf("a start that is not known: %v", err)
	}
	if d := s.Unstarted(); d.Check() != nil || d.Select([]int{1, 0}).Check() != nil {
		t.Errorf("such a start is for a lift: %v", d.Check())
	}
}

// TestStandardiseSeries: x of walk has the mean and deviation of its twelve numbers, and both features move by 1/σx and
// 2/(2σx) a unit of time, so that σx is the unit.
func TestStandardiseSeries(t *testing.T) {
	s := walk(t)
	features, time := s.Standardise()
	mean, square := (45+200.5)/12, 0.0
	for _, x := range []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 100.5} {
		square += (x - mean) * (x - mean) / 12
	}
	std := math.Sqrt(square)
	for what, x := range map[string][2]float64{"mean": {features.Mean[0], mean}, "deviation": {features.Std[0], std},
		"of y": {features.Std[1], 2 * std}, "first time": {time.Mean[0], 0}, "unit of time": {time.Std[0], std}} {
		if math.Abs(x[0]-x[1]) > 1e-12*x[1] {
			t.Errorf("%s: %v, want %v", what, x[0], x[1])
		}
	}
}

func TestHoldsSeries(t *testing.T) {
	for text, want := range map[string]bool{
		"id,t,x\na,0,1\na,1,2\nb,0,3\nb,5,4\n":                   true,
		"patient_id;time;x\n1;0;1\n1;1;2\n":                      true,
		"id,t,x\na,1,1\na,0,2\n":                                 false, // times fall
		"id,t,x\na,0,1\nb,0,2\na,1,3\n":                          false, // a comes back
		"id,t,x\n1,0,1\n2,0,2\n3,0,1\n":                          false, // one row each
		"time,x\n0,1\n1,2.5\n2,\n3,1\n":                          true,  // one series
		"year;x;y\n1900;1;2\n1901;2;3\n1903;3;2\n1904;1;2,5\n":   false, // a text among the numbers
		"year,x,y\n1900,1,20\n1901,2,31\n1903,3,22\n1904,1,25\n": true,
		"t,x\n0,1\n1,2.5\n":                                      false, // too few to tell
		"t,x\n0,1\n1,2.5\n2,2\n2,1\n":                            false, // times stand still
		"time,x,kind\n0,1,0\n1,2,1\n2,2,0\n3,1,1\n":              false, // classes, in the order in which they came
		"time,x,kind\n0,1,a\n1,2,b\n2,2,c\n3,1,d\n":              false,
		"x,y\n0,1\n1,2\n":                                        false,
		"id,t,x\n":                                               false,
	} {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := HoldsSeries(path, SeriesOptions{}); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	if HoldsSeries("nowhere.csv", SeriesOptions{}) {
		t.Error("a file that is not there holds series")
	}
}

// TestWriteSeries reads what was written.
func TestWriteSeries(t *testing.T) {
	s := walk(t)
	s.X[5] = math.NaN()
	s.Notes = nil
	var text strings.Builder
	w := NewSeriesWriter(&text, s, Rounding{})
	for i, id := range s.IDs {
		for r := s.Offsets[i]; r < s.Offsets[i+1]; r++ {
			w.Write(id, s.Times[r], s.X[r*s.Dim:(r+1)*s.Dim])
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := series(text.String(), SeriesOptions{ID: "id", Time: "t"})
	if err != nil || !got.same(s) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, s)
	}
}

// TestParts: beginnings are as long as that, and segments cover a series, each beginning where the one before ends, at a
// row that is complete.
func TestParts(t *testing.T) {
	nan := math.NaN()
	s := &Series{IDs: []string{"a", "b", "c"}, Offsets: []int{0, 7, 9, 10}, Dim: 1, Features: []string{"x"},
		Times: []float64{0, 1, 2, 3, 4, 5, 6, 0, 9, 5}, X: []float64{0, 1, nan, 3, 4, 5, 6, 7, 8, 9}}
	if got := s.Beginnings(2).Offsets; !slices.Equal(got, []int{0, 3, 5, 6}) {
		t.Errorf("beginnings %v", got)
	}
	segments, of := s.Segments(2)
	if !slices.Equal(segments.Times, []float64{0, 1, 2, 3, 3, 4, 5, 5, 6, 0, 9, 5}) ||
		!slices.Equal(segments.Offsets, []int{0, 4, 7, 9, 11, 12}) || !slices.Equal(of, []int{0, 0, 0, 1, 2}) {
		t.Errorf("segments at %v from %v, of %v", segments.Times, segments.Offsets, of)
	}
	if err := segments.Check(); err != nil {
		t.Error(err)
	}
}
