package dataset

import (
	"fmt"
	"io"
	"os"
	"strings"

	"neuralode/dataset/internal/npy"
)

// ReadTimes reads a list of numbers in a file: an .npy array with one axis, or one of length n by 1, or text in which
// the numbers stand on lines of their own or between commas, semicolons or space; a first line without a number is a
// header. Gzip compression is taken off. Errors name the file and the line. Numbers are decimal and need not be in
// order.
func ReadTimes(path string) ([]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	read := readTimes
	if ending(path) == ".npy" {
		read = readTimesNPY
	}
	times, err := read(f)
	if err == nil && len(times) == 0 {
		err = fmt.Errorf("there are no times in the file")
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return times, nil
}

func readTimesNPY(r io.Reader) ([]float64, error) {
	b, err := uncompressed(r)
	if err != nil {
		return nil, err
	}
	a, err := npy.Read(b)
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 1 && (len(a.Shape) != 2 || a.Shape[1] != 1) {
		return nil, fmt.Errorf("the array has shape %v, want one axis of times", a.Shape)
	}
	return a.Data, nil
}

func readTimes(r io.Reader) ([]float64, error) {
	b, err := openText(r)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(b)
	if err != nil {
		return nil, err
	}
	var times []float64
	for i, line := range strings.Split(string(content), "\n") {
		numbers, text := timesIn(line)
		if header := i == 0 && len(numbers) == 0; text != "" && !header {
			return nil, fmt.Errorf("line %d: %.40q is not a time", i+1, text)
		}
		times = append(times, numbers...)
	}
	return times, nil
}

// timesIn are the numbers in a line, and the first text that is none.
func timesIn(line string) (times []float64, text string) {
	for _, field := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",; \t\r", r) }) {
		t, err := parseDecimal(field, false)
		switch {
		case err == nil:
			times = append(times, t)
		case text == "":
			text = field
		}
	}
	return times, text
}
