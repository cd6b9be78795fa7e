package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Format says how a table lies in its file. The zero value finds out what it can, and drops nothing. Its names and
// values are those of the program's flags and of a run's configuration.
type Format struct {
	// Header says whether the first line of a text names the columns.
	Header Header `json:"header"`

	// Separator is what stands between the fields of a text.
	Separator Separator `json:"separator"`

	// DecimalComma reads 1,5 in a text as one and a half; a point is then no part of a number.
	DecimalComma bool `json:"decimal_comma"`

	// Drop are columns that are neither features nor labels, each by its name in the header or by its number from 1.
	Drop []string `json:"drop,omitempty"`
}

// tabbed takes a tab for separator unless another is said, as the name .tsv says.
func (f *Format) tabbed() {
	if f.Separator == 0 {
		f.Separator = '\t'
	}
}

// Check reports values that no file could satisfy.
func (f Format) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("dataset: "+format, args...)) }
	if f.Header > WithoutHeader {
		fail("header must be one of %q, got %v", headerNames, f.Header)
	}
	if !f.Separator.ok() {
		fail("separator must be auto, tab, space or one character that is neither quote nor line end, got %v",
			f.Separator)
	}
	if f.DecimalComma && f.Separator == ',' {
		fail("fields with decimal commas cannot be separated by commas")
	}
	if i := slices.Index(f.Drop, ""); i >= 0 {
		fail("drop must name columns, got %q", f.Drop)
	}
	if name := repeated(f.Drop); name != nil {
		fail("column %q is dropped twice", *name)
	}
	return errors.Join(errs...)
}

// repeated is the first name that stands twice, nil without one.
func repeated(names []string) *string {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return &name
		}
		seen[name] = true
	}
	return nil
}

// Header says whether a text names its columns. As text it is "auto", "yes" or "no".
type Header uint8

const (
	DetectHeader  Header = iota // see [ReadCSV]
	WithHeader                  // the first line is one
	WithoutHeader               // the first line is the first row
)

var headerNames = [...]string{"auto", "yes", "no"}

func (h Header) String() string {
	if int(h) < len(headerNames) {
		return headerNames[h]
	}
	return fmt.Sprintf("unknown(%d)", uint8(h))
}

// MarshalText never fails.
func (h Header) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText fails for anything but "auto", "yes" and "no".
func (h *Header) UnmarshalText(text []byte) error {
	i := slices.Index(headerNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("dataset: header must be one of %q, got %q", headerNames, text)
	}
	*h = Header(i)
	return nil
}

// Separator is the character between two fields, or 0 to find out which of comma, semicolon, tab, bar and space it is.
// A space stands for any number of spaces. As text it is "auto", "tab", "space" or the character itself.
type Separator rune

// ok says whether it can separate fields: quotes and line ends have another meaning.
func (s Separator) ok() bool {
	return !strings.ContainsRune("\"\r\n", rune(s)) && utf8.ValidRune(rune(s)) && s != utf8.RuneError
}

func (s Separator) String() string {
	switch s {
	case 0:
		return "auto"
	case '\t':
		return "tab"
	case ' ':
		return "space"
	}
	return string(rune(s))
}

// MarshalText never fails.
func (s Separator) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes. It also takes \t, a tab as many languages write it.
func (s *Separator) UnmarshalText(text []byte) error {
	named := map[string]Separator{"auto": 0, "": 0, "tab": '\t', `\t`: '\t', "space": ' '}
	found, ok := named[string(text)]
	if r, size := utf8.DecodeRune(text); !ok && size == len(text) && r != 0 {
		found, ok = Separator(r), Separator(r).ok()
	}
	if !ok {
		return fmt.Errorf("dataset: separator must be auto, tab, space or one character, got %q", text)
	}
	*s = found
	return nil
}
