package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"neuralode/dataset"
	"neuralode/memory"
)

// parseTimes reads times as --times has them: numbers and ranges START:END:COUNT with commas between, or a file's name.
func parseTimes(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	var times []float64
	for _, part := range strings.Split(text, ",") {
		more, err := timesOf(strings.TrimSpace(part))
		if err != nil {
			if _, missing := os.Stat(text); missing == nil {
				return dataset.ReadTimes(text)
			}
			return nil, err
		}
		times = append(times, more...)
	}
	return times, nil
}

// timesOf is one number, or those of a range.
func timesOf(part string) ([]float64, error) {
	fields := strings.Split(part, ":")
	numbers := make([]float64, len(fields))
	for i, f := range fields {
		var err error
		if numbers[i], err = strconv.ParseFloat(f, 64); err != nil || strings.ContainsAny(f, "xX_") { // Go's own syntax
			return nil, wrongUse(fmt.Errorf("times: %q is neither a number, nor a range START:END:COUNT, nor a file",
				part))
		}
	}
	if len(numbers) == 1 {
		return numbers, nil
	}
	count, err := strconv.Atoi(fields[len(fields)-1])
	if len(fields) != 3 || err != nil || count < 2 {
		return nil, wrongUse(fmt.Errorf("times: want a range START:END:COUNT with a whole count of at least 2, got %q",
			part))
	}
	if err := memory.Check(3*8*float64(count), "%d times", count); err != nil {
		return nil, err
	}
	return evenly(numbers[0], numbers[1], count), nil
}

// evenly are count numbers from a to b, both included, equally far from each other.
func evenly(a, b float64, count int) []float64 {
	x := make([]float64, count)
	step := (b - a) / float64(count-1)
	for i := range x {
		x[i] = roundedAs(a+(b-a)*(float64(i)/float64(count-1)), a, b, step)
	}
	x[count-1] = b
	return x
}

// roundedAs is a sum of multiples of numbers with no more decimals than these have: 199 times 0.1 is 19.9.
func roundedAs(sum float64, of ...float64) float64 {
	decimals := 0
	for _, v := range of {
		if _, fraction, found := strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), "."); found {
			decimals = max(decimals, len(fraction))
		}
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(sum, 'f', decimals, 64), 64)
	return rounded
}
