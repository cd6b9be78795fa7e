package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tolerances is a flag of one number for all components of the state, or of one for each, with commas between: then
// each are these, and all is the smallest.
type tolerances struct {
	all  *float64
	each *[]float64
}

func (t *tolerances) Set(text string) error {
	var each []float64
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return fmt.Errorf("want a number, or one for each component with commas between, got %q", text)
		}
		each = append(each, v)
	}
	if *t.all, *t.each = slices.Min(each), each; len(each) == 1 {
		*t.each = nil
	}
	return nil
}

func (t *tolerances) String() string {
	if t.all == nil { // of pflag's own
		return ""
	}
	if len(*t.each) == 0 {
		return strconv.FormatFloat(*t.all, 'g', -1, 64)
	}
	var parts []string
	for _, v := range *t.each {
		parts = append(parts, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strings.Join(parts, ",")
}

// Type is what help calls a value.
func (t *tolerances) Type() string { return "float[,...]" }
