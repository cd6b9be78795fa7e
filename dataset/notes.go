package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// fewRows is how many rows a table has at least before something is said of how their fields repeat.
const fewRows = 10

// observe notes features that are hardly meant as such, or that float32 does not hold.
func (d *Dataset) observe(float32s bool) {
	if d.Len() < fewRows {
		return
	}
	for j, name := range d.Features {
		switch {
		case d.Dim > 1 && (d.X[j] == 0 || d.X[j] == 1) && d.all(j, func(i int) float64 { return d.X[j] + float64(i) }):
			d.note("feature %.40q counts the rows and says nothing else: drop leaves it out", name)
		case d.all(j, func(int) float64 { return d.X[j] }):
			d.note("feature %.40q is the same in every row", name)
		case float32s && d.blurred(j):
			d.note("feature %.40q has values that float32 does not tell apart: subtract what they have in common, "+
				"or say precision float64", name)
		}
	}
	if id, t := d.series(); id != t {
		d.note("features %.40q and %.40q look like the number of a series and the time in it: here every row is a point of "+
			"its own, and both are features. The task series reads series whose rows follow each other",
			d.Features[id], d.Features[t])
	}
}

func (d *Dataset) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// all says whether feature j of each point i has that value.
func (d *Dataset) all(j int, value func(i int) float64) bool {
	for i := range d.Len() {
		if d.X[i*d.Dim+j] != value(i) {
			return false
		}
	}
	return true
}

// blurred says whether one row in a hundred or more has another value of feature j than the row before, but not in
// float32.
func (d *Dataset) blurred(j int) bool {
	n := 0
	for i := d.Dim + j; i < len(d.X); i += d.Dim {
		if a, b := d.X[i-d.Dim], d.X[i]; a != b && float32(a) == float32(b) {
			n++
		}
	}
	return 100*n >= d.Len()
}

// series is the features that look like the number of a series and the time within it: the same twice where none do.
// Both have their usual names and the number comes again and again, or one has and rows lie as in series.
func (d *Dataset) series() (id, time int) {
	for id := range d.Dim {
		starts, number := d.runs(id), isSeriesName(d.Features[id]) && d.recurs(id)
		if starts == nil && !number {
			continue
		}
		for time := range d.Dim {
			moment := isTimeName(d.Features[time])
			laid := starts != nil && d.risesWithin(time, starts)
			if time != id && (number && moment || laid && (number || moment || !d.Named)) {
				return id, time
			}
		}
	}
	return 0, 0
}

// recurs says whether feature j has each of its values three times on average.
func (d *Dataset) recurs(j int) bool {
	seen := map[float64]bool{}
	for i := range d.Len() {
		if seen[d.X[i*d.Dim+j]] = true; 3*len(seen) > d.Len() {
			return false
		}
	}
	return true
}

// runs is where feature j takes a new value, when it is whole, no value comes back and runs have three rows on average;
// nil otherwise.
func (d *Dataset) runs(j int) []int {
	seen := map[float64]bool{}
	var starts []int
	for i := range d.Len() {
		v := d.X[i*d.Dim+j]
		if i > 0 && v == d.X[(i-1)*d.Dim+j] {
			continue
		}
		if seen[v] || v != math.Trunc(v) || 3*(len(starts)+1) > d.Len() {
			return nil
		}
		seen[v] = true
		starts = append(starts, i)
	}
	return starts
}

// risesWithin says whether feature j falls only in rows that start a run, and in one of them.
func (d *Dataset) risesWithin(j int, starts []int) bool {
	falls := false
	for i := 1; i < d.Len(); i++ {
		if d.X[i*d.Dim+j] >= d.X[(i-1)*d.Dim+j] {
			continue
		}
		if _, start := slices.BinarySearch(starts, i); !start {
			return false
		}
		falls = true
	}
	return falls
}

// isSeriesName and isTimeName say whether a name is usual for the number of a series and for a time. An id is a word of
// its own, as in subject_id and PatientID, and not the end of another, as in acid.
func isSeriesName(name string) bool {
	lower := strings.ToLower(name)
	usual := []string{"id", "series", "sample", "subject", "patient", "trajectory", "sequence", "run", "track"}
	if slices.Contains(usual, lower) {
		return true
	}
	n := len(name) - len("id")
	if n < 1 || !strings.EqualFold(name[n:], "id") {
		return false
	}
	last := name[n-1]
	return !isLetter(last) || name[n] == 'I' && last >= 'a'
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= utf8.RuneSelf }

func isTimeName(name string) bool {
	name = strings.ToLower(name)
	return name == "t" || name == "ts" || strings.HasPrefix(name, "time")
}

// isTimeUnit says whether a name is that of a unit in which times may be counted.
func isTimeUnit(name string) bool {
	units := []string{"second", "minute", "hour", "day", "week", "month", "year"}
	return slices.Contains(units, strings.TrimSuffix(strings.ToLower(name), "s"))
}
