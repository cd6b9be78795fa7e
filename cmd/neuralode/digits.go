package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"neuralode/dataset"
	"neuralode/solver"
)

// digits says which digits of answers a CSV has: auto, all, or a number of them.
type digits string

func (d *digits) add(f *pflag.FlagSet) {
	f.StringVar((*string)(d), "digits", "auto",
		"digits of numbers in a CSV: auto (by the tolerances), all, or a number of them, 1 to 17")
}

// check reports digits that cannot be, and such as only a CSV has.
func (d digits) check(csv bool) error {
	n, err := strconv.Atoi(string(d))
	switch {
	case d == "auto":
		return nil
	case d != "all" && (err != nil || n < 1 || n > 17):
		return fmt.Errorf("digits must be auto, all, or a number from 1 to 17, got %q", string(d))
	case !csv && d != "all":
		return errors.New("only a CSV leaves digits out: without --digits all are there")
	}
	return nil
}

// rounding is what a CSV shows of so many columns that are solved so and then scaled back: their errors are those of
// the scaled numbers.
func (d digits) rounding(spec solver.Spec, scale dataset.Scale, columns int) []dataset.Rounding {
	n, err := strconv.Atoi(string(d))
	if err == nil || d == "all" {
		return slices.Repeat([]dataset.Rounding{{Digits: n}}, columns)
	}
	round := make([]dataset.Rounding, columns)
	for i := range round {
		rtol, atol := spec.Controller.Tolerances(i)
		if spec.Controller.Step > 0 { // what the tolerances would let hold is not known
			rtol, atol = 0, 0
		}
		round[i] = dataset.Rounding{Rtol: math.Max(rtol, spec.Precision.Relative()), Atol: atol}
	}
	for i := range min(columns, len(scale.Mean)) {
		round[i].Mean, round[i].Atol = scale.Mean[i], round[i].Atol*scale.Std[i]
	}
	return round
}
