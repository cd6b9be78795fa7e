package dataset

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// candidates are the separators that are found out, beside spaces.
var candidates = []Separator{',', ';', '\t', '|'}

// detectSeparator is the candidate that cuts all of these rows into the same number of fields, two at least: an error
// where several do. Where none does it is one that cuts the first row, so that the first row of another length is
// reported, or a space where that fits, or else a comma.
func detectSeparator(rows []string, decimalComma bool) (Separator, error) {
	var even, any []string
	choices := candidates
	if decimalComma {
		choices = choices[1:]
	}
	for _, s := range choices {
		if s.fields(rows[0]) > 1 {
			any = append(any, string(rune(s)))
			if s.even(rows) {
				even = append(even, string(rune(s)))
			}
		}
	}
	switch {
	case len(even) > 1:
		return 0, fmt.Errorf("fields may be separated by %q or by %q: say which is the separator", even[0], even[1])
	case len(even) == 1:
		return Separator(even[0][0]), nil
	case len(any) > 0:
		return Separator(any[0][0]), nil
	}
	if space := Separator(' '); space.fields(rows[0]) > 1 && space.even(rows) {
		return space, nil
	}
	return choices[0], nil
}

// excelLine is the separator that a first line sep=; names, 0 where there is no such line.
func excelLine(lines []string) Separator {
	if len(lines) == 0 {
		return 0
	}
	named, found := strings.CutPrefix(strings.TrimRight(lines[0], "\r\n"), "sep=")
	if r, n := utf8.DecodeRuneInString(named); found && n > 0 && n == len(named) && r != utf8.RuneError && r != '"' {
		return Separator(r)
	}
	return 0
}

// even says whether all rows have the same number of fields.
func (s Separator) even(rows []string) bool {
	want := s.fields(rows[0])
	return !slices.ContainsFunc(rows, func(row string) bool { return s.fields(row) != want })
}

// fields is how many fields a line has: a separator in quotes separates nothing.
func (s Separator) fields(line string) int {
	n, quoted, gap := 1, false, false
	if s == ' ' {
		line = strings.TrimSpace(line)
	}
	for _, c := range line {
		space := s == ' ' && unicode.IsSpace(c)
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case space && !gap, s != ' ' && c == rune(s):
			n++
		}
		gap = space
	}
	return n
}
