package dataset

import (
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
)

// SeriesWriter writes rows of series as [ReadSeriesCSV] reads them: id, time and features under a header with these
// names; of a single series without an id time and features alone. NaN is an empty field. Times have all their digits,
// features those of their rounding. Close after the last.
type SeriesWriter struct {
	csv      *csv.Writer
	rounding []Rounding
	ids      bool
	fields   []string
}

// NewSeriesWriter writes the header of series like s to w. There is a rounding for each feature, or one for all.
func NewSeriesWriter(w io.Writer, s *Series, rounding ...Rounding) *SeriesWriter {
	c := csv.NewWriter(w)
	out := &SeriesWriter{csv: c, rounding: rounding,
		ids: slices.ContainsFunc(s.IDs, func(id string) bool { return id != "" })}
	out.fields = append([]string{s.IDName, s.TimeName}, s.Features...)
	out.line()
	return out
}

// Write adds a row; an error of w's is kept for Close.
func (w *SeriesWriter) Write(id string, time float64, x []float64) {
	w.fields[0], w.fields[1] = id, strconv.FormatFloat(time, 'g', -1, 64)
	for j, v := range x {
		w.fields[2+j] = ""
		if !math.IsNaN(v) {
			w.fields[2+j] = string(w.rounding[min(j, len(w.rounding)-1)].Append(nil, v))
		}
	}
	w.line()
}

func (w *SeriesWriter) line() {
	fields := w.fields
	if !w.ids {
		fields = fields[1:]
	}
	_ = w.csv.Write(fields)
}

// Close returns the first error of all writes to w, which stays open.
func (w *SeriesWriter) Close() error {
	w.csv.Flush()
	return w.csv.Error()
}
