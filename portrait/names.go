package portrait

import (
	"strconv"
	"strings"

	"neuralode/dataset"
)

// legendNames are the names of the classes, or of what a regression predicts. Numbers alone would say little in a
// legend.
func legendNames(d *dataset.Dataset) []string {
	if len(d.Classes) == 0 {
		return d.Targets[:1]
	}
	for _, name := range d.Classes {
		if _, err := strconv.ParseFloat(name, 64); err != nil {
			return d.Classes
		}
	}
	names := make([]string, len(d.Classes))
	for i, number := range d.Classes {
		names[i] = "class " + strings.Replace(number, "-", "−", 1)
	}
	return names
}

// axisNames are those of the columns of a file with a header; otherwise empty, for those of a state's components.
func axisNames(d *dataset.Dataset) (names [2]string) {
	if d.Named {
		copy(names[:], d.Features)
	}
	return names
}
