package train_test

import (
	"fmt"
	"math"
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
	const old = "iteration,loss,gradient_norm,nfe_mean,nfe_max,accepted,rejected,samples_per_second,seconds\n"
	const header = "iteration,loss,gradient_norm,nfe_mean,nfe_max,accepted,rejected,samples_per_second,seconds," +
		"validation_loss,validation_accuracy,validation_r2,validation_rmse\n"
	next(false)
	put(os.O_APPEND, header+"1,0.5,1,26,32,4,0,1000,0.1,,,,\n2,0.")
	next(true, 1)
	next(false)
	put(os.O_APPEND, "25,1,26,32,4,0,1000,0.2,,,,\n3,NaN,1,26,32,4,0,1000,0.3,0.5,,0.9,1\n")
	next(false, 2, 3)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	put(0, old+"1,0.75,1,26,32,4,0,1000,0.1\n2,0.5,1,26,32,4,0,1000,0.2\n")
	next(true, 1, 2)
	put(os.O_APPEND, "three,0.25,1,26,32,4,0,1000,0.3\n")
	for range 2 {
		if _, _, err := f.Next(); err == nil || !strings.Contains(err.Error(), "metrics.csv: line 4: ") {
			t.Errorf("a row without a number gives %v", err)
		}
	}
	put(os.O_TRUNC, old+"7,1,1,26,32,4,0,1000,0.7\n")
	rows, anew, err := f.Next()
	if err != nil || !anew || len(rows) != 1 || rows[0].Iteration != 7 || rows[0].Loss != 1 || !math.IsNaN(rows[0].ValidationLoss) {
		t.Errorf("%+v, %t, %v, want iteration 7 alone, of which nothing held out is known", rows, anew, err)
	}
}

// TestOneRowReader: who follows a run and who draws its losses refuse the same lines, in the same words.
func TestOneRowReader(t *testing.T) {
	good := "iteration,loss,gradient_norm,nfe_mean,nfe_max,accepted,rejected,samples_per_second,seconds\n" +
		"1,0.5,1,26,32,4,0,1000,0.1\n"
	for _, bad := range []string{"2,0.5\n", "2,,1,26,32,4,0,1000,0.2\n", "2,0.5,x,26,32,4,0,1000,0.2\n", "0,1,1,26,32,4,0,1000,0.2\n",
		"\"2\n", "x\"\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "metrics.csv")
		f := train.Follow(dir)
		for _, text := range []string{good, good + bad} {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, _, followed := f.Next()
			_, _, read := train.ReadLosses(path)
			if fmt.Sprint(followed) != fmt.Sprint(read) || (read == nil) != (text == good) {
				t.Errorf("%q: a follower says %v, ReadLosses %v", text, followed, read)
			}
		}
	}
}
