package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSplit checks, for classes of any sizes, that no row is lost, the sum is the fraction where it can be, no class is
// off by a row or more, none is held out whole, and the same seed gives the same rows.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 30), 2, 6).Draw(t, "sizes")
		fraction := rapid.Float64Range(0, 0.99).Draw(t, "fraction")
		d := &Dataset{Dim: 1, Task: MultiClass, Width: 1}
		for k, n := range sizes {
			d.Classes = append(d.Classes, string(rune('a'+k)))
			for range n {
				d.X, d.Labels = append(d.X, 0), append(d.Labels, float64(k))
			}
		}
		training, held, err := d.Split(fraction, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Sorted(slices.Values(slices.Concat(training, held)))
		for i, row := range all {
			if i != row {
				t.Fatalf("row %d is %d", i, row)
			}
		}
		if len(all) != d.Len() || !slices.IsSorted(training) || !slices.IsSorted(held) {
			t.Fatalf("%d rows of %d", len(all), d.Len())
		}
		counts := make([]int, len(sizes))
		for _, i := range held {
			counts[int(d.Labels[i])]++
		}
		for k, n := range counts {
			quota := fraction * float64(sizes[k])
			if math.Abs(float64(n)-quota) >= 1 && n != sizes[k]-1 || sizes[k] > 0 && n == sizes[k] {
				t.Fatalf("%d of the %d rows of a class for %v", n, sizes[k], fraction)
			}
		}
		if len(held) > int(math.Round(fraction*float64(d.Len()))) {
			t.Fatalf("%d rows of %d for %v", len(held), d.Len(), fraction)
		}
		_, again, _ := d.Split(fraction, rand.New(rand.NewPCG(1, 2)))
		if !slices.Equal(held, again) {
			t.Fatal("one seed gives two splits")
		}
	})
}

// TestSplitOfFew holds out nothing of a single row, nor a class of one, and counts over small classes.
func TestSplitOfFew(t *testing.T) {
	split := func(labels ...float64) (held []int) {
		d := &Dataset{X: labels, Dim: 1, Task: MultiClass, Width: 1, Labels: labels,
			Classes: []string{"a", "b", "c", "d", "e"}}
		_, held, err := d.Split(0.2, rand.New(rand.NewPCG(7, 7)))
		if err != nil {
			t.Fatal(err)
		}
		return held
	}
	if held := split(0); len(held) != 0 {
		t.Errorf("of one row: %v", held)
	}
	if held := split(0, 0, 0, 0, 1); len(held) != 1 || held[0] == 4 {
		t.Errorf("with a class of one row: %v", held)
	}
	if held := split(0, 0, 1, 1, 2, 2, 3, 3, 4, 4); len(held) != 2 {
		t.Errorf("of five classes of two rows: %v", held)
	}
	numbers := &Dataset{X: []float64{1, 2, 3}, Dim: 1, Task: Regression, Width: 1, Labels: []float64{0, 0, 1}}
	training, held, err := numbers.Split(0.99, rand.New(rand.NewPCG(7, 7)))
	if err != nil || len(training) != 1 || len(held) != 2 {
		t.Errorf("of three numbers %v stay, %v do not (%v)", training, held, err)
	}
	if got := numbers.Select([]int{2, 0}); !slices.Equal(got.X, []float64{3, 1}) ||
		!slices.Equal(got.Labels, []float64{1, 0}) {
		t.Errorf("selected: %+v", got)
	}
	if _, _, err := numbers.Split(1, nil); err == nil {
		t.Error("all may be held out")
	}
}
