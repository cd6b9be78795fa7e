package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tolerances is a flag of one number for all components of the state, or of one for each, with commas between.
type tolerances []float64

func (t *tolerances) Set(text string) error {
	var all []float64
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return fmt.Errorf("want a number, or one for each component with commas between, got %q", text)
		}
		all = append(all, v)
	}
	*t = all
	return nil
}

func (t *tolerances) String() string {
	var parts []string
	for _, v := range *t {
		parts = append(parts, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strings.Join(parts, ",")
}

// Type is what help calls a value.
func (t *tolerances) Type() string { return "float[,...]" }

// strictest is the smallest of them.
func (t tolerances) strictest() float64 { return slices.Min(t) }

// each are those of the components, nil where one is for all.
func (t tolerances) each() []float64 {
	if len(t) == 1 {
		return nil
	}
	return t
}
