package train_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/train"
)

// TestFollower reads a file that grows by parts of lines, is put in place of by another, and has a bad row.
func TestFollower(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics.csv")
	put := func(flag int, text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|flag, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	f := train.Follow(dir)
	next := func(anew bool, want ...int) {
		t.Helper()
		rows, fresh, err := f.Next()
		var got []int
		for _, r := range rows {
			got = append(got, r.Iteration)
		}
		if err != nil || fresh != anew || !slices.Equal(got, want) {
			t.Errorf("iterations %v, anew %t, %v; want %v, %t", got, fresh, err, want, anew)
		}
	}
	next(false)
	put(os.O_APPEND, "iteration,loss,other,seconds\n1,0.5,x,0.1\n2,0.")
	next(true, 1)
	next(false)
	put(os.O_APPEND, "25,,0.2\n3,NaN,y,0.3\n")
	next(false, 2, 3)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	put(0, "iteration,loss\n1,0.75\n2,0.5\n")
	next(true, 1, 2)
	put(os.O_APPEND, "three,0.25\n")
	for range 2 {
		if _, _, err := f.Next(); err == nil || !strings.Contains(err.Error(), "metrics.csv") {
			t.Errorf("a row without a number gives %v", err)
		}
	}
	put(os.O_TRUNC, "iteration,loss\n7,1\n")
	rows, anew, err := f.Next()
	if err != nil || !anew || len(rows) != 1 || rows[0].Iteration != 7 || rows[0].Loss != 1 || rows[0].Seconds == rows[0].Seconds {
		t.Errorf("%+v, %t, %v, want iteration 7 alone, of which no seconds are known", rows, anew, err)
	}
}
