package train

import (
	"slices"
	"testing"
)

func upTo(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// TestMinibatchesAreDrawnWithoutReplacement checks that a minibatch has no sample twice, that every sample comes up
// about as often as it should, and that an iteration's minibatch does not depend on those before.
func TestMinibatchesAreDrawnWithoutReplacement(t *testing.T) {
	s := newSampler(3, upTo(20), 8)
	count := make([]int, 20)
	var third []int
	for i := range 1000 {
		b := s.draw(i, nil)
		seen := slices.Clone(b)
		slices.Sort(seen)
		if len(slices.Compact(seen)) != 8 {
			t.Fatalf("minibatch %v has a sample twice", b)
		}
		for _, k := range b {
			count[k]++
		}
		if i == 2 {
			third = b
		}
	}
	for k, n := range count { // 400 expected, standard deviation 15
		if n < 330 || n > 470 {
			t.Errorf("sample %d was drawn %d times of 1000, want about 400", k, n)
		}
	}
	if again := newSampler(3, upTo(20), 8).draw(2, nil); !slices.Equal(again, third) {
		t.Errorf("iteration 2 gives %v, then %v", third, again)
	}
	if some := newSampler(3, []int{4, 7, 9}, 2).draw(0, nil); len(some) != 2 ||
		!slices.Contains([]int{4, 7, 9}, some[1]) {
		t.Errorf("a minibatch of rows 4, 7 and 9 is %v", some)
	}
	if all := newSampler(3, upTo(5), 8).draw(0, nil); len(all) != 5 {
		t.Errorf("a minibatch of 8 of 5 samples has %d", len(all))
	}
}
