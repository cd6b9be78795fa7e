package dataset

import (
	"os"
	"slices"
)

// HoldsSeries reports whether the file at path is a text whose header names a column of series and one of times as
// usual, and whose first hundred rows lie as series do: those of one after another, with times that rise, two at least
// of some. It is false of a file that cannot be read.
func HoldsSeries(path string, o SeriesOptions) bool {
	if !Readable(path) || ending(path) == ".npy" {
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
	if err != nil || c.id < 0 || c.time < 0 {
		return false
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
