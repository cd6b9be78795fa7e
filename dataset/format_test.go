package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestFormatAsJSON(t *testing.T) {
	for text, want := range map[string]Format{
		`{"header":"auto","separator":"auto","decimal_comma":false}`:                  {},
		`{"header":"yes","separator":"tab","decimal_comma":true,"drop":["a","2"]}`:    {WithHeader, '\t', true, []string{"a", "2"}},
		`{"header":"no","separator":"space","decimal_comma":false}`:                   {WithoutHeader, ' ', false, nil},
		`{"header":"auto","separator":"§","decimal_comma":false}`:                     {Separator: '§'},
		`{"header":"auto","separator":",","decimal_comma":false,"drop":["a, \"b\""]}`: {Separator: ',', Drop: []string{`a, "b"`}},
	} {
		var got Format
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, want %+v, error %v", text, got, want, err)
		}
		if back, err := json.Marshal(got); err != nil || string(back) != text {
			t.Errorf("%+v is written as %s, want %s, error %v", got, back, text, err)
		}
	}
	for _, text := range []string{`{"header":"maybe"}`, `{"header":true}`, `{"separator":",,"}`, `{"separator":"\""}`,
		`{"separator":"\n"}`, `{"separator":"\u0000"}`} {
		if err := json.Unmarshal([]byte(text), &Format{}); err == nil {
			t.Errorf("%s is a format", text)
		}
	}
	var s Separator
	if err := s.UnmarshalText([]byte(`\t`)); err != nil || s != '\t' {
		t.Errorf("separator %v, error %v", s, err)
	}
}

// gz is a text compressed.
func gz(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func TestEndings(t *testing.T) {
	numbers := array(t, []int{2, 2}, 1, 0, 2, 1).String()
	for name, content := range map[string]string{
		"a.csv": "1,0\n2,1\n", "a.txt": "1 0\n2 1\n", "a.tsv": "1\t0\n2\t1\n", "a.npy": numbers,
		"a.csv.gz": gz("1;0\n2;1\n"), "a.TSV.GZ": gz("1\t0\n2\t1\n"), "a.npy.gz": gz(numbers), "unpacked.csv.gz": "1,0\n2,1\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if d, err := ReadFile(path, Options{}); err != nil || !slices.Equal(d.X, []float64{1, 2}) {
			t.Errorf("%s: read %v, error %v", name, d, err)
		}
	}
	for name, want := range map[string]string{
		"a.xlsx": "save the table as CSV", "a.xlsx.gz": "save the table as CSV", "a": `got "a"`,
	} {
		if err := CheckEnding(name); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
}
