package main

import (
	"slices"
	"testing"

	"neuralode/dataset"
)

func TestLegendNames(t *testing.T) {
	for _, c := range []struct {
		classes, targets, want []string
	}{
		{[]string{"0", "1", "2"}, []string{"kind"}, []string{"class 0", "class 1", "class 2"}},
		{[]string{"0", "2"}, []string{"kind"}, []string{"class 0", "class 2"}},
		{[]string{"-1", "1"}, []string{"kind"}, []string{"class −1", "class 1"}},
		{[]string{"0", "cat"}, []string{"kind"}, []string{"0", "cat"}},
		{nil, []string{"yield", "price"}, []string{"yield"}},
	} {
		if got := legendNames(&dataset.Dataset{Classes: c.classes, Targets: c.targets}); !slices.Equal(got, c.want) {
			t.Errorf("classes %q, targets %q: %q, want %q", c.classes, c.targets, got, c.want)
		}
	}
}
