package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadTimes(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []float64
	}{
		"lines.csv":   {"0\n0.5\r\n1\n", []float64{0, 0.5, 1}},
		"header.csv":  {"\uFEFFt\n0\n1e-3", []float64{0, 1e-3}},
		"one.txt":     {"0, 1;2 3\t4", []float64{0, 1, 2, 3, 4}},
		"vector.npy":  {array(t, []int{3}, 1, 2, 4).String(), []float64{1, 2, 4}},
		"zipped.txt":  {gz("0\n1\n"), []float64{0, 1}},
		"big.NPY.GZ":  {gz(array(t, []int{2}, 3, 5).String()), []float64{3, 5}},
		"column.npy":  {array(t, []int{2, 1}, 1, 2).String(), []float64{1, 2}},
		"numbers":     {"7", []float64{7}},
		"spaced.csv":  {"\n\n1\n\n", []float64{1}},
		"negative.in": {"-1", []float64{-1}},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadTimes(path); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
}

func TestReadTimesErrors(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"text.csv":   {"0\nnoon\n", "text.csv: line 2: \"noon\" is not a time"},
		"go.csv":     {"0\n1_1\n0x2\n", "line 2: \"1_1\" is not a time"},
		"hex.csv":    {"0\n0x2fp0\n", "line 2: \"0x2fp0\" is not a time"},
		"nan.csv":    {"0\nnan\n", "line 2: \"nan\" is not a time"},
		"wide.csv":   {"\xff\xfe0\x00", "wide.csv: the text is in UTF-16: save it as UTF-8"},
		"first.csv":  {"noon,1\n2\n", "line 1: \"noon\" is not a time"},
		"empty.csv":  {"", "empty.csv: there are no times"},
		"header.csv": {"t\n", "header.csv: there are no times"},
		"table.npy":  {array(t, []int{2, 2}, 1, 2, 3, 4).String(), "shape [2 2], want one axis"},
		"half.npy":   {"\x93NUM", "half.npy: not a .npy file"},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadTimes(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v, want %q", name, got, err, c.want)
		}
	}
	if _, err := ReadTimes(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there has times")
	}
}
