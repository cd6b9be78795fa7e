package solver

import (
	"fmt"
	"slices"
	"strings"

	"neuralode/plan"
)

// Range are the places From to To−1 of θ.
type Range struct{ From, To int }

// Ranges are the places of named parameters in θ, which holds params in their order, for Optimizer.Frozen. A name
// stands for the parameter of that name and for all whose names go on after it with a point: layers.0 for
// layers.0.weight and layers.0.bias. A name that stands for none is an error that lists all.
func Ranges(params []plan.Param, names []string) ([]Range, error) {
	found := make([]bool, len(names))
	var ranges []Range
	at := 0
	for _, p := range params {
		for i, name := range names {
			if p.Name == name || strings.HasPrefix(p.Name, name+".") {
				found[i] = true
				ranges = append(ranges, Range{at, at + p.Len()})
			}
		}
		at += p.Len()
	}
	if i := slices.Index(found, false); i >= 0 {
		all := make([]string, len(params))
		for k, p := range params {
			all[k] = p.Name
		}
		return nil, fmt.Errorf("solver: no parameter is named %q, there are %s", names[i], strings.Join(all, ", "))
	}
	return ranges, nil
}

// Trained are the places of an θ of n numbers that are not frozen, in order.
func (o Optimizer) Trained(n int) []Range {
	var trained []Range
	at := 0
	for _, f := range slices.SortedFunc(slices.Values(o.Frozen), func(a, b Range) int { return a.From - b.From }) {
		if f.From > at && f.From < f.To {
			trained = append(trained, Range{at, f.From})
		}
		if f.From < f.To {
			at = max(at, f.To)
		}
	}
	if at < n {
		trained = append(trained, Range{at, n})
	}
	return trained
}

// CheckFrozen reports ranges that are not within an θ of n numbers, and nothing left to train.
func (o Optimizer) CheckFrozen(n int) error {
	for _, r := range o.Frozen {
		if r.From < 0 || r.To < r.From || r.To > n {
			return fmt.Errorf("solver: frozen parameters must lie from 0 to %d, got %d to %d", n, r.From, r.To)
		}
	}
	if len(o.Frozen) > 0 && len(o.Trained(n)) == 0 {
		return fmt.Errorf("solver: all %d parameters are frozen, want some to train", n)
	}
	return nil
}
