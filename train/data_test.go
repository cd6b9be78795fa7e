package train_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/train"
)

// TestFormatIsKept reads a run's own file again as the run read it first: config.json says how.
func TestFormatIsKept(t *testing.T) {
	c := small()
	c.Data = filepath.Join(t.TempDir(), "odd.txt")
	c.Format = dataset.Format{Header: dataset.WithHeader, Separator: ';', DecimalComma: true, Drop: []string{"no", "4"}}
	if err := os.WriteFile(c.Data, []byte("no;0;1;4;kind\n"+strings.Repeat("7;1,5;2;NA;a\n8;-2;,5;;b\n", 9)),
		0o644); err != nil {
		t.Fatal(err)
	}
	r := newRun(t, c)
	if want := []float64{1.5, 2, -2, 0.5}; !reflect.DeepEqual(r.Data.X[:4], want) || r.Data.Dim != 2 {
		t.Fatalf("read %v", r.Data)
	}
	r.Close()
	for _, open := range []func() (*train.Run, error){
		func() (*train.Run, error) { return train.ResumeRun(r.Dir, train.Resumption{}) },
		func() (*train.Run, error) { return train.OpenRun(r.Dir) },
	} {
		again, err := open()
		if err == nil {
			err = again.LoadData()
			again.Close()
		}
		if err != nil || !reflect.DeepEqual(again.Data, r.Data) || !reflect.DeepEqual(again.Config.Format, c.Format) {
			t.Errorf("read %+v, error %v", again, err)
		}
	}
}

// TestBeyondFloat32 finds a number too large for the run's precision where it stands in the file.
func TestBeyondFloat32(t *testing.T) {
	c := small()
	c.Data = filepath.Join(t.TempDir(), "large.csv")
	if err := os.WriteFile(c.Data, []byte("x,y,kind\n"+strings.Repeat("1,2,0\n2,1,1\n", 9)+"1,1e39,0\n"),
		0o644); err != nil {
		t.Fatal(err)
	}
	_, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "test")
	if err == nil || !strings.Contains(err.Error(), `large.csv: line 20, column 2 ("y"): "1e39" is beyond float32`) {
		t.Errorf("error %v", err)
	}
	c.Precision = "float64"
	newRun(t, c)
}

// TestOtherData asks runs to go on with data of another kind, as a flag or in config.json: nothing of them is changed.
func TestOtherData(t *testing.T) {
	table := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(table, []byte("x,y,kind\n"+strings.Repeat("1,2,red\n2,1,green\n", 9)), 0o644); err != nil {
		t.Fatal(err)
	}
	for began, others := range map[string][]string{table: {"spiral", "circle"}, "spiral": {"circle", table}} {
		c := small()
		c.Data = began
		r := newRun(t, c)
		config := file(t, r, "config.json")
		for _, other := range others {
			err := refused(t, r, train.Resumption{Data: other, Iterations: c.Iterations + 1})
			if err == nil || !strings.Contains(err.Error(), "the run in "+r.Dir) {
				t.Errorf("%s after %s: error %v", other, began, err)
			}
			if !bytes.Equal(file(t, r, "config.json"), config) {
				t.Fatalf("%s after %s has changed config.json", other, began)
			}
			edited := bytes.Replace(config, []byte(strconv.Quote(began)), []byte(strconv.Quote(other)), 1)
			if err := os.WriteFile(filepath.Join(r.Dir, "config.json"), edited, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := refused(t, r, train.Resumption{}); err == nil {
				t.Errorf("config.json names %s instead of %s: no error", other, began)
			}
			if err := os.WriteFile(filepath.Join(r.Dir, "config.json"), config, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := refused(t, r, train.Resumption{}); err != nil {
			t.Errorf("%s as before: %v", began, err)
		}
	}
}
