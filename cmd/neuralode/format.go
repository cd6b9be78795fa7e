package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"neuralode/dataset"
)

// formatFlags are the flags of every command that reads a table.
func formatFlags(f *pflag.FlagSet, format *dataset.Format) {
	f.TextVar(&format.Header, "header", format.Header,
		"whether the first line of a text names the columns: `yes`, no or auto")
	f.TextVar(&format.Separator, "separator", format.Separator,
		"the `character` between the fields of a text, or tab, space or auto")
	f.BoolVar(&format.DecimalComma, "decimal-comma", format.DecimalComma, "read 1,5 in a text as one and a half")
	f.StringSliceVar(&format.Drop, "drop", format.Drop,
		"columns of a file that are no features, by name, or number from 1")
}

// readingFlags say how a file is read, and what is taken from it.
var readingFlags = []string{"label", "id", "time-column", "header", "separator", "decimal-comma", "drop"}

// noteNothingRead says which of the flags that were given say how a file of --data is read, where there is none.
func (a *app) noteNothingRead(flags *pflag.FlagSet, data string) {
	if note := idleOf(givenOf(flags), readingFlags, "a file of --data"); data == "" && note != "" {
		a.takeNotes([]string{note})
	}
}

// givenOf are the names of the flags that were given.
func givenOf(flags *pflag.FlagSet) (names []string) {
	flags.Visit(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// ownFormat is how a run's own file is read, changed by the flags that were given.
func ownFormat(flags *pflag.FlagSet, given, own dataset.Format) dataset.Format {
	set := func(name string, do func()) {
		if flags.Changed(name) {
			do()
		}
	}
	set("header", func() { own.Header = given.Header })
	set("separator", func() { own.Separator = given.Separator })
	set("decimal-comma", func() { own.DecimalComma = given.DecimalComma })
	set("drop", func() { own.Drop = given.Drop })
	return own
}

// describeColumns says what was taken for what.
func (a *app) describeColumns(d *dataset.Dataset) {
	fmt.Fprintf(a.err, "columns    features %s", shown(d.Features))
	if len(d.Targets) > 0 {
		fmt.Fprintf(a.err, "; label %s", shown(d.Targets))
	}
	if len(d.Classes) > 0 {
		fmt.Fprintf(a.err, ", classes %s", shown(d.Classes))
	}
	fmt.Fprintln(a.err)
	a.takeNotes(d.Notes)
}

// takeNotes prints what a reader has to say.
func (a *app) takeNotes(notes []string) {
	for _, note := range notes {
		fmt.Fprintf(a.err, "note       %s\n", note)
	}
}

// How many names are shown at most, and of how many letters.
const (
	mostShown  = 12
	widthShown = 40
)

// shown is the first of these names, in quotes where they would not show as they are.
func shown(names []string) string {
	var parts []string
	for _, name := range names[:min(len(names), mostShown)] {
		if letters := []rune(name); len(letters) > widthShown {
			name = string(letters[:widthShown-1]) + "…"
		}
		if quoted := strconv.Quote(name); strings.ContainsAny(name, " ,;") || quoted != `"`+name+`"` {
			name = quoted
		}
		parts = append(parts, name)
	}
	s := strings.Join(parts, ", ")
	if more := len(names) - mostShown; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
