package dataset

import (
	"math"
	"os"
	"slices"
)

// HoldsSeries reports whether the file at path is one of named arrays, or a text whose header names a column of times as
// usual, and whose first hundred rows lie as series do: with a column of series that has a usual name too, those of one after another, with
// times that rise, two at least of some; without one, numbers alone with times that rise throughout, of which the last
// are not classes. It is false of a file that cannot be read.
func HoldsSeries(path string, o SeriesOptions) bool {
	switch {
	case ending(path) == ".npz":
		return true
	case !Readable(path) || ending(path) == ".npy":
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	l, names, err := openLines(f, o.points())
	if err != nil || names == nil {
		return false
	}
	c, err := newSeriesColumns(l.count(), l.blankEnd(), names, o)
	switch {
	case err != nil || c.time < 0:
		return false
	case c.id < 0:
		return c.isOneSeries(l.ahead, o)
	}
	return c.risesWithinSeries(l.ahead, o)
}

// risesWithinSeries reports whether rows lie as series do.
func (c *seriesColumns) risesWithinSeries(rows []record, o SeriesOptions) bool {
	var ids []string
	last, pairs := 0.0, 0
	for _, r := range rows {
		if len(r.fields) != c.count {
			return false
		}
		id, t := r.fields[c.id], parseCell(r.fields[c.time], o.DecimalComma)
		known := slices.Contains(ids, id)
		switch {
		case t.kind != number, known && (ids[len(ids)-1] != id || t.value <= last):
			return false
		case known:
			pairs++
		default:
			ids = append(ids, id)
		}
		last = t.value
	}
	return pairs > 0 && 2*pairs >= len(rows)
}

// fewestOfOne is how many rows a series has at least that nothing tells from other rows but its times.
const fewestOfOne = 4

// isOneSeries reports whether rows lie as those of one series do.
func (c *seriesColumns) isOneSeries(rows []record, o SeriesOptions) bool {
	last := math.Inf(-1)
	label, values, whole := c.features[len(c.features)-1], map[float64]bool{}, true
	for _, r := range rows {
		if len(r.fields) != c.count {
			return false
		}
		for i, field := range r.fields {
			v := parseCell(field, o.DecimalComma)
			switch {
			case v.kind != number && (v.kind != missing || i == c.time), i == c.time && v.value <= last:
				return false
			case i == c.time:
				last = v.value
			case i == label && v.kind == number:
				values[v.value], whole = true, whole && v.value == math.Trunc(v.value)
			}
		}
	}
	classes := whole && 2*len(values) <= len(rows)
	return len(rows) >= fewestOfOne && !classes
}
