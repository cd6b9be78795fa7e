package dataset

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/dataset/internal/npy"
)

// TestNumPyArchives reads what numpy.savez and savez_compressed wrote: see testdata/savez.py.
func TestNumPyArchives(t *testing.T) {
	s, err := ReadSeries("testdata/savez.npz", SeriesOptions{Constants: []string{"mass"}})
	nan := math.NaN()
	want := Series{IDs: []string{"7", "1000000"}, Offsets: []int{0, 3, 6}, Times: []float64{0, 0.5, 2, 0, 0.5, 2},
		X: []float64{0, 1, 2, 3, 4, 5, 6, 7, nan, 9, 10, 11}, Dim: 2, Features: []string{"ys1", "ys2"}, Named: true,
		Constants: []float64{3, 4}, ConstantNames: []string{"mass"}, IDName: "id", TimeName: "ts"}
	if err == nil {
		s.Notes = nil
	}
	if err != nil || !s.same(&want) {
		t.Errorf("got %+v, %v\nwant %+v", s, err, want)
	}
	s, err = ReadSeries("testdata/compressed.npz", SeriesOptions{Features: []string{"y", "x"}})
	want = Series{IDs: []string{"0", "1"}, Offsets: []int{0, 2, 5}, Times: []float64{0, 1, 0.5, 2, 3},
		X: []float64{-1, 1, -3, 3, -7, 7, -9, 9, -11, 11}, Dim: 2, Features: []string{"y", "x"}, Named: true,
		IDName: "id", TimeName: "time"}
	if err == nil {
		s.Notes = nil
	}
	if err != nil || !s.same(&want) {
		t.Errorf("got %+v, %v\nwant %+v", s, err, want)
	}
	if !HoldsSeries("testdata/savez.npz", SeriesOptions{}) {
		t.Error("named arrays are not taken for series")
	}
	if _, err := ReadFile("testdata/savez.npz", Options{}); err == nil || !strings.Contains(err.Error(), "holds series") {
		t.Errorf("as points: %v", err)
	}
}

// archive is a file of these arrays, in the order of their names.
func archive(t testing.TB, arrays map[string]npy.Array) []byte {
	t.Helper()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range arrays {
			if !yield(name) {
				return
			}
		}
	}) {
		w, err := z.Create(name)
		if err == nil {
			a := arrays[name]
			err = a.Write(w)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func upTo(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

func rising(shape ...int) npy.Array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return npy.Array{Shape: shape, Data: upTo(n)}
}

func TestNamedArrays(t *testing.T) {
	read := func(o SeriesOptions, arrays map[string]npy.Array) (*Series, error) {
		file := archive(t, arrays)
		return ReadSeriesNPZ("a.npz", bytes.NewReader(file), int64(len(file)), o)
	}
	one, err := read(SeriesOptions{}, map[string]npy.Array{"t.npy": rising(4), "x.npy": rising(4)})
	if err != nil || one.Len() != 1 || one.Rows() != 4 || one.Dim != 1 || one.TimeName != "t" {
		t.Errorf("arrays of one dimension: %+v, %v", one, err)
	}
	square, err := read(SeriesOptions{Constants: []string{"c"}}, map[string]npy.Array{"t.npy": rising(3), "c.npy": rising(3),
		"x.npy": rising(3, 3)})
	if err != nil || square.Len() != 3 || !slices.Equal(square.Constants, []float64{0, 1, 2}) || square.Times[2] != 2 {
		t.Errorf("as many series as times: %+v, %v", square, err)
	}
	untimed, err := read(SeriesOptions{}, map[string]npy.Array{"x.npy": rising(2, 3, 1)})
	if err != nil || untimed.Times[5] != 2 || untimed.Features[0] != "x" || len(untimed.Notes) != 1 {
		t.Errorf("without times: %+v, %v", untimed, err)
	}
	nan, falling, text := rising(2, 3), rising(3), rising(2, 3, 1)
	nan.Data[3], nan.Data[4], nan.Data[5] = math.NaN(), math.NaN(), math.NaN()
	falling.Data[1] = 5
	text.Data[4] = math.Inf(1)
	for want, x := range map[string]struct {
		o      SeriesOptions
		arrays map[string]npy.Array
	}{
		`array "x" has 4 dimensions`:            {arrays: map[string]npy.Array{"x.npy": rising(1, 1, 1, 2)}},
		`array "y" has shape [2 4], want [2 3]`: {arrays: map[string]npy.Array{"x.npy": rising(2, 3, 1), "y.npy": rising(2, 4), "z.npy": rising(2, 3)}},
		`array "t" has shape [5], want [3] or`:  {arrays: map[string]npy.Array{"t.npy": rising(5), "x.npy": rising(2, 3, 1)}},
		`series 2 has no time in array "t"`:     {arrays: map[string]npy.Array{"t.npy": nan, "x.npy": rising(2, 3, 1)}},
		`series 1, row 3, column 1 ("t"): "2"`:  {arrays: map[string]npy.Array{"t.npy": falling, "x.npy": rising(2, 3, 1)}},
		`series 2, row 2, column 1 ("x")`:       {arrays: map[string]npy.Array{"x.npy": text}},
		`its name does not end in .npy`:         {arrays: map[string]npy.Array{"x.txt": rising(2)}},
		`there are no arrays`:                   {},
		`there is no column "q"`:                {SeriesOptions{Features: []string{"q"}}, map[string]npy.Array{"x.npy": rising(2, 3, 1)}},
		`("c"): "1" is not the 0 of`:            {SeriesOptions{Constants: []string{"c"}}, map[string]npy.Array{"c.npy": rising(2, 3), "x.npy": rising(2, 3, 1)}},
	} {
		if _, err := read(x.o, x.arrays); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	broken := archive(t, map[string]npy.Array{"x.npy": rising(2, 3, 1)})
	flipped := bytes.Clone(broken)
	flipped[60] ^= 1
	for _, file := range [][]byte{broken[:50], []byte("PK"), flipped} {
		if _, err := ReadSeriesNPZ("a.npz", bytes.NewReader(file), int64(len(file)), SeriesOptions{}); err == nil {
			t.Errorf("a broken file is no error")
		}
	}
}

// FuzzSeriesNPZ: no file makes a panic, and what is read is in order.
func FuzzSeriesNPZ(f *testing.F) {
	for _, name := range []string{"savez.npz", "compressed.npz"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add(archive(f, map[string]npy.Array{"t.npy": rising(2), "x.npy": rising(2, 2, 2)}))
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := ReadSeriesNPZ("a.npz", bytes.NewReader(content), int64(len(content)), SeriesOptions{})
		if err == nil {
			err = s.Check()
		}
		if err == nil && s.Rows() == 0 {
			t.Error("no rows")
		}
	})
}
